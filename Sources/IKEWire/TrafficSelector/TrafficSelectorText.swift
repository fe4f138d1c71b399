package import Inet

/// Selectors as `swanctl.conf` spells them: addresses, then a protocol and ports in brackets.
///
///     10.1.0.0/16                     everything of a subnet
///     10.1.0.0/16[tcp/80]             TCP port 80
///     10.0.0.1[udp]                   all UDP of one host
///     10.0.0.5-10.0.0.9[/1000-2000]   a range of addresses, these ports of any protocol
///     0.0.0.0/0[tcp/opaque]           TCP packets whose ports cannot be seen
extension TrafficSelector: CustomStringConvertible {
    /// Nil if the text is not of this grammar; "dynamic", which needs an address first, is not.
    package init?(swanctl text: String) {
        guard let opening = text.utf8.firstIndex(of: UInt8(ascii: "[")) else {
            self.init(addressText: text[...], protocolID: .any, ports: .any)
            return
        }
        guard text.hasSuffix("]") else { return nil }
        let bracketed = text[text.index(after: opening)...].dropLast()
        guard let (protocolID, ports) = Self.protocolAndPorts(String(bracketed)) else { return nil }
        self.init(addressText: text[..<opening], protocolID: protocolID, ports: ports)
    }

    /// What stands in the brackets: "tcp", "tcp/80", "/1000-2000", "17/opaque"; nil if it is not of this grammar.
    package static func protocolAndPorts(_ text: String) -> (IPProtocol, PortSelector)? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, !text.isEmpty else { return nil }
        let portText = parts.dropFirst().first
        guard let protocolID = parseProtocol(name), let ports = PortSelector(swanctl: portText ?? "any") else {
            return nil
        }
        return (protocolID, ports)
    }

    /// The same grammar, as short as it goes; protocols by name, ports by number.
    package var description: String {
        let prefixes = prefixes
        let addressText =
            if let only = prefixes.first, prefixes.count == 1 {
                only.description
            } else {
                "\(addresses.lowerBound)-\(addresses.upperBound)"
            }
        let protocolText = protocolID == .any ? "" : "\(protocolID)"
        switch (protocolText, ports) {
        case ("", .any): return addressText
        case (_, .any): return "\(addressText)[\(protocolText)]"
        default: return "\(addressText)[\(protocolText)/\(ports)]"
        }
    }
}

// MARK: - Addresses and protocols

extension TrafficSelector {
    private init?(addressText text: Substring, protocolID: IPProtocol, ports: PortSelector) {
        guard text.utf8.contains(UInt8(ascii: "-")) else {
            guard let prefix = IPPrefix(String(text)) else { return nil }
            self.init(prefix, protocolID: protocolID, ports: ports)
            return
        }
        let ends = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map(Substring.init)
        guard ends.count == 2, let first = IPAddress(String(ends[0])), let last = IPAddress(String(ends[1])),
            first.family == last.family, first <= last
        else { return nil }
        self.init(protocolID: protocolID, ports: ports, addresses: first...last)
    }

    /// A name or a number; nothing stands for all protocols.
    private static func parseProtocol(_ text: Substring) -> IPProtocol? {
        if text.isEmpty { return .any }
        return IPProtocol(name: String(text)) ?? decimal(text).map(IPProtocol.init(rawValue:))
    }
}

// MARK: - Ports

extension PortSelector: CustomStringConvertible {
    /// "any", "opaque", a number, a name of a service, or a range of numbers.
    fileprivate init?(swanctl text: Substring) {
        switch text {
        case "any": self = .any
        case "opaque": self = .opaque
        default:
            if let service = ServiceName.ports[text.lowercased()] {
                self = .range(service...service)
                return
            }
            let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            guard let first = ends.first.flatMap({ decimal($0, UInt16.self) }),
                let last = ends.last.flatMap({ decimal($0, UInt16.self) }), ends.count <= 2, first <= last
            else { return nil }
            self = .range(first...last)
        }
    }

    package var description: String {
        switch self {
        case .any: "any"
        case .opaque: "opaque"
        case .range(let range) where range.count == 1: "\(range.lowerBound)"
        case .range(let range): "\(range.lowerBound)-\(range.upperBound)"
        }
    }
}

/// A number in decimal digits only: the standard initializers accept a sign too.
private func decimal<Number: FixedWidthInteger>(_ text: Substring, _: Number.Type = Number.self) -> Number? {
    text.utf8.first == UInt8(ascii: "+") ? nil : Number(text)
}

/// The services that selectors are commonly written for; the system's own list is out of reach without I/O.
private enum ServiceName {
    static let ports: [String: UInt16] = [
        "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "bootps": 67, "bootpc": 68,
        "tftp": 69, "http": 80, "kerberos": 88, "pop3": 110, "sunrpc": 111, "ntp": 123, "imap2": 143, "imap": 143,
        "snmp": 161, "snmp-trap": 162, "bgp": 179, "ldap": 389, "https": 443, "microsoft-ds": 445, "isakmp": 500,
        "syslog": 514, "ldaps": 636, "domain-s": 853, "imaps": 993, "pop3s": 995, "l2f": 1701, "l2tp": 1701,
        "radius": 1812, "radius-acct": 1813, "nfs": 2049, "mysql": 3306, "ipsec-nat-t": 4500, "sip": 5060,
        "sip-tls": 5061, "postgresql": 5432,
    ]
}

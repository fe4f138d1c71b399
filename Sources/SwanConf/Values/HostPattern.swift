package import Inet

/// Which addresses an end of an IKE SA may have.
package enum HostPattern: Hashable, Sendable {
    /// Every address, or every one of a family: `%any`, `%any4`, `%any6`, `0.0.0.0/0`, `::/0`.
    case any(IPAddress.Family?)
    case address(IPAddress)
    case prefix(IPPrefix)
    /// Two addresses of one family.
    case range(ClosedRange<IPAddress>)
    /// Whatever addresses the host has when an SA is initiated. The peer may come from any, since they change.
    case name(String)

    /// True for an address that the end may have.
    package func matches(_ address: IPAddress) -> Bool {
        switch self {
        case .any(let family): family == nil || family == address.family
        case .name: true
        case .address(let only): only == address
        case .prefix(let prefix): prefix.contains(address)
        case .range(let range): range.contains(address)
        }
    }

    /// The family of all addresses that match; nil when both do.
    package var family: IPAddress.Family? {
        switch self {
        case .any(let family): family
        case .name: nil
        case .address(let address): address.family
        case .prefix(let prefix): prefix.family
        case .range(let range): range.lowerBound.family
        }
    }

    /// The address itself where just one matches, so that an SA can be initiated from or to it.
    package var address: IPAddress? {
        if case .address(let address) = self { address } else { nil }
    }

    /// The name that tells the address where it is to be looked up.
    package var name: String? {
        if case .name(let name) = self { name } else { nil }
    }
}

extension HostPattern: CustomStringConvertible {
    /// As it is written in a configuration.
    package var description: String {
        switch self {
        case .any(nil): "%any"
        case .any(.v4): "%any4"
        case .any(.v6): "%any6"
        case .name(let name): name
        case .address(let address): "\(address)"
        case .prefix(let prefix): "\(prefix)"
        case .range(let range): "\(range.lowerBound)-\(range.upperBound)"
        }
    }
}

// MARK: - Reading

extension HostPattern {
    /// - Parameter value: one item of `local_addrs` or `remote_addrs`.
    init(_ value: SettingText) throws(ConfigurationError) {
        let text = value.text
        switch text.lowercased() {
        case "%any":
            self = .any(nil)
        case "%any4", "0.0.0.0", "0.0.0.0/0":
            self = .any(.v4)
        case "%any6", "::", "::/0":
            self = .any(.v6)
        case _ where text.hasPrefix("%"):
            throw value.failure("`\(text)` is none of `%any`, `%any4` and `%any6`")
        case _ where text.utf8.contains(UInt8(ascii: "/")):
            guard let prefix = IPPrefix(text) else {
                throw value.failure("`\(text)` is not a block of addresses such as `192.0.2.0/24`")
            }
            self = .prefix(prefix)
        default:
            if let range = try AddressRange.read(value) {
                self = .range(range)
            } else if let address = IPAddress(text) {
                self = .address(address)
            } else if Self.isHostName(text) {
                self = .name(text)
            } else {
                throw Self.refusal(of: value)
            }
        }
    }

    /// Letters, digits, hyphens and underscores in labels of up to 63 octets, 253 in all (RFC 1123 section 2.1, RFC 2181 section
    /// 11). What has no letter is a misspelt address.
    private static func isHostName(_ text: String) -> Bool {
        var labels = text.split(separator: ".", omittingEmptySubsequences: false)
        // The dot behind the last label keeps the resolver from trying domains of its own.
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        let isSpelt = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.unicodeScalars.allSatisfy { scalar in
                    scalar.isASCII
                        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                            || "-_".unicodeScalars.contains(scalar))
                }
        }
        return isSpelt && text.utf8.count <= 253 && text.unicodeScalars.contains(where: \.properties.isAlphabetic)
    }

    /// Tells a misspelt address from a misspelt name.
    private static func refusal(of value: SettingText) -> ConfigurationError {
        let text = value.text
        if text.contains(":") || text.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }) {
            return value.failure("`\(text)` is not an IP address")
        }
        return value.failure("`\(text)` is neither an IP address nor a host name")
    }
}

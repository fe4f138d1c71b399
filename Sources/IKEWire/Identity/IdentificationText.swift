import Inet

/// Identities as strongSwan users write them.
///
///     192.0.2.1, 2001:db8::1      an address
///     gw.example.org              a domain name; "@gw.example.org" says so without doubt
///     user@example.org            a mail address, as is "@@user@host"
///     C=CH, O=Example, CN=gw      a distinguished name
///     @#6b6579                    a key ID in hexadecimal
///     ipv4: ipv6: fqdn: dns: email: rfc822: userfqdn: keyid: asn1dn: asn1gn:   in front of a value force its type;
///     "#" and hexadecimal digits behind such a prefix are the octets themselves
extension Identification {
    /// Nil for "%any" and its like (`isWildcard`), and for what cannot be read: a malformed address or hexadecimal number, an
    /// empty name, an unknown prefix or word with "%", or a distinguished name with attributes of unknown types.
    package init?(_ text: String) {
        // Octets, since looking for characters costs ten times as much and identities are read for each line of a status.
        let octets = text.utf8
        if Self.isWildcard(text) || octets.first == UInt8(ascii: "%") { return nil }
        if let forced = Self.forced(text) {
            guard let identification = forced else { return nil }
            self = identification
        } else if text.hasPrefix("@#") {
            guard let data = IKEWire.octets(fromHexadecimal: text.dropFirst(2)), !data.isEmpty else { return nil }
            self.init(type: .keyID, data: data)
        } else if text == "@" || text == "@@" {
            return nil
        } else if text.hasPrefix("@@") {
            self.init(type: .rfc822Address, data: Array(octets.dropFirst(2)))
        } else if text.hasPrefix("@") {
            self.init(type: .fqdn, data: Array(octets.dropFirst()))
        } else if octets.contains(UInt8(ascii: "=")) {
            guard let name = DistinguishedName(text) else { return nil }
            self.init(name)
        } else if octets.contains(UInt8(ascii: "@")) {
            self.init(type: .rfc822Address, data: Array(octets))
        } else if let address = IPAddress(text) {
            self.init(type: address.family == .v4 ? .ipv4Address : .ipv6Address, data: address.bytes)
        } else if octets.contains(UInt8(ascii: ":")) {
            return nil
        } else {
            self.init(type: .fqdn, data: Array(octets))
        }
    }

    /// True for the spellings that stand for any identity: "%any", "%any6", "*", "0.0.0.0", "::", "0::0" and nothing at all.
    package static func isWildcard(_ text: String) -> Bool {
        switch text {
        case "", "%any", "%any6", "*", "0.0.0.0", "::", "0::0": true
        default: false
        }
    }

    /// The value behind a prefix that forces its type: nil if there is none, `.some(nil)` if the value cannot be read.
    private static func forced(_ text: String) -> Identification?? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let type = prefixes[text[..<colon].lowercased()]
        else {
            return nil
        }
        let value = text[text.index(after: colon)...]
        if value.hasPrefix("#") {
            guard let data = octets(fromHexadecimal: value.dropFirst()) else { return .some(nil) }
            return type.accepts(data) ? Identification(type: type, data: data) : .some(nil)
        }
        switch type {
        case .ipv4Address, .ipv6Address:
            guard let address = IPAddress(String(value)), type.accepts(address.bytes) else { return .some(nil) }
            return Identification(type: type, data: address.bytes)
        case .distinguishedName: return .some(DistinguishedName(String(value)).map { Identification($0) })
        case .generalName: return .some(nil)
        default: return value.isEmpty ? .some(nil) : Identification(type: type, data: Array(value.utf8))
        }
    }

    private static let prefixes: [String: IDType] = [
        "ipv4": .ipv4Address, "ipv6": .ipv6Address, "fqdn": .fqdn, "dns": .fqdn, "email": .rfc822Address,
        "rfc822": .rfc822Address, "userfqdn": .rfc822Address, "keyid": .keyID, "asn1dn": .distinguishedName,
        "asn1gn": .generalName,
    ]
}

extension IDType {
    fileprivate func accepts(_ data: [UInt8]) -> Bool {
        switch self {
        case .ipv4Address: data.count == 4
        case .ipv6Address: data.count == 16
        default: !data.isEmpty
        }
    }
}

// MARK: - Printing

extension Identification: CustomStringConvertible {
    /// What `init(_:)` reads as this identity: an address or name as it is, everything else with a prefix and in hexadecimal.
    ///
    /// A name that a peer sent may hold anything. One with control characters or broken UTF-8 is shown as octets, one that would
    /// read as another identity with its type in front, so that it can neither break a log line nor pass for somebody else.
    package var description: String {
        switch type {
        case .ipv4Address, .ipv6Address:
            IPAddress(bytes: data).map(\.description) ?? "\(type):#\(hexadecimal(data))"
        case .fqdn: text(withPrefix: "fqdn:")
        case .rfc822Address: text(withPrefix: "email:")
        case .keyID: "@#\(hexadecimal(data))"
        case .distinguishedName: distinguishedName?.text ?? "asn1dn:#\(hexadecimal(data))"
        case .generalName: "asn1gn:#\(hexadecimal(data))"
        case .null: "%null"
        default: "\(type):#\(hexadecimal(data))"
        }
    }

    private func text(withPrefix prefix: String) -> String {
        if type == .fqdn, isHostName { return String(decoding: data, as: UTF8.self) }
        let candidates = printableText.map { [$0, prefix + $0] } ?? []
        return candidates.first { Identification($0) == self } ?? "\(prefix)#\(hexadecimal(data))"
    }

    /// Whether the octets are what ordinary names of hosts are made of, which reads as nothing else.
    private var isHostName: Bool {
        var hasLetter = false
        for octet in data {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): hasLetter = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): continue
            default: return false
            }
        }
        return hasLetter
    }

    private var printableText: String? {
        guard let text = String(validating: data, as: UTF8.self), !text.isEmpty else { return nil }
        return text.isPrintable ? text : nil
    }
}

extension String {
    /// Whether a terminal shows it as it is: no control characters, nothing that turns the direction of writing.
    var isPrintable: Bool { unicodeScalars.allSatisfy(\.isPrintable) }
}

extension Unicode.Scalar {
    /// Whether it has a shape of its own, and neither steers a terminal nor turns the direction of writing.
    package var isPrintable: Bool {
        if isASCII { return value >= 0x20 && value != 0x7f }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

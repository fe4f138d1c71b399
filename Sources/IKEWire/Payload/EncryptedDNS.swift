package import Inet

/// A resolver that is asked over TLS, HTTPS or QUIC: the value of ENCDNS_IP4 and ENCDNS_IP6 (RFC 9464 section 3.1).
///
///     | service priority              | addresses     | name's length |
///     | addresses of one family ...                                   |
///     | authentication domain name ...                                |
///     | service parameters ...                                        |
package struct EncryptedResolver: Hashable, Sendable {
    /// The smaller, the sooner it is asked.
    package let priority: UInt16
    package let addresses: [IPAddress]
    /// Whom its certificate must be for.
    package let name: String
    /// The protocols that it speaks, such as `dot` and `h2` (`alpn`, RFC 9461).
    package let protocols: [String]

    /// Nil for another attribute, and for a value that is not laid out like this.
    package init?(_ attribute: ConfigurationAttribute) {
        let addressLength: Int
        switch attribute.type {
        case .encryptedDNSIP4: addressLength = 4
        case .encryptedDNSIP6: addressLength = 16
        default: return nil
        }
        let value = attribute.value
        guard value.count >= Self.headerLength else { return nil }
        let namesAt = Self.headerLength + Int(value[2]) * addressLength
        let parametersAt = namesAt + Int(value[3])
        guard value[2] > 0, parametersAt <= value.count else { return nil }
        priority = UInt16(value[0]) << 8 | UInt16(value[1])
        addresses = stride(from: Self.headerLength, to: namesAt, by: addressLength).compactMap {
            IPAddress(bytes: Array(value[$0..<$0 + addressLength]))
        }
        guard let name = DomainName.text(value[namesAt..<parametersAt]),
            let protocols = Self.protocols(value[parametersAt...])
        else { return nil }
        self.name = name
        self.protocols = protocols
    }

    private static let headerLength = 4
    /// The key of `alpn` among the service parameters (RFC 9460 section 7.1).
    private static let alpn: UInt16 = 1

    /// Service parameters are keys and values with their lengths, and `alpn` a list of names with theirs (RFC 9460 section 2.2).
    private static func protocols(_ parameters: ArraySlice<UInt8>) -> [String]? {
        var rest = parameters
        var protocols: [String] = []
        while !rest.isEmpty {
            guard let key = number(&rest), let length = number(&rest), rest.count >= Int(length) else { return nil }
            var value = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            while key == alpn, let count = value.popFirst() {
                guard value.count >= Int(count) else { return nil }
                protocols.append(String(decoding: value.prefix(Int(count)), as: UTF8.self))
                value = value.dropFirst(Int(count))
            }
        }
        return protocols
    }

    private static func number(_ octets: inout ArraySlice<UInt8>) -> UInt16? {
        guard let high = octets.popFirst(), let low = octets.popFirst() else { return nil }
        return UInt16(high) << 8 | UInt16(low)
    }
}

extension EncryptedResolver: CustomStringConvertible {
    /// `dns.example.org at 10.2.0.53 (dot, h2)`.
    package var description: String {
        let spoken = protocols.filter { !$0.isEmpty && $0.isPrintable }.joined(separator: ", ")
        return "\(name) at \(addresses.map(\.description).joined(separator: ", "))"
            + (spoken.isEmpty ? "" : " (\(spoken))")
    }
}

/// The hash of the public key that an encrypted resolver's certificate has: the value of ENCDNS_DIGEST_INFO in a reply
/// (RFC 9464 section 3.2).
///
///     | hashes (1)    | name's length | authentication domain name ...
///     | hash algorithm                | digest ...                    |
package struct ResolverDigest: Hashable, Sendable {
    /// Of the resolver; empty: the only one that there is.
    package let name: String
    package let algorithm: HashAlgorithm
    package let digest: [UInt8]

    /// Nil for another attribute, and for a value that is not laid out like this.
    package init?(_ attribute: ConfigurationAttribute) {
        let value = attribute.value
        guard attribute.type == .encryptedDNSDigestInfo, value.count >= 2, value[0] == 1 else { return nil }
        let algorithmAt = 2 + Int(value[1])
        guard value.count > algorithmAt + 2 else { return nil }
        guard let name = value[1] == 0 ? "" : DomainName.text(value[2..<algorithmAt]) else { return nil }
        self.name = name
        algorithm = HashAlgorithm(rawValue: UInt16(value[algorithmAt]) << 8 | UInt16(value[algorithmAt + 1]))
        digest = Array(value[(algorithmAt + 2)...])
    }
}

/// Names of hosts and domains that peers send, of which nothing but a name may reach a file or a program.
package enum DomainName {
    /// RFC 1035 section 2.3.4.
    private static let longest = 253

    /// The name in presentation form with letters, digits, hyphens and underscores, without a dot at its end; nil for
    /// anything else.
    package static func text(_ octets: some Collection<UInt8>) -> String? {
        let text = String(decoding: octets, as: UTF8.self)
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.allSatisfy(isAllowed)
        }
        return isName && name.utf8.count <= longest ? name : nil
    }

    private static func isAllowed(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

package import IKEWire

extension X509Certificate {
    /// Whether the certificate was issued to who an ID payload claims to be (RFC 4945 section 3.1).
    ///
    /// A domain name is looked for among the dNSNames, whatever the case of its letters; a mail address among the rfc822Names,
    /// the case counting before the "@" only; an address among the iPAddresses; a Name must be the subject, a key ID the
    /// subject key identifier. A "*" matches nothing but itself, and the subject's CN is not looked at: whoever issued the
    /// certificate need not have checked it.
    package func confirms(_ identity: Identification) -> Bool {
        switch identity.type {
        case .fqdn:
            return alternativeNames.contains { name in
                guard case .dns(let name) = name else { return false }
                return name.utf8.map(\.asciiLowercased) == identity.data.map(\.asciiLowercased)
            }
        case .rfc822Address:
            return alternativeNames.contains { name in
                guard case .email(let name) = name else { return false }
                return Self.areSameMailbox(Array(name.utf8), identity.data)
            }
        case .ipv4Address, .ipv6Address: return alternativeNames.contains(.address(identity.data))
        case .distinguishedName: return LibraryName.areEqual(identity.data, subject)
        case .keyID: return subjectKeyIdentifier == identity.data
        default: return false
        }
    }

    /// RFC 5280 section 7.5.
    private static func areSameMailbox(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count, let at = left.lastIndex(of: UInt8(ascii: "@")) else { return false }
        return left[..<at] == right[..<at] && left[at...].map(\.asciiLowercased) == right[at...].map(\.asciiLowercased)
    }
}

/// What kind of name an identification is (RFC 7296 section 3.5; IANA "IKEv2 Identification Payload ID Types").
package struct IDType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let ipv4Address = Self(rawValue: 1)
    package static let fqdn = Self(rawValue: 2)
    package static let rfc822Address = Self(rawValue: 3)
    package static let ipv6Address = Self(rawValue: 5)
    package static let distinguishedName = Self(rawValue: 9)
    package static let generalName = Self(rawValue: 10)
    package static let keyID = Self(rawValue: 11)
    /// RFC 4595.
    package static let fibreChannelName = Self(rawValue: 12)
    /// RFC 7619.
    package static let null = Self(rawValue: 13)
}

extension IDType: CustomStringConvertible {
    /// The registered name; a number for what is not registered.
    package var description: String {
        switch self {
        case .ipv4Address: "ID_IPV4_ADDR"
        case .fqdn: "ID_FQDN"
        case .rfc822Address: "ID_RFC822_ADDR"
        case .ipv6Address: "ID_IPV6_ADDR"
        case .distinguishedName: "ID_DER_ASN1_DN"
        case .generalName: "ID_DER_ASN1_GN"
        case .keyID: "ID_KEY_ID"
        case .fibreChannelName: "ID_FC_NAME"
        case .null: "ID_NULL"
        default: "ID type \(rawValue)"
        }
    }
}

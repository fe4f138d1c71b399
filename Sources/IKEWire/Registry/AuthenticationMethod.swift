/// How a peer proves its identity (RFC 7296 section 3.8; IANA "IKEv2 Authentication Method").
package struct AuthenticationMethod: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// RSASSA-PKCS1-v1_5, by default with SHA-1.
    package static let rsaSignature = Self(rawValue: 1)
    package static let sharedKey = Self(rawValue: 2)
    package static let dssSignature = Self(rawValue: 3)
    /// RFC 4754, as the next two.
    package static let ecdsaSHA256P256 = Self(rawValue: 9)
    package static let ecdsaSHA384P384 = Self(rawValue: 10)
    package static let ecdsaSHA512P521 = Self(rawValue: 11)
    /// RFC 6467.
    package static let genericSecurePassword = Self(rawValue: 12)
    /// RFC 7619.
    package static let null = Self(rawValue: 13)
    /// RFC 7427.
    package static let digitalSignature = Self(rawValue: 14)
}

extension AuthenticationMethod: CustomStringConvertible {
    /// A name for people; a number for what is not registered.
    package var description: String {
        switch self {
        case .rsaSignature: "RSA signature"
        case .sharedKey: "pre-shared key"
        case .dssSignature: "DSS signature"
        case .ecdsaSHA256P256: "ECDSA-256 signature"
        case .ecdsaSHA384P384: "ECDSA-384 signature"
        case .ecdsaSHA512P521: "ECDSA-521 signature"
        case .genericSecurePassword: "secure password"
        case .null: "null"
        case .digitalSignature: "digital signature"
        default: "authentication method \(rawValue)"
        }
    }
}

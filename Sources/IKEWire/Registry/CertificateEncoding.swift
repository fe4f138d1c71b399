/// What the data of a certificate payload are (RFC 7296 section 3.6; IANA "IKEv2 Certificate Encodings").
package struct CertificateEncoding: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let pkcs7 = Self(rawValue: 1)
    package static let pgp = Self(rawValue: 2)
    package static let dnsSignedKey = Self(rawValue: 3)
    package static let x509Signature = Self(rawValue: 4)
    package static let kerberosToken = Self(rawValue: 6)
    package static let crl = Self(rawValue: 7)
    package static let arl = Self(rawValue: 8)
    package static let spki = Self(rawValue: 9)
    package static let x509Attribute = Self(rawValue: 10)
    /// Deprecated by RFC 7670.
    package static let rawRSAKey = Self(rawValue: 11)
    package static let hashAndURL = Self(rawValue: 12)
    package static let hashAndURLBundle = Self(rawValue: 13)
    /// RFC 4806.
    package static let ocsp = Self(rawValue: 14)
    /// RFC 7670.
    package static let rawPublicKey = Self(rawValue: 15)

    /// The data say where something is (`CertificateLocation`).
    package var isLocation: Bool { self == .hashAndURL || self == .hashAndURLBundle }
}

extension CertificateEncoding: CustomStringConvertible {
    /// A short name; a number for what is not registered.
    package var description: String {
        switch self {
        case .pkcs7: "PKCS #7 wrapped X.509"
        case .pgp: "PGP"
        case .dnsSignedKey: "DNS signed key"
        case .x509Signature: "X.509"
        case .kerberosToken: "Kerberos token"
        case .crl: "CRL"
        case .arl: "ARL"
        case .spki: "SPKI"
        case .x509Attribute: "X.509 attribute"
        case .rawRSAKey: "raw RSA key"
        case .hashAndURL: "hash and URL of X.509"
        case .hashAndURLBundle: "hash and URL of X.509 bundle"
        case .ocsp: "OCSP"
        case .rawPublicKey: "raw public key"
        default: "certificate encoding \(rawValue)"
        }
    }
}

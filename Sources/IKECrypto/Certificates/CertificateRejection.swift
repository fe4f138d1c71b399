import IKEWire

/// Why a certificate is not trusted. Names are for people, as `subjectText` has them.
package enum CertificateRejection: Error, Equatable, Sendable {
    case expired(subject: String, notAfter: UnixTime)
    case notYetValid(subject: String, notBefore: UnixTime)
    /// No authority of this name is trusted, or none whose key made the signature.
    case unknownAuthority(issuer: String)
    /// The chain ends at an authority that is trusted, but not for this connection.
    case otherAuthority(root: String)
    /// It vouches for itself and is not trusted itself.
    case selfSigned(subject: String)
    /// The signature on it is not its issuer's.
    case badSignature(subject: String)
    case revoked(subject: String, serialNumber: [UInt8])
    /// The policy asks for a revocation list of this authority, and there is none.
    case noRevocationList(issuer: String)
    /// The policy asks for a current revocation list of this authority, and all there are have a later one by now.
    case staleRevocationList(issuer: String)
    /// Nobody who was asked says whether it is revoked, and the policy wants to know; the reasons are for people.
    case unknownStatus(subject: String, reasons: [String])
    /// Its key usage or extended key usage is for something else than IKE.
    case wrongUsage(subject: String, allows: String)
    /// It has issued another certificate, which its basic constraints or its key usage do not allow.
    case notAnAuthority(subject: String)
    /// A key of less than 112 bits of strength: RSA below 2048 bits.
    case weakKey(subject: String, key: String)
    /// Signed with a hash of less than 112 bits of strength, such as SHA-1.
    case weakSignature(subject: String)
    /// More authorities below each other than one of them allows.
    case pathTooLong(subject: String)
    /// A name that an authority above it may not give out.
    case nameNotPermitted(subject: String)
    /// Anything else, in libcrypto's words.
    case other(subject: String, reason: String)
}

extension CertificateRejection: CustomStringConvertible {
    package var description: String {
        switch self {
        case .expired(let subject, let notAfter):
            "the certificate of \"\(subject)\" has expired on \(notAfter)"
        case .notYetValid(let subject, let notBefore):
            "the certificate of \"\(subject)\" is not valid before \(notBefore)"
        case .unknownAuthority(let issuer):
            "no trusted CA certificate for the issuer \"\(issuer)\""
        case .otherAuthority(let root):
            "the CA \"\(root)\" is trusted, but is none of those that this connection accepts (cacerts)"
        case .selfSigned(let subject):
            "the certificate of \"\(subject)\" is self-signed and not configured as trusted"
        case .badSignature(let subject):
            "the signature on the certificate of \"\(subject)\" is wrong"
        case .revoked(let subject, let serialNumber):
            "the certificate of \"\(subject)\" (serial number \(hexadecimal(serialNumber))) is revoked"
        case .noRevocationList(let issuer):
            "no revocation list of \"\(issuer)\", which the revocation policy asks for"
        case .staleRevocationList(let issuer):
            "the revocation list of \"\(issuer)\" is out of date, and the revocation policy asks for a current one"
        case .unknownStatus(let subject, let reasons):
            "nobody says whether the certificate of \"\(subject)\" is revoked, which the revocation policy asks for: "
                + reasons.joined(separator: "; ")
        case .wrongUsage(let subject, let allows):
            "the certificate of \"\(subject)\" is not for IKE: it allows only \(allows)"
        case .notAnAuthority(let subject):
            "the certificate of \"\(subject)\" has issued another one, but is no CA certificate"
        case .weakKey(let subject, let key):
            "the key of \"\(subject)\" is too weak: \(key)"
        case .weakSignature(let subject):
            "the signature on the certificate of \"\(subject)\" uses a hash that is too weak"
        case .pathTooLong(let subject):
            "too many CA certificates below each other, found at \"\(subject)\""
        case .nameNotPermitted(let subject):
            "the certificate of \"\(subject)\" has a name that its CA may not give out (name constraints)"
        case .other(let subject, let reason):
            "the certificate of \"\(subject)\" is refused: \(reason)"
        }
    }
}

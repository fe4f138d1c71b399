/// Why a session of TLS came to nothing. Names are for people, as `subjectText` has them.
package enum TLSFailure: Error, Equatable, Sendable {
    /// The peer's certificate is not trusted.
    case untrusted(CertificateRejection)
    /// The peer's certificate is for something else than its part in TLS.
    case wrongPurpose(subject: String, needed: String)
    /// The peer's certificate is trusted, but is not for who the peer must be.
    case otherIdentity(subject: String, expected: String)
    /// The peer ended the session, with this alert.
    case alert(String)
    /// The peer closed the session in due form.
    case closed
    /// What the peer sent does not lead on: libssl's reason.
    case refused(String)
    /// Nothing that the peer has to do with.
    case library(CryptoError)
}

extension TLSFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .untrusted(let rejection):
            "the peer's certificate is not trusted: \(rejection)"
        case .wrongPurpose(let subject, let needed):
            "the certificate of \"\(subject)\" is not for this side of TLS: its extended key usage lacks \(needed)"
        case .otherIdentity(let subject, let expected):
            "the certificate of \"\(subject)\" is not for \(expected): that is neither its subject nor one of its subjectAltNames"
        case .alert(let text): "the peer ended TLS with the alert \"\(text)\""
        case .closed: "the peer closed the TLS session"
        case .refused(let reason): "the TLS session cannot go on: \(reason)"
        case .library(let error): "\(error)"
        }
    }
}

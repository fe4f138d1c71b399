import COpenSSL
import IKEWire

/// Judges the peer's certificate in the place of libssl's own verifier, so that TLS trusts whom IKE trusts: the same
/// authorities, revocation lists, strength and time.
final class TLSPeerCheck {
    private let settings: TLSSettings
    /// Why the certificate was refused.
    private(set) var failure: TLSFailure?
    /// What is to be found out of the peer's chain.
    private(set) var pendingRevocation: RevocationCheck?
    /// For a client: the server has asked for its certificate.
    private(set) var wasAsked = false

    init(_ settings: TLSSettings) { self.settings = settings }

    /// A longer chain is cut; what is missing then is an unknown authority.
    private static let mostCertificates = 16

    /// Sets up a context that this object outlives.
    func attach(to context: OpaquePointer) {
        let own = Unmanaged.passUnretained(self).toOpaque()
        SSL_CTX_set_cert_verify_callback(
            context,
            { verification, check in
                guard let check else { return 0 }
                return Unmanaged<TLSPeerCheck>.fromOpaque(check).takeUnretainedValue().verify(verification)
            },
            own
        )
        guard settings.role == .client else { return }
        SSL_CTX_set_cert_cb(
            context,
            { _, check in
                guard let check else { return 0 }
                Unmanaged<TLSPeerCheck>.fromOpaque(check).takeUnretainedValue().wasAsked = true
                return 1
            },
            own
        )
    }

    /// libssl's question: 1 for a good certificate. The error that is set otherwise decides which alert the peer gets.
    private func verify(_ verification: OpaquePointer?) -> Int32 {
        do throws(TLSFailure) {
            try judge(verification)
            X509_STORE_CTX_set_error(verification, X509_V_OK)
            return 1
        } catch {
            failure = error
            X509_STORE_CTX_set_error(verification, error.verificationError)
            return 0
        }
    }

    private func judge(_ verification: OpaquePointer?) throws(TLSFailure) {
        let (leaf, intermediates) = try chain(verification)
        try checkPurpose(of: leaf)
        do throws(CertificateRejection) {
            let chain = try settings.trust.chain(
                from: leaf,
                intermediates: intermediates,
                at: settings.today,
                limitedTo: settings.authorities.isEmpty ? nil : settings.authorities
            )
            try checkRevocation(of: chain)
        } catch {
            throw .untrusted(error)
        }
        if let expected = settings.peerIdentity, !leaf.confirms(expected) {
            throw .otherIdentity(subject: leaf.subjectText, expected: "\(expected)")
        }
    }

    private func checkRevocation(of chain: [X509Certificate]) throws(CertificateRejection) {
        let check = RevocationCheck(chain, settings.trust, settings.revocation, at: settings.today)
        let isOpen = !(try check.unsettled(RevocationEvidence())).isEmpty
        if isOpen && settings.leavesRevocationOpen {
            pendingRevocation = check
        } else {
            try check.conclude(RevocationEvidence())
        }
    }

    private func chain(
        _ verification: OpaquePointer?
    ) throws(TLSFailure) -> (leaf: X509Certificate, intermediates: [X509Certificate]) {
        do throws(CryptoError) {
            let object = X509_STORE_CTX_get0_cert(verification)
            let leaf = try X509Certificate(der: encoded(object, by: i2d_X509, "i2d_X509"))
            var intermediates: [X509Certificate] = []
            for other in elements(of: X509_STORE_CTX_get0_untrusted(verification)).prefix(Self.mostCertificates) {
                let certificate = try X509Certificate(der: encoded(OpaquePointer(other), by: i2d_X509, "i2d_X509"))
                if certificate != leaf { intermediates.append(certificate) }
            }
            return (leaf, intermediates)
        } catch {
            throw .refused("the peer's certificate cannot be used: \(error)")
        }
    }

    /// RFC 5280 section 4.2.1.12: a certificate that names purposes is for these alone.
    private func checkPurpose(of leaf: X509Certificate) throws(TLSFailure) {
        let (identifier, name) =
            switch settings.role {
            case .client: ("1.3.6.1.5.5.7.3.1", "serverAuth")
            case .server: ("1.3.6.1.5.5.7.3.2", "clientAuth")
            }
        let anyPurpose = "2.5.29.37.0"
        do throws(CryptoError) {
            guard let usage = try leaf.library.extendedKeyUsage() else { return }
            guard usage.isDisjoint(with: [identifier, anyPurpose]) else { return }
        } catch {
            throw .refused("the peer's certificate cannot be used: \(error)")
        }
        throw .wrongPurpose(subject: leaf.subjectText, needed: name)
    }
}

extension TLSFailure {
    /// libcrypto's number for the fault, from which libssl chooses the alert.
    fileprivate var verificationError: Int32 {
        switch self {
        case .untrusted(.expired), .untrusted(.notYetValid): X509_V_ERR_CERT_HAS_EXPIRED
        case .untrusted(.unknownAuthority), .untrusted(.selfSigned): X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        case .untrusted(.badSignature): X509_V_ERR_CERT_SIGNATURE_FAILURE
        case .untrusted(.revoked): X509_V_ERR_CERT_REVOKED
        case .wrongPurpose, .untrusted(.wrongUsage): X509_V_ERR_INVALID_PURPOSE
        default: X509_V_ERR_CERT_REJECTED
        }
    }
}

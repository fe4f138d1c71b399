import COpenSSL

/// The search for a path from a certificate to a trusted authority, by libcrypto's own verifier.
struct CertificatePath {
    let leaf: X509Certificate
    /// Trusted.
    let authorities: [X509Certificate]
    /// Not trusted.
    let intermediates: [X509Certificate]
    let time: UnixTime

    /// The certificates between leaf and authority, at most.
    private static let mostIntermediates: Int32 = 10
    /// libcrypto's level for 112 bits of strength: RSA from 2048 bits, no SHA-1. Set, so that no configuration file decides.
    static let securityLevel: Int32 = 2

    /// The path, whatever is revoked.
    func verify() throws(CertificateRejection) -> [X509Certificate] {
        let path: Result<[X509Certificate], CertificateRejection>
        do throws(CryptoError) {
            path = try withContext { (context) throws(CryptoError) in
                guard X509_verify_cert(context) == 1 else { return .failure(rejection(in: context)) }
                var chain: [X509Certificate] = []
                for element in elements(of: X509_STORE_CTX_get0_chain(context)) {
                    guard let certificate = certificate(OpaquePointer(element)) else {
                        throw .library("X509_STORE_CTX_get0_chain")
                    }
                    chain.append(certificate)
                }
                return .success(chain)
            }
        } catch {
            throw .other(subject: leaf.subjectText, reason: "\(error)")
        }
        return try path.get()
    }

    /// What revocation lists say about the leaf.
    enum ListVerdict: Equatable {
        /// A list that is current does not have it.
        case good
        case revoked
        /// There is no list, or none that is current.
        case unknown(CertificateRejection)
    }

    /// Looks the leaf up in lists that one of the authorities, its issuer, has signed. One that is out of date still revokes.
    func consult(_ lists: [RevocationList]) -> ListVerdict {
        guard !lists.isEmpty else { return .unknown(.noRevocationList(issuer: leaf.issuerText)) }
        do throws(CryptoError) {
            return try withContext(lists) { (context) throws(CryptoError) in
                // Written only while `X509_verify_cert` runs.
                var isStale = false
                let isFine = try withUnsafeMutablePointer(to: &isStale) { (isStale) throws(CryptoError) in
                    try check(X509_STORE_CTX_set_ex_data(context, 0, isStale), "X509_STORE_CTX_set_ex_data")
                    X509_STORE_CTX_set_verify_cb(context, noteStaleList)
                    return X509_verify_cert(context) == 1
                }
                guard !isFine else {
                    return isStale ? .unknown(.staleRevocationList(issuer: leaf.issuerText)) : .good
                }
                let rejection = rejection(in: context)
                guard case .revoked = rejection else { return .unknown(rejection) }
                return .revoked
            }
        } catch {
            return .unknown(.other(subject: leaf.subjectText, reason: "\(error)"))
        }
    }

    /// Calls `body` with libcrypto's verifier, set up for the certificates and lists.
    ///
    /// With lists, what is asked is whether the leaf is on one, and the authorities are trusted whoever issued them.
    private func withContext<Verdict>(
        _ lists: [RevocationList] = [],
        _ body: (OpaquePointer) throws(CryptoError) -> Verdict
    ) throws(CryptoError) -> Verdict {
        let store = try LibraryObject(X509_STORE_new(), freedBy: X509_STORE_free, "X509_STORE_new")
        for authority in authorities {
            try check(X509_STORE_add_cert(store.pointer, authority.library.pointer), "X509_STORE_add_cert")
        }
        for list in lists {
            try check(X509_STORE_add_crl(store.pointer, list.library.pointer), "X509_STORE_add_crl")
        }
        // Holds no references: this method's own `intermediates` outlives it.
        let others = try LibraryObject(OPENSSL_sk_new_null(), freedBy: OPENSSL_sk_free, "OPENSSL_sk_new_null")
        for certificate in intermediates {
            try check(OPENSSL_sk_push(others.pointer, UnsafeRawPointer(certificate.library.pointer)), "OPENSSL_sk_push")
        }
        let context = try LibraryObject(X509_STORE_CTX_new(), freedBy: X509_STORE_CTX_free, "X509_STORE_CTX_new")
        try check(
            X509_STORE_CTX_init(context.pointer, store.pointer, leaf.library.pointer, others.pointer),
            "X509_STORE_CTX_init"
        )
        let parameters = X509_STORE_CTX_get0_param(context.pointer)
        X509_VERIFY_PARAM_set_time(parameters, Int(time.seconds))
        X509_VERIFY_PARAM_set_depth(parameters, Self.mostIntermediates)
        X509_VERIFY_PARAM_set_auth_level(parameters, Self.securityLevel)
        if !lists.isEmpty {
            let flags = UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_PARTIAL_CHAIN)
            try check(X509_VERIFY_PARAM_set_flags(parameters, flags), "X509_VERIFY_PARAM_set_flags")
        }
        defer { ERR_clear_error() }
        return try body(context.pointer)
    }

    /// The certificate that libcrypto's object belongs to; it knows no others than these.
    private func certificate(_ object: OpaquePointer?) -> X509Certificate? {
        ([leaf] + intermediates + authorities).first { $0.library.pointer == object }
    }
}

/// libcrypto's question what to do about a fault: a list that is not current may still have the certificate.
private func noteStaleList(isFine: Int32, context: OpaquePointer?) -> Int32 {
    guard isFine == 0, let context else { return isFine }
    switch X509_STORE_CTX_get_error(context) {
    case X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_CRL_NOT_YET_VALID: break
    default: return 0
    }
    guard let isStale = X509_STORE_CTX_get_ex_data(context, 0) else { return 0 }
    isStale.assumingMemoryBound(to: Bool.self).pointee = true
    X509_STORE_CTX_set_error(context, X509_V_OK)
    return 1
}

// MARK: - What went wrong

extension CertificatePath {
    /// Why libcrypto's verifier gave up, at which certificate.
    private func rejection(in context: OpaquePointer) -> CertificateRejection {
        let certificate = certificate(X509_STORE_CTX_get_current_cert(context)) ?? leaf
        let subject = certificate.subjectText
        let issuer = certificate.issuerText
        let error = X509_STORE_CTX_get_error(context)
        switch error {
        case X509_V_ERR_CERT_HAS_EXPIRED: return .expired(subject: subject, notAfter: certificate.notAfter)
        case X509_V_ERR_CERT_NOT_YET_VALID: return .notYetValid(subject: subject, notBefore: certificate.notBefore)
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return .unknownAuthority(issuer: issuer)
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return .selfSigned(subject: subject)
        case X509_V_ERR_CERT_SIGNATURE_FAILURE: return .badSignature(subject: subject)
        case X509_V_ERR_CERT_REVOKED: return .revoked(subject: subject, serialNumber: certificate.serialNumber)
        case X509_V_ERR_UNABLE_TO_GET_CRL: return .noRevocationList(issuer: issuer)
        case X509_V_ERR_CRL_HAS_EXPIRED: return .staleRevocationList(issuer: issuer)
        case X509_V_ERR_INVALID_CA, X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return .notAnAuthority(subject: subject)
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL:
            return .weakKey(subject: subject, key: "\(certificate.publicKey.kind)")
        case X509_V_ERR_CA_MD_TOO_WEAK: return .weakSignature(subject: subject)
        case X509_V_ERR_PATH_LENGTH_EXCEEDED, X509_V_ERR_CERT_CHAIN_TOO_LONG: return .pathTooLong(subject: subject)
        case X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION: return .nameNotPermitted(subject: subject)
        default:
            return .other(subject: subject, reason: String(cString: X509_verify_cert_error_string(Int(error))))
        }
    }
}

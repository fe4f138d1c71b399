import COpenSSL

/// An OCSP_BASICRESP of libcrypto.
///
/// Safe to share: it is not changed once it is decoded, but for the responder's certificates, whose extensions libcrypto works out
/// under a lock of their own.
final class LibraryOCSPResponse: @unchecked Sendable {
    private let handle: LibraryObject

    private var pointer: OpaquePointer { handle.pointer }

    /// Answers about more certificates than these are not looked at: a request asks for one.
    private static let mostAnswers: Int32 = 64

    init(der: [UInt8]) throws(OCSPFailure) {
        defer { ERR_clear_error() }
        guard
            let response = try? LibraryObject(
                decoding: der,
                as: "OCSP response",
                by: d2i_OCSP_RESPONSE,
                freedBy: OCSP_RESPONSE_free
            )
        else { throw .malformed }
        let status = OCSP_response_status(response.pointer)
        guard status == OCSP_RESPONSE_STATUS_SUCCESSFUL else {
            throw .unsuccessful(String(cString: OCSP_response_status_str(Int(status))))
        }
        guard
            let basic = try? LibraryObject(
                OCSP_response_get1_basic(response.pointer),
                freedBy: OCSP_BASICRESP_free,
                "OCSP_response_get1_basic"
            )
        else { throw .malformed }
        handle = basic
    }

    // MARK: - Who signed it, and for whom

    func checkNonce(of request: OCSPRequest) throws(OCSPFailure) {
        defer { ERR_clear_error() }
        guard
            let request = try? LibraryObject(
                decoding: request.der,
                as: "OCSP request",
                by: d2i_OCSP_REQUEST,
                freedBy: OCSP_REQUEST_free
            )
        else { throw .wrongNonce }
        // 0: both have one, and they differ.
        guard OCSP_check_nonce(request.pointer, pointer) != 0 else { throw .wrongNonce }
    }

    /// The issuer alone is trusted, itself or for a responder that it has issued a certificate with id-kp-OCSPSigning.
    func checkSignature(_ issuer: X509Certificate, at time: UnixTime) throws(OCSPFailure) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        do throws(CryptoError) {
            let store = try LibraryObject(X509_STORE_new(), freedBy: X509_STORE_free, "X509_STORE_new")
            try check(X509_STORE_add_cert(store.pointer, issuer.library.pointer), "X509_STORE_add_cert")
            let parameters = X509_STORE_get0_param(store.pointer)
            X509_VERIFY_PARAM_set_time(parameters, Int(time.seconds))
            X509_VERIFY_PARAM_set_auth_level(parameters, CertificatePath.securityLevel)
            // Holds no reference: the issuer outlives it.
            let others = try LibraryObject(OPENSSL_sk_new_null(), freedBy: OPENSSL_sk_free, "OPENSSL_sk_new_null")
            try check(OPENSSL_sk_push(others.pointer, UnsafeRawPointer(issuer.library.pointer)), "OPENSSL_sk_push")
            let flags = UInt(OCSP_PARTIAL_CHAIN | OCSP_NOEXPLICIT)
            try check(OCSP_basic_verify(pointer, others.pointer, store.pointer, flags), "OCSP_basic_verify")
        } catch {
            throw .untrustedSigner(error.reason)
        }
    }

    // MARK: - What it says

    struct Answer {
        fileprivate let code: Int32
        let validity: OCSPValidity

        func status() throws(OCSPFailure) -> OCSPStatus {
            switch code {
            case V_OCSP_CERTSTATUS_GOOD: return .good
            case V_OCSP_CERTSTATUS_REVOKED: return .revoked
            default: throw .unknownCertificate
            }
        }
    }

    func answer(
        about certificate: X509Certificate,
        issuedBy issuer: X509Certificate
    ) throws(OCSPFailure) -> Answer {
        defer { ERR_clear_error() }
        for index in 0..<min(max(0, OCSP_resp_count(pointer)), Self.mostAnswers) {
            guard let single = OCSP_resp_get0(pointer, index),
                Self.names(OCSP_SINGLERESP_get0_id(single), certificate, issuer)
            else { continue }
            var thisUpdate, nextUpdate: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
            let code = OCSP_single_get0_status(single, nil, nil, &thisUpdate, &nextUpdate)
            do throws(CryptoError) {
                let validity = OCSPValidity(
                    thisUpdate: try UnixTime(thisUpdate),
                    nextUpdate: nextUpdate == nil ? nil : try UnixTime(nextUpdate)
                )
                return Answer(code: code, validity: validity)
            } catch {
                throw .malformed
            }
        }
        throw .otherCertificate
    }

    /// Whether an identifier is that of the certificate, whatever hash it is made with.
    private static func names(
        _ identifier: OpaquePointer?,
        _ certificate: X509Certificate,
        _ issuer: X509Certificate
    ) -> Bool {
        var algorithm: OpaquePointer?
        guard OCSP_id_get0_info(nil, &algorithm, nil, nil, identifier) == 1 else {
            return false
        }
        let digest = EVP_get_digestbyname(OBJ_nid2sn(OBJ_obj2nid(algorithm)))
        guard let digest,
            let expected = OCSP_cert_to_id(digest, certificate.library.pointer, issuer.library.pointer)
        else { return false }
        defer { OCSP_CERTID_free(expected) }
        return OCSP_id_cmp(expected, identifier) == 0
    }
}

extension CryptoError {
    /// libcrypto's words for what it refused.
    fileprivate var reason: String {
        guard case .library(_, let code) = self, let text = ERR_reason_error_string(UInt(code)) else {
            return "\(self)"
        }
        return String(cString: text)
    }
}

import COpenSSL

/// The question to a responder whether one certificate is revoked (RFC 6960 section 4.1).
package struct OCSPRequest: Sendable {
    package let der: [UInt8]

    /// Octets of the nonce, by which an answer is known to be one to this request (RFC 9654 section 2.1).
    package static let nonceLength = 32

    /// Names the certificate by SHA-1 hashes of its issuer, which every responder knows. Throws `library`.
    package init(
        for certificate: X509Certificate,
        issuedBy issuer: X509Certificate,
        nonce: [UInt8]
    ) throws(CryptoError) {
        let request = try LibraryObject(OCSP_REQUEST_new(), freedBy: OCSP_REQUEST_free, "OCSP_REQUEST_new")
        let identifier = OCSP_cert_to_id(EVP_sha1(), certificate.library.pointer, issuer.library.pointer)
        guard OCSP_request_add0_id(request.pointer, identifier) != nil else {
            OCSP_CERTID_free(identifier)
            throw .library("OCSP_request_add0_id")
        }
        var nonce = nonce
        let length = try int32(nonce.count, "nonce")
        try check(OCSP_request_add1_nonce(request.pointer, &nonce, length), "OCSP_request_add1_nonce")
        der = try encoded(request.pointer, by: i2d_OCSP_REQUEST, "i2d_OCSP_REQUEST")
    }
}

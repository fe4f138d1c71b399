import COpenSSL
package import IKECrypto

/// Answers requests of OCSP as a test wants it, by libcrypto's own functions for responders.
package struct OCSPTestResponder: Sendable {
    package var issuer: X509Certificate
    package var signer: X509Certificate
    package var key: PrivateKey
    package var status = Status.good
    /// Seconds from `today`.
    package var thisUpdate: Int64 = -60
    /// Nil: the answer does not say.
    package var nextUpdate: Int64? = 3600
    package var today = Fixture.today
    package var nonce = Nonce.copied
    /// By which hash the answer names the certificate.
    package var hash = "SHA1"

    package enum Status: Sendable { case good, revoked, unknown }
    package enum Nonce: Sendable { case copied, other, none }

    package init(issuer: X509Certificate, signer: X509Certificate, key: PrivateKey) {
        self.issuer = issuer
        self.signer = signer
        self.key = key
    }

    /// What libcrypto would not do.
    package struct Failure: Error {
        let call: String
    }

    private func expect<Value>(_ value: Value?, _ call: String) throws(Failure) -> Value {
        guard let value else { throw Failure(call: call) }
        return value
    }

    /// The answer about a certificate, in DER.
    package func answer(about certificate: X509Certificate, to request: [UInt8]? = nil) throws -> [UInt8] {
        let subject = try decode(certificate.der)
        let issuer = try decode(self.issuer.der)
        let signer = try decode(self.signer.der)
        let basic = try expect(OCSP_BASICRESP_new(), "OCSP_BASICRESP_new")
        let pem = try key.pem().withUnsafeBytes { Array($0) }
        let input = BIO_new_mem_buf(pem, Int32(pem.count))
        let signingKey = PEM_read_bio_PrivateKey(input, nil, nil, nil)
        defer {
            [subject, issuer, signer].forEach { X509_free($0) }
            OCSP_BASICRESP_free(basic)
            EVP_PKEY_free(signingKey)
            BIO_free(input)
        }
        let times = [thisUpdate, nextUpdate].map { offset in
            offset.flatMap { ASN1_GENERALIZEDTIME_set(nil, Int(today.seconds + $0)) }
        }
        defer { times.forEach { ASN1_GENERALIZEDTIME_free($0) } }
        let identifier = try expect(
            OCSP_cert_to_id(EVP_get_digestbyname(hash), subject, issuer),
            "OCSP_cert_to_id"
        )
        defer { OCSP_CERTID_free(identifier) }
        let code =
            switch status {
            case .good: V_OCSP_CERTSTATUS_GOOD
            case .revoked: V_OCSP_CERTSTATUS_REVOKED
            case .unknown: V_OCSP_CERTSTATUS_UNKNOWN
            }
        _ = try expect(
            OCSP_basic_add1_status(basic, identifier, code, 0, times[0], times[0], times[1]),
            "OCSP_basic_add1_status"
        )
        try addNonce(to: basic, request)
        guard OCSP_basic_sign(basic, signer, signingKey, EVP_sha256(), nil, 0) == 1 else {
            throw Failure(call: "OCSP_basic_sign")
        }
        let response = try expect(
            OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic),
            "OCSP_response_create"
        )
        defer { OCSP_RESPONSE_free(response) }
        return encode(response)
    }

    /// What a responder says that cannot or will not answer.
    package static func refusal(_ status: Int32 = OCSP_RESPONSE_STATUS_TRYLATER) -> [UInt8] {
        guard let response = OCSP_response_create(status, nil) else { return [] }
        defer { OCSP_RESPONSE_free(response) }
        return encode(response)
    }

    private func addNonce(to basic: OpaquePointer, _ request: [UInt8]?) throws {
        switch nonce {
        case .none: break
        case .other:
            var octets: [UInt8] = Array(repeating: 7, count: 16)
            OCSP_basic_add1_nonce(basic, &octets, Int32(octets.count))
        case .copied:
            guard let request else { return }
            let decoded = request.withUnsafeBufferPointer { octets in
                var position = octets.baseAddress
                return d2i_OCSP_REQUEST(nil, &position, octets.count)
            }
            defer { OCSP_REQUEST_free(decoded) }
            OCSP_copy_nonce(basic, try expect(decoded, "d2i_OCSP_REQUEST"))
        }
    }

    private func decode(_ der: [UInt8]) throws(Failure) -> OpaquePointer {
        try expect(
            der.withUnsafeBufferPointer { octets in
                var position = octets.baseAddress
                return d2i_X509(nil, &position, octets.count)
            },
            "d2i_X509"
        )
    }
}

private func encode(_ response: OpaquePointer) -> [UInt8] {
    var der = [UInt8](repeating: 0, count: Int(max(0, i2d_OCSP_RESPONSE(response, nil))))
    der.withUnsafeMutableBufferPointer { octets in
        var position = octets.baseAddress
        i2d_OCSP_RESPONSE(response, &position)
    }
    return der
}

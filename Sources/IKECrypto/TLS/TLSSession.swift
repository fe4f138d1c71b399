import COpenSSL

/// A session of TLS without I/O: what the peer sent comes in by `receive`, what it is to get is fetched by `takeOutput`.
///
/// After each `receive` comes `proceed` until the session is established, and then `read`. Sessions are never resumed nor
/// renegotiated. After a failure the output may hold the alert that tells the peer.
package final class TLSSession {
    private let context: LibraryObject
    private let session: LibraryObject
    /// The context refers to it.
    private let check: TLSPeerCheck
    private let role: TLSSettings.Role
    private let asksForClientCertificate: Bool
    /// Belong to the session.
    private let input, output: OpaquePointer

    /// Key exchanges with forward secrecy and ciphers that authenticate for TLS 1.2, and AES-CBC with SHA-2 for old clients.
    private static let cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!SHA1:!aNULL:!PSK"
    /// As for IKE's certificates: 112 bits of strength. Set, so that no configuration file decides.
    private static let securityLevel: Int32 = 2
    /// The most that one record carries.
    private static let longestRecord = 1 << 14

    /// Throws for a key that does not belong to the certificate, and for what libssl does not take.
    package init(_ settings: TLSSettings) throws(CryptoError) {
        role = settings.role
        asksForClientCertificate = settings.asksForClientCertificate
        check = TLSPeerCheck(settings)
        context = try Self.context(settings)
        check.attach(to: context.pointer)
        session = try LibraryObject(SSL_new(context.pointer), freedBy: SSL_free, "SSL_new")
        guard let input = BIO_new(BIO_s_mem()) else { throw .library("BIO_new") }
        guard let output = BIO_new(BIO_s_mem()) else {
            BIO_free_all(input)
            throw .library("BIO_new")
        }
        SSL_set_bio(session.pointer, input, output)
        self.input = input
        self.output = output
        switch settings.role {
        case .client: SSL_set_connect_state(session.pointer)
        case .server: SSL_set_accept_state(session.pointer)
        }
    }

    private static func context(_ settings: TLSSettings) throws(CryptoError) -> LibraryObject {
        let context = try LibraryObject(SSL_CTX_new(TLS_method()), freedBy: SSL_CTX_free, "SSL_CTX_new")
        let pointer = context.pointer
        let versions = settings.versions
        try IKECrypto.check(
            ossl_set_versions(pointer, versions.lowerBound.number, versions.upperBound.number),
            "SSL_CTX_set_min_proto_version"
        )
        SSL_CTX_set_security_level(pointer, securityLevel)
        try IKECrypto.check(SSL_CTX_set_cipher_list(pointer, cipherSuites), "SSL_CTX_set_cipher_list")
        try IKECrypto.check(ossl_forbid_resumption(pointer), "SSL_CTX_set_num_tickets")
        try useCertificate(of: settings, in: pointer)
        switch settings.role {
        case .client:
            SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        case .server where settings.asksForClientCertificate:
            SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
            // From the names of these a client finds the certificate to give.
            for authority in settings.trust.authorities.prefix(mostAuthorities) {
                try IKECrypto.check(SSL_CTX_add_client_CA(pointer, authority.library.pointer), "SSL_CTX_add_client_CA")
            }
        case .server:
            SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
        }
        return context
    }

    /// Some clients give up when the request for their certificate is long.
    private static let mostAuthorities = 32

    private static func useCertificate(of settings: TLSSettings, in context: OpaquePointer) throws(CryptoError) {
        guard let own = settings.certificates.first, let key = settings.privateKey else { return }
        try IKECrypto.check(SSL_CTX_use_certificate(context, own.library.pointer), "SSL_CTX_use_certificate")
        try IKECrypto.check(SSL_CTX_use_PrivateKey(context, key.pointer), "SSL_CTX_use_PrivateKey")
        for other in settings.certificates.dropFirst() where !other.isSelfSigned {
            try IKECrypto.check(ossl_add_chain_certificate(context, other.library.pointer), "SSL_CTX_add1_chain_cert")
        }
    }
}

// MARK: - Octets

extension TLSSession {
    /// Takes records of the peer, or parts of them.
    package func receive(_ octets: [UInt8]) throws(TLSFailure) {
        guard !octets.isEmpty else { return }
        do throws(CryptoError) {
            let count = try int32(octets.count, "TLS message")
            try IKECrypto.check(BIO_write(input, octets, count), "BIO_write")
        } catch {
            throw .library(error)
        }
    }

    /// All that the peer is to get, since the last call.
    package func takeOutput() -> [UInt8] {
        let count = BIO_ctrl_pending(output)
        guard count > 0, let length = Int32(exactly: count) else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            written = Int(max(0, BIO_read(output, buffer.baseAddress, length)))
        }
    }

    /// Goes on with the handshake as far as what has come allows. A client begins by it.
    package func proceed() throws(TLSFailure) {
        guard !isEstablished else { return }
        ERR_clear_error()
        let result = SSL_do_handshake(session.pointer)
        guard result != 1 else { return }
        try requireMoreInput(after: result)
    }

    package var isEstablished: Bool { SSL_is_init_finished(session.pointer) == 1 }

    /// What the peer wrote into the established session; nothing for nothing.
    package func read() throws(TLSFailure) -> SecretBytes {
        // Plaintext is shorter than its records; one of them may be waiting in the session.
        let capacity = Int(BIO_ctrl_pending(input)) + 2 * Self.longestRecord
        let memory = WipedMemory(count: capacity)
        var count = 0
        while count < capacity {
            ERR_clear_error()
            var length = 0
            let result = SSL_read_ex(session.pointer, memory.octets + count, capacity - count, &length)
            guard result == 1 else {
                try requireMoreInput(after: result)
                break
            }
            count += length
        }
        return SecretBytes(copying: UnsafeRawBufferPointer(rebasing: memory.raw[..<count]))
    }

    /// Writes into the established session.
    package func write(_ octets: SecretBytes) throws(TLSFailure) {
        guard !octets.isEmpty else { return }
        ERR_clear_error()
        var written = 0
        let result = octets.withUnsafeBytes { SSL_write_ex(session.pointer, $0.baseAddress, $0.count, &written) }
        guard result == 1 else { throw failure(SSL_get_error(session.pointer, result)) }
    }

    private func requireMoreInput(after result: Int32) throws(TLSFailure) {
        let error = SSL_get_error(session.pointer, result)
        guard error != SSL_ERROR_WANT_READ else { return }
        throw failure(error)
    }
}

// MARK: - What went wrong

extension TLSSession {
    private func failure(_ error: Int32) -> TLSFailure {
        let code = ERR_peek_error()
        ERR_clear_error()
        if let failure = check.failure { return failure }
        if error == SSL_ERROR_ZERO_RETURN { return .closed }
        let reason = ERR_GET_REASON(code)
        if ERR_GET_LIB(code) == ERR_LIB_SSL, (SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256).contains(reason) {
            return .alert(String(cString: SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET)))
        }
        guard let text = ERR_reason_error_string(code) else { return .refused("libssl gives no reason (\(error))") }
        return .refused(String(cString: text))
    }
}

// MARK: - What was agreed on

extension TLSSession {
    /// Key material of the established session (RFC 5705, RFC 8446 section 7.5). In TLS 1.2 the lack of a context is not the
    /// same as an empty one.
    package func export(label: String, context: [UInt8]?, length: Int) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: length) { (octets) throws(CryptoError) in
            let target = octets.assumingMemoryBound(to: UInt8.self).baseAddress
            try IKECrypto.check(
                SSL_export_keying_material(
                    session.pointer,
                    target,
                    length,
                    label,
                    label.utf8.count,
                    context ?? [],
                    context?.count ?? 0,
                    context == nil ? 0 : 1
                ),
                "SSL_export_keying_material"
            )
        }
    }

    /// Nil before the session is established.
    package var version: TLSVersion? {
        guard isEstablished else { return nil }
        return [TLSVersion.tls12, .tls13].first { $0.number == SSL_version(session.pointer) }
    }

    /// What is to be found out about the peer's certificate before anything that the session proves counts.
    package var pendingRevocation: RevocationCheck? { check.pendingRevocation }

    /// Nil before the session is established.
    package var summary: TLSSummary? {
        guard let version, let name = SSL_CIPHER_standard_name(SSL_get_current_cipher(session.pointer)) else {
            return nil
        }
        return TLSSummary(
            version: version,
            cipherSuite: String(cString: name),
            clientCertificate: clientCertificate,
            peerSubject: peerSubject
        )
    }

    private var clientCertificate: TLSSummary.ClientCertificate {
        switch role {
        case .client:
            guard check.wasAsked else { return .notRequested }
            return SSL_get_certificate(session.pointer) == nil ? .notGiven : .given
        case .server:
            // One that asks does not get here without.
            return asksForClientCertificate ? .given : .notRequested
        }
    }

    private var peerSubject: String? {
        guard let certificate = SSL_get0_peer_certificate(session.pointer) else { return nil }
        return try? LibraryName.text(of: X509_get_subject_name(certificate))
    }
}

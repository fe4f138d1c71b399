import COpenSSL

/// What a PKCS #12 file holds (RFC 7292), the form in which certificate authorities hand out keys: a private key, its certificate,
/// and those of authorities.
package struct PKCS12File: Sendable {
    package let privateKey: PrivateKey?
    /// That of the private key.
    package let certificate: X509Certificate?
    package let others: [X509Certificate]

    /// From DER.
    ///
    /// Files of today are encrypted with AES, those of before 2022 often with 40-bit RC2 and 3DES. OpenSSL 3 keeps RC2 in a provider of
    /// its own, which not every system has.
    ///
    /// - Parameters:
    ///   - password: in UTF-8; nil for a file that has none.
    ///   - legacy: what that provider is called.
    package init(
        parsing file: SecretBytes,
        password: SecretBytes?,
        legacyProvider legacy: String = "legacy"
    ) throws(PKCS12Error) {
        let contents = try withAlgorithms(of: ["default", legacy]) { () throws(PKCS12Error) in
            try Contents(file, password)
        }
        privateKey = try contents.key.map { (der) throws(PKCS12Error) in
            do throws(PrivateKeyError) {
                return try PrivateKey(parsing: der, passphrase: nil)
            } catch .unsupported(let what) {
                throw .unsupported(what)
            } catch {
                throw .malformed
            }
        }
        certificate = try contents.certificate.map { (der) throws(PKCS12Error) in try X509Certificate(inPKCS12: der) }
        var others: [X509Certificate] = []
        for der in contents.others { others.append(try X509Certificate(inPKCS12: der)) }
        self.others = others
    }
}

/// Why a PKCS #12 file cannot be used.
package enum PKCS12Error: Error, Equatable, Sendable {
    /// It is encrypted, and no password was given.
    case needsPassword
    /// It is encrypted with another password.
    case wrongPassword
    case malformed
    /// It is encrypted with an algorithm that the libcrypto of this system lacks.
    case unsupportedEncryption
    /// A key or a certificate in it is of a kind, named in the text, that is not offered.
    case unsupported(String)
}

extension PKCS12Error: CustomStringConvertible {
    package var description: String {
        switch self {
        case .needsPassword: "the PKCS #12 file is encrypted: its password is needed"
        case .wrongPassword: "the password does not open the PKCS #12 file"
        case .malformed: "not a readable PKCS #12 file"
        case .unsupportedEncryption:
            "the PKCS #12 file is encrypted with an old algorithm (RC2, RC4 or DES) that OpenSSL's legacy provider has, which this system "
                + "lacks; where it is there, write the file anew: openssl pkcs12 -legacy -in OLD -nodes | openssl pkcs12 -export -out NEW"
        case .unsupported(let what): "\(what) is not supported"
        }
    }
}

extension X509Certificate {
    fileprivate init(inPKCS12 der: [UInt8]) throws(PKCS12Error) {
        do throws(CryptoError) {
            try self.init(der: der)
        } catch .unsupported(let what) {
            throw .unsupported(what)
        } catch {
            throw .malformed
        }
    }
}

// MARK: - Opening

/// The same in DER, which no longer depends on how the file was opened.
private struct Contents {
    /// PKCS#8.
    private(set) var key: SecretBytes?
    private(set) var certificate: [UInt8]?
    private(set) var others: [[UInt8]] = []

    init(_ file: SecretBytes, _ password: SecretBytes?) throws(PKCS12Error) {
        guard let parsed = Self.decode(file) else { throw .malformed }
        defer { PKCS12_free(parsed) }
        var key: OpaquePointer?
        var certificate: OpaquePointer?
        var others: OpaquePointer?
        defer {
            EVP_PKEY_free(key)
            X509_free(certificate)
            for other in elements(of: others) { X509_free(OpaquePointer(other)) }
            OPENSSL_sk_free(others)
        }
        // libcrypto takes what ends in a zero.
        let terminated = SecretBytes.concatenation(password ?? .empty, .zeros(1))
        guard terminated.withUnsafeBytes({ $0.firstIndex(of: 0) == $0.count - 1 }) else { throw .wrongPassword }
        let isOpen = terminated.withUnsafeBytes { octets in
            let password = octets.assumingMemoryBound(to: CChar.self).baseAddress
            return PKCS12_parse(parsed, password, &key, &certificate, &others) == 1
        }
        guard isOpen else { throw Self.refusal(hasPassword: password.map { !$0.isEmpty } ?? false) }
        do throws(CryptoError) {
            if let key {
                let output = try MemoryOutput()
                try check(
                    i2d_PKCS8PrivateKey_bio(output.pointer, key, nil, nil, 0, nil, nil),
                    "i2d_PKCS8PrivateKey_bio"
                )
                self.key = try output.contents()
            }
            if let certificate { self.certificate = try encoded(certificate, by: i2d_X509, "i2d_X509") }
            for other in elements(of: others) {
                self.others.append(try encoded(OpaquePointer(other), by: i2d_X509, "i2d_X509"))
            }
        } catch {
            throw .malformed
        }
    }

    /// All of the octets, or nil.
    private static func decode(_ file: SecretBytes) -> OpaquePointer? {
        defer { ERR_clear_error() }
        return file.withUnsafeBytes { octets in
            var position = octets.assumingMemoryBound(to: UInt8.self).baseAddress
            return d2i_PKCS12(nil, &position, octets.count)
        }
    }

    /// What libcrypto's error queue, emptied here, says of a file that does not open.
    private static func refusal(hasPassword: Bool) -> PKCS12Error {
        var error = PKCS12Error.malformed
        while case let code = ERR_get_error(), code != 0 {
            let reason = Int(ERR_GET_REASON(code))
            let unsupported = [ERR_R_UNSUPPORTED, Int(EVP_R_UNKNOWN_PBE_ALGORITHM), Int(EVP_R_UNSUPPORTED_CIPHER)]
            if ERR_GET_LIB(code) == ERR_LIB_EVP, unsupported.contains(reason) { return emptied(.unsupportedEncryption) }
            if ERR_GET_LIB(code) == ERR_LIB_PKCS12, reason == Int(PKCS12_R_MAC_VERIFY_FAILURE) {
                error = hasPassword ? .wrongPassword : .needsPassword
            }
        }
        return error
    }

    private static func emptied(_ error: PKCS12Error) -> PKCS12Error {
        ERR_clear_error()
        return error
    }
}

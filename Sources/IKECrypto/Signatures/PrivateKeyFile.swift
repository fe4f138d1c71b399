import COpenSSL

extension PrivateKey {
    /// From a file in PEM or DER: PKCS#8 (RFC 5208), also encrypted; PKCS#1 for RSA (RFC 8017 appendix A.1.2) and SEC 1 for
    /// curves (RFC 5915), in PEM also encrypted as OpenSSL once did it. The first private key of a PEM file counts.
    package init(parsing file: SecretBytes, passphrase: SecretBytes?) throws(PrivateKeyError) {
        let key = try PrivateKeyFile(file).key(openedBy: passphrase)
        do throws(CryptoError) {
            try self.init(key)
        } catch .unsupported(let what) {
            throw .unsupported(what)
        } catch {
            throw .malformed
        }
    }
}

/// The forms that a private key has in a file.
private enum PrivateKeyFile {
    /// PrivateKeyInfo, RSAPrivateKey or ECPrivateKey, which libcrypto tells apart; or EncryptedPrivateKeyInfo.
    case der(SecretBytes)
    /// PEM whose header names a cipher.
    case encryptedPEM(PEMBlock)

    init(_ file: SecretBytes) throws(PrivateKeyError) {
        let blocks: [PEMBlock]
        do throws(CryptoError) {
            blocks = try file.withUnsafeBytes { (octets) throws(CryptoError) in try PEMBlock.blocks(of: octets) }
        } catch {
            throw .malformed
        }
        guard !blocks.isEmpty else {
            self = .der(file)
            return
        }
        guard let block = blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) else { throw .malformed }
        guard block.label != "OPENSSH PRIVATE KEY" else {
            throw .unsupported("OpenSSH's own form of a private key (ssh-keygen -p -m PKCS8 rewrites it)")
        }
        self = block.header.isEmpty ? .der(block.contents) : .encryptedPEM(block)
    }

    func key(openedBy passphrase: SecretBytes?) throws(PrivateKeyError) -> LibraryKey {
        switch self {
        case .encryptedPEM(let block):
            let decrypted = try block.decrypted(with: passphrase)
            do throws(PrivateKeyError) {
                return try Self.key(decrypted)
            } catch {
                // One wrong passphrase in 256 gives a padding that passes, and nonsense before it.
                throw .wrongPassphrase
            }
        case .der(let der):
            guard let encrypted = der.decoded({ d2i_X509_SIG(nil, $0, $1) }) else { return try Self.key(der) }
            defer { X509_SIG_free(encrypted) }
            return try Self.key(encrypted: encrypted, passphrase)
        }
    }

    private static func key(_ der: SecretBytes) throws(PrivateKeyError) -> LibraryKey {
        try key(der.decoded { d2i_AutoPrivateKey(nil, $0, $1) })
    }

    /// PKCS#8's encryption (PKCS#5 and PKCS#12's).
    private static func key(encrypted: OpaquePointer, _ passphrase: SecretBytes?) throws(PrivateKeyError) -> LibraryKey
    {
        guard let passphrase else { throw .needsPassphrase }
        let decrypted = passphrase.withUnsafeBytes { octets in
            Int32(exactly: octets.count).flatMap {
                PKCS8_decrypt(encrypted, octets.assumingMemoryBound(to: CChar.self).baseAddress, $0)
            }
        }
        guard let decrypted else { throw decryptionFailure() }
        defer { PKCS8_PRIV_KEY_INFO_free(decrypted) }
        return try key(EVP_PKCS82PKEY(decrypted))
    }

    private static func key(_ pointer: OpaquePointer?) throws(PrivateKeyError) -> LibraryKey {
        do throws(CryptoError) {
            return try LibraryKey(pointer, orThrow: .malformed("private key"))
        } catch {
            throw .malformed
        }
    }

    /// What libcrypto's error queue, emptied here, says of a decryption that failed.
    static func decryptionFailure() -> PrivateKeyError {
        var isUnsupported = false
        while case let code = ERR_get_error(), code != 0 {
            let reasons = [ERR_R_UNSUPPORTED, Int(EVP_R_UNKNOWN_PBE_ALGORITHM), Int(EVP_R_UNSUPPORTED_CIPHER)]
            if ERR_GET_LIB(code) == ERR_LIB_EVP, reasons.contains(Int(ERR_GET_REASON(code))) { isUnsupported = true }
        }
        return isUnsupported ? .unsupported("the encryption of the private key") : .wrongPassphrase
    }
}

extension PEMBlock {
    /// The contents, decrypted with the cipher that the header names.
    fileprivate func decrypted(with passphrase: SecretBytes?) throws(PrivateKeyError) -> SecretBytes {
        var header = Array(header.utf8CString)
        var cipher = EVP_CIPHER_INFO()
        guard PEM_get_EVP_CIPHER_INFO(&header, &cipher) == 1 else {
            ERR_clear_error()
            throw .unsupported("the encryption of the private key")
        }
        guard let passphrase else { throw .needsPassphrase }
        // libcrypto decrypts in place and tells the length.
        var length = contents.count
        let decrypted = try SecretBytes(count: contents.count) { (buffer) throws(PrivateKeyError) in
            contents.withUnsafeBytes { buffer.copyMemory(from: $0) }
            let octets = buffer.assumingMemoryBound(to: UInt8.self).baseAddress
            let result = withUnsafePointer(to: passphrase) {
                PEM_do_header(&cipher, octets, &length, givePassphrase, UnsafeMutableRawPointer(mutating: $0))
            }
            guard result == 1 else { throw PrivateKeyFile.decryptionFailure() }
        }
        guard let key = decrypted.slice(0..<max(0, length)) else { throw .malformed }
        return key
    }
}

/// libcrypto's question for a passphrase, with the `SecretBytes` to answer it; -1 says that there is none that fits.
private func givePassphrase(
    buffer: UnsafeMutablePointer<CChar>?,
    size: Int32,
    forWriting _: Int32,
    passphrase: UnsafeMutableRawPointer?
) -> Int32 {
    guard let buffer, let passphrase else { return -1 }
    return passphrase.assumingMemoryBound(to: SecretBytes.self).pointee.withUnsafeBytes { octets in
        guard octets.count <= Int(size) else { return -1 }
        UnsafeMutableRawBufferPointer(start: buffer, count: Int(size)).copyMemory(from: octets)
        return Int32(octets.count)
    }
}

extension SecretBytes {
    /// What libcrypto makes of the octets, all of them, or `nil`.
    fileprivate func decoded(
        _ decode: (UnsafeMutablePointer<UnsafePointer<UInt8>?>, Int) -> OpaquePointer?
    ) -> OpaquePointer? {
        defer { ERR_clear_error() }
        return withUnsafeBytes { octets in
            guard !octets.isEmpty else { return nil }
            var position = octets.assumingMemoryBound(to: UInt8.self).baseAddress
            return decode(&position, octets.count)
        }
    }
}

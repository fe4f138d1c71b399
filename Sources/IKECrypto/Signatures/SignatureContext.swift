import COpenSSL

extension LibraryKey {
    /// Signs with this private key, in libcrypto's form of the signature.
    func signature(of message: [UInt8], by scheme: SignatureScheme) throws(CryptoError) -> [UInt8] {
        let context = try SignatureContext(scheme, .signing, with: self)
        var length = 0
        try check(EVP_DigestSign(context.pointer, nil, &length, message, message.count), "EVP_DigestSign (length)")
        var signature = [UInt8](repeating: 0, count: length)
        try check(EVP_DigestSign(context.pointer, &signature, &length, message, message.count), "EVP_DigestSign")
        return Array(signature.prefix(length))
    }

    /// Whether the signature, in libcrypto's form, is that of the message.
    func isSignature(
        _ signature: [UInt8],
        of message: [UInt8],
        by scheme: SignatureScheme
    ) throws(CryptoError) -> Bool {
        let context = try SignatureContext(scheme, .verifying, with: self)
        let result = EVP_DigestVerify(context.pointer, signature, signature.count, message, message.count)
        ERR_clear_error()
        return result == 1
    }
}

/// An EVP_MD_CTX with a scheme's hash and padding set.
private struct SignatureContext: ~Copyable {
    enum Purpose { case signing, verifying }

    private let handle: LibraryObject

    var pointer: OpaquePointer { handle.pointer }

    init(_ scheme: SignatureScheme, _ purpose: Purpose, with key: borrowing LibraryKey) throws(CryptoError) {
        let handle = try LibraryObject(EVP_MD_CTX_new(), freedBy: EVP_MD_CTX_free, "EVP_MD_CTX_new")
        let hash = scheme.hash.libraryName
        /// Belongs to the EVP_MD_CTX.
        var parameters: OpaquePointer?
        switch purpose {
        case .signing:
            try check(
                EVP_DigestSignInit_ex(handle.pointer, &parameters, hash, nil, nil, key.pointer, nil),
                "EVP_DigestSignInit_ex"
            )
        case .verifying:
            try check(
                EVP_DigestVerifyInit_ex(handle.pointer, &parameters, hash, nil, nil, key.pointer, nil),
                "EVP_DigestVerifyInit_ex"
            )
        }
        switch scheme {
        case .rsaPKCS1:
            try check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PADDING), "EVP_PKEY_CTX_set_rsa_padding")
        case .rsaPSS:
            try check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), "EVP_PKEY_CTX_set_rsa_padding")
            try check(
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST),
                "EVP_PKEY_CTX_set_rsa_pss_saltlen"
            )
            try check(EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, hash, nil), "EVP_PKEY_CTX_set_rsa_mgf1_md_name")
        case .ecdsa, .ecdsaConcatenated, .ed25519, .ed448: break
        }
        self.handle = handle
    }
}

import COpenSSL

extension PKCS12File {
    /// A PKCS #12 file in the form that every phone and computer reads: 3DES, and SHA-1 for its integrity.
    ///
    /// This form makes trying out passwords cheap, so that the password has to be a long random one.
    ///
    /// - Parameters:
    ///   - name: what the key is called where it is imported.
    ///   - password: in ASCII.
    package static func make(
        key: PrivateKey,
        certificate: X509Certificate,
        others: [X509Certificate],
        name: String,
        password: SecretBytes
    ) throws(CryptoError) -> SecretBytes {
        let stack = OPENSSL_sk_new_null()
        defer { OPENSSL_sk_free(stack) }
        for other in others {
            try check(OPENSSL_sk_push(stack, UnsafeRawPointer(other.library.pointer)), "OPENSSL_sk_push")
        }
        let encryption = NID_pbe_WithSHA1And3_Key_TripleDES_CBC
        let terminated = SecretBytes.concatenation(password, .zeros(1))
        let output = try MemoryOutput()
        try terminated.withUnsafeBytes { (octets) throws(CryptoError) in
            let password = octets.assumingMemoryBound(to: CChar.self).baseAddress
            let file = try LibraryObject(
                PKCS12_create(
                    password,
                    name,
                    key.pointer,
                    certificate.library.pointer,
                    stack,
                    encryption,
                    encryption,
                    PKCS12_DEFAULT_ITER,
                    -1,
                    0
                ),
                freedBy: PKCS12_free,
                "PKCS12_create"
            )
            try check(
                PKCS12_set_mac(file.pointer, password, -1, nil, 0, PKCS12_DEFAULT_ITER, EVP_sha1()),
                "PKCS12_set_mac"
            )
            try check(i2d_PKCS12_bio(output.pointer, file.pointer), "i2d_PKCS12_bio")
        }
        return try output.contents()
    }
}

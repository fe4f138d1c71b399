import COpenSSL

extension PrivateKey {
    /// A new key, from libcrypto's own random generator.
    package static func make(_ kind: PublicKey.Kind) throws(CryptoError) -> PrivateKey {
        let context = try LibraryObject(
            EVP_PKEY_CTX_new_from_name(nil, kind.libraryName, nil),
            freedBy: EVP_PKEY_CTX_free,
            "EVP_PKEY_CTX_new_from_name"
        )
        try check(EVP_PKEY_keygen_init(context.pointer), "EVP_PKEY_keygen_init")
        switch kind {
        case .rsa(let bits):
            try check(
                EVP_PKEY_CTX_set_rsa_keygen_bits(context.pointer, int32(bits, "RSA key")),
                "EVP_PKEY_CTX_set_rsa_keygen_bits"
            )
        case .ecdsa(let curve):
            try check(EVP_PKEY_CTX_set_group_name(context.pointer, curve.description), "EVP_PKEY_CTX_set_group_name")
        case .ed25519, .ed448: break
        }
        var key: OpaquePointer?
        try check(EVP_PKEY_generate(context.pointer, &key), "EVP_PKEY_generate")
        return try PrivateKey(LibraryKey(owning: LibraryObject(key, freedBy: EVP_PKEY_free, "EVP_PKEY_generate")))
    }

    /// The key in PEM: PKCS#8, not encrypted.
    package func pem() throws(CryptoError) -> SecretBytes {
        let output = try MemoryOutput()
        try check(
            PEM_write_bio_PKCS8PrivateKey(output.pointer, pointer, nil, nil, 0, nil, nil),
            "PEM_write_bio_PKCS8PrivateKey"
        )
        return try output.contents()
    }
}

extension PublicKey.Kind {
    fileprivate var libraryName: String {
        switch self {
        case .rsa: "RSA"
        case .ecdsa: "EC"
        case .ed25519: "ED25519"
        case .ed448: "ED448"
        }
    }

    /// The hash that certificates are signed with: as strong as the key, `nil` where the algorithm hashes by itself. It lies in
    /// libcrypto for good.
    var certificateHash: OpaquePointer? {
        switch self {
        case .rsa, .ecdsa(.p256): EVP_sha256()
        case .ecdsa(.p384): EVP_sha384()
        case .ecdsa(.p521): EVP_sha512()
        case .ed25519, .ed448: nil
        }
    }
}

import COpenSSL

/// An EVP_PKEY: a private key of ours, or a peer's public key.
struct LibraryKey: ~Copyable {
    private let handle: LibraryObject

    var pointer: OpaquePointer { handle.pointer }

    /// Takes over a decoded key.
    init(owning handle: consuming LibraryObject) {
        self.handle = handle
    }

    /// Takes over a key that libcrypto made, or throws `refusal` for `nil`.
    init(_ pointer: OpaquePointer?, orThrow refusal: CryptoError) throws(CryptoError) {
        guard let pointer else {
            ERR_clear_error()
            throw refusal
        }
        handle = try LibraryObject(pointer, freedBy: EVP_PKEY_free, "EVP_PKEY")
    }

    /// A private key made from its numbers, which libcrypto copies.
    init(_ algorithm: String, _ parameters: borrowing ParameterList) throws(CryptoError) {
        let context = try LibraryObject(
            EVP_PKEY_CTX_new_from_name(nil, algorithm, nil),
            freedBy: EVP_PKEY_CTX_free,
            "EVP_PKEY_CTX_new_from_name"
        )
        try check(EVP_PKEY_fromdata_init(context.pointer), "EVP_PKEY_fromdata_init")
        let selection =
            OSSL_KEYMGMT_SELECT_ALL_PARAMETERS | OSSL_KEYMGMT_SELECT_PRIVATE_KEY | OSSL_KEYMGMT_SELECT_PUBLIC_KEY
        var key: OpaquePointer?
        try check(EVP_PKEY_fromdata(context.pointer, &key, selection, parameters.first), "EVP_PKEY_fromdata")
        handle = try LibraryObject(key, freedBy: EVP_PKEY_free, "EVP_PKEY_fromdata")
    }

    /// A peer's public key in the group of one of ours. Throws `refusal` when libcrypto does not take the value: a
    /// number that is out of range, coordinates beyond the field, a point that is not on the curve.
    ///
    /// Copying the group takes a quarter of the time that making it anew by its name does.
    init(
        inTheGroupOf own: borrowing LibraryKey,
        publicValue: [UInt8],
        orThrow refusal: CryptoError
    ) throws(CryptoError) {
        let peer = try LibraryObject(EVP_PKEY_new(), freedBy: EVP_PKEY_free, "EVP_PKEY_new")
        try check(EVP_PKEY_copy_parameters(peer.pointer, own.handle.pointer), "EVP_PKEY_copy_parameters")
        guard EVP_PKEY_set1_encoded_public_key(peer.pointer, publicValue, publicValue.count) > 0 else {
            ERR_clear_error()
            throw refusal
        }
        handle = peer
    }

    /// The shared secret of this private key and a peer's public key, exactly `length` octets.
    ///
    /// The peer's key must have been checked: libcrypto's own test multiplies by the group's order, which costs as
    /// much as the exchange itself and shows nothing more for groups without small subgroups.
    func sharedSecret(with peer: borrowing LibraryKey, length: Int) throws(CryptoError) -> SecretBytes {
        let context = try LibraryObject(
            EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil),
            freedBy: EVP_PKEY_CTX_free,
            "EVP_PKEY_CTX_new_from_pkey"
        )
        try check(EVP_PKEY_derive_init(context.pointer), "EVP_PKEY_derive_init")
        if EVP_PKEY_is_a(handle.pointer, "DH") == 1 {
            // With the leading zeros that RFC 7296 section 2.14 asks for.
            try check(EVP_PKEY_CTX_set_dh_pad(context.pointer, 1), "EVP_PKEY_CTX_set_dh_pad")
        }
        try check(EVP_PKEY_derive_set_peer_ex(context.pointer, peer.handle.pointer, 0), "EVP_PKEY_derive_set_peer_ex")
        return try SecretBytes(count: length) { (secret) throws(CryptoError) in
            var written = length
            let octets = secret.assumingMemoryBound(to: UInt8.self).baseAddress
            try check(EVP_PKEY_derive(context.pointer, octets, &written), "EVP_PKEY_derive")
            guard written == length else { throw .invalidLength(field: "shared secret", octets: written) }
        }
    }

    /// The raw public key of a Montgomery curve, exactly `length` octets.
    func rawPublicKey(length: Int) throws(CryptoError) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: length)
        var written = length
        try check(EVP_PKEY_get_raw_public_key(handle.pointer, &octets, &written), "EVP_PKEY_get_raw_public_key")
        guard written == length else { throw .invalidLength(field: "public key", octets: written) }
        return octets
    }
}

import COpenSSL

/// A cipher that has its key, for one direction; only the nonce changes from message to message.
///
/// After `init` no call allocates, looks anything up or expands a key. The calls of one message come in this order:
/// `start`, `announceLength` (CCM), `setTag` (opening an AEAD), `authenticate`, `process`, `finish`, `tag` (sealing).
struct CipherContext: ~Copyable {
    enum Direction: Int32 {
        case decrypt = 0
        case encrypt = 1
    }

    /// What must be fixed before the key is set: CCM's lengths go into every block, CBC must not pad by itself.
    enum Options {
        case none
        case unpadded
        case ccm(nonceLength: Int, tagLength: Int)
    }

    private let handle: LibraryObject
    /// The tag's place in memory, and the end mark: written per message, allocated once.
    private let tagParameters: ParameterList
    /// Where `finish` could write and never does, because nothing that is used here pads.
    private let sink: WipedMemory

    /// Sets the key, which must be as long as the cipher asks for.
    init(
        _ cipher: LibraryCipher,
        key: SecretBytes,
        direction: Direction,
        options: Options = .none
    ) throws(CryptoError) {
        guard key.count == Int(EVP_CIPHER_get_key_length(cipher.pointer)) else {
            throw .invalidKeyLength(algorithm: cipher.name, octets: key.count)
        }
        let handle = try LibraryObject(EVP_CIPHER_CTX_new(), freedBy: EVP_CIPHER_CTX_free, "EVP_CIPHER_CTX_new")
        let context = handle.pointer

        try check(
            EVP_CipherInit_ex2(context, cipher.pointer, nil, nil, direction.rawValue, nil),
            "EVP_CipherInit_ex2 (cipher)"
        )
        if case .ccm(let nonceLength, let tagLength) = options {
            try check(
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, int32(nonceLength, "nonce"), nil),
                "EVP_CTRL_AEAD_SET_IVLEN"
            )
            try check(
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, int32(tagLength, "ICV"), nil),
                "EVP_CTRL_AEAD_SET_TAG"
            )
        }
        try check(
            key.withUnsafeBytes {
                EVP_CipherInit_ex2(context, nil, $0.assumingMemoryBound(to: UInt8.self).baseAddress, nil, -1, nil)
            },
            "EVP_CipherInit_ex2 (key)"
        )
        if case .unpadded = options {
            try Self.setUnpadded(context)
        }
        self.handle = handle
        tagParameters = ParameterList(ossl_param_aead_tag(nil, 0))
        sink = WipedMemory(count: Int(EVP_MAX_BLOCK_LENGTH))
    }

    private var context: OpaquePointer { handle.pointer }

    /// Padding is ESP's and IKE's own affair. The parameter is set here and not by `EVP_CIPHER_CTX_set_padding`, which
    /// would make EVP set it anew with each nonce.
    private static func setUnpadded(_ context: OpaquePointer) throws(CryptoError) {
        var isPadded: UInt32 = 0
        let result = withUnsafeMutablePointer(to: &isPadded) { isPadded in
            let parameters = ParameterList(ossl_param_padding(isPadded))
            return EVP_CIPHER_CTX_set_params(context, parameters.first)
        }
        try check(result, "EVP_CIPHER_CTX_set_params (padding)")
    }
}

// MARK: - One message

extension CipherContext {
    /// Begins a message. `nonce` is as long as the cipher's nonce or IV.
    @inline(__always)
    func start(nonce: UnsafePointer<UInt8>) throws(CryptoError) {
        try check(EVP_CipherInit_ex2(context, nil, nil, nonce, -1, nil), "EVP_CipherInit_ex2 (nonce)")
    }

    /// CCM authenticates the length before the data, so it must be known first (RFC 3610 section 2.2).
    @inline(__always)
    func announceLength(_ count: Int32) throws(CryptoError) {
        var written: Int32 = 0
        try check(EVP_CipherUpdate(context, nil, &written, nil, count), "EVP_CipherUpdate (length)")
    }

    /// Takes associated data, which is protected but not encrypted.
    @inline(__always)
    func authenticate(_ data: UnsafePointer<UInt8>?, count: Int32) throws(CryptoError) {
        var written: Int32 = 0
        try check(EVP_CipherUpdate(context, nil, &written, data, count), "EVP_CipherUpdate (associated data)")
    }

    /// Encrypts or decrypts `count` octets, a whole number of blocks; both addresses may be the same.
    /// Answers whether libcrypto accepted, since for an opening CCM context a refusal means a wrong tag.
    @inline(__always)
    func process(from input: UnsafePointer<UInt8>, to output: UnsafeMutablePointer<UInt8>, count: Int32) -> Bool {
        var written: Int32 = 0
        return EVP_CipherUpdate(context, output, &written, input, count) > 0
    }

    /// Ends a message. Answers whether libcrypto accepted, which for an opening AEAD context is whether the tag is
    /// right.
    @inline(__always)
    func finish() -> Bool {
        var written: Int32 = 0
        return EVP_CipherFinal_ex(context, sink.octets, &written) > 0
    }

    /// Writes the tag of the message that was sealed.
    @inline(__always)
    func tag(to octets: UnsafeMutableRawPointer, count: Int) throws(CryptoError) {
        tagParameters.first.pointee.data = octets
        tagParameters.first.pointee.data_size = count
        try check(EVP_CIPHER_CTX_get_params(context, tagParameters.first), "EVP_CIPHER_CTX_get_params (tag)")
    }

    /// Gives the tag that the message to be opened must have.
    @inline(__always)
    func setTag(_ octets: UnsafeRawPointer, count: Int) throws(CryptoError) {
        tagParameters.first.pointee.data = UnsafeMutableRawPointer(mutating: octets)
        tagParameters.first.pointee.data_size = count
        try check(EVP_CIPHER_CTX_set_params(context, tagParameters.first), "EVP_CIPHER_CTX_set_params (tag)")
    }
}

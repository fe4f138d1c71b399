import COpenSSL

/// A cipher that has its key, for one direction; only the nonce changes from message to message.
///
/// After `init` no call allocates, looks anything up or expands a key. The calls of one message come in this order:
/// `start` (opening an AEAD: with the tag), `announceLength` (CCM), `authenticate`, `process`, `finish`, `tag` (sealing).
struct CipherContext: ~Copyable {
    enum Direction {
        case decrypt
        case encrypt
    }

    /// What must be fixed before the key is set: CCM's lengths go into every block, CBC must not pad by itself.
    enum Options {
        case none
        case unpadded
        case ccm(nonceLength: Int, tagLength: Int)
    }

    private let context: Context
    private let begin: CipherFunctions.Initialize
    private let nonceLength: Int

    /// The provider's state of the cipher; it wipes what it frees.
    private struct Context: ~Copyable {
        let pointer: UnsafeMutableRawPointer
        let functions: UnsafePointer<CipherFunctions>

        init(_ functions: UnsafePointer<CipherFunctions>) throws(CryptoError) {
            guard let pointer = functions.pointee.newContext(functions.pointee.provider) else {
                throw .library("new cipher context")
            }
            self.pointer = pointer
            self.functions = functions
        }

        deinit { functions.pointee.freeContext(pointer) }
    }

    /// Sets the key, which must be as long as the cipher asks for.
    init(
        _ cipher: LibraryCipher,
        key: SecretBytes,
        direction: Direction,
        options: Options = .none
    ) throws(CryptoError) {
        guard key.count == cipher.keyLength else {
            throw .invalidKeyLength(algorithm: cipher.name, octets: key.count)
        }
        let functions = cipher.functions
        let context = try Context(functions)
        let begin =
            switch direction {
            case .encrypt: functions.pointee.beginEncryption
            case .decrypt: functions.pointee.beginDecryption
            }
        // The direction first: what a context makes of its parameters depends on it.
        try check(begin(context.pointer, nil, 0, nil, 0, nil), "begin (direction)")
        try Self.set(options, of: context.pointer, functions)
        let result = key.withUnsafeBytes { key in
            begin(context.pointer, key.assumingMemoryBound(to: UInt8.self).baseAddress, key.count, nil, 0, nil)
        }
        try check(result, "begin (key)")
        if case .ccm(let length, _) = options { nonceLength = length } else { nonceLength = cipher.nonceLength }
        self.context = context
        self.begin = begin
    }

    /// CCM's lengths; that padding is ESP's and IKE's own affair.
    private static func set(
        _ options: Options,
        of context: UnsafeMutableRawPointer,
        _ functions: UnsafePointer<CipherFunctions>
    ) throws(CryptoError) {
        switch options {
        case .none: return
        case .unpadded:
            var isPadded: UInt32 = 0
            let result = withUnsafeMutablePointer(to: &isPadded) { isPadded in
                let parameters = ParameterList(ossl_param_padding(isPadded))
                return functions.pointee.setParameters(context, parameters.first)
            }
            try check(result, "set parameters (padding)")
        case .ccm(let nonceLength, let tagLength):
            var nonceLength = nonceLength
            let result = withUnsafeMutablePointer(to: &nonceLength) { nonceLength in
                let parameters = ParameterList(
                    ossl_param_aead_iv_length(nonceLength),
                    ossl_param_aead_tag(nil, tagLength)
                )
                return functions.pointee.setParameters(context, parameters.first)
            }
            try check(result, "set parameters (nonce and tag length)")
        }
    }
}

// MARK: - One message

extension CipherContext {
    /// Begins a message. `nonce` is as long as the cipher's nonce or IV.
    @inline(__always)
    func start(nonce: UnsafePointer<UInt8>) throws(CryptoError) {
        try check(begin(context.pointer, nil, 0, nonce, nonceLength, nil), "begin (nonce)")
    }

    /// Begins a message to be opened, which must have this tag.
    @inline(__always)
    func start(nonce: UnsafePointer<UInt8>, tag: UnsafeRawPointer, count: Int) throws(CryptoError) {
        let result = Self.withTagParameter(UnsafeMutableRawPointer(mutating: tag), count) { parameter in
            begin(context.pointer, nil, 0, nonce, nonceLength, parameter)
        }
        try check(result, "begin (nonce and tag)")
    }

    /// CCM authenticates the length before the data, so it must be known first (RFC 3610 section 2.2).
    @inline(__always)
    func announceLength(_ count: Int) throws(CryptoError) {
        guard update(nil, nil, count) else { throw .library("update (length)") }
    }

    /// Takes associated data, which is protected but not encrypted.
    @inline(__always)
    func authenticate(_ data: UnsafePointer<UInt8>, count: Int) throws(CryptoError) {
        guard update(nil, data, count) else { throw .library("update (associated data)") }
    }

    /// Encrypts or decrypts `count` octets, a whole number of blocks; both addresses may be the same.
    /// Answers whether libcrypto accepted, since for an opening CCM context a refusal means a wrong tag.
    @inline(__always)
    func process(from input: UnsafePointer<UInt8>, to output: UnsafeMutablePointer<UInt8>, count: Int) -> Bool {
        update(output, input, count)
    }

    @inline(__always)
    private func update(_ output: UnsafeMutablePointer<UInt8>?, _ input: UnsafePointer<UInt8>?, _ count: Int) -> Bool {
        var written = 0
        return context.functions.pointee.update(context.pointer, output, &written, count, input, count) > 0
    }

    /// Ends a message. Answers whether libcrypto accepted, which for an opening AEAD context is whether the tag is
    /// right.
    @inline(__always)
    func finish() -> Bool {
        var written = 0
        // Nothing that is used here pads, so the room is never written to.
        var room = SIMD32<UInt8>()
        return withUnsafeMutableBytes(of: &room) { room in
            let octets = room.assumingMemoryBound(to: UInt8.self).baseAddress
            return context.functions.pointee.finish(context.pointer, octets, &written, room.count) > 0
        }
    }

    /// Writes the tag of the message that was sealed.
    @inline(__always)
    func tag(to octets: UnsafeMutableRawPointer, count: Int) throws(CryptoError) {
        let result = Self.withTagParameter(octets, count) { parameter in
            context.functions.pointee.getParameters(context.pointer, parameter)
        }
        try check(result, "get parameters (tag)")
    }

    /// Lends a list of parameters that names the tag's place. It stands on the stack: a list for each SA would be memory that
    /// it does not need between packets.
    @inline(__always)
    private static func withTagParameter(
        _ tag: UnsafeMutableRawPointer,
        _ count: Int,
        _ body: (UnsafeMutablePointer<OSSL_PARAM>) -> Int32
    ) -> Int32 {
        var list = (ossl_param_aead_tag(tag, count), OSSL_PARAM())
        return withUnsafeMutablePointer(to: &list) { $0.withMemoryRebound(to: OSSL_PARAM.self, capacity: 2, body) }
    }
}

import COpenSSL

// How the modes run once the nonce stands: AEADs in one pass, the others as encryption and MAC.

extension PacketCipher {
    @inline(__always)
    func sealAEAD(
        aad: UnsafeRawBufferPointer,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int,
        icv: UnsafeMutableRawPointer
    ) throws(CryptoError) {
        try checkLength(count, "plaintext")
        try withNonce { (nonce) throws(CryptoError) in try cipher.start(nonce: nonce) }
        try takeAssociatedData(aad, length: count)
        // CCM computes its tag while it takes the data, even if there is none.
        if count > 0 || suite.mode == .ccm {
            guard cipher.process(from: octets(input), to: octets(output), count: count) else {
                throw .library("update (plaintext)")
            }
        }
        guard cipher.finish() else { throw .library("finish") }
        try cipher.tag(to: icv, count: suite.icvLength)
    }

    @inline(__always)
    func openAEAD(
        aad: UnsafeRawBufferPointer,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int,
        icv: UnsafeRawPointer
    ) throws(CryptoError) {
        try checkLength(count, "ciphertext")
        try withNonce { (nonce) throws(CryptoError) in
            try cipher.start(nonce: nonce, tag: icv, count: suite.icvLength)
        }
        try takeAssociatedData(aad, length: count)
        // CCM verifies while it takes the data, the others in `finish`.
        var isAuthentic = true
        if count > 0 || suite.mode == .ccm {
            isAuthentic = cipher.process(from: octets(input), to: octets(output), count: count)
        }
        guard isAuthentic, cipher.finish() else {
            ERR_clear_error()
            OPENSSL_cleanse(output, count)
            throw .authenticationFailed
        }
    }

    @inline(__always)
    private func takeAssociatedData(_ aad: UnsafeRawBufferPointer, length: Int) throws(CryptoError) {
        if suite.mode == .ccm {
            try cipher.announceLength(length)
        }
        guard let base = aad.baseAddress, !aad.isEmpty else { return }
        try checkLength(aad.count, "associated data")
        try cipher.authenticate(octets(base), count: aad.count)
    }

    /// Encrypts or decrypts without authenticating: CBC and CTR.
    @inline(__always)
    func crypt(input: UnsafeRawPointer, output: UnsafeMutableRawPointer, count: Int) throws(CryptoError) {
        try checkLength(count, "ciphertext")
        guard count % suite.blockLength == 0 else {
            throw .invalidLength(field: "ciphertext in whole blocks", octets: count)
        }
        try withNonce { (nonce) throws(CryptoError) in try cipher.start(nonce: nonce) }
        guard count == 0 || cipher.process(from: octets(input), to: octets(output), count: count) else {
            throw .library("update")
        }
    }

    /// The untruncated MAC of a packet, which stands there until the next one is made.
    @inline(__always)
    func authenticate(
        iv: UnsafeRawPointer,
        aad: UnsafeRawBufferPointer,
        trailer: UnsafeRawBufferPointer,
        ciphertext: UnsafeRawPointer,
        count: Int
    ) throws(CryptoError) -> UnsafeRawPointer {
        // Before a single octet is read, since opening authenticates first.
        try checkLength(count, "ciphertext")
        // `CipherSuite` makes no suite of this mode without; a code of nothing must not be taken for one.
        guard let integrity else { throw .unsupported("\(suite.encryption) without an integrity algorithm") }
        return try integrity.code(
            of: aad,
            UnsafeRawBufferPointer(start: iv, count: suite.ivLength),
            UnsafeRawBufferPointer(start: ciphertext, count: count),
            trailer
        )
    }

    /// Far more than a packet has, and what libcrypto's `int`s count at most.
    @inline(__always)
    private func checkLength(_ count: Int, _ field: @autoclosure () -> StaticString) throws(CryptoError) {
        guard count >= 0, count <= Int(Int32.max) else {
            throw .invalidLength(field: "\(field())", octets: count)
        }
    }

    @inline(__always)
    private func octets(_ address: UnsafeRawPointer) -> UnsafePointer<UInt8> {
        address.assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    private func octets(_ address: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UInt8> {
        address.assumingMemoryBound(to: UInt8.self)
    }
}

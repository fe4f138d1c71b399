/// AES-XCBC-MAC with a 128-bit key (RFC 3566 section 4), which libcrypto lacks: made of its AES-CBC, three derived keys
/// and RFC 3566's way with the last block. Keyed once, used for one message after the other.
final class XCBC {
    /// Octets of the key and of the untruncated code, and AES' block.
    static let length = 16

    /// AES-CBC under K1. Only the last block of its output is wanted.
    private let cipher: CipherContext
    /// Added to a complete last block.
    private let k2: SecretBytes
    /// Added to a padded last block.
    private let k3: SecretBytes
    /// What may turn out to be the last block; only `finish` knows which key is added to it.
    private let pendingBlock = WipedMemory(count: length)
    private var pendingCount = 0
    /// Where CBC's output goes: all blocks but the last are overwritten unseen.
    private let scratchBlocks = WipedMemory(count: 32 * length)

    /// Derives K1, K2 and K3 from a key of 16 octets. The first message may begin at once.
    init(key: SecretBytes) throws(CryptoError) {
        guard key.count == Self.length else {
            throw .invalidKeyLength(algorithm: "AES-XCBC", octets: key.count)
        }
        let aes = try CipherContext(
            LibraryCipher.aes("ECB", keyLength: Self.length),
            key: key,
            direction: .encrypt,
            options: .unpadded
        )
        let k1 = try Self.derive(1, with: aes)
        k2 = try Self.derive(2, with: aes)
        k3 = try Self.derive(3, with: aes)
        let cbc = try LibraryCipher.aes("CBC", keyLength: Self.length)
        cipher = try CipherContext(cbc, key: k1, direction: .encrypt, options: .unpadded)
        try start()
    }

    private var pending: UnsafeMutablePointer<UInt8> { pendingBlock.octets }
    private var scratch: UnsafeMutablePointer<UInt8> { scratchBlocks.octets }

    /// A derived key: a block of the same octet, encrypted (RFC 3566 section 4 step 1).
    private static func derive(_ octet: UInt8, with aes: borrowing CipherContext) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: length) { (octets) throws(CryptoError) in
            let block = octets.bindMemory(to: UInt8.self)
            block.update(repeating: octet)
            guard let address = block.baseAddress, aes.process(from: address, to: address, count: 16) else {
                throw .library("AES-XCBC key derivation")
            }
        }
    }
}

// MARK: - One message

extension XCBC {
    /// Begins a message.
    func start() throws(CryptoError) {
        pendingCount = 0
        pending.update(repeating: 0, count: Self.length)
        try cipher.start(nonce: pending)
    }

    /// Takes more of the message. The last block, complete or not, is always held back.
    func update(_ data: UnsafeRawPointer?, count: Int) throws(CryptoError) {
        guard let data, count > 0 else { return }
        var rest = UnsafeBufferPointer(start: data.assumingMemoryBound(to: UInt8.self), count: count)
        holdBack(from: &rest)
        while let next = rest.baseAddress, !rest.isEmpty {
            // More follows what is held back, so it was not the last block.
            try encryptPending()
            // Nor are those that can be encrypted where they are, as long as at least one octet stays.
            let direct = min((rest.count - 1) / Self.length * Self.length, scratchBlocks.count)
            try encrypt(next, count: direct)
            rest = UnsafeBufferPointer(rebasing: rest[direct...])
            holdBack(from: &rest)
        }
    }

    /// Ends the message and writes 16 octets (RFC 3566 section 4 step 4).
    func finish(to output: UnsafeMutableRawPointer) throws(CryptoError) {
        if pendingCount == Self.length {
            add(k2)
        } else {
            (pending + pendingCount).update(repeating: 0, count: Self.length - pendingCount)
            pending[pendingCount] = 0x80
            add(k3)
        }
        try encryptPending()
        output.copyMemory(from: scratch, byteCount: Self.length)
    }

    /// Fills the pending block from the front of `data`.
    private func holdBack(from data: inout UnsafeBufferPointer<UInt8>) {
        let count = min(data.count, Self.length - pendingCount)
        guard count > 0, let octets = data.baseAddress else { return }
        (pending + pendingCount).update(from: octets, count: count)
        pendingCount += count
        data = UnsafeBufferPointer(rebasing: data[count...])
    }

    private func encryptPending() throws(CryptoError) {
        try encrypt(pending, count: Self.length)
        pendingCount = 0
    }

    /// Continues the CBC chain over whole blocks, at most as many as the scratch area takes.
    private func encrypt(_ blocks: UnsafePointer<UInt8>, count: Int) throws(CryptoError) {
        guard count > 0 else { return }
        guard cipher.process(from: blocks, to: scratch, count: count) else {
            throw .library("AES-XCBC")
        }
    }

    private func add(_ key: SecretBytes) {
        key.withUnsafeBytes { key in
            for index in 0..<Self.length {
                pending[index] ^= key[index]
            }
        }
    }
}

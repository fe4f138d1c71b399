// Where IVs come from: a counter, which under one key never repeats.

extension PacketCipher {
    /// Makes the IV of a packet from a counter that must never repeat under these keys; writes `suite.ivLength` octets.
    ///
    /// CTR, GCM, CCM and ChaCha20-Poly1305 need an IV that is unique and send the counter itself, in network order
    /// (RFC 4106 section 3.1, RFC 7634 section 2). CBC needs one that cannot be foretold: the counter encrypted
    /// under the packets' key (NIST SP 800-38A appendix C), so that no packet costs a random number.
    package func makeIV(counter: UInt64, to iv: UnsafeMutableRawPointer) throws(CryptoError) {
        guard direction == .seal else { throw .wrongDirection }
        if let unpredictableIVs {
            try unpredictableIVs.write(counter, to: iv)
        } else {
            iv.storeBytes(of: counter.bigEndian, as: UInt64.self)
        }
    }

    /// The IV of a packet as an array; see `makeIV(counter:to:)`.
    package func makeIV(counter: UInt64) throws(CryptoError) -> [UInt8] {
        var iv = [UInt8](repeating: 0, count: suite.ivLength)
        try iv.withUnsafeMutableBufferPointer { (iv) throws(CryptoError) in
            guard let base = iv.baseAddress else { return }
            try makeIV(counter: counter, to: base)
        }
        return iv
    }
}

/// Makes IVs that cannot be foretold from a counter, for CBC.
final class UnpredictableIVs {
    private let cipher: CipherContext

    /// Under the key that the packets are encrypted with.
    init(key: SecretBytes) throws(CryptoError) {
        let ecb = try LibraryCipher.aes("ECB", keyLength: key.count)
        cipher = try CipherContext(ecb, key: key, direction: .encrypt, options: .unpadded)
    }

    /// Writes the 16 octets for a counter.
    func write(_ counter: UInt64, to iv: UnsafeMutableRawPointer) throws(CryptoError) {
        iv.storeBytes(of: 0, as: UInt64.self)
        iv.storeBytes(of: counter.bigEndian, toByteOffset: 8, as: UInt64.self)
        let block = iv.assumingMemoryBound(to: UInt8.self)
        guard cipher.process(from: block, to: block, count: 16) else { throw .library("IV encryption") }
    }
}

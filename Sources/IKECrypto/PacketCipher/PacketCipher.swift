import COpenSSL
import IKEWire

/// Protects packets, or opens protected ones, with the keys of one direction of an SA.
///
/// Keyed once and used for every packet: a call allocates nothing, looks nothing up and expands no key. It serves one
/// thread at a time.
///
/// An AEAD takes `aad` as its associated data. Any other suite encrypts and then authenticates
/// `aad | iv | ciphertext | trailer`, which is what ESP (RFC 4303 section 2.8; `trailer` are the high sequence number
/// bits that are not sent) and the SK payload (RFC 7296 section 3.14; `aad` is the message up to the IV) both ask for.
package final class PacketCipher {
    package enum Direction: Hashable, Sendable {
        case seal, open
    }

    package let suite: CipherSuite
    package let direction: Direction

    let cipher: CipherContext
    /// An AEAD has none.
    let integrity: PacketIntegrity?
    /// Only for sealing with CBC.
    let unpredictableIVs: UnpredictableIVs?
    /// The salt, followed by room for the rest of a nonce or counter block; what the cipher starts from. As long as AES' block, the
    /// longest nonce there is. No call leads back here, so that it is exempt from the run-time check for overlapping access.
    @exclusivity(unchecked) private var nonceBlock: (UInt64, UInt64) = (0, 0)

    /// Throws `invalidKeyLength` for keys that are not as long as the suite asks for.
    package init(_ suite: CipherSuite, keys: CipherKeys, direction: Direction) throws(CryptoError) {
        guard keys.encryption.count == suite.encryptionKeyLength,
            let key = keys.encryption.slice(0..<suite.cipherKeyLength),
            let salt = keys.encryption.slice(suite.cipherKeyLength..<suite.encryptionKeyLength)
        else {
            throw .invalidKeyLength(algorithm: "\(suite.encryption)", octets: keys.encryption.count)
        }
        guard keys.integrity.count == suite.integrityKeyLength else {
            throw .invalidKeyLength(
                algorithm: "\(suite.integrity ?? IntegrityAlgorithm.none)",
                octets: keys.integrity.count
            )
        }
        self.suite = suite
        self.direction = direction

        let library = try LibraryCipher.cipher(of: suite)
        cipher = try CipherContext(
            library,
            key: key,
            direction: direction == .seal ? .encrypt : .decrypt,
            options: Self.options(suite)
        )
        if let algorithm = suite.integrity {
            integrity = try PacketIntegrity(algorithm, key: keys.integrity)
        } else {
            integrity = nil
        }
        if suite.mode == .cbc, direction == .seal {
            unpredictableIVs = try UnpredictableIVs(key: key)
        } else {
            unpredictableIVs = nil
        }

        withUnsafeMutableBytes(of: &nonceBlock) { nonce in
            salt.withUnsafeBytes { nonce.copyMemory(from: $0) }
            // The block counter begins at 1 (RFC 3686 section 4).
            if suite.mode == .ctr { nonce[nonce.count - 1] = 1 }
        }
    }

    deinit { withUnsafeMutableBytes(of: &nonceBlock) { wipe($0) } }

    /// Lends the nonce as it stands, or its place.
    @inline(__always)
    func withNonce<Result, Failure: Error>(
        _ body: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeMutablePointer(to: &nonceBlock) { (nonce) throws(Failure) in
            try body(UnsafeMutableRawPointer(nonce).assumingMemoryBound(to: UInt8.self))
        }
    }

    private static func options(_ suite: CipherSuite) -> CipherContext.Options {
        switch suite.mode {
        case .cbc: .unpadded
        case .ctr, .gcm, .chaCha20Poly1305: .none
        case .ccm: .ccm(nonceLength: suite.saltLength + suite.ivLength, tagLength: suite.icvLength)
        }
    }
}

// MARK: - One packet

extension PacketCipher {
    /// Encrypts and authenticates one packet.
    ///
    /// - Parameters:
    ///   - iv: `suite.ivLength` octets, never used before under these keys; see `makeIV(counter:to:)`.
    ///   - aad: What is authenticated but not encrypted, in front of the IV.
    ///   - trailer: What is authenticated behind the ciphertext; must be empty for an AEAD.
    ///   - input: `count` octets of plaintext, a multiple of `suite.blockLength`.
    ///   - output: Where the ciphertext goes, `count` octets; `input` itself or memory that does not overlap with it.
    ///   - icv: Where `suite.icvLength` octets of integrity check value go; often right behind `output`.
    package func seal(
        iv: UnsafeRawPointer,
        aad: UnsafeRawBufferPointer,
        trailer: UnsafeRawBufferPointer,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int,
        icv: UnsafeMutableRawPointer
    ) throws(CryptoError) {
        guard direction == .seal else { throw .wrongDirection }
        prepareNonce(iv)
        if suite.mode.isAEAD {
            guard trailer.isEmpty else { throw .invalidLength(field: "AEAD trailer", octets: trailer.count) }
            try sealAEAD(aad: aad, input: input, output: output, count: count, icv: icv)
        } else {
            try crypt(input: input, output: output, count: count)
            let code = try authenticate(iv: iv, aad: aad, trailer: trailer, ciphertext: output, count: count)
            icv.copyMemory(from: code, byteCount: suite.icvLength)
        }
    }

    /// Verifies and decrypts one packet; the parameters are those of sealing.
    ///
    /// Throws `authenticationFailed` when the integrity check value does not fit; `output` then holds no plaintext: it
    /// is untouched, or wiped where the cipher verifies only after it has decrypted (all AEADs), which destroys
    /// a packet that is opened in place.
    package func open(
        iv: UnsafeRawPointer,
        aad: UnsafeRawBufferPointer,
        trailer: UnsafeRawBufferPointer,
        input: UnsafeRawPointer,
        output: UnsafeMutableRawPointer,
        count: Int,
        icv: UnsafeRawPointer
    ) throws(CryptoError) {
        guard direction == .open else { throw .wrongDirection }
        prepareNonce(iv)
        if suite.mode.isAEAD {
            guard trailer.isEmpty else { throw .invalidLength(field: "AEAD trailer", octets: trailer.count) }
            try openAEAD(aad: aad, input: input, output: output, count: count, icv: icv)
        } else {
            let code = try authenticate(iv: iv, aad: aad, trailer: trailer, ciphertext: input, count: count)
            guard CRYPTO_memcmp(code, icv, suite.icvLength) == 0 else { throw .authenticationFailed }
            try crypt(input: input, output: output, count: count)
        }
    }

    /// Puts the packet's IV behind the salt. CTR's block counter behind it never changes.
    @inline(__always)
    private func prepareNonce(_ iv: UnsafeRawPointer) {
        withNonce { nonce in
            let place = UnsafeMutableRawPointer(nonce + suite.saltLength)
            // In registers, since a copy of a length that is not known here is a call.
            if suite.ivLength == 8 {
                place.storeBytes(of: iv.loadUnaligned(as: UInt64.self), as: UInt64.self)
            } else {
                place.copyMemory(from: iv, byteCount: suite.ivLength)
            }
        }
    }
}

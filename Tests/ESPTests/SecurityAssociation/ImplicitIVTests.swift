import COpenSSL
import ESP
import IKECrypto
import IKEWire
import Inet
import Testing

/// RFC 8750: the nonce is made of the sequence number, and packets carry no IV.
@Suite struct ImplicitIVTests {
    private static let pairs: [(EncryptionAlgorithm, EncryptionAlgorithm, Int?)] = [
        (.aesGCM16ImplicitIV, .aesGCM16, 128), (.aesGCM16ImplicitIV, .aesGCM16, 256),
        (.aesCCM8ImplicitIV, .aesCCM8, 192), (.chaCha20Poly1305ImplicitIV, .chaCha20Poly1305, nil),
    ]

    /// An explicit IV is the sequence number here as well, so that the two kinds differ in nothing else.
    @Test(arguments: pairs, [SequenceNumbers.standard, .extended])
    func aPacketIsTheOneWithExplicitIVWithoutIt(
        algorithms: (implicit: EncryptionAlgorithm, explicit: EncryptionAlgorithm, bits: Int?),
        sequenceNumbers: SequenceNumbers
    ) throws {
        let last: UInt64 = sequenceNumbers == .extended ? 7 << 32 + 41 : 41
        func sealed(_ algorithm: EncryptionAlgorithm) throws -> [UInt8] {
            try SamplePair(.named(algorithm, algorithms.bits), sequenceNumbers: sequenceNumbers, lastSequence: last)
                .outbound.sealed(SamplePacket.ipv4(payload: [1, 2, 3]))
        }
        let explicit = try sealed(algorithms.explicit)
        let number = (0..<8).map { UInt8(truncatingIfNeeded: (last + 1) >> (56 - 8 * $0)) }
        #expect(Array(explicit[8..<16]) == number)
        #expect(try sealed(algorithms.implicit) == Array(explicit[..<8]) + Array(explicit[16...]))
    }

    /// AES-GCM by libcrypto's own functions, from the words of RFC 4106 and RFC 8750 section 4.
    @Test(arguments: [SequenceNumbers.standard, .extended])
    func aPacketIsWhatTheRFCSays(sequenceNumbers: SequenceNumbers) throws {
        let suite = CipherSuite.named(.aesGCM16ImplicitIV, 256)
        let isExtended = sequenceNumbers == .extended
        let highHalf: [UInt8] = isExtended ? [0, 0, 0, 3] : [0, 0, 0, 0]
        let last: UInt64 = (isExtended ? 3 << 32 : 0) + 0x0102_0303
        let pair = try SamplePair(suite, sequenceNumbers: sequenceNumbers, lastSequence: last)
        let inner = SamplePacket.ipv4(payload: [9, 8, 7])
        let packet = try pair.outbound.sealed(inner)

        let lowHalf: [UInt8] = [1, 2, 3, 4]
        #expect(Array(packet[..<8]) == SamplePair.spi.bytes + lowHalf)
        let keys = (0..<36).map { UInt8($0) }
        let padding = ForgedPacket.padding(for: inner)
        let expected = try AES256GCM(key: Array(keys[..<32]), nonce: Array(keys[32...]) + highHalf + lowHalf).sealed(
            ForgedPacket.plaintext(inner, padding: padding, nextHeader: 4),
            aad: SamplePair.spi.bytes + (isExtended ? highHalf : []) + lowHalf
        )
        #expect(Array(packet[8...]) == expected)
        #expect(try pair.inbound.opened(packet) == inner)
    }

    @Test(arguments: CipherSuite.implicitIV)
    func anotherSequenceNumberIsAnotherNonce(suite: CipherSuite) throws {
        let pair = try SamplePair(suite)
        let packets = try (0..<50).map { _ in try pair.outbound.sealed(SamplePacket.ipv4()) }
        #expect(Set(packets.map { Array($0[8...]) }).count == packets.count)
        var moved = packets[3]
        moved.replaceSubrange(4..<8, with: packets[4][4..<8])
        #expect(throws: ESPError.authenticationFailed) { try pair.inbound.opened(moved) }
    }

    @Test(arguments: pairs)
    func theTunnelIsEightOctetsWider(
        algorithms: (implicit: EncryptionAlgorithm, explicit: EncryptionAlgorithm, bits: Int?)
    ) throws {
        func mtu(_ algorithm: EncryptionAlgorithm) -> Int? {
            TunnelMTU.inner(
                path: 1500,
                outerFamily: .v4,
                udpEncapsulated: true,
                layout: PacketLayout(.named(algorithm, algorithms.bits))
            )
        }
        #expect(try mtu(algorithms.implicit) == #require(mtu(algorithms.explicit)) + 8)
    }
}

/// One message by the EVP functions.
private struct AES256GCM {
    let key: [UInt8]
    let nonce: [UInt8]

    struct Failure: Error {}

    /// The ciphertext and a tag of 16 octets.
    func sealed(_ plaintext: [UInt8], aad: [UInt8]) throws -> [UInt8] {
        guard let context = EVP_CIPHER_CTX_new() else { throw Failure() }
        defer { EVP_CIPHER_CTX_free(context) }
        var ciphertext = [UInt8](repeating: 0, count: plaintext.count)
        var tag = [UInt8](repeating: 0, count: 16)
        var length: Int32 = 0
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(context, nil, &length, aad, Int32(aad.count)) == 1,
            EVP_EncryptUpdate(context, &ciphertext, &length, plaintext, Int32(plaintext.count)) == 1,
            EVP_EncryptFinal_ex(context, nil, &length) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
        else { throw Failure() }
        return ciphertext + tag
    }
}

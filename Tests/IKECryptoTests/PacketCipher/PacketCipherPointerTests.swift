import IKECrypto
import IKEWire
import Support
import Testing

/// The calls that ESP makes: in place or from one buffer to another, with and without a trailer.
@Suite struct PacketCipherPointerTests {
    /// A packet as it lies in memory: SPI and sequence number, IV, payload, ICV; and the octets that are not sent.
    private struct Packet {
        var octets: [UInt8]
        let trailer: [UInt8]
        let suite: CipherSuite

        init(_ suite: CipherSuite, counter: UInt64, _ sealer: PacketCipher) throws {
            self.suite = suite
            let iv = try sealer.makeIV(counter: counter)
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            octets = [1, 2, 3, 4, 0, 0, 0, 9] + iv + payload + [UInt8](repeating: 0, count: suite.icvLength)
            trailer = suite.isAEAD ? [] : [0, 0, 0, 1]
        }

        var payload: [UInt8] { Array(octets[(8 + suite.ivLength)...].prefix(count)) }

        mutating func seal(_ cipher: PacketCipher) throws {
            try octets.withUnsafeMutableBytes { octets in
                try trailer.withUnsafeBytes { trailer in
                    let base = try #require(octets.baseAddress)
                    let text = base + 8 + suite.ivLength
                    try cipher.seal(
                        iv: base + 8,
                        aad: UnsafeRawBufferPointer(rebasing: octets[..<8]),
                        trailer: trailer,
                        input: text,
                        output: text,
                        count: count,
                        icv: text + count
                    )
                }
            }
        }

        mutating func open(_ cipher: PacketCipher) throws {
            try octets.withUnsafeMutableBytes { octets in
                try trailer.withUnsafeBytes { trailer in
                    let base = try #require(octets.baseAddress)
                    let text = base + 8 + suite.ivLength
                    try cipher.open(
                        iv: base + 8,
                        aad: UnsafeRawBufferPointer(rebasing: octets[..<8]),
                        trailer: trailer,
                        input: text,
                        output: text,
                        count: count,
                        icv: text + count
                    )
                }
            }
        }
    }

    @Test(arguments: everySuite)
    func packetsAreSealedAndOpenedInPlace(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        for counter: UInt64 in 1...20 {
            let original = try Packet(suite, counter: counter, sealer)
            var packet = original
            try packet.seal(sealer)
            #expect(packet.payload != original.payload)
            try packet.open(opener)
            #expect(packet.payload == original.payload)
        }
    }

    @Test(arguments: everySuite)
    func anotherBufferGetsTheSameAsThePlaceItself(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        var packet = try Packet(suite, counter: 5, sealer)
        let plaintext = packet.payload
        let iv = Array(packet.octets[8..<8 + suite.ivLength])
        let aad = Array(packet.octets[..<8])
        try packet.seal(sealer)

        var output = [UInt8](repeating: 0xEE, count: count)
        var icv = [UInt8](repeating: 0xEE, count: suite.icvLength)
        try sealer.seal(plaintext, to: &output, icv: &icv, iv: iv, aad: aad, trailer: packet.trailer)
        #expect(output == packet.payload)
        #expect(icv == Array(packet.octets.suffix(suite.icvLength)))
    }

    /// The high sequence number bits are not sent, yet a packet does not open with others.
    @Test(arguments: everySuite.filter { !$0.isAEAD })
    func theTrailerIsAuthenticated(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        let plaintext = [UInt8](repeating: 7, count: count)
        let iv = try sealer.makeIV(counter: 1)
        var output = [UInt8](repeating: 0, count: count)
        var icv = [UInt8](repeating: 0, count: suite.icvLength)
        try sealer.seal(plaintext, to: &output, icv: &icv, iv: iv, aad: [1], trailer: [0, 0, 0, 1])
        #expect(throws: CryptoError.authenticationFailed) {
            try opener.open(iv: iv, aad: [1], ciphertextAndICV: output + icv)
        }
    }

    /// What was decrypted before the tag was checked must not reach anybody.
    @Test(arguments: everySuite)
    func aPacketThatIsNotAuthenticLeavesNoPlaintext(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        let original = try Packet(suite, counter: 5, sealer)
        var packet = original
        try packet.seal(sealer)
        packet.octets[packet.octets.count - 1] ^= 1
        let sealed = packet.payload
        #expect(throws: CryptoError.authenticationFailed) { try packet.open(opener) }
        if suite.isAEAD {
            #expect(packet.payload == [UInt8](repeating: 0, count: count))
        } else {
            #expect(packet.payload == sealed)
        }
    }
}

private let count = 64

extension PacketCipher {
    /// The pointer call over arrays.
    fileprivate func seal(
        _ input: [UInt8],
        to output: inout [UInt8],
        icv: inout [UInt8],
        iv: [UInt8],
        aad: [UInt8],
        trailer: [UInt8]
    ) throws {
        try iv.withUnsafeBytes { iv in
            try aad.withUnsafeBytes { aad in
                try trailer.withUnsafeBytes { trailer in
                    try input.withUnsafeBytes { input in
                        try output.withUnsafeMutableBytes { output in
                            try icv.withUnsafeMutableBytes { icv in
                                try seal(
                                    iv: #require(iv.baseAddress),
                                    aad: aad,
                                    trailer: trailer,
                                    input: #require(input.baseAddress),
                                    output: #require(output.baseAddress),
                                    count: input.count,
                                    icv: #require(icv.baseAddress)
                                )
                            }
                        }
                    }
                }
            }
        }
    }
}

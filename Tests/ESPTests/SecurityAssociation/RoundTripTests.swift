import ESP
import IKECrypto
import IKEWire
import Support
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: CipherSuite.all, [SequenceNumbers.standard, .extended])
    func whatIsSealedIsOpened(suite: CipherSuite, sequenceNumbers: SequenceNumbers) throws {
        let pair = try SamplePair(suite, sequenceNumbers: sequenceNumbers)
        var packets: UInt64 = 0
        var octets: UInt64 = 0
        for payload in Array(0...20) + [100, 1360, 1361, 1362, 1363] {
            let data = (0..<payload).map { UInt8(truncatingIfNeeded: $0 * 7) }
            for inner in [SamplePacket.ipv4(payload: data), SamplePacket.ipv6(payload: data)] {
                let packet = try pair.outbound.sealed(inner)
                #expect(try pair.inbound.opened(packet) == inner)
                packets += 1
                octets += UInt64(inner.count)
            }
        }
        #expect(pair.inbound.counters.packets == packets)
        #expect(pair.inbound.counters.octets == octets)
        #expect(pair.outbound.counters.octets == octets)
        #expect(pair.inbound.highestSequence == packets)
    }

    @Test(arguments: CipherSuite.all, [SequenceNumbers.standard, .extended])
    func everyProperPrefixIsRefused(suite: CipherSuite, sequenceNumbers: SequenceNumbers) throws {
        let pair = try SamplePair(suite, sequenceNumbers: sequenceNumbers)
        let packet = try pair.outbound.sealed(SamplePacket.ipv4())
        let accepted = (0..<packet.count).filter { pair.inbound.refusal(Array(packet[..<$0])) == nil }
        #expect(accepted.isEmpty)
        #expect(pair.inbound.counters.malformed + pair.inbound.counters.unauthentic == UInt64(packet.count))
        #expect(try pair.inbound.opened(packet) == SamplePacket.ipv4())
    }

    @Test(arguments: CipherSuite.all, [SequenceNumbers.standard, .extended])
    func everyFlippedBitIsRefused(suite: CipherSuite, sequenceNumbers: SequenceNumbers) throws {
        // The middle of a subspace, so that no flipped sequence number is refused for another reason.
        let pair = try SamplePair(suite, sequenceNumbers: sequenceNumbers, lastSequence: 0x1000, highestReceived: 0)
        let packet = try pair.outbound.sealed(SamplePacket.ipv6(payload: [1, 2, 3]))
        let accepted = (0..<(packet.count * 8)).filter { bit in
            var damaged = packet
            damaged[bit / 8] ^= 1 << (bit % 8)
            return pair.inbound.refusal(damaged) != .authenticationFailed
        }
        #expect(accepted.isEmpty)
        #expect(pair.inbound.highestSequence == 0, "what is not authentic does not move the window")
        #expect(try pair.inbound.opened(packet) != nil)
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func whatIsAppendedIsRefused(suite: CipherSuite) throws {
        let pair = try SamplePair(suite)
        let packet = try pair.outbound.sealed(SamplePacket.ipv4())
        for count in 1...40 {
            #expect(throws: ESPError.self) { try pair.inbound.opened(packet + [UInt8](repeating: 0, count: count)) }
        }
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func theHighHalfIsAuthenticatedThoughItIsNotSent(suite: CipherSuite) throws {
        let sender = try SamplePair(suite, sequenceNumbers: .extended, lastSequence: 5 << 32 + 99)
        let packet = try sender.outbound.sealed(SamplePacket.ipv4())
        #expect(packet[4..<8] == [0, 0, 0, 100])
        for highHalf in [0, 4, 6] as [UInt64] {
            let other = try SamplePair(suite, sequenceNumbers: .extended, highestReceived: highHalf << 32 + 90)
            #expect(throws: ESPError.authenticationFailed) { try other.inbound.opened(packet) }
        }
        let standard = try SamplePair(suite, sequenceNumbers: .standard)
        #expect(throws: ESPError.authenticationFailed) { try standard.inbound.opened(packet) }
        #expect(try sender.inbound.opened(packet) == SamplePacket.ipv4())
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func packetsCrossTheBorderOf32BitsInAnyOrder(suite: CipherSuite) throws {
        let start: UInt64 = 1 << 32 - 50
        let pair = try SamplePair(suite, sequenceNumbers: .extended, windowSize: 128, lastSequence: start)
        var random = SplitMix64(seed: 32)
        let packets = try (0..<100).map { _ in try pair.outbound.sealed(SamplePacket.ipv4()) }
        for packet in packets.shuffled(using: &random) {
            #expect(try pair.inbound.opened(packet) == SamplePacket.ipv4())
        }
        for packet in packets {
            #expect(throws: ESPError.duplicate) { try pair.inbound.opened(packet) }
        }
        #expect(pair.inbound.highestSequence == start + 100)
    }

    @Test func anotherKeyOpensNothing() throws {
        let suite = CipherSuite.aes256GCM
        let packet = try SamplePair(suite).outbound.sealed(SamplePacket.ipv4())
        let otherKeys = CipherKeys(
            encryption: SecretBytes(copying: [UInt8](repeating: 1, count: suite.encryptionKeyLength)),
            integrity: SecretBytes(copying: [])
        )
        let inbound = try InboundSA(
            spi: SamplePair.spi,
            suite: suite,
            keys: otherKeys,
            sequenceNumbers: .standard,
            window: #require(ReplayWindow(size: 32)),
            selectors: .everything
        )
        #expect(throws: ESPError.authenticationFailed) { try inbound.opened(packet) }
    }
}

import ESP
import IKECrypto
import IKEWire
import Testing

@Suite struct OutboundSATests {
    @Test func aPacketBeginsWithSPIAndSequenceNumber() throws {
        let pair = try SamplePair()
        for sequence in 1...3 as ClosedRange<UInt8> {
            let packet = try pair.outbound.sealed(SamplePacket.ipv4())
            #expect(packet[..<8] == [0xc0, 0x12, 0x34, 0x56, 0, 0, 0, sequence])
        }
        #expect(pair.outbound.lastSequence == 3)
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func roomBehindTheInnerPacketChangesNothingButTheCopy(suite: CipherSuite) throws {
        for payload in 0...33 {
            let inner = SamplePacket.ipv6(payload: [UInt8](repeating: 9, count: payload))
            let packets = try [0, 1, 16, 17, 100].map { try SamplePair(suite).outbound.sealed(inner, room: $0) }
            #expect(Set(packets).count == 1)
        }
    }

    @Test(arguments: CipherSuite.oneOfEachKind.filter { !$0.usesImplicitIV })
    func noTwoPacketsShareAnIV(suite: CipherSuite) throws {
        let pair = try SamplePair(suite)
        let ivs = try (0..<200).map { _ in
            try pair.outbound.sealed(SamplePacket.ipv4())[8..<pair.outbound.layout.payloadOffset]
        }
        #expect(Set(ivs).count == 200)
    }

    @Test func aWrongInnerPacketIsRefusedAndUsesNoNumber() throws {
        let pair = try SamplePair()
        #expect(throws: ESPError.malformedInner) { try pair.outbound.sealed([]) }
        #expect(throws: ESPError.malformedInner) { try pair.outbound.sealed([0x50] + [UInt8](repeating: 0, count: 30)) }
        var octets = SamplePacket.ipv4()
        for innerLength in [-1, 0, octets.count + 1, Int.max, Int.min] {
            var output = [UInt8](repeating: 0, count: 200)
            var source = octets.mutableSpan
            var sourceOctets = source.mutableBytes
            var outputSpan = output.mutableSpan
            var outputOctets = outputSpan.mutableBytes
            #expect(refusal(pair.outbound, &sourceOctets, innerLength, &outputOctets) == .malformedInner)
        }
        #expect(pair.outbound.lastSequence == 0)
        #expect(pair.outbound.counters.packets == 0)
    }

    /// The error of sealing, since `#expect(throws:)` cannot hold a span.
    func refusal(
        _ sa: OutboundSA,
        _ source: inout MutableRawSpan,
        _ innerLength: Int,
        _ output: inout MutableRawSpan
    ) -> ESPError? {
        do throws(ESPError) {
            _ = try sa.seal(&source, innerLength: innerLength, into: &output)
            return nil
        } catch {
            return error
        }
    }

    @Test func anOutputTooSmallIsRefusedAndUsesNoNumber() throws {
        let pair = try SamplePair()
        let inner = SamplePacket.ipv4()
        let needed = pair.outbound.layout.sealedLength(inner: inner.count)
        for length in [0, 1, needed - 1] {
            #expect(throws: ESPError.outputTooSmall) { try pair.outbound.sealed(inner, outputLength: length) }
        }
        #expect(pair.outbound.lastSequence == 0)
        #expect(try pair.outbound.sealed(inner, outputLength: needed).count == needed)
    }

    @Test(arguments: [(SequenceNumbers.standard, UInt64(UInt32.max)), (.extended, UInt64.max)])
    func theLastNumberIsUsedAndNoneAfterIt(sequenceNumbers: SequenceNumbers, limit: UInt64) throws {
        let pair = try SamplePair(sequenceNumbers: sequenceNumbers, lastSequence: limit - 1)
        #expect(pair.outbound.remainingPackets == 1)
        let packet = try pair.outbound.sealed(SamplePacket.ipv4())
        #expect(packet[4..<8] == [0xff, 0xff, 0xff, 0xff])
        #expect(try pair.inbound.opened(packet) == SamplePacket.ipv4())
        #expect(pair.outbound.remainingPackets == 0)
        #expect(throws: ESPError.sequenceExhausted) { try pair.outbound.sealed(SamplePacket.ipv4()) }
        #expect(throws: ESPError.sequenceExhausted) { try pair.outbound.sealedDummy(payloadLength: 10) }
    }

    @Test func innerPacketsAreCounted() throws {
        let pair = try SamplePair()
        let inner = SamplePacket.ipv6()
        for _ in 0..<5 { _ = try pair.outbound.sealed(inner) }
        _ = try pair.outbound.sealedDummy(payloadLength: 100)
        #expect(pair.outbound.counters.packets == 5)
        #expect(pair.outbound.counters.octets == UInt64(5 * inner.count))
        #expect(pair.outbound.lastSequence == 6)
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func shortPacketsAreFilledUpIfAsked(suite: CipherSuite) throws {
        let pair = try SamplePair(suite)
        pair.outbound.minimumInnerLength = 500
        let lengths = try [0, 1, 100, 400].map { payload in
            let inner = SamplePacket.ipv4(payload: [UInt8](repeating: 5, count: payload))
            let packet = try pair.outbound.sealed(inner)
            #expect(try pair.inbound.opened(packet) == inner)
            return packet.count
        }
        #expect(Set(lengths) == [pair.outbound.layout.sealedLength(inner: 500)])
        let long = SamplePacket.ipv4(payload: [UInt8](repeating: 5, count: 600))
        #expect(try pair.outbound.sealed(long).count == pair.outbound.layout.sealedLength(inner: 620))
        #expect(try pair.outbound.sealedDummy(payloadLength: 0).count == lengths.first)
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func dummiesAreDiscardedWithoutAWord(suite: CipherSuite) throws {
        let pair = try SamplePair(suite)
        for length in [-5, 0, 1, 2, 3, 100, 1400] {
            let packet = try pair.outbound.sealedDummy(payloadLength: length)
            #expect(packet.count == pair.outbound.layout.sealedLength(inner: max(length, 0)))
            #expect(try pair.inbound.opened(packet) == nil)
            #expect(throws: ESPError.duplicate) { try pair.inbound.opened(packet) }
        }
        #expect(pair.inbound.counters.dummies == 7)
        #expect(pair.inbound.counters.packets == 0)
    }

    @Test func keysThatDoNotFitAreRefused() {
        let keys = CipherKeys(encryption: SecretBytes(copying: [1, 2, 3]), integrity: SecretBytes(copying: []))
        #expect(throws: CryptoError.self) {
            try OutboundSA(spi: SamplePair.spi, suite: .aes256GCM, keys: keys, sequenceNumbers: .standard)
        }
    }
}

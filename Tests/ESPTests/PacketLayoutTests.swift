import ESP
import IKECrypto
import IKEWire
import Testing

@Suite struct PacketLayoutTests {
    @Test(arguments: CipherSuite.all)
    func packetsAreAsLongAsSaid(suite: CipherSuite) throws {
        let pair = try SamplePair(suite)
        for payload in 0...40 {
            let inner = SamplePacket.ipv4(payload: [UInt8](repeating: 1, count: payload))
            let packet = try pair.outbound.sealed(inner)
            #expect(packet.count == pair.outbound.layout.sealedLength(inner: inner.count))
        }
    }

    @Test(arguments: CipherSuite.all)
    func theLongestInnerPacketFitsAndTheNextOneDoesNot(suite: CipherSuite) {
        let layout = PacketLayout(suite)
        for length in 0...300 {
            guard let inner = layout.maximumInnerLength(forESPLength: length) else {
                #expect(layout.sealedLength(inner: 0) > length)
                continue
            }
            #expect(layout.sealedLength(inner: inner) <= length)
            #expect(layout.sealedLength(inner: inner + 1) > length)
        }
    }

    @Test(arguments: CipherSuite.all)
    func theEncryptedPartIsAligned(suite: CipherSuite) {
        let layout = PacketLayout(suite)
        let alignment = suite.encryption == .aesCBC ? 16 : 4
        for inner in 0...100 {
            let encrypted = layout.sealedLength(inner: inner) - layout.payloadOffset - layout.icvLength
            #expect(encrypted.isMultiple(of: alignment))
            #expect(encrypted - inner - 2 < alignment)
        }
    }

    @Test func impossibleLengthsHaveNoAnswer() {
        let layout = PacketLayout(.aes256GCM)
        for length in [Int.min, -1, 0, 35] {
            #expect(layout.maximumInnerLength(forESPLength: length) == nil)
        }
        #expect(layout.maximumInnerLength(forESPLength: 36) == 2)
    }
}

import ESP
import IKECrypto
import IKEWire
import Support
import Testing

/// Nothing that arrives may stop the process; in Swift an index or a sum out of range would.
@Suite struct HostileInputTests {
    @Test(arguments: CipherSuite.oneOfEachKind, [SequenceNumbers.standard, .extended])
    func randomOctetsAreRefused(suite: CipherSuite, sequenceNumbers: SequenceNumbers) throws {
        var random = SplitMix64(seed: 4303)
        for highest in [0, 1 << 32 - 5, 7 << 32, .max - 3] as [UInt64] {
            let pair = try SamplePair(suite, sequenceNumbers: sequenceNumbers, highestReceived: highest)
            for _ in 0..<300 {
                let octets = random.octets(Int.random(in: 0..<200, using: &random))
                let refusal = pair.inbound.refusal(octets)
                #expect(refusal != nil)
            }
        }
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func randomContentThatIsAuthenticIsRefusedOrAPacket(suite: CipherSuite) throws {
        var random = SplitMix64(seed: 4301)
        let layout = PacketLayout(suite)
        let pair = try SamplePair(suite, windowSize: 32)
        let outer = TrafficClass(rawValue: 0x03)
        var delivered = 0
        for sequence in 1...600 as ClosedRange<UInt64> {
            var content = random.octets(layout.alignment * Int.random(in: 1..<30, using: &random))
            // Half of them get as far as the inner header.
            if Bool.random(using: &random) {
                content[content.count - 2] = 0
                content[content.count - 1] = Bool.random(using: &random) ? 4 : 41
                content[0] = content[content.count - 1] == 4 ? 0x45 : 0x60
                if Bool.random(using: &random), content.count >= 48 {
                    content[content[0] == 0x45 ? 2 : 4] = 0
                    content[content[0] == 0x45 ? 3 : 5] = UInt8.random(in: 0..<60, using: &random)
                }
            }
            let packet = try ForgedPacket.sealed(content, suite: suite, sequence: sequence)
            do throws(ESPError) {
                if try pair.inbound.opened(packet, outer: outer) != nil { delivered += 1 }
            } catch {
                #expect(error != .authenticationFailed && error != .cipherFailure)
            }
        }
        #expect(delivered > 10)
        #expect(pair.inbound.counters.packets == UInt64(delivered))
    }
}

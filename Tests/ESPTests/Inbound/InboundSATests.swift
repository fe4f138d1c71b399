import ESP
import IKECrypto
import IKEWire
import Inet
import Testing

@Suite struct InboundSATests {
    // MARK: Replays

    @Test(arguments: [32, 64, 1024])
    func replaysAreRefusedBeforeTheCipher(windowSize: Int) throws {
        let pair = try SamplePair(windowSize: windowSize)
        let packets = try (0..<(windowSize + 1)).map { _ in try pair.outbound.sealed(SamplePacket.ipv4()) }
        for packet in packets { #expect(try pair.inbound.opened(packet) != nil) }
        var forged = packets[windowSize]
        forged[forged.count - 1] ^= 1
        #expect(throws: ESPError.duplicate) { try pair.inbound.opened(forged) }
        #expect(throws: ESPError.tooOld) { try pair.inbound.opened(packets[0]) }
        for packet in packets[1...] {
            #expect(throws: ESPError.duplicate) { try pair.inbound.opened(packet) }
        }
        #expect(pair.inbound.counters.replayed == UInt64(windowSize + 2))
        #expect(pair.inbound.counters.unauthentic == 0)
    }

    @Test func aForgedNumberDoesNotMoveTheWindow() throws {
        let pair = try SamplePair(windowSize: 32)
        let packet = try pair.outbound.sealed(SamplePacket.ipv4())
        var forged = packet
        forged[4] = 0x7f
        #expect(throws: ESPError.authenticationFailed) { try pair.inbound.opened(forged) }
        #expect(pair.inbound.highestSequence == 0)
        #expect(try pair.inbound.opened(packet) != nil)
    }

    @Test func numberZeroIsRefusedEvenIfAuthentic() throws {
        let content = ForgedPacket.plaintext([], padding: [1, 2], nextHeader: 59)
        for windowSize in [0, 64] {
            let pair = try SamplePair(windowSize: windowSize)
            let packet = try ForgedPacket.sealed(content, sequence: 0)
            #expect(throws: ESPError.tooOld) { try pair.inbound.opened(packet) }
        }
    }

    @Test func withoutAWindowDuplicatesPass() throws {
        let pair = try SamplePair(windowSize: 0)
        let packet = try pair.outbound.sealed(SamplePacket.ipv4())
        for _ in 0..<3 { #expect(try pair.inbound.opened(packet) == SamplePacket.ipv4()) }
    }

    // MARK: Authentic content

    /// Opens an authentic packet with this content.
    func opened(_ plaintext: [UInt8], suite: CipherSuite = .aes256GCM) throws -> ([UInt8]?, InboundCounters) {
        let pair = try SamplePair(suite)
        let packet = try ForgedPacket.sealed(plaintext, suite: suite, sequence: 1)
        let inner = try pair.inbound.opened(packet)
        #expect(pair.inbound.highestSequence == 1)
        return (inner, pair.inbound.counters)
    }

    @Test(arguments: [4, 16, 64, 128, 252])
    func morePaddingThanNeededIsRemoved(extra: Int) throws {
        let inner = SamplePacket.ipv4(payload: [1, 2])  // 22 octets: the trailer ends at 24
        let padding = (0..<extra).map { UInt8($0 + 1) }
        let (opened, _) = try opened(ForgedPacket.plaintext(inner, padding: padding, nextHeader: 4))
        #expect(opened == inner)
    }

    @Test(arguments: CipherSuite.oneOfEachKind)
    func paddingThatDoesNotCountIsRefused(suite: CipherSuite) throws {
        let inner = SamplePacket.ipv4(payload: [UInt8](repeating: 0, count: 10))  // 30 octets: 16 more make 48
        let right = (0..<16).map { UInt8($0 + 1) }
        #expect(try opened(ForgedPacket.plaintext(inner, padding: right, nextHeader: 4), suite: suite).0 == inner)
        for index in right.indices {
            var wrong = right
            wrong[index] ^= 0x10
            #expect(throws: ESPError.invalidPadding) {
                try opened(ForgedPacket.plaintext(inner, padding: wrong, nextHeader: 4), suite: suite)
            }
        }
        #expect(throws: ESPError.invalidPadding) {
            try opened(
                ForgedPacket.plaintext(inner, padding: [UInt8](repeating: 0, count: 16), nextHeader: 4),
                suite: suite
            )
        }
    }

    @Test func paddingLongerThanThePayloadIsRefused() throws {
        for length in [23, 24, 100, 255] as [UInt8] {
            let plaintext = [UInt8](repeating: 1, count: 22) + [length, 4]
            #expect(throws: ESPError.invalidPadding) { try opened(plaintext) }
        }
    }

    @Test func nothingButPaddingIsNoPacket() throws {
        #expect(throws: ESPError.malformedInner) {
            try opened(ForgedPacket.plaintext([], padding: [1, 2], nextHeader: 4))
        }
    }

    @Test(arguments: [0, 1, 6, 17, 50, 58, 60, 144, 255] as [UInt8])
    func otherNextHeadersAreRefused(nextHeader: UInt8) throws {
        let inner = SamplePacket.ipv4()
        let plaintext = ForgedPacket.plaintext(inner, padding: ForgedPacket.padding(for: inner), nextHeader: nextHeader)
        #expect(throws: ESPError.unsupportedNextHeader(nextHeader)) { try opened(plaintext) }
    }

    @Test func theNextHeaderAndTheVersionMustAgree() throws {
        for (inner, nextHeader) in [(SamplePacket.ipv4(), 41 as UInt8), (SamplePacket.ipv6(), 4)] {
            let padding = ForgedPacket.padding(for: inner)
            #expect(throws: ESPError.malformedInner) {
                try opened(ForgedPacket.plaintext(inner, padding: padding, nextHeader: nextHeader))
            }
        }
    }

    @Test func innerLengthsBeyondThePayloadAreRefused() throws {
        for (inner, nextHeader) in [(SamplePacket.ipv4(), 4 as UInt8), (SamplePacket.ipv6(), 41)] {
            for count in stride(from: 1, to: inner.count, by: 3) {
                let cut = Array(inner[..<count])
                let padding = ForgedPacket.padding(for: cut)
                #expect(throws: ESPError.malformedInner) {
                    try opened(ForgedPacket.plaintext(cut, padding: padding, nextHeader: nextHeader))
                }
            }
        }
    }

    @Test func octetsBehindTheInnerPacketAreTakenForConfidentialityPadding() throws {
        for (inner, nextHeader) in [(SamplePacket.ipv4(), 4 as UInt8), (SamplePacket.ipv6(), 41)] {
            for count in [1, 2, 3, 100, 1000] {
                let payload = inner + [UInt8](repeating: 0x5a, count: count)
                let padding = ForgedPacket.padding(for: payload)
                let (opened, counters) = try opened(
                    ForgedPacket.plaintext(payload, padding: padding, nextHeader: nextHeader)
                )
                #expect(opened == inner)
                #expect(counters.octets == UInt64(inner.count))
            }
        }
    }

    @Test func aNumberIsUsedUpByAnAuthenticPacketWhateverItCarries() throws {
        let pair = try SamplePair()
        let packet = try ForgedPacket.sealed(
            ForgedPacket.plaintext([], padding: [1, 2], nextHeader: 6),
            sequence: 9
        )
        #expect(throws: ESPError.unsupportedNextHeader(6)) { try pair.inbound.opened(packet) }
        #expect(throws: ESPError.duplicate) { try pair.inbound.opened(packet) }
        #expect(pair.inbound.counters.malformedContent == 1)
        #expect(pair.inbound.counters.replayed == 1)
    }

    // MARK: Selectors

    @Test func packetsOutsideTheSelectorsAreRefusedAndCounted() throws {
        let selectors = SelectorSet(
            sources: [TrafficSelector(try #require(IPPrefix("10.1.0.0/16")))],
            destinations: [TrafficSelector(try #require(IPPrefix("10.2.0.0/16")))]
        )
        let pair = try SamplePair(selectors: selectors)
        #expect(try pair.inbound.opened(pair.outbound.sealed(SamplePacket.ipv4())) != nil)
        let outside = [
            SamplePacket.ipv4(source: [10, 3, 0, 1]), SamplePacket.ipv4(destination: [10, 3, 0, 1]),
            SamplePacket.ipv4(source: [10, 2, 0, 1], destination: [10, 1, 0, 1]), SamplePacket.ipv6(),
        ]
        for inner in outside {
            let packet = try pair.outbound.sealed(inner)
            #expect(throws: ESPError.selectorMismatch) { try pair.inbound.opened(packet) }
        }
        #expect(pair.inbound.counters.selectorMismatches == 4)
        #expect(pair.inbound.counters.packets == 1)
    }

    // MARK: Congestion marks

    @Test func marksAreBroughtInsideByTheTableOfRFC6040() throws {
        let pair = try SamplePair()
        var losses: UInt64 = 0
        var unexpected: UInt64 = 0
        for (inner, outer, result, isUnexpected) in TrafficClassTests.figure4 {
            let innerClass = TrafficClass(dscp: 46, ecn: inner).rawValue
            let outerClass = TrafficClass(dscp: 10, ecn: outer)
            for family in [IPAddress.Family.v4, .v6] {
                func sample(_ trafficClass: UInt8) -> [UInt8] {
                    family == .v4
                        ? SamplePacket.ipv4(trafficClass: trafficClass) : SamplePacket.ipv6(trafficClass: trafficClass)
                }
                let packet = try pair.outbound.sealed(sample(innerClass))
                if let result {
                    let expected = sample(TrafficClass(dscp: 46, ecn: result).rawValue)
                    #expect(try pair.inbound.opened(packet, outer: outerClass) == expected)
                    if isUnexpected { unexpected += 1 }
                } else {
                    #expect(throws: ESPError.congestionLoss) { try pair.inbound.opened(packet, outer: outerClass) }
                    losses += 1
                }
            }
        }
        #expect(losses == 2)
        #expect(pair.inbound.counters.congestionLosses == 2)
        #expect(pair.inbound.counters.unexpectedMarks == unexpected)
    }

    @Test func theDSCPComesInsideOnlyIfAsked() throws {
        let policy = TunnelHeaderPolicy(copyDSCP: .yes)
        let pair = try SamplePair(headerPolicy: policy)
        for octet in UInt8.min ... .max {
            let outer = TrafficClass(dscp: octet >> 2, ecn: .notECT)
            let packet = try pair.outbound.sealed(SamplePacket.ipv4(trafficClass: 0))
            #expect(
                try pair.inbound.opened(packet, outer: outer) == SamplePacket.ipv4(trafficClass: outer.rawValue)
            )
        }
    }

    @Test func withoutAnOuterHeaderTheInnerOneIsLeftAlone() throws {
        let pair = try SamplePair(headerPolicy: TunnelHeaderPolicy(copyDSCP: .yes))
        let inner = SamplePacket.ipv4(trafficClass: 0xba)
        #expect(try pair.inbound.opened(pair.outbound.sealed(inner)) == inner)
    }
}

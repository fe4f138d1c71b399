import IKEWire
import Testing

@testable import IKECore

/// Messages of TLS in packets of EAP: the rules of RFC 5216 section 2.1.5.
@Suite struct TLSFragmentsTests {
    private func message(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }

    @Test(arguments: [0, 1, 1023, 1024, 1025, 2048, 2049, 65_536])
    func messagesOfAnyLengthArrive(count: Int) throws {
        var (sender, receiver) = (TLSFragments(.tls), TLSFragments(.tls))
        var packet = sender.send(message(count))
        var packets = 1
        while true {
            let first = packet.first ?? 0
            #expect((first & 0x80 != 0) == (packets == 1 && count > 1024))
            let incoming = try receiver.receive(packet)
            guard case .packet(let acknowledgement) = incoming else {
                #expect(incoming == .message(message(count)))
                break
            }
            #expect(acknowledgement == [0])
            guard case .packet(let next) = try sender.receive(acknowledgement) else {
                Issue.record("the sender stopped")
                return
            }
            packet = next
            packets += 1
        }
        #expect(packets == max(1, (count + 1023) / 1024))
        #expect(try sender.receive([0]) == .message([]))
    }

    @Test(
        arguments: [
            ("no flags", [[]]),
            ("a second start", [[0x20]]),
            ("a length cut short", [[0x80, 0, 0, 1]]),
            ("a length that is too small", [[0x80, 0, 0, 0, 1, 1, 2]]),
            ("a length that is too large", [[0x80, 0, 0, 0, 3, 1, 2]]),
            ("more to come without a length", [[0x40, 1]]),
            ("64 KiB and one octet", [[0xC0, 0, 1, 0, 1, 1]]),
            ("4 GiB", [[0xC0, 0xFF, 0xFF, 0xFF, 0xFF, 1]]),
            ("a fragment of nothing", [[0xC0, 0, 0, 0, 9]]),
            ("another length in the second fragment", [[0xC0, 0, 0, 0, 4, 1], [0xC0, 0, 0, 0, 5, 2]]),
            ("an end before the end", [[0xC0, 0, 0, 0, 4, 1], [0x00, 2]]),
            ("an end behind the end", [[0xC0, 0, 0, 0, 2, 1], [0x00, 2, 3]]),
            ("more to come behind the end", [[0xC0, 0, 0, 0, 2, 1], [0x40, 2]]),
            ("a second fragment of nothing", [[0xC0, 0, 0, 0, 2, 1], [0x40]]),
        ] as [(String, [[UInt8]])]
    )
    func whatBreaksTheRulesIsRefused(_ name: String, _ packets: [[UInt8]]) throws {
        var fragments = TLSFragments(.tls)
        for packet in packets.dropLast() { #expect(try fragments.receive(packet) == .packet([0])) }
        let error = #expect(throws: NegotiationFailure.self) { try fragments.receive(packets.last ?? []) }
        #expect(error?.reason == .invalidMessage)
    }

    @Test func manySmallFragmentsComeToAnEnd() throws {
        var fragments = TLSFragments(.tls)
        _ = try fragments.receive([0xC0, 0, 1, 0, 0, 1])
        #expect(throws: NegotiationFailure.self) {
            for _ in 0..<300 { _ = try fragments.receive([0x40, 1]) }
        }
    }

    @Test func theLengthMayBeRepeated() throws {
        var fragments = TLSFragments(.tls)
        _ = try fragments.receive([0xC0, 0, 0, 0, 3, 1])
        _ = try fragments.receive([0xC0, 0, 0, 0, 3, 2])
        #expect(try fragments.receive([0x80, 0, 0, 0, 3, 3]) == .message([1, 2, 3]))
        #expect(try fragments.receive([0x80, 0, 0, 0, 1, 3]) == .message([3]))
    }

    @Test func nothingMayComeInBetween() throws {
        for packet in [[0, 1], [0x40], [0x80, 0, 0, 0, 0]] as [[UInt8]] {
            var fragments = TLSFragments(.tls)
            _ = fragments.send(message(3000))
            #expect(throws: NegotiationFailure.self) { try fragments.receive(packet) }
        }
    }

    @Test func theVersionCountsInTTLSOnly() throws {
        var (tls, ttls) = (TLSFragments(.tls), TLSFragments(.ttls))
        #expect(try tls.receive([1]) == .message([]))
        #expect(throws: NegotiationFailure.self) { try ttls.receive([1]) }
        #expect(TLSFragments.isStart([0x21]) && !TLSFragments.isStart([0x01]) && !TLSFragments.isStart([]))
    }
}

import DataPlane
import Glibc
import Inet
import LinuxNet
import Testing

/// Packets are merged where the kernel's own offload would merge them, and otherwise pass as they are, in their order.
@Suite struct CoalescerTests {
    /// The packets that a kernel makes of what is written, and how many writes there were. A kernel that `refuses`
    /// super-packets says so.
    private func written(
        _ packets: [[UInt8]],
        merges: Bool = true,
        refuses: Int32? = nil
    ) throws -> (packets: [[UInt8]], outcome: Coalescer.Outcome) {
        var coalescer = Coalescer(merges: merges)
        let slabs = packets.map { packet in
            let slab = UnsafeMutableRawBufferPointer.allocate(byteCount: packet.count, alignment: 1)
            slab.copyBytes(from: packet)
            return slab
        }
        defer { for slab in slabs { slab.deallocate() } }
        for slab in slabs { coalescer.add(slab) }
        var writes: [[UInt8]] = []
        let outcome = coalescer.drain { packet in
            let bytes = packet.bytes
            if let refuses, bytes[1] != 0 { return refuses }
            writes.append(bytes)
            return 0
        }
        let isEmpty = coalescer.isEmpty
        #expect(isEmpty)
        let received = try writes.flatMap { write in
            let header = try #require(write.withUnsafeBytes { $0.baseAddress.flatMap { VirtioHeader(loading: $0) } })
            let packet = Array(write.dropFirst(VirtioHeader.length))
            guard header.segmentation != .none else {
                #expect(header == VirtioHeader())
                return [packet]
            }
            return try #require(SuperPacketTests.takenApart(packet, header))
        }
        return (received, outcome)
    }

    private func payload(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

    @Test(arguments: SuperPacketTests.kinds)
    func neighboursOfAFlowBecomeOneWrite(_ kind: (isIPv6: Bool, isTCP: Bool)) throws {
        let packets = Segments(isIPv6: kind.isIPv6, isTCP: kind.isTCP).packets(payload(40 * 1400 + 13), size: 1400)
        let (received, outcome) = try written(packets)
        #expect(received == packets)
        #expect(outcome.writes == 1)
    }

    @Test func aSuperPacketHoldsNoMoreThanAPacketCan() throws {
        let packets = Segments().packets(payload(130_000), size: 1400)
        let (received, outcome) = try written(packets)
        #expect(received == packets)
        #expect(outcome.writes == 3)
        let small = Segments().packets(payload(200), size: 1)
        #expect(try written(small).outcome.writes == 4)
    }

    @Test func flowsThatAlternateAreMergedEachByItself() throws {
        var other = Segments()
        other.ports.0 = 4001
        let (one, two) = (
            Segments().packets(payload(14_000), size: 1400), other.packets(payload(14_000), size: 1400)
        )
        let mixed = zip(one, two).flatMap { [$0, $1] }
        let (received, outcome) = try written(mixed)
        #expect(received == one + two)
        #expect(outcome.writes == 2)
    }

    // MARK: - What does not merge

    /// Changes to the second of three packets after which it stays alone.
    static let differences: [(String, @Sendable (inout Segments) -> Void)] = [
        ("another acknowledgement", { $0.acknowledgment += 1 }),
        ("other options", { $0.options[7] = 9 }),
        ("more options", { $0.options += [1, 1, 1, 1] }),
        ("another traffic class", { $0.trafficClass = 0x02 }),
        ("another time to live", { $0.hopLimit = 63 }),
        ("fragments allowed", { $0.dontFragment = false }),
        ("a gap", { $0.sequence &+= 1 }),
        ("FIN", { $0.flags = 0x11 }),
        ("SYN", { $0.flags = 0x12 }),
        ("an echo of congestion", { $0.flags = 0x50 }),
        ("another port", { $0.ports.1 = 5001 }),
    ]

    @Test(arguments: differences.indices) func aDifferenceThatAReceiverSeesKeepsPacketsApart(_ index: Int) throws {
        let (story, change) = Self.differences[index]
        var segments = Segments()
        segments.flags = 0x10
        let first = segments.packet(payload(1000))
        segments.sequence &+= 1000
        segments.identification &+= 1
        change(&segments)
        let second = segments.packet(payload(1000))
        let (received, outcome) = try written([first, second])
        #expect(received == [first, second], "\(story)")
        #expect(outcome.writes == 2, "\(story)")
    }

    @Test func aWrongChecksumIsNotMadeRight() throws {
        for wrong in 0..<3 {
            var packets = Segments().packets(payload(3000), size: 1000)
            packets[wrong][1000] ^= 1
            #expect(try written(packets).packets == packets)
        }
    }

    @Test func nothingFollowsAShortOrPushedSegment() throws {
        var segments = Segments()
        let first = segments.packets(payload(2500), size: 1000)
        segments.sequence &+= 2500
        let second = segments.packets(payload(2000), size: 1000)
        let (received, outcome) = try written(first + second)
        #expect(received == first + second)
        #expect(outcome.writes == 2)
    }

    @Test func aDatagramWithoutChecksumStaysAlone() throws {
        var packets = Segments(isTCP: false).packets(payload(2000), size: 1000)
        for index in packets.indices { packets[index].replaceSubrange(26..<28, with: [0, 0]) }
        let (received, outcome) = try written(packets)
        #expect(received == packets)
        #expect(outcome.writes == 2)
    }

    @Test func aPureAcknowledgementKeepsItsPlaceInTheFlow() throws {
        var segments = Segments()
        segments.flags = 0x10
        let first = segments.packet(payload(1000))
        segments.sequence &+= 1000
        let pure = segments.packet([])
        let second = segments.packet(payload(1000))
        #expect(try written([first, pure, second]).packets == [first, pure, second])
    }

    @Test func nothingOfAFlowOvertakesWhateverComes() throws {
        var dice = Dice(seed: 11)
        for _ in 0..<300 {
            var flows = (0..<4).map { number in
                var segments = Segments(isIPv6: number == 1, isTCP: number != 2)
                segments.ports.0 = UInt16(4000 + number)
                return segments
            }
            var packets: [[UInt8]] = []
            for _ in 0..<60 {
                let flow = Int.random(in: 0..<4, using: &dice)
                let count = [0, 1, 500, 1000, 1000, 1000].randomElement(using: &dice) ?? 0
                flows[flow].flags = [0x10, 0x10, 0x10, 0x18, 0x11].randomElement(using: &dice) ?? 0x10
                var packet = flows[flow].packet(payload(count))
                flows[flow].sequence &+= UInt32(count)
                flows[flow].identification &+= 1
                if Int.random(in: 0..<20, using: &dice) == 0 { packet[packet.count - 1] ^= 1 }
                packets.append(packet)
            }
            let received = try written(packets).packets
            // The source port tells the flows apart, wherever it stands.
            func port(_ packet: [UInt8]) -> UInt8 { packet[(packet[0] >> 4 == 6 ? 40 : 20) + 1] }
            for flow in 0..<4 {
                let mark = UInt8(truncatingIfNeeded: 4000 + flow)
                #expect(received.filter { port($0) == mark } == packets.filter { port($0) == mark })
            }
            #expect(received.count == packets.count)
        }
    }

    @Test func anythingAtAllPasses() throws {
        var dice = Dice(seed: 12)
        for _ in 0..<2000 {
            let packets = (0..<8).map { _ in
                var packet = Segments(isIPv6: Bool.random(using: &dice), isTCP: Bool.random(using: &dice))
                    .packet(payload(Int.random(in: 0...60, using: &dice)))
                for _ in 0..<Int.random(in: 0...3, using: &dice) {
                    packet[Int.random(in: 0..<packet.count, using: &dice)] = .random(in: 0 ... .max, using: &dice)
                }
                packet.removeLast(Int.random(in: 0..<packet.count, using: &dice))
                return packet
            }
            #expect(try written(packets).packets == packets)
        }
    }

    // MARK: - Kernels that will not

    @Test func packetsAreWrittenOneByOneWhereTheKernelRefusesSuperPackets() throws {
        let packets = Segments().packets(payload(30_000), size: 1000)
        let (received, outcome) = try written(packets, refuses: EINVAL)
        #expect(received == packets)
        #expect(outcome.refusesSuperPackets)
        #expect(outcome.refused == 0)
    }

    @Test func aFullQueueLosesTheSuperPacketAndNoMore() throws {
        let packets = Segments().packets(payload(30_000), size: 1000)
        let (received, outcome) = try written(packets, refuses: EAGAIN)
        #expect(received == [])
        #expect(!outcome.refusesSuperPackets)
        #expect(outcome.refused == 30)
    }

    @Test func withoutMergingEveryPacketIsAWrite() throws {
        let packets = Segments().packets(payload(30_000), size: 1000)
        let (received, outcome) = try written(packets, merges: false)
        #expect(received == packets)
        #expect(outcome.writes == 30)
    }
}

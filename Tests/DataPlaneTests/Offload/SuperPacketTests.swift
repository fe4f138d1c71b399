import DataPlane
import Inet
import Testing

/// Super-packets are taken apart into exactly the packets that a host without offloads would have sent.
@Suite struct SuperPacketTests {
    static let kinds: [(isIPv6: Bool, isTCP: Bool)] = [(false, true), (true, true), (false, false), (true, false)]

    /// What a device yields in place of packets with this payload: their header, with the sum over the pseudo-header at most.
    static func superPacket(_ segments: Segments, _ payload: [UInt8], size: Int) -> ([UInt8], VirtioHeader) {
        let header = VirtioHeader(
            needsChecksum: true,
            segmentation: segments.isTCP ? (segments.isIPv6 ? .tcpV6 : .tcpV4) : .udp,
            // Of forwarded packets the kernel tells the length of the whole first one.
            headerLength: UInt16(segments.headerLength + 100),
            segmentSize: UInt16(size),
            checksumStart: UInt16(segments.ipLength),
            checksumOffset: segments.isTCP ? 16 : 6
        )
        return (segments.packet(payload), header)
    }

    static func takenApart(_ packet: [UInt8], _ header: VirtioHeader) -> [[UInt8]]? {
        var packet = packet
        var template = [UInt8](repeating: 0, count: SuperPacket.longestHeaders)
        return packet.withUnsafeMutableBytes { packet in
            template.withUnsafeMutableBytes { template in
                guard var whole = SuperPacket(packet, header, template: template) else { return nil }
                var segments: [[UInt8]] = []
                while let segment = whole.next() { segments.append(Array(segment)) }
                return segments
            }
        }
    }

    @Test(arguments: kinds, [1, 7, 40, 536, 1400])
    func theSegmentsAreThoseOfAPlainHost(_ kind: (isIPv6: Bool, isTCP: Bool), _ size: Int) throws {
        var dice = Dice(seed: UInt64(size))
        for count in [1, size, size + 1, 3 * size, 10 * size + 3] where count <= 60_000 {
            var segments = Segments(isIPv6: kind.isIPv6, isTCP: kind.isTCP)
            segments.flags = [0x10, 0x18, 0x11, 0x19].randomElement(using: &dice) ?? 0x10
            segments.dontFragment = Bool.random(using: &dice)
            let payload = (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &dice) }
            let (packet, header) = Self.superPacket(segments, payload, size: size)
            #expect(Self.takenApart(packet, header) == segments.packets(payload, size: size))
        }
    }

    @Test func theReductionOfTheWindowIsToldOnce() throws {
        var segments = Segments()
        segments.flags = 0x98
        let (packet, header) = Self.superPacket(segments, [UInt8](repeating: 5, count: 3000), size: 1000)
        let flags = try #require(Self.takenApart(packet, header)).map { $0[33] }
        #expect(flags == [0x90, 0x10, 0x18])
    }

    @Test func theLongestSegmentIsKnownBeforehand() throws {
        var (packet, header) = Self.superPacket(Segments(), [UInt8](repeating: 5, count: 3000), size: 1400)
        var template = [UInt8](repeating: 0, count: SuperPacket.longestHeaders)
        let longest = packet.withUnsafeMutableBytes { packet in
            template.withUnsafeMutableBytes { SuperPacket(packet, header, template: $0)?.longestSegment }
        }
        #expect(longest == 1452)
        header.segmentSize = 5000
        let whole = packet.withUnsafeMutableBytes { packet in
            template.withUnsafeMutableBytes { SuperPacket(packet, header, template: $0)?.longestSegment }
        }
        #expect(whole == 3052)
    }

    // MARK: - What is no super-packet

    @Test func aHeaderThatContradictsThePacketIsRefused() {
        let (packet, good) = Self.superPacket(Segments(), [UInt8](repeating: 5, count: 3000), size: 1000)
        #expect(Self.takenApart(packet, good)?.count == 3)
        let changes: [(inout VirtioHeader) -> Void] = [
            { $0.segmentSize = 0 }, { $0.checksumStart = 19 }, { $0.checksumStart = 40 }, { $0.checksumOffset = 6 },
            { $0.segmentation = .tcpV6 }, { $0.segmentation = .none }, { $0.checksumStart = .max },
        ]
        for change in changes {
            var header = good
            change(&header)
            #expect(Self.takenApart(packet, header) == nil)
        }
    }

    @Test func whateverTheOctetsNothingIsReadBeyondThem() {
        var dice = Dice(seed: 3)
        for round in 0..<20_000 {
            let kind = Self.kinds[round % 4]
            var (packet, header) = Self.superPacket(
                Segments(isIPv6: kind.isIPv6, isTCP: kind.isTCP),
                [UInt8](repeating: 1, count: Int.random(in: 1...200, using: &dice)),
                size: Int.random(in: 1...300, using: &dice)
            )
            for _ in 0..<Int.random(in: 0...4, using: &dice) {
                packet[Int.random(in: 0..<packet.count, using: &dice)] = .random(in: 0 ... .max, using: &dice)
            }
            if Bool.random(using: &dice) { header.checksumStart = .random(in: 0...80, using: &dice) }
            packet.removeLast(Int.random(in: 0..<packet.count, using: &dice))
            let segments = Self.takenApart(packet, header) ?? []
            #expect(segments.allSatisfy { $0.count <= packet.count })
        }
    }

    @Test func aVirtioHeaderComesBackAsItWas() {
        for segmentation in [VirtioHeader.Segmentation.none, .tcpV4, .tcpV6, .udp] {
            let header = VirtioHeader(
                needsChecksum: true,
                segmentation: segmentation,
                headerLength: 0x1234,
                segmentSize: 0x5678,
                checksumStart: 0x9abc,
                checksumOffset: 0xdef0
            )
            var octets = [UInt8](repeating: 0xff, count: VirtioHeader.length)
            octets.withUnsafeMutableBytes { buffer in buffer.baseAddress.map { header.store(to: $0) } }
            let again = octets.withUnsafeBytes { buffer in buffer.baseAddress.flatMap { VirtioHeader(loading: $0) } }
            #expect(again == header)
        }
        // A kind that nobody asked for, and one with congestion marks.
        for kind in [UInt8(3), 0x81] {
            let octets = [0, kind] + [UInt8](repeating: 0, count: 8)
            let header = octets.withUnsafeBytes { buffer in buffer.baseAddress.flatMap { VirtioHeader(loading: $0) } }
            #expect(header == nil)
        }
    }
}

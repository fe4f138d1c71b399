import DataPlane
import ESP
import Inet
import Support
import Testing

@Suite struct PathTooBigTests {
    /// The answer to a packet; nil if there is none.
    private func answer(_ packet: [UInt8], mtu: Int) -> [UInt8]? {
        guard let inner = InnerPacket(parsing: packet.span.bytes) else { return nil }
        var output = [UInt8](repeating: 0xee, count: PathTooBig.maximumLength)
        let length = packet.withUnsafeBytes { packet in
            output.withUnsafeMutableBytes { PathTooBig.write(answering: packet, inner, mtu: mtu, to: $0) }
        }
        return length.map { Array(output.prefix($0)) }
    }

    private let source = IPAddress(v4: 0x0a01_0001)
    private let destination = IPAddress(v4: 0x0a02_0009)
    private let sourceV6 = IPAddress(v6High: 0x2001_0db8_0001_0000, low: 1)
    private let destinationV6 = IPAddress(v6High: 0x2001_0db8_0002_0000, low: 9)

    // MARK: - Golden octets

    @Test func anIPv4SenderIsToldWithFragmentationNeeded() {
        let packet: Hex = "4500002000074000401126ba0a0100010a020009 0fa01388000c0000deadbeef"
        let expected: Hex = """
            45c0003c00004000400125f50a0200090a010001 030436c600000564
            4500002000074000401126ba0a0100010a020009 0fa01388000c0000deadbeef
            """
        #expect(answer(packet.bytes, mtu: 1380) == expected.bytes)
    }

    @Test func anIPv6SenderIsToldWithPacketTooBig() {
        let packet: Hex = """
            60000000000c1140 20010db8000100000000000000000001 20010db8000200000000000000000009
            0fa01388000c0000deadbeef
            """
        let expected: Hex = """
            60000000003c3a40 20010db8000200000000000000000009 20010db8000100000000000000000001
            02000ef500000578
            60000000000c1140 20010db8000100000000000000000001 20010db8000200000000000000000009
            0fa01388000c0000deadbeef
            """
        #expect(answer(packet.bytes, mtu: 1400) == expected.bytes)
    }

    // MARK: - Sizes

    @Test(arguments: [0, 1, 500, 1400, 9000])
    func theAnswerQuotesWhatFitsAndItsChecksumsAreRight(payload: Int) throws {
        let octets = (0..<payload).map { UInt8(truncatingIfNeeded: $0) }
        let packet = InnerPackets.packet(source, destination, payload: octets)
        let answer = try #require(self.answer(packet, mtu: 1300))
        #expect(answer.count == min(576, packet.count + 28))
        #expect(InnerPackets.checksum(Array(answer.prefix(20))) == 0)
        #expect(InnerPackets.checksum(Array(answer.dropFirst(20))) == 0)
        #expect(Array(answer.dropFirst(28)) == Array(packet.prefix(answer.count - 28)))

        let packetV6 = InnerPackets.packet(sourceV6, destinationV6, payload: octets)
        let answerV6 = try #require(self.answer(packetV6, mtu: 1300))
        #expect(answerV6.count == min(1280, packetV6.count + 48))
        var covered = Array(answerV6[8..<40])
        covered += InnerPackets.big(UInt32(answerV6.count - 40)) + [0, 0, 0, 58]
        covered += answerV6[40...]
        #expect(InnerPackets.checksum(covered) == 0)
    }

    @Test func anIPv6SenderIsNeverAskedForLessThanEveryLinkTakes() throws {
        let packet = InnerPackets.packet(sourceV6, destinationV6, payload: [UInt8](repeating: 0, count: 1300))
        let answer = try #require(self.answer(packet, mtu: 900))
        #expect(Array(answer[44..<48]) == [0, 0, 0x05, 0x00])
    }

    @Test func aBufferThatIsTooSmallGetsNoAnswer() {
        let packet = InnerPackets.packet(source, destination)
        let inner = InnerPacket(parsing: packet.span.bytes)
        for room in 0..<28 {
            var output = [UInt8](repeating: 0, count: room)
            let length = packet.withUnsafeBytes { packet in
                output.withUnsafeMutableBytes { output in
                    inner.flatMap { PathTooBig.write(answering: packet, $0, mtu: 1300, to: output) }
                }
            }
            #expect(length == nil)
        }
    }

    // MARK: - Who is not answered

    @Test func aPacketThatMayBeFragmentedIsNotAnswered() {
        #expect(answer(InnerPackets.packet(source, destination, dontFragment: false), mtu: 1300) == nil)
    }

    @Test func groupsBroadcastsAndUnspecifiedAddressesAreNotAnswered() {
        let group = IPAddress(v4: 0xe000_0001)
        let groupV6 = IPAddress(v6High: 0xff02_0000_0000_0000, low: 1)
        for (from, to) in [
            (source, group), (source, .last(of: .v4)), (.anyV4, destination), (sourceV6, groupV6),
            (.anyV6, destinationV6),
        ] {
            #expect(answer(InnerPackets.packet(from, to), mtu: 1300) == nil)
        }
    }

    @Test(arguments: [(8, true), (0, true), (3, false), (5, false), (11, false), (12, false)])
    func errorsOfICMPAreNotAnsweredButEchoesAre(type: UInt16, isAnswered: Bool) {
        let packet = InnerPackets.packet(source, destination, protocol: .icmp, ports: (type << 8, 0))
        #expect((answer(packet, mtu: 1300) != nil) == isAnswered)
    }

    @Test(arguments: [(128, true), (129, true), (1, false), (2, false), (127, false)])
    func errorsOfICMPv6AreNotAnsweredButEchoesAre(type: UInt16, isAnswered: Bool) {
        let packet = InnerPackets.packet(sourceV6, destinationV6, protocol: .icmpV6, ports: (type << 8, 0))
        #expect((answer(packet, mtu: 1300) != nil) == isAnswered)
    }

    @Test func aLaterFragmentIsNotAnswered() {
        var packet = InnerPackets.packet(source, destination, payload: [UInt8](repeating: 0, count: 64))
        packet[6] = 0x40
        packet[7] = 3
        #expect(answer(packet, mtu: 1300) == nil)
    }
}

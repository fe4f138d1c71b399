import DataPlane
import ESP
import Inet
import LinuxNet
import Testing

/// Congestion marks (RFC 6040) where many packets are handled at once: none may get onto a neighbour, or off its packet.
@Suite struct CongestionTests {
    private static let size = 1000
    private static let ect0: UInt8 = 0x02
    private static let ce: UInt8 = 0x03

    /// Traffic classes of the packets of a flow that come out of the device, merged or not, by the octets that each covers.
    private func marks(_ end: borrowing PlaneEnd, octets: Int, _ flow: Segments) throws -> [UInt8] {
        var marks: [UInt8] = []
        while marks.count * Self.size < octets, let packet = try end.receive() {
            let packet = packet.dropFirst(VirtioHeader.length)
            let first = packet.startIndex
            let mark = flow.isIPv6 ? (packet[first] << 4 | packet[first + 1] >> 4) : packet[first + 1]
            let share = packet.count - flow.headerLength
            marks += [UInt8](repeating: mark, count: share / Self.size)
        }
        return marks
    }

    /// Somebody on the way marks some packets of a flow.
    @Test(arguments: [false, true], [false, true])
    func marksOfTheNetworkReachTheirPacketsThoughTheFlowIsMerged(isIPv6: Bool, merges: Bool) throws {
        var offloads = DataPlaneConfiguration.Offloads()
        offloads.mergesForDevice = merges
        let end = try PlaneEnd(at: DataPlaneTests.here, hasVirtioHeader: true, offloads: offloads)
        let child = try DataPlaneTests.child()
        try end.plane.install(inbound: child.inbound())
        let peer = try child.peer()
        let wire = try DatagramSocket.udp(
            bindingTo: SocketAddress(address: DataPlaneTests.there, port: 0),
            settings: SocketSettings()
        )
        var flow = Segments(isIPv6: isIPv6)
        (flow.source, flow.destination) = (flow.destination, flow.source)
        flow.trafficClass = Self.ect0
        let outer = [Self.ect0, Self.ect0, Self.ce, Self.ect0, Self.ce, Self.ce, Self.ect0, 0, Self.ect0]
        let octets = outer.count * Self.size
        for (packet, mark) in zip(flow.packets([UInt8](repeating: 5, count: octets), size: Self.size), outer) {
            var source = packet + [UInt8](repeating: 0, count: 32)
            var sealed = [UInt8](repeating: 0, count: packet.count + 100)
            let length = try source.withUnsafeMutableBytes { source in
                try sealed.withUnsafeMutableBytes { sealed in
                    var from = source.mutableBytes
                    var to = sealed.mutableBytes
                    return try peer.seal(&from, innerLength: packet.count, into: &to)
                }
            }
            try wire.send(Array(sealed[..<length]), to: end.nat, trafficClass: mark)
        }
        let expected = outer.map { $0 == Self.ce ? Self.ce : Self.ect0 }
        let got = try marks(end, octets: octets, flow)
        #expect(got == expected)
        #expect(end.plane.counters(for: child.id)?.inboundDrops == ChildCounters.InboundDrops())
    }

    /// All segments of a super-packet carry its mark, inside and outside.
    @Test(arguments: [false, true])
    func theMarkOfASuperPacketIsOnEachOfItsPackets(isIPv6: Bool) throws {
        let one = try PlaneEnd(at: DataPlaneTests.here, hasVirtioHeader: true)
        var offloads = DataPlaneConfiguration.Offloads()
        offloads.mergesForDevice = false
        let other = try PlaneEnd(at: DataPlaneTests.there, hasVirtioHeader: true, offloads: offloads)
        let child = try DataPlaneTests.child()
        try child.install(one, other)
        for mark in [Self.ect0, Self.ce, 0x01] {
            var flow = Segments(isIPv6: isIPv6)
            flow.trafficClass = mark
            let octets = 10 * Self.size
            let (packet, header) = SuperPacketTests.superPacket(
                flow,
                [UInt8](repeating: 5, count: octets),
                size: Self.size
            )
            var frame = [UInt8](repeating: 0, count: VirtioHeader.length)
            frame.withUnsafeMutableBytes { if let base = $0.baseAddress { header.store(to: base) } }
            try one.send(frame + packet)
            let got = try marks(other, octets: octets, flow)
            #expect(got == [UInt8](repeating: mark, count: 10))
        }
    }
}

import DataPlane
import ESP
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import Testing

/// Traffic flow confidentiality (RFC 4303 sections 2.6 and 2.7): packets that are longer than what they carry, and such that
/// carry nothing.
@Suite struct PaddingTests {
    private static let mtu = 1400 - 28 - 8 - 8 - 16 - 2

    private func packet(_ length: Int) -> [UInt8] {
        InnerPackets.packet(
            DataPlaneTests.alice,
            DataPlaneTests.bob,
            payload: [UInt8](repeating: 7, count: length - 28)
        )
    }

    /// A socket of the test's own in place of the other end, and the lengths of what it gets of such inner packets.
    private func lengths(of inner: [Int], filledUpTo minimum: Int) throws -> [Int] {
        let one = try PlaneEnd(at: DataPlaneTests.here)
        let address = SocketAddress(address: DataPlaneTests.there, port: 0)
        let wire = try DatagramSocket.udp(bindingTo: address, settings: SocketSettings())
        var child = try DataPlaneTests.child()
        child.minimumInnerLength = minimum
        let outbound = child.outbound(.udp(local: try one.nat, remote: wire.local), pathMTU: 1400)
        try one.plane.install(outbound: outbound)
        let epoll = try Epoll()
        var events = Epoll.EventBuffer(capacity: 1)
        try epoll.add(wire.raw, .readable, token: 0)
        var batch = ReceiveBatch(capacity: 1)
        var lengths: [Int] = []
        for length in inner {
            try one.send(packet(length))
            try epoll.wait(into: &events, milliseconds: 5000)
            try batch.receive(from: wire)
            try #require(batch.count == 1)
            lengths.append(batch.bytes(at: 0).count)
        }
        return lengths
    }

    @Test func packetsAreFilledUpToTheOctetsThatAreConfigured() throws {
        let layout = PacketLayout(try CipherSuite(encryption: .aesGCM16, keyLength: 256, integrity: nil))
        let short = layout.sealedLength(inner: 600)
        let expected = [short, short, short, layout.sealedLength(inner: 700)]
        #expect(try lengths(of: [28, 300, 600, 700], filledUpTo: 600) == expected)
    }

    @Test func allPacketsAreAsLongAsThePathTakesAndNoneIsLonger() throws {
        #expect(try lengths(of: [28, 1000, Self.mtu], filledUpTo: .max) == [1372, 1372, 1372])
    }

    @Test func paddingFollowsThePath() throws {
        let one = try PlaneEnd(at: DataPlaneTests.here)
        let other = try PlaneEnd(at: DataPlaneTests.there)
        var child = try DataPlaneTests.child()
        child.minimumInnerLength = .max
        try child.install(one, other, pathMTU: 1400)
        try one.plane.updateEncapsulation(child.id, to: .udp(local: one.nat, remote: other.nat), pathMTU: 1300)
        #expect(eventually { one.plane.counters(for: child.id)?.innerMTU == Self.mtu - 100 })
        try one.send(packet(40))
        #expect(try other.receive() == packet(40))
    }

    /// Each of 600 segments becomes a packet as long as the path takes: many times what the super-packet had.
    @Test(arguments: [false, true])
    func everySegmentOfASuperPacketIsFilledUp(joinsSends: Bool) throws {
        var offloads = DataPlaneConfiguration.Offloads()
        offloads.joinsSends = joinsSends
        offloads.mergesForDevice = false
        let one = try PlaneEnd(at: DataPlaneTests.here, hasVirtioHeader: true, offloads: offloads)
        let other = try PlaneEnd(at: DataPlaneTests.there, hasVirtioHeader: true)
        var child = try DataPlaneTests.child()
        child.minimumInnerLength = .max
        try child.install(one, other, pathMTU: 1400)
        let flow = Segments()
        let (size, count) = (100, 600)
        let (superPacket, header) = SuperPacketTests.superPacket(
            flow,
            [UInt8](repeating: 9, count: size * count),
            size: size
        )
        var frame = [UInt8](repeating: 0, count: VirtioHeader.length)
        frame.withUnsafeMutableBytes { if let base = $0.baseAddress { header.store(to: base) } }
        try one.send(frame + superPacket)
        #expect(eventually { one.plane.counters(for: child.id)?.outbound.packets == UInt64(count) })
        #expect(one.plane.counters(for: child.id)?.outboundDrops == ChildCounters.OutboundDrops())
    }

    @Test func dummiesAreDiscardedAndCounted() throws {
        let one = try PlaneEnd(at: DataPlaneTests.here)
        let child = try DataPlaneTests.child()
        try one.plane.install(inbound: child.inbound())
        let peer = try child.peer()
        let wire = try DatagramSocket.udp(
            bindingTo: SocketAddress(address: DataPlaneTests.there, port: 0),
            settings: SocketSettings()
        )
        var dummy = [UInt8](repeating: 0, count: 1000)
        for length in [0, 100, 500] {
            let sealed = try dummy.withUnsafeMutableBytes { buffer in
                var span = buffer.mutableBytes
                return try peer.sealDummy(payloadLength: length, into: &span)
            }
            try wire.send(Array(dummy.prefix(sealed)), to: one.nat)
        }
        #expect(eventually { one.plane.counters(for: child.id)?.dummies == 3 })
        let counters = try #require(one.plane.counters(for: child.id))
        #expect(counters.inbound.packets == 0)
        #expect(counters.inbound.lastUse > 0)
        #expect(counters.inboundDrops == ChildCounters.InboundDrops())
        #expect(try one.receive(milliseconds: 50) == nil)
    }
}

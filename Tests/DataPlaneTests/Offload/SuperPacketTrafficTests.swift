import DataPlane
import IKEWire
import Inet
import Testing

/// Super-packets from one device to the other: cut up, sealed, joined, merged, opened, and merged again.
@Suite struct SuperPacketTrafficTests {
    static let switches: [(tun: Bool, send: Bool, receive: Bool)] = [false, true].flatMap { tun in
        [false, true].flatMap { send in [false, true].map { (tun, send, $0) } }
    }

    private func offloads(_ on: (tun: Bool, send: Bool, receive: Bool)) -> DataPlaneConfiguration.Offloads {
        var offloads = DataPlaneConfiguration.Offloads()
        offloads.mergesForDevice = on.tun
        offloads.joinsSends = on.send
        offloads.mergesReceived = on.receive
        return offloads
    }

    private static let size = 1000
    private static let count = 20

    /// A super-packet behind its virtio header, as it is read from a device.
    private func superPacket(_ flow: Segments, _ payload: [UInt8]) -> [UInt8] {
        let (packet, header) = SuperPacketTests.superPacket(flow, payload, size: Self.size)
        var octets = [UInt8](repeating: 0, count: VirtioHeader.length)
        octets.withUnsafeMutableBytes { if let base = $0.baseAddress { header.store(to: base) } }
        return octets + packet
    }

    /// Octets of payload that come out of the device, whether merged or not, and in how many pieces.
    private func receive(_ flow: Segments, _ octets: Int, from end: borrowing PlaneEnd) throws -> (
        payload: [UInt8], pieces: Int
    ) {
        var payload: [UInt8] = []
        var pieces = 0
        while payload.count < octets, let packet = try end.receive() {
            payload += packet.dropFirst(VirtioHeader.length + flow.headerLength)
            pieces += 1
        }
        return (payload, pieces)
    }

    @Test(arguments: switches, SuperPacketTests.kinds)
    func everyOctetArrivesInOrderWhateverIsSwitchedOff(
        on: (tun: Bool, send: Bool, receive: Bool),
        kind: (isIPv6: Bool, isTCP: Bool)
    ) throws {
        let flow = Segments(isIPv6: kind.isIPv6, isTCP: kind.isTCP)
        let one = try PlaneEnd(at: DataPlaneTests.here, hasVirtioHeader: true, offloads: offloads(on))
        let other = try PlaneEnd(at: DataPlaneTests.there, hasVirtioHeader: true, offloads: offloads(on))
        let child = try DataPlaneTests.child()
        try child.install(one, other)
        let payload = (0..<Self.size * Self.count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try one.send(superPacket(flow, payload))
        let got = try receive(flow, payload.count, from: other)
        #expect(got.payload == payload)

        let joined = on.send ? UInt64(Self.count) - 1 : 0
        #expect(eventually { one.plane.planeCounters.joinedSent == joined })
        let sent = one.plane.planeCounters
        let taken = other.plane.planeCounters
        #expect(sent.superPacketsRead == 1)
        #expect(on.receive || taken.mergedReceived == 0)
        #expect(on.tun || got.pieces == Self.count)
        #expect(sent.offloadRefusals == 0 && taken.offloadRefusals == 0)
        #expect(one.plane.counters(for: child.id)?.outbound.packets == UInt64(Self.count))
        #expect(other.plane.counters(for: child.id)?.inbound.packets == UInt64(Self.count))
    }

    @Test func aSegmentThatIsTooLongForThePathIsAnsweredAndNothingOfItLeaves() throws {
        let one = try PlaneEnd(at: DataPlaneTests.here, hasVirtioHeader: true)
        let other = try PlaneEnd(at: DataPlaneTests.there, hasVirtioHeader: true)
        let child = try DataPlaneTests.child()
        try child.install(one, other, pathMTU: 900)
        let payload = [UInt8](repeating: 7, count: 3 * Self.size)
        try one.send(superPacket(Segments(), payload))
        let answer = try #require(try one.receive())
        // ICMP: destination unreachable, fragmentation needed (RFC 792, RFC 1191).
        #expect(Array(answer.dropFirst(VirtioHeader.length + 20).prefix(2)) == [3, 4])
        #expect(one.plane.counters(for: child.id)?.outbound.packets == 0)
    }
}

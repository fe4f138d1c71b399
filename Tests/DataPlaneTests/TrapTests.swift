import DataPlane
import ESP
import IKEWire
import Inet
import Testing

@Suite struct TrapTests {
    private static let alice = DataPlaneTests.alice
    private static let bob = DataPlaneTests.bob
    private static let trap = TrapID(rawValue: 7)

    /// One end with a trap for what the child would carry, and the other one without.
    private func ends() throws -> (one: PlaneEnd.Moved, other: PlaneEnd.Moved, child: TestChild) {
        let one = try PlaneEnd(at: DataPlaneTests.here)
        let other = try PlaneEnd(at: DataPlaneTests.there)
        let child = try DataPlaneTests.child()
        try one.plane.setTrap(Self.trap, local: child.first, remote: child.second)
        return (one.moved(), other.moved(), child)
    }

    private func packet(_ number: UInt8, to destination: IPAddress = bob) -> [UInt8] {
        InnerPackets.packet(Self.alice, destination, ports: (4000, 5000), payload: [number])
    }

    /// The acquire that the plane has for the control plane; nil if none comes.
    private func asked(_ plane: DataPlane) -> Acquire? {
        var acquires: [Acquire] = []
        _ = eventually {
            acquires += plane.collectEvents().acquires
            return !acquires.isEmpty
        }
        #expect(acquires.count <= 1)
        return acquires.first
    }

    /// Waits until the worker has looked at this many packets of trapped policies.
    private func hasSeen(_ plane: DataPlane, held: UInt64 = 0, dropped: UInt64 = 0) -> Bool {
        eventually { plane.planeCounters.trapped >= held && plane.planeCounters.trapDrops >= dropped }
    }

    // MARK: - An SA comes

    @Test func theFirstPacketAsksForAnSAOnceAndAllAreSentInOrderWhenItStands() throws {
        let (one, other, child) = try ends()
        for number in 1...5 { try one.end.send(packet(UInt8(number))) }
        #expect(hasSeen(one.end.plane, held: 5))
        let acquire = try #require(asked(one.end.plane))
        #expect(acquire.trap == Self.trap)
        #expect("\(acquire.local)" == "10.1.0.1/32[udp/4000]")
        #expect("\(acquire.remote)" == "10.2.0.1/32[udp/5000]")

        try child.install(one.end, other.end)
        for number in 1...5 { #expect(try other.end.receive() == packet(UInt8(number))) }
        one.end.plane.concludeAcquire(Self.trap, succeeded: true)
        try one.end.send(packet(6))
        #expect(try other.end.receive() == packet(6))
        #expect(one.end.plane.collectEvents().acquires.isEmpty)
        #expect(one.end.plane.planeCounters.trapDrops == 0)
        #expect(one.end.plane.planeCounters.trapped == 5)
    }

    @Test func aTrapIsThereAgainWhenTheSAIsGone() throws {
        let (one, other, child) = try ends()
        try child.install(one.end, other.end)
        try one.end.send(packet(1))
        #expect(try other.end.receive() == packet(1))
        #expect(one.end.plane.collectEvents().acquires.isEmpty)
        one.end.plane.removeOutbound(child.id)
        try one.end.send(packet(2))
        #expect(asked(one.end.plane) != nil)
        #expect(hasSeen(one.end.plane, held: 1))
    }

    @Test func anICMPPacketAsksForItsProtocolAndNotForItsTypeAlone() throws {
        let (one, _, _) = try ends()
        try one.end.send(InnerPackets.packet(Self.alice, Self.bob, protocol: .icmp, ports: (0x0800, 0)))
        let acquire = try #require(asked(one.end.plane))
        #expect("\(acquire.local)" == "10.1.0.1/32[icmp]")
        #expect("\(acquire.remote)" == "10.2.0.1/32[icmp]")
    }

    @Test func whatIsForTheLinkAsksForNothing() throws {
        let (one, _, _) = try ends()
        let all = try DataPlaneTests.selectors(["0.0.0.0/0", "::/0"])
        try one.end.plane.setTrap(Self.trap, local: all, remote: all)
        let host = try #require(IPAddress("fe80::1"))
        for group in ["ff02::2", "fe80::2"] {
            let destination = try #require(IPAddress(group))
            try one.end.send(InnerPackets.packet(host, destination, protocol: .icmpV6, ports: (0x8500, 0)))
        }
        try one.end.send(packet(1, to: try #require(IPAddress("224.0.0.22"))))
        #expect(eventually { one.end.plane.planeCounters.noPolicy == 3 })
        #expect(one.end.plane.collectEvents().acquires.isEmpty)
    }

    @Test func anSAOfTheSameChildWithWiderSelectorsIsEnough() throws {
        let one = try PlaneEnd(at: DataPlaneTests.here)
        let other = try PlaneEnd(at: DataPlaneTests.there)
        let child = try DataPlaneTests.child()
        // One of two configured selectors lies within the other, and the peer has left it out.
        let closer = try DataPlaneTests.selectors(["10.2.0.0/24"])
        try one.plane.setTrap(Self.trap, local: child.first, remote: child.second + closer)
        try other.plane.install(inbound: child.inbound(swapped: true))
        var parameters = child.outbound(.udp(local: try one.nat, remote: try other.nat))
        parameters.trap = Self.trap
        try one.plane.install(outbound: parameters)
        try one.send(packet(1))
        #expect(try other.receive() == packet(1))
        #expect(one.plane.collectEvents().acquires.isEmpty)
    }

    @Test func aCloserTrapIsNotPassedByTheSAOfAnotherChild() throws {
        let one = try PlaneEnd(at: DataPlaneTests.here)
        let other = try PlaneEnd(at: DataPlaneTests.there)
        let child = try DataPlaneTests.child()
        try one.plane.setTrap(
            Self.trap,
            local: child.first,
            remote: try DataPlaneTests.selectors(["10.2.0.0/24"])
        )
        try child.install(one, other)
        try one.send(packet(1))
        #expect(asked(one.plane) != nil)
        let elsewhere = try #require(IPAddress("10.2.9.9"))
        try one.send(packet(2, to: elsewhere))
        #expect(try other.receive() == packet(2, to: elsewhere))
    }

    @Test func packetsThatTheNewSADoesNotAdmitGetANegotiationOfTheirOwn() throws {
        let (one, other, child) = try ends()
        let carol = try #require(IPAddress("10.2.9.9"))
        try one.end.send(packet(1))
        try one.end.send(packet(2, to: carol))
        #expect(hasSeen(one.end.plane, held: 2))
        #expect(asked(one.end.plane) != nil)
        // The peer narrows to the host of the first packet.
        let narrow = TestChild(
            child.suite,
            first: child.first,
            second: [TrafficSelector(addresses: Self.bob...Self.bob)]
        )
        try narrow.install(one.end, other.end)
        #expect(try other.end.receive() == packet(1))
        one.end.plane.concludeAcquire(Self.trap, succeeded: true)
        let second = try #require(asked(one.end.plane))
        #expect(second.remote.addresses == carol...carol)
        // And an SA that brings nothing for them is no reason to ask for ever.
        one.end.plane.concludeAcquire(Self.trap, succeeded: true)
        #expect(hasSeen(one.end.plane, dropped: 1))
        #expect(one.end.plane.collectEvents().acquires.isEmpty)
    }

    // MARK: - No SA comes

    @Test func afterAFailureThePacketsAreDroppedAndTheNextOnesHaveToPause() throws {
        let (one, _, _) = try ends()
        for number in 1...3 { try one.end.send(packet(UInt8(number))) }
        #expect(hasSeen(one.end.plane, held: 3))
        #expect(asked(one.end.plane) != nil)
        one.end.plane.concludeAcquire(Self.trap, succeeded: false)
        #expect(hasSeen(one.end.plane, dropped: 3))
        // A packet that comes at once is dropped without a word; one that comes when the pause is over begins anew.
        for _ in 0..<2 {
            try one.end.send(packet(4))
            var isAsked = false
            let isSeen = eventually {
                isAsked = isAsked || !one.end.plane.collectEvents().acquires.isEmpty
                if !isAsked { try? one.end.send(packet(5)) }
                return isAsked
            }
            #expect(isSeen)
            one.end.plane.concludeAcquire(Self.trap, succeeded: false)
        }
        #expect(one.end.plane.planeCounters.trapDrops > 3)
    }

    @Test func whatATrapHoldsIsBoundedAndTheOldestGo() throws {
        let (one, other, child) = try ends()
        for round in 0..<4 {
            for number in 1...25 { try one.end.send(packet(UInt8(round * 25 + number))) }
            #expect(hasSeen(one.end.plane, held: UInt64(round * 25 + 25)))
        }
        #expect(hasSeen(one.end.plane, held: 100, dropped: 68))
        #expect(one.end.plane.planeCounters.trapDrops == 68)
        try child.install(one.end, other.end)
        for number in 69...100 { #expect(try other.end.receive() == packet(UInt8(number))) }
    }

    @Test func aTrapThatIsRemovedDropsWhatItHolds() throws {
        let (one, other, child) = try ends()
        try one.end.send(packet(1))
        #expect(asked(one.end.plane) != nil)
        #expect(hasSeen(one.end.plane, held: 1))
        one.end.plane.removeTrap(Self.trap)
        #expect(hasSeen(one.end.plane, dropped: 1))
        try one.end.send(packet(2))
        #expect(eventually { one.end.plane.planeCounters.noPolicy == 1 })
        try child.install(one.end, other.end)
        try one.end.send(packet(3))
        #expect(try other.end.receive() == packet(3))
    }
}

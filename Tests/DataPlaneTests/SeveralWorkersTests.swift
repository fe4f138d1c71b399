import DataPlane
import ESP
import IKEWire
import Inet
import LinuxNet
import LinuxNetSupport
import Testing

/// Planes whose device has several queues, each with a thread for either direction.
@Suite struct SeveralWorkersTests {
    private static let queues = 3

    private func ends() throws -> (one: PlaneEnd.Moved, other: PlaneEnd.Moved) {
        (
            try PlaneEnd(at: DataPlaneTests.here, queues: Self.queues).moved(),
            try PlaneEnd(at: DataPlaneTests.there, queues: Self.queues).moved()
        )
    }

    private func packet(_ number: UInt32) -> [UInt8] {
        InnerPackets.packet(DataPlaneTests.alice, DataPlaneTests.bob, payload: InnerPackets.big(number))
    }

    @Test func packetsOfAllQueuesShareOneSAAndNoneIsLost() throws {
        let (one, other) = try ends()
        let child = try DataPlaneTests.child()
        try child.install(one.end, other.end)
        let rounds: UInt32 = 100
        // As many at once as the memory device's queues take for sure.
        let burst: UInt32 = 30
        for round in 0..<rounds {
            let numbers = (round * burst)..<((round + 1) * burst)
            for number in numbers { try one.end.send(packet(number), queue: Int(number) % Self.queues) }
            var received: Set<[UInt8]> = []
            for _ in numbers {
                guard let packet = try other.end.receive() else { break }
                received.insert(packet)
            }
            try #require(received == Set(numbers.map(packet)))
        }
        let counters = other.end.plane.counters(for: child.id)
        #expect(counters?.inbound.packets == UInt64(rounds * burst))
        #expect(counters?.inboundDrops == ChildCounters.InboundDrops())
        #expect(one.end.plane.counters(for: child.id)?.outbound.packets == UInt64(rounds * burst))
    }

    private static func child(_ number: UInt32, _ sender: OutboundParameters.Sender) throws -> TestChild {
        var child = try DataPlaneTests.child(seed: UInt64(number))
        child.id = ChildID(rawValue: number)
        child.sender = sender
        return child
    }

    /// How many packets have gone out on each of the SAs.
    private func sent(_ plane: DataPlane, _ children: [TestChild]) -> [UInt64] {
        children.map { plane.counters(for: $0.id)?.outbound.packets ?? 0 }
    }

    @Test func workersSendOnTheirOwnSAsAndTheOthersOnTheFallbackSA() throws {
        let (one, other) = try ends()
        let fallback = try Self.child(1, .fallback)
        let own = [try Self.child(2, .one(0)), try Self.child(3, .one(2)), try Self.child(4, .one(3))]
        for child in own + [fallback] { try child.install(one.end, other.end) }
        func passOne(_ queue: Int) throws {
            try one.end.send(packet(UInt32(queue)), queue: queue)
            #expect(try other.end.receive() == packet(UInt32(queue)))
        }
        for queue in 0..<Self.queues { try passOne(queue) }
        #expect(sent(one.end.plane, [fallback] + own) == [1, 1, 1, 0])

        // One of them is replaced, then the fallback SA, which comes later than all of them and yet after them.
        let successor = try Self.child(5, .one(2))
        let later = try Self.child(6, .fallback)
        for child in [successor, later] { try child.install(one.end, other.end) }
        for queue in 0..<Self.queues { try passOne(queue) }
        #expect(sent(one.end.plane, [fallback] + own + [successor, later]) == [1, 2, 1, 0, 1, 1])

        // Without its own one a worker goes on with that of all.
        one.end.plane.removeOutbound(own[0].id)
        try passOne(0)
        #expect(sent(one.end.plane, [successor, later]) == [1, 2])
    }

    @Test func whoSendsOnAFallbackSAAsksForOneOfItsOwn() throws {
        let (one, other) = try ends()
        let fallback = try Self.child(1, .fallback)
        for child in [fallback, try Self.child(2, .one(1))] { try child.install(one.end, other.end) }
        for queue in 0..<Self.queues {
            try one.end.send(packet(UInt32(queue)), queue: queue)
            #expect(try other.end.receive() == packet(UInt32(queue)))
        }
        var wishes: Set<WorkerWish> = []
        _ = eventually {
            wishes.formUnion(one.end.plane.collectEvents().wishes)
            return wishes.count == 2
        }
        #expect(wishes.map(\.child) == [fallback.id, fallback.id])
        #expect(Set(wishes.map(\.worker)) == [0, 2])
    }

    @Test(arguments: [(1, OutboundParameters.Sender.fallback), (3, .all)])
    func nobodyAsksWhereThereIsNothingToGain(queues: Int, sender: OutboundParameters.Sender) throws {
        let one = try PlaneEnd(at: DataPlaneTests.here, queues: queues)
        let other = try PlaneEnd(at: DataPlaneTests.there)
        try Self.child(1, sender).install(one, other)
        try one.send(packet(1))
        #expect(try other.receive() == packet(1))
        #expect(one.plane.collectEvents().wishes.isEmpty)
    }

    @Test(arguments: UInt64(1)...8)
    func theSPIChoosesTheWorkerThatOpens(seed: UInt64) throws {
        let (one, other) = try ends()
        let child = try DataPlaneTests.child(seed: seed)
        try child.install(one.end, other.end)
        for queue in 0..<Self.queues {
            try one.end.send(packet(1), queue: queue)
            let arrival = try #require(try other.end.receiveFromQueue())
            #expect(arrival.packet == packet(1))
            #expect(arrival.queue == Int(child.spis.0.rawValue) % Self.queues)
        }
    }

    @Test func theControlPlaneReceivesAndSendsAsWithOneWorker() throws {
        let (one, other) = try ends()
        let message = [UInt8](repeating: 7, count: 28)
        for (from, to) in [(try one.end.ike, try other.end.ike), (try one.end.nat, try other.end.nat)] {
            try one.end.plane.transport.send(message, from: from, to: to)
            var datagrams: [IKEDatagram] = []
            _ = eventually {
                datagrams += other.end.plane.collectEvents().datagrams
                return !datagrams.isEmpty
            }
            #expect(datagrams == [IKEDatagram(bytes: message, local: to, remote: from)])
        }
    }

    @Test func whatSeveralWorkersHoldForATrapIsAskedForOnce() throws {
        let (one, other) = try ends()
        let child = try DataPlaneTests.child()
        let trap = TrapID(rawValue: 7)
        try one.end.plane.setTrap(trap, local: child.first, remote: child.second)
        for queue in 0..<Self.queues { try one.end.send(packet(UInt32(queue)), queue: queue) }
        #expect(eventually { one.end.plane.planeCounters.trapped == UInt64(Self.queues) })
        #expect(one.end.plane.collectEvents().acquires.map(\.trap) == [trap])
        try child.install(one.end, other.end)
        one.end.plane.concludeAcquire(trap, succeeded: true)
        var received: Set<[UInt8]> = []
        for _ in 0..<Self.queues { received.insert(try #require(try other.end.receive())) }
        #expect(received == Set((0..<UInt32(Self.queues)).map(packet)))
        #expect(one.end.plane.collectEvents().acquires.isEmpty)

        // A failure holds all of them back.
        one.end.plane.removeOutbound(child.id)
        try one.end.send(packet(9), queue: 0)
        #expect(eventually { !one.end.plane.collectEvents().acquires.isEmpty })
        one.end.plane.concludeAcquire(trap, succeeded: false)
        #expect(eventually { one.end.plane.planeCounters.trapDrops == 1 })
        try one.end.send(packet(9), queue: 1)
        #expect(eventually { one.end.plane.planeCounters.trapDrops == 2 })
        #expect(one.end.plane.collectEvents().acquires.isEmpty)
    }

    @Test func anotherPathCountsForAllWorkers() throws {
        let (one, other) = try ends()
        let child = try DataPlaneTests.child()
        try child.install(one.end, other.end)
        let third = try PlaneEnd(at: DataPlaneTests.there)
        try third.plane.install(inbound: child.inbound(swapped: true))
        try one.end.plane.updateEncapsulation(child.id, to: .udp(local: try one.end.nat, remote: try third.nat))
        for queue in 0..<Self.queues {
            try one.end.send(packet(UInt32(queue)), queue: queue)
            #expect(try third.receive() == packet(UInt32(queue)))
        }
    }

    @Test(
        .enabled(if: OwnNetwork.isPossible, Comment(rawValue: OwnNetwork.reason)),
        arguments: [
            ("127.0.0.1", "127.0.0.2"), ("2001:db8::1", "2001:db8::2"),
        ]
    )
    func eachRawSocketTakesItsOwnSPIs(here: String, there: String) throws {
        let outcome = try OwnNetwork.run {
            let here = try #require(IPAddress(here))
            let there = try #require(IPAddress(there))
            var netlink = try Netlink()
            if here.family == .v6 {
                for address in [here, there] { try netlink.addAddress(InterfaceAddress(address, interface: 1)) }
            }
            let one = try PlaneEnd(at: here, queues: Self.queues, rawESP: true)
            let other = try PlaneEnd(at: there, queues: Self.queues, rawESP: true)
            let child = try DataPlaneTests.child()
            try other.plane.install(inbound: child.inbound(swapped: true))
            try one.plane.install(outbound: child.outbound(.rawESP(local: here, remote: there)))
            try one.send(packet(1))
            let arrival = try #require(try other.receiveFromQueue())
            let isRight = arrival.packet == packet(1) && arrival.queue == Int(child.spis.0.rawValue) % Self.queues
            return (isRight, other.plane.planeCounters, other.plane.counters(for: child.id)?.inboundDrops)
        }
        #expect(outcome.0)
        #expect(outcome.1 == PlaneCounters())
        #expect(outcome.2 == ChildCounters.InboundDrops())
    }
}

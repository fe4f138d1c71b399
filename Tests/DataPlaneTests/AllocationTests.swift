import AllocationCount
import DataPlane
import Glibc
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import Synchronization
import Testing

/// A packet costs time; what it must not cost is memory. One test at a time, since all count alike.
@Suite(.serialized, .enabled(if: allocation_count_is_possible() != 0, "a sanitizer needs malloc for itself"))
struct AllocationTests {
    /// Packets that are carried before counting, and while.
    private static let rounds = (before: 20, counted: 100)

    /// Without HMAC, which within libcrypto 3.0 allocates twice for each packet (see `MACContext`).
    static let suites: [CipherSuite] = TestChild.allSuites.filter { suite in
        switch suite.integrity {
        case nil, .aesCMAC_96, .aesXCBC_96: true
        default: false
        }
    }

    /// Starts both ends on a thread whose own threads are counted, so that other tests' planes are not.
    private func countedEnds(queues: Int = 1) throws -> [PlaneEnd.Moved] {
        allocation_count_begin()
        defer { allocation_count_end() }
        return [
            try PlaneEnd(at: DataPlaneTests.here, queues: queues, hasVirtioHeader: true).moved(),
            try PlaneEnd(at: DataPlaneTests.there, queues: queues, hasVirtioHeader: true).moved(),
        ]
    }

    @Test(arguments: suites, [1, 3])
    func packetsInTheSteadyStateAllocateNothing(suite: CipherSuite, queues: Int) throws {
        let ends = try countedEnds(queues: queues)
        let (one, other) = (ends[0], ends[1])
        let child = try DataPlaneTests.child(suite)
        try child.install(one.end, other.end)

        let header = [UInt8](repeating: 0, count: VirtioHeader.length)
        let packet = header + InnerPackets.packet(DataPlaneTests.alice, DataPlaneTests.bob, payload: [1, 2, 3])
        let answer = header + InnerPackets.packet(DataPlaneTests.bob, DataPlaneTests.alice, payload: [4])
        let size = 1000
        let content = [UInt8](repeating: 9, count: 20 * size)
        let flow = Segments()
        let (superPacket, superHeader) = SuperPacketTests.superPacket(flow, content, size: size)
        var large = header
        large.withUnsafeMutableBytes { if let base = $0.baseAddress { superHeader.store(to: base) } }
        large += superPacket

        func exchange(_ rounds: Int) throws {
            for round in 0..<rounds {
                // Each worker has its turn with the SA.
                let queue = round % queues
                try one.end.send(packet, queue: queue)
                #expect(try other.end.receive() == packet)
                try other.end.send(answer, queue: queue)
                #expect(try one.end.receive() == answer)
                try one.end.send(large, queue: queue)
                var octets = 0
                while octets < content.count, let part = try other.end.receive() {
                    octets += part.count - VirtioHeader.length - flow.headerLength
                }
                #expect(octets == content.count)
            }
        }
        try exchange(Self.rounds.before)
        let before = allocation_count()
        try exchange(Self.rounds.counted)
        #expect(allocation_count() == before)
    }

    /// A gateway has thousands of SAs, most of them with a road warrior each.
    @Test func bothDirectionsOfAChildSATakeAtMostThreeAndAHalfKibibytes() throws {
        let children = try (1...2001 as ClosedRange<UInt32>).map { number in
            let address = Self.roadWarrior(number)
            var child = TestChild(
                try CipherSuite(encryption: .aesGCM16, keyLength: 256, integrity: nil),
                first: [.all(.v4)],
                second: [TrafficSelector(addresses: address...address)],
                seed: UInt64(number)
            )
            child.id = ChildID(rawValue: number)
            return child
        }
        allocation_count_begin()
        defer { allocation_count_end() }
        let gateway = try PlaneEnd(at: DataPlaneTests.here).moved()
        // What is made once in a process or a plane comes with the first.
        try Self.install(children.prefix(1), at: gateway)
        let before = allocation_octets()
        try Self.install(children.dropFirst(), at: gateway)
        #expect(gateway.end.plane.allCounters.count == children.count)
        #expect((allocation_octets() - before) / (children.count - 1) <= 3584)
    }

    private static func roadWarrior(_ number: UInt32) -> IPAddress { IPAddress(v4: 0x0a64_0000 + number) }

    /// Installs on a thread that is counted, and waits until the workers have what is theirs.
    private static func install(_ children: ArraySlice<TestChild>, at gateway: PlaneEnd.Moved) throws {
        let plane = gateway.end.plane
        let ownAddress = try gateway.end.nat
        let thread = try NativeThread(name: "install") {
            let path = Encapsulation.udp(local: ownAddress, remote: ownAddress)
            for child in children {
                _ = try? plane.install(inbound: child.inbound())
                _ = try? plane.install(outbound: child.outbound(path, pathMTU: 1500))
            }
        }
        thread.join()
        // A packet through the last SA is sealed after all have been taken over outbound, and, since it comes back with an SPI
        // that is unknown here, refused after they have been inbound.
        let last = try #require(children.last)
        let refused = plane.planeCounters.unknownSPI
        try gateway.end.send(InnerPackets.packet(DataPlaneTests.alice, roadWarrior(last.id.rawValue), payload: [1]))
        #expect(eventually { plane.planeCounters.unknownSPI == refused + 1 })
    }

    @Test func whatIsAllocatedIsCounted() throws {
        let ends = try countedEnds()
        let before = allocation_count()
        let ike = try ends[0].end.ike
        try ends[0].end.plane.transport.send([UInt8](repeating: 1, count: 28), from: ike, to: ike)
        #expect(eventually { ends[0].end.plane.planeCounters.ikeDatagrams == 1 })
        #expect(allocation_count() > before)
    }
}

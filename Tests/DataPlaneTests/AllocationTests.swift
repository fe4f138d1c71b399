import AllocationCount
import DataPlane
import IKECrypto
import IKEWire
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

    @Test func whatIsAllocatedIsCounted() throws {
        let ends = try countedEnds()
        let before = allocation_count()
        let ike = try ends[0].end.ike
        try ends[0].end.plane.transport.send([UInt8](repeating: 1, count: 28), from: ike, to: ike)
        #expect(eventually { ends[0].end.plane.planeCounters.ikeDatagrams == 1 })
        #expect(allocation_count() > before)
    }
}

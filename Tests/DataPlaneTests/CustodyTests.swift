import DataPlane
import ESP
import IKECrypto
import IKEWire
import LinuxNet
import Synchronization
import Testing

/// Several threads at one SA. A run under the thread sanitizer shows that they do not race either.
@Suite struct CustodyTests {
    private static let workers: UInt32 = 4
    private static let batches = 100
    private static let batchSize = 16

    /// Both halves of an SA, which whoever has the custody touches.
    private final class SharedSA: @unchecked Sendable {
        let outbound: OutboundSA
        let inbound: InboundSA
        let sealing = Custody()
        let opening = Custody()

        init(_ child: TestChild) throws {
            let parameters = child.inbound()
            outbound = try OutboundSA(
                spi: parameters.spi,
                suite: parameters.suite,
                keys: parameters.keys,
                sequenceNumbers: parameters.sequenceNumbers
            )
            inbound = try InboundSA(
                spi: parameters.spi,
                suite: parameters.suite,
                keys: parameters.keys,
                sequenceNumbers: parameters.sequenceNumbers,
                // Wide enough for whatever order the threads take the packets in.
                window: #require(ReplayWindow(size: 4096)),
                selectors: SelectorSet(sources: child.second, destinations: child.first)
            )
        }

        func sealBatch(_ inner: [UInt8], _ worker: UInt32) throws -> [[UInt8]] {
            sealing.take(worker)
            defer { sealing.letGo() }
            return try (0..<CustodyTests.batchSize).map { _ in
                var source = inner + [UInt8](repeating: 0, count: 64)
                var output = [UInt8](repeating: 0, count: inner.count + 128)
                var sourceSpan = source.mutableSpan
                var sourceBytes = sourceSpan.mutableBytes
                var outputSpan = output.mutableSpan
                var outputBytes = outputSpan.mutableBytes
                let length = try outbound.seal(&sourceBytes, innerLength: inner.count, into: &outputBytes)
                return Array(output.prefix(length))
            }
        }

        /// Without the packets that are refused as received before.
        func open(_ packets: [[UInt8]], _ worker: UInt32) throws -> [[UInt8]] {
            opening.take(worker)
            defer { opening.letGo() }
            return try packets.compactMap { packet in
                do throws(ESPError) {
                    return try open(packet)
                } catch {
                    guard error == .duplicate else { throw error }
                    return nil
                }
            }
        }

        private func open(_ packet: [UInt8]) throws(ESPError) -> [UInt8]? {
            var octets = packet
            var span = octets.mutableSpan
            var bytes = span.mutableBytes
            guard let range = try inbound.open(&bytes) else { return nil }
            return Array(octets[range])
        }
    }

    /// What the threads of a test have come to.
    private final class Outcome: Sendable {
        let sealed = Mutex<[[[UInt8]]]>([])
        let opened = Mutex<[[UInt8]]>([])
        let failures = Mutex<[any Error]>([])
    }

    private func onThreads(_ outcome: Outcome, _ body: @escaping @Sendable (UInt32) throws -> Void) throws {
        let threads = try (0..<Self.workers).map { number in
            try NativeThread(name: "custody-\(number)") {
                do { try body(number) } catch { outcome.failures.withLock { $0.append(error) } }
            }
        }
        for thread in threads { thread.join() }
    }

    static let suites: [CipherSuite] = TestChild.allSuites.filter { suite in
        [.aesGCM16, .chaCha20Poly1305, .aesCBC].contains(suite.encryption)
    }

    @Test(arguments: suites, [SequenceNumbers.standard, .extended])
    func noNumberIsUsedTwiceAndEachPacketIsOpenedOnce(suite: CipherSuite, numbers: SequenceNumbers) throws {
        let shared = try SharedSA(try DataPlaneTests.child(suite, sequenceNumbers: numbers))
        let inner = InnerPackets.packet(DataPlaneTests.bob, DataPlaneTests.alice, payload: [1, 2, 3])
        let outcome = Outcome()
        try onThreads(outcome) { worker in
            for _ in 0..<Self.batches {
                let batch = try shared.sealBatch(inner, worker)
                outcome.sealed.withLock { $0.append(batch) }
            }
        }
        let batches = outcome.sealed.withLock { $0 }
        let packets = Int(Self.workers) * Self.batches * Self.batchSize
        let sequence = batches.joined().map { packet in packet[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        let isComplete = Set(sequence) == Set(1...UInt32(packets))
        #expect(isComplete)
        // A batch is in one piece.
        #expect(
            batches.allSatisfy { batch in
                zip(batch, batch.dropFirst()).allSatisfy { $0[4..<8].lexicographicallyPrecedes($1[4..<8]) }
            }
        )

        // Every thread gets every packet, in windows that its replay window spans.
        for start in stride(from: 0, to: batches.count, by: 100) {
            let part = batches[start..<min(start + 100, batches.count)]
            try onThreads(outcome) { worker in
                for batch in part {
                    let opened = try shared.open(batch, worker)
                    outcome.opened.withLock { $0 += opened }
                }
            }
        }
        #expect(outcome.failures.withLock { $0.isEmpty })
        let opened = outcome.opened.withLock { $0 }
        #expect(opened.count == packets)
        #expect(opened.allSatisfy { $0 == inner })
        #expect(shared.inbound.counters.packets == UInt64(packets))
        #expect(shared.inbound.counters.replayed == UInt64(packets) * UInt64(Self.workers - 1))
    }

    @Test func whatSomebodyHasNobodyElseTakesAtOnce() {
        let custody = Custody()
        let first = custody.takeAtOnce(1)
        let held = [custody.isHeld(by: 1), custody.isHeld(by: 2)]
        let second = custody.takeAtOnce(2)
        custody.letGo()
        let released = custody.isHeld(by: 1)
        let third = custody.takeAtOnce(2)
        #expect(first && held == [true, false] && !second)
        #expect(!released && third)
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Two engines over a network that loses, duplicates and reorders; many seeds, each repeatable by itself.
@Suite struct LossyNetworkTests {
    private static let conditions = Network.Conditions(loss: 0.2, duplication: 0.2, latency: 0.005...0.900)

    @Test(arguments: 1...200) func aTunnelComesUpIsRekeyedAndGoesDown(_ seed: Int) throws {
        let pair = Pair(seed: UInt64(seed), conditions: Self.conditions)
        let up = pair.up(within: .seconds(120))
        guard pair.left.succeeded(up) else {
            // With a fifth of all datagrams lost a negotiation may fail; it must fail cleanly.
            try #require(pair.left.failure(of: up)?.reason == .peerUnreachable)
            pair.network.run(for: .seconds(600))
            #expect(pair.left.endpoint.load == (0, 0, 0, 0))
            return
        }
        #expect(pair.childSAsAgree)
        try rekeyBoth(pair)
        try takeDown(pair)
    }

    private func rekeyBoth(_ pair: Pair) throws {
        guard let child = pair.left.outbound.first else { return }
        pair.network.command(pair.left, .rekey([.childSA(id: child.id)]))
        pair.network.run(for: .seconds(120))
        #expect(pair.childSAsAgree)
        guard let sa = pair.right.endpoint.summaries(now: pair.network.now).first else { return }
        pair.network.command(pair.right, .rekey([.ikeSA(id: sa.id)]))
        pair.network.run(for: .seconds(120))
        #expect(pair.childSAsAgree)
    }

    private func takeDown(_ pair: Pair) throws {
        for host in [pair.left, pair.right] { pair.network.command(host, .shutDown) }
        pair.network.run(for: .seconds(600))
        #expect(pair.isEmpty)
    }

    @Test func theSameSeedGivesTheSameMessages() {
        func run() -> [[UInt8]] {
            let pair = Pair(seed: 7, conditions: Self.conditions)
            pair.up(within: .seconds(120))
            return pair.network.sent.map(\.datagram.bytes)
        }
        #expect(run() == run())
    }

    @Test(arguments: 1...50) func corruptedAndTruncatedDatagramsNeverDoHarm(_ seed: Int) {
        let random = SeededRandom(seed: UInt64(seed))
        let pair = Pair(seed: UInt64(seed))
        pair.network.tap = { transit in
            var copy = transit.datagram
            if random.chance(0.5), !copy.bytes.isEmpty {
                copy.bytes[Int(random.uint32()) % copy.bytes.count] ^= UInt8(1 << (random.uint32() % 8))
            } else {
                copy.bytes = Array(copy.bytes.prefix(Int(random.uint32()) % (copy.bytes.count + 1)))
            }
            pair.network.inject(copy)
            return transit.datagram
        }
        pair.up(within: .seconds(60))
        pair.network.tap = nil
        pair.network.run(for: .seconds(60))
        #expect(pair.childSAsAgree)
    }
}

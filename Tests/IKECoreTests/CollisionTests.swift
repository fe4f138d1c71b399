import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Both sides act at once (RFC 7296 section 2.25); exactly one of each SA survives, and keys agree.
@Suite struct CollisionTests {
    private func pair(seed: UInt64, latency: ClosedRange<Double> = 0.010...0.010) throws -> Pair {
        let pair = Pair(seed: seed, conditions: Network.Conditions(latency: latency))
        try #require(pair.left.succeeded(pair.up(within: .seconds(5))))
        return pair
    }

    private func ikeSA(_ host: Host, _ pair: Pair) throws -> UInt32 {
        try #require(host.endpoint.summaries(now: pair.network.now).first).id
    }

    private func expectOneOfEach(_ pair: Pair) throws {
        for host in [pair.left, pair.right] {
            let all = host.endpoint.summaries(now: pair.network.now)
            #expect(all.count == 1)
            #expect(all.first?.state == .established)
            #expect(all.first?.children.count == 1)
            #expect(host.inbound.count == 1)
            #expect(host.outbound.count == 1)
        }
        #expect(pair.childSAsAgree)
    }

    @Test(arguments: 1...40) func bothRekeyTheSameChildSA(_ seed: Int) throws {
        let pair = try pair(seed: UInt64(seed), latency: 0.010...0.200)
        for host in [pair.left, pair.right] {
            pair.network.command(host, .rekey([.childSA(id: try #require(host.outbound.first).id)]))
        }
        pair.network.run(for: .seconds(30))
        try expectOneOfEach(pair)
    }

    @Test(arguments: 1...40) func bothRekeyTheSameIKESA(_ seed: Int) throws {
        let pair = try pair(seed: UInt64(seed), latency: 0.010...0.200)
        for host in [pair.left, pair.right] {
            pair.network.command(host, .rekey([.ikeSA(id: try ikeSA(host, pair))]))
        }
        // One that waits for a Delete of which the peer does not know waits as long as any request is repeated.
        pair.network.run(for: RetransmissionPolicy().patience + .seconds(10))
        try expectOneOfEach(pair)
        let child = try #require(pair.left.outbound.first)
        let id = pair.network.command(pair.left, .rekey([.childSA(id: child.id)]))
        pair.network.run(for: .seconds(5))
        #expect(pair.left.succeeded(id))
        try expectOneOfEach(pair)
    }

    @Test(arguments: 1...40) func oneRekeysTheIKESAWhileTheOtherRekeysTheChild(_ seed: Int) throws {
        let pair = try pair(seed: UInt64(seed), latency: 0.010...0.200)
        pair.network.command(pair.left, .rekey([.ikeSA(id: try ikeSA(pair.left, pair))]))
        pair.network.command(pair.right, .rekey([.childSA(id: try #require(pair.right.outbound.first).id)]))
        pair.network.run(for: .seconds(60))
        try expectOneOfEach(pair)
    }

    @Test(arguments: 1...40) func oneRekeysTheChildThatTheOtherDeletes(_ seed: Int) throws {
        let pair = try pair(seed: UInt64(seed), latency: 0.010...0.200)
        pair.network.command(pair.left, .rekey([.childSA(id: try #require(pair.left.outbound.first).id)]))
        pair.network.command(pair.right, .terminate([.childSA(id: try #require(pair.right.outbound.first).id)]))
        pair.network.run(for: .seconds(60))
        #expect(pair.left.inbound.count == pair.right.inbound.count)
        #expect(pair.left.outbound.count == pair.right.outbound.count)
        #expect(pair.childSAsAgree)
    }

    @Test(arguments: 1...40) func oneRekeysTheIKESAThatTheOtherDeletes(_ seed: Int) throws {
        let pair = try pair(seed: UInt64(seed), latency: 0.010...0.200)
        pair.network.command(pair.left, .rekey([.ikeSA(id: try ikeSA(pair.left, pair))]))
        pair.network.command(pair.right, .terminate([.ikeSA(id: try ikeSA(pair.right, pair))]))
        pair.network.run(for: .seconds(400))
        let counts = [pair.left, pair.right].map { $0.endpoint.summaries(now: pair.network.now).count }
        #expect(counts[0] == counts[1])
        #expect(pair.childSAsAgree)
    }

    @Test(arguments: 1...40) func aChildIsMadeWhileTheOtherSideRekeysTheIKESA(_ seed: Int) throws {
        var sites = TwoSites()
        sites.left.connections[0].children.append(TwoSites.child("voice", local: "10.3.0.0/16", remote: "10.4.0.0/16"))
        sites.right.connections[0].children.append(TwoSites.child("voice", local: "10.4.0.0/16", remote: "10.3.0.0/16"))
        let pair = Pair(sites, seed: UInt64(seed), conditions: Network.Conditions(latency: 0.010...0.200))
        pair.up(children: .only("net"), within: .seconds(5))
        pair.network.command(pair.right, .rekey([.ikeSA(id: try ikeSA(pair.right, pair))]))
        let id = pair.network.initiate(pair.left, "site", children: .only("voice"), to: pair.right)
        pair.network.run(for: .seconds(60))
        #expect(pair.left.succeeded(id))
        #expect(Set(pair.right.outbound.map(\.name)) == ["net", "voice"])
        #expect(pair.right.outbound.count == 2 && pair.left.outbound.count == 2)
        #expect(pair.childSAsAgree)
    }
}

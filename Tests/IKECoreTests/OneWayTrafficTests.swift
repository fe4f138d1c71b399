import IKECore
import Support
import Testing

/// What the engine makes of traffic that goes one way only.
@Suite struct OneWayTrafficTests {
    /// The left side of a pair with an SA, whose counters the test tells second by second.
    private final class Tunnel {
        let pair: Pair
        private var used = ChildUsage()

        init(_ change: (inout Connection) -> Void = { _ in }) throws {
            var sites = TwoSites()
            sites.change(change)
            pair = Pair(sites)
            try #require(pair.left.succeeded(pair.up()))
        }

        /// Lets seconds pass in each of which so many packets go out and come in.
        func run(seconds: Int, out: UInt64 = 0, in inward: UInt64 = 0) throws {
            for _ in 0..<seconds {
                pair.network.run(for: .seconds(1))
                guard let child = pair.left.outbound.first else { return }
                used.packetsOut += out
                used.packetsIn += inward
                if out > 0 { used.lastOutbound = pair.network.now }
                if inward > 0 { used.lastInbound = pair.network.now }
                pair.network.feed(pair.left, .childUsage([child.id: used]))
            }
        }

        var warnings: [String] {
            pair.left.logs.filter { $0.level == .warning && $0.message.contains("goes one way") }.map(\.message)
        }

        /// Requests of the left side since the SA stands.
        var requests: Int { pair.network.sent.count { $0.sender == "left" } - 2 }
    }

    // MARK: - The warning

    @Test func packetsThatOnlyGoOutAreSaidOnceWithWhatToLookAt() throws {
        let tunnel = try Tunnel()
        try tunnel.run(seconds: 29, out: 1)
        #expect(tunnel.warnings.isEmpty)
        try tunnel.run(seconds: 300, out: 1)
        try #require(tunnel.warnings.count == 1)
        let warning = tunnel.warnings[0]
        #expect(warning.contains("packets went out in 30 s and nothing came in"))
        #expect(warning.contains("ESP (IP protocol 50)"))
        #expect(warning.contains("a route back to 10.1.0.0/16"))
    }

    @Test func packetsThatOnlyComeInAreSaidOnce() throws {
        let tunnel = try Tunnel()
        try tunnel.run(seconds: 100, in: 3)
        try #require(tunnel.warnings.count == 1)
        #expect(tunnel.warnings[0].contains("came in in 30 s and nothing went out"))
        #expect(tunnel.warnings[0].contains("a route back to 10.2.0.0/16"))
    }

    @Test func trafficThatIsAnsweredNowAndThenIsNoReason() throws {
        let tunnel = try Tunnel()
        for _ in 0..<20 {
            try tunnel.run(seconds: 20, out: 5)
            try tunnel.run(seconds: 1, out: 1, in: 1)
        }
        #expect(tunnel.warnings.isEmpty)
    }

    @Test func aFewPacketsAreNoReason() throws {
        let tunnel = try Tunnel()
        for _ in 0..<9 {
            try tunnel.run(seconds: 1, out: 1)
            try tunnel.run(seconds: 59)
        }
        #expect(tunnel.warnings.isEmpty)
    }

    // MARK: - The sign of life (RFC 7296 section 2.4)

    @Test func packetsWithoutAnAnswerHaveThePeerAskedWhetherItLives() throws {
        let tunnel = try Tunnel()
        try tunnel.run(seconds: 10, out: 1)
        #expect(tunnel.requests == 0)
        try tunnel.run(seconds: 3, out: 1)
        #expect(tunnel.requests == 1)
        // The answer is a sign of life for as long again.
        try tunnel.run(seconds: 8, out: 1)
        #expect(tunnel.requests == 1)
        try tunnel.run(seconds: 20, out: 1)
        #expect((2...4).contains(tunnel.requests))
    }

    @Test func aPeerThatIsGoneIsNoticedByItsTrafficAlone() throws {
        let tunnel = try Tunnel { $0.children[0].actionOnDeadPeer = .trap }
        try tunnel.run(seconds: 5, out: 1, in: 1)
        tunnel.pair.network.tap = { _ in nil }
        try tunnel.run(seconds: 200, out: 1)
        #expect(tunnel.pair.left.inbound.isEmpty)
    }

    @Test func neitherSilenceNorAnsweredTrafficAsksAnything() throws {
        let tunnel = try Tunnel()
        try tunnel.run(seconds: 100)
        try tunnel.run(seconds: 100, out: 1, in: 1)
        try tunnel.run(seconds: 100, in: 1)
        #expect(tunnel.requests == 0)
    }
}

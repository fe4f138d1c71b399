import IKECore
import IKEWire
import Inet
import Support
import Testing

/// What the path takes is found out by padded liveness checks where no ICMP error tells it (RFC 8899).
@Suite struct PathProbingTests {
    /// Octets of the IP packet: with its header, that of UDP, and the marker on the port of NAT traversal.
    private func octets(_ datagram: Datagram) -> Int { datagram.bytes.count + (datagram.local.port == 4500 ? 32 : 28) }

    /// Two sites on a path that takes `width` octets and says nothing of what it loses, in which both believe in `believed`.
    private func pair(_ believed: Int? = 1500, width: Int = .max, settings: Settings = .withoutDelay) throws -> Pair {
        let pair = Pair(settings: settings, believedPathMTU: believed)
        limit(pair, to: width)
        try #require(pair.left.succeeded(pair.up(within: .milliseconds(50))))
        return pair
    }

    private func limit(_ pair: Pair, to width: Int) {
        pair.network.tap = { octets($0.datagram) <= width ? $0.datagram : nil }
    }

    private func sizes(_ pair: Pair) -> [Int] {
        pair.network.sent.filter { !$0.datagram.mayBeFragmented }.map { octets($0.datagram) }
    }

    private func found(_ host: Host) -> Int? { host.outbound.first?.pathMTU }

    @Test func aPathThatTakesWhatTheHostBelievesIsTriedOnce() throws {
        let pair = try pair()
        #expect(found(pair.left) == nil)
        pair.network.run(for: .seconds(60))
        // Once by either end; nobody may fragment it.
        #expect(sizes(pair) == [1500, 1500])
        #expect(found(pair.left) == 1500)
        #expect(found(pair.right) == 1500)
    }

    @Test(arguments: [576, 1280, 1300, 1340, 1399, 1400, 1420, 1492, 1499])
    func aPathThatLosesLargePacketsIsFoundOut(width: Int) throws {
        let pair = try pair(width: width)
        pair.network.run(for: .seconds(2))
        if width >= 1280 { #expect(found(pair.left) ?? 0 >= 1280, "what every path takes is used at once") }
        pair.network.run(for: .seconds(28))
        let usual = [576, 1280, 1300, 1340, 1380, 1400, 1420, 1492].last { $0 <= width }
        for host in [pair.left, pair.right] {
            #expect(found(host) == usual)
            #expect(host.endpoint.summaries(now: pair.network.now).map(\.state) == [.established])
        }
        #expect(pair.childSAsAgree)
    }

    @Test func aSizeBetweenTheUsualOnesIsFoundIfTheHostKnowsIt() throws {
        let pair = try pair(1437, width: 1437)
        pair.network.run(for: .seconds(5))
        #expect(found(pair.left) == 1437)
    }

    @Test func jumboFramesAreTriedAndLoopbackDevicesAreNot() throws {
        let jumbo = try pair(9000, width: 4400)
        jumbo.network.run(for: .seconds(30))
        #expect(found(jumbo.left) == 4352)
        let loopback = try pair(65_535)
        loopback.network.run(for: .seconds(30))
        #expect(sizes(loopback).isEmpty)
        #expect(found(loopback.left) == nil)
    }

    @Test func nothingIsTriedWithoutReason() throws {
        var settings = Settings.withoutDelay
        settings.probesPath = false
        for pair in [try pair(nil), try pair(1280), try pair(settings: settings)] {
            pair.network.run(for: .seconds(1000))
            #expect(sizes(pair).isEmpty)
        }
    }

    @Test func itTakesNoFragmentsOfIKE() throws {
        var sites = TwoSites()
        sites.right.connections[0].acceptsFragments = false
        let pair = Pair(sites, believedPathMTU: 1500)
        limit(pair, to: 1400)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(60))
        #expect(found(pair.left) == 1400)
        #expect(found(pair.right) == 1400)
    }

    /// Where hardly anything passes there is no use in padding, but the peer lives.
    @Test func aPathThatTakesNoPaddingAtAllKeepsItsSAs() throws {
        let pair = try pair()
        limit(pair, to: 300)
        pair.network.run(for: .seconds(300))
        #expect(found(pair.left) == nil)
        #expect(pair.left.endpoint.summaries(now: pair.network.now).map(\.state) == [.established])
        #expect(pair.right.endpoint.summaries(now: pair.network.now).map(\.state) == [.established])
    }

    /// A peer that has the first request answers that one again (RFC 7296 section 2.1).
    @Test func theFirstRequestIsRepeatedUnchanged() throws {
        let pair = try pair()
        pair.network.tap = { octets($0.datagram) <= 1400 && $0.sender == "left" ? $0.datagram : nil }
        pair.network.run(for: .seconds(20))
        let sent = pair.network.sent.filter { $0.sender == "left" && !$0.datagram.mayBeFragmented }.map(\.datagram)
        let first = try #require(sent.first)
        #expect(octets(first) == 1500)
        #expect(sent.count { $0 == first } > 3)
        #expect(sent.contains { octets($0) == 1280 })
    }

    @Test func aPathIsLookedAtAgainAfterAWhile() throws {
        let pair = try pair(width: 1400)
        pair.network.run(for: .seconds(60))
        #expect(found(pair.left) == 1400)
        limit(pair, to: .max)
        pair.network.run(for: .seconds(500))
        #expect(found(pair.left) == 1400)
        pair.network.run(for: .seconds(100))
        #expect(found(pair.left) == 1500)

        limit(pair, to: 1400)
        pair.network.run(for: .seconds(650))
        #expect(found(pair.left) == 1400)
    }

    /// While it is looked at again, what has been found goes on being used.
    @Test func lookingAgainCostsNothing() throws {
        let pair = try pair(width: 1400)
        pair.network.run(for: .seconds(60))
        var least = Int.max
        for _ in 0..<700 {
            pair.network.run(for: .seconds(1))
            least = min(least, found(pair.left) ?? 0)
        }
        #expect(least == 1400)
    }

    @Test func laterChildSAsAndAnotherIKESAKnowThePathAlready() throws {
        let pair = try pair(width: 1400)
        pair.network.run(for: .seconds(60))
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        let before = sizes(pair).count
        let rekeying = pair.network.command(pair.left, .rekey([.ikeSA(id: sa.id)]))
        pair.network.run(for: .seconds(5))
        #expect(pair.left.succeeded(rekeying))
        let child = try #require(pair.left.outbound.first)
        let id = pair.network.command(pair.left, .rekey([.childSA(id: child.id)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(try #require(pair.left.outbound.last).id != child.id)
        #expect(pair.left.outbound.last?.pathMTU == 1400)
        #expect(pair.right.outbound.last?.pathMTU == 1400)
        #expect(sizes(pair).count == before)
    }

    @Test func afterAMoveThePathIsSearchedAnew() throws {
        var sites = TwoSites()
        sites.change { $0.isMobile = true }
        let pair = Pair(sites, others: ["192.0.2.99"], believedPathMTU: 1500)
        limit(pair, to: 1400)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(30))
        #expect(found(pair.left) == 1400)
        limit(pair, to: 1452)
        pair.network.readdress(pair.left, to: [Host.Interface("192.0.2.99")])
        pair.network.run(for: .seconds(30))
        #expect(pair.left.outbound.first?.local.address == IPAddress("192.0.2.99"))
        #expect(found(pair.left) == 1450)
        #expect(found(pair.right) == 1450)
    }

    @Test func aPeerThatIsSilentIsGivenUpAsEver() throws {
        let pair = try pair()
        pair.network.silence(pair.right, for: .seconds(100_000))
        pair.network.run(for: .seconds(100))
        #expect(pair.left.endpoint.summaries(now: pair.network.now).map(\.state) == [.established])
        pair.network.run(for: .seconds(200))
        #expect(pair.left.endpoint.summaries(now: pair.network.now).isEmpty)
    }

    @Test func aProbeThatIsLostIsNoReasonToUseLess() throws {
        let pair = try pair()
        var lost = 0
        pair.network.tap = { transit in
            guard !transit.datagram.mayBeFragmented, lost < 1 else { return transit.datagram }
            lost += 1
            return nil
        }
        pair.network.run(for: .seconds(5))
        #expect(lost == 1)
        #expect(found(pair.left) == 1500)
        #expect(found(pair.right) == 1500)
    }

    @Test(arguments: ["aes128-sha256-x25519", "aes256ctr-sha512-x25519", "chacha20poly1305-prfsha256-x25519"])
    func probesAreAsLongAsTheCipherAllows(keywords: String) throws {
        var sites = TwoSites()
        sites.change { $0.proposals = TwoSites.proposals(keywords, .ike) }
        let pair = Pair(sites, believedPathMTU: 1500)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(5))
        let sizes = sizes(pair)
        #expect(sizes.count == 2)
        #expect(sizes.allSatisfy { (1500 - 15...1500).contains($0) })
    }
}

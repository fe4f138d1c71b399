import IKECore
import IKEWire
import Inet
import Support
import Testing

/// How many IKE SAs a peer may have (`unique`), INITIAL_CONTACT, and both ends that begin at once.
@Suite struct UniquenessTests {
    private func peer(_ uniqueness: Uniqueness) throws -> ScriptedPeer {
        var sites = TwoSites()
        sites.change { $0.uniqueness = uniqueness }
        return try ScriptedPeer(sites.left)
    }

    private func establish(_ peer: ScriptedPeer, initialContact: Bool = false) throws {
        try peer.agreeInit()
        let offer = try peer.requestAuth {
            if initialContact { $0.payloads.append(Payload(.notify(Notify(.initialContact)))) }
        }
        try peer.concludeAuth(offer, try peer.nextResponse())
    }

    private func move(_ peer: ScriptedPeer) throws { peer.here.address = try #require(IPAddress("203.0.113.7")) }

    private func standing(_ peer: ScriptedPeer) -> Int {
        peer.engine.summaries(now: peer.now).count { $0.state == .established }
    }

    // MARK: - Policies of the responder

    @Test(arguments: [(Uniqueness.never, 2), (.no, 1), (.keep, 1), (.replace, 1)])
    func initialContactEndsSAsFromBeforeUnlessNever(_ uniqueness: Uniqueness, _ expected: Int) throws {
        let peer = try peer(uniqueness)
        try establish(peer)
        peer.pass(.seconds(1))
        try establish(peer, initialContact: true)
        #expect(standing(peer) == expected)
        #expect(peer.isQuiet)
    }

    @Test(arguments: [Uniqueness.never, .no]) func furtherSAsStandBesideTheFirst(_ uniqueness: Uniqueness) throws {
        let peer = try peer(uniqueness)
        try establish(peer)
        try move(peer)
        try establish(peer)
        peer.pass(.seconds(60))
        #expect(standing(peer) == 2 && peer.isQuiet)
    }

    @Test func replaceDeletesTheFormerOneOfAnotherAddress() throws {
        let peer = try peer(.replace)
        try establish(peer)
        let former = try peer.sa
        try move(peer)
        try establish(peer)
        let deletion = try peer.nextRequest(.informational)
        #expect(deletion.sa === former && deletion.payloads == [Payload(.delete(.ike))])
        #expect(standing(peer) == 1)
    }

    @Test(arguments: [Uniqueness.replace, .keep])
    func theSameHostGetsTimeToDeleteTheFormerOneItself(_ uniqueness: Uniqueness) throws {
        let peer = try peer(uniqueness)
        try establish(peer)
        let former = try peer.sa
        try establish(peer)
        peer.pass(.seconds(9))
        #expect(standing(peer) == 2 && peer.isQuiet)
        peer.pass(.seconds(1))
        #expect(try peer.nextRequest(.informational).sa === former)
        #expect(standing(peer) == 1)
    }

    @Test func keepRefusesAFurtherOneOfAnotherAddress() throws {
        let peer = try peer(.keep)
        try establish(peer)
        try move(peer)
        try peer.agreeInit()
        try peer.requestAuth()
        #expect(try peer.nextResponse().payloads == [Payload(.notify(Notify(.authenticationFailed)))])
        #expect(standing(peer) == 1)
        #expect(peer.logs.contains { $0.level == .error && $0.message.contains("unique = keep") })
    }

    @Test func anotherIdentityIsAnotherPeer() throws {
        var sites = TwoSites()
        sites.left.connections[0].uniqueness = .replace
        sites.left.connections[0].remote.identity = nil
        let peer = try ScriptedPeer(sites.left)
        try establish(peer)
        try move(peer)
        peer.identity = TwoSites.identity("other.example")
        try establish(peer)
        peer.pass(.seconds(60))
        #expect(standing(peer) == 2 && peer.isQuiet)
    }

    // MARK: - INITIAL_CONTACT of the initiator

    @Test(arguments: [(Uniqueness.never, false), (.no, true), (.keep, true), (.replace, true)])
    func theInitiatorSaysThatItHasNoOtherSAUnlessNever(_ uniqueness: Uniqueness, _ expected: Bool) throws {
        let peer = try peer(uniqueness)
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        #expect((try peer.nextRequest(.ikeAuth).payloads.notify(.initialContact) != nil) == expected)
    }

    @Test func theInitiatorDoesNotSaySoWhileThePeerIsNegotiating() throws {
        let peer = try peer(.no)
        peer.initiate()
        let request = try peer.nextRequest(.ikeSAInit)
        try peer.requestInit()
        _ = try peer.nextResponse()
        try peer.answerInit(request)
        #expect(try peer.nextRequest(.ikeAuth).payloads.notify(.initialContact) == nil)
    }

    // MARK: - Both at once

    private func assertOne(_ pair: Pair, children: Int = 1, _ story: Comment) {
        for host in [pair.left, pair.right] {
            let all = host.endpoint.summaries(now: pair.network.now)
            #expect(all.count == 1, story)
            #expect(all.first?.children.count == children, story)
            #expect(host.inbound.count == children && host.outbound.count == children, story)
        }
        #expect(pair.childSAsAgree, story)
    }

    /// With every distance between the two commands from none to longer than the whole negotiation takes.
    @Test(arguments: 0..<24) func exactlyOneSAOfEachKindRemains(_ step: Int) {
        for seed in UInt64(1)...6 {
            let pair = Pair(
                seed: seed,
                conditions: Network.Conditions(latency: 0.010...0.030),
                settings: seed % 2 == 0 ? Settings() : .withoutDelay
            )
            pair.network.initiate(pair.left, "site", to: pair.right)
            pair.network.run(for: .milliseconds(5 * step))
            pair.network.initiate(pair.right, "site", to: pair.left)
            pair.network.run(for: .seconds(30))
            assertOne(pair, "seed \(seed), distance \(5 * step) ms")
        }
    }

    @Test func whatOnlyTheLoserCarriedIsMadeOnTheOther() {
        for seed in UInt64(1)...6 {
            var sites = TwoSites()
            sites.left.connections[0].children.append(
                TwoSites.child("more", local: "10.3.0.0/16", remote: "10.4.0.0/16")
            )
            sites.right.connections[0].children.append(
                TwoSites.child("more", local: "10.4.0.0/16", remote: "10.3.0.0/16")
            )
            let pair = Pair(sites, seed: seed)
            pair.network.initiate(pair.left, "site", children: .only("net"), to: pair.right)
            pair.network.initiate(pair.right, "site", children: .only("more"), to: pair.left)
            pair.network.run(for: .seconds(40))
            assertOne(pair, children: 2, "seed \(seed)")
        }
    }

    @Test func aPeerThatDoesNotKnowTheRuleIsHelped() throws {
        for seed in UInt64(1)...8 {
            let peer = try ScriptedPeer(seed: seed)
            peer.initiate()
            let request = try peer.nextRequest(.ikeSAInit)
            try peer.agreeInit()
            let theirs = try peer.sa
            peer.pass(.milliseconds(10))
            let offer = try peer.requestAuth()
            try peer.concludeAuth(offer, try peer.nextResponse())
            try peer.answerInit(request)
            try peer.answerAuth(try peer.nextRequest(.ikeAuth))
            let ours = try peer.sa
            peer.pass(.seconds(11))
            let loser =
                [ours.nonceI, ours.nonceR].min { $0.lexicographicallyPrecedes($1) }
                .map { lowest in
                    [theirs.nonceI, theirs.nonceR].contains { $0.lexicographicallyPrecedes(lowest) } ? theirs : ours
                }
            let deletions = try peer.remaining().filter { $0.payloads == [Payload(.delete(.ike))] }
            #expect(deletions.first?.sa === loser)
            #expect(standing(peer) == 1)
        }
    }

    // MARK: - One negotiation for all wishes

    @Test func childrenThatAreWantedMeanwhileJoinTheNegotiation() {
        var sites = TwoSites()
        sites.left.connections[0].children.append(
            TwoSites.child("more", local: "10.3.0.0/16", remote: "10.4.0.0/16")
        )
        sites.right.connections[0].children.append(
            TwoSites.child("more", local: "10.4.0.0/16", remote: "10.3.0.0/16")
        )
        let pair = Pair(sites)
        let ids = ["net", "more", "net"].map {
            pair.network.initiate(pair.left, "site", children: .only($0), to: pair.right)
        }
        pair.network.run(for: .seconds(1))
        #expect(ids.allSatisfy { pair.left.succeeded($0) })
        assertOne(pair, children: 2, "three commands")
    }
}

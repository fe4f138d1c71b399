import IKECore
import IKEWire
import Inet
import Support
import Testing

/// SAs that stand follow a configuration that was read again.
@Suite struct FollowingTests {
    private static let both = TwoSites.proposals(
        "aes128gcm16-prfsha256-x25519",
        "aes256gcm16-prfsha384-x25519",
        protocolID: .ike
    )
    private static let stronger = TwoSites.proposals("aes256gcm16-prfsha384-x25519", .ike)
    private static let strongerESP = TwoSites.proposals("aes256gcm16-noesn", .esp)

    /// Left has brought the connection up; the right side would also take what the tests change to.
    private func standing(
        settings: Settings = .withoutDelay,
        _ change: (inout TwoSites) -> Void = { _ in }
    ) throws -> (pair: Pair, sites: TwoSites) {
        var sites = TwoSites()
        sites.right.connections[0].proposals = Self.both
        sites.right.connections[0].children[0].proposals += Self.strongerESP
        change(&sites)
        let pair = Pair(sites, settings: settings)
        try #require(pair.left.succeeded(pair.up()))
        return (pair, sites)
    }

    /// The host reads another configuration, and its SAs follow.
    private func reload(_ host: Host, _ policy: Policy, _ pair: Pair, within: Duration = .seconds(2)) -> [FollowUp] {
        pair.network.feed(host, .policy(policy))
        let followUps = host.endpoint.followUps(of: ["site"])
        pair.network.command(host, .follow(["site"]))
        pair.network.run(for: within)
        return followUps
    }

    // MARK: - The IKE SA

    @Test func whatHasNotChangedIsLeftAlone() throws {
        let (pair, sites) = try standing()
        let (before, sent) = (try pair.onlySA(of: pair.left), pair.left.events.count)
        #expect(reload(pair.left, sites.left, pair).isEmpty)
        #expect(try pair.onlySA(of: pair.left).spiI == before.spiI)
        #expect(pair.left.events.count == sent)
    }

    @Test func whatBothEndsAgreedOnIsNegotiatedAnewWithoutAGap() throws {
        let (pair, planned) = try standing(settings: Settings())
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        let flows = [
            pair.network.flow(from: pair.left, "10.1.0.1", to: pair.right, "10.2.0.1"),
            pair.network.flow(from: pair.right, "10.2.0.1", to: pair.left, "10.1.0.1"),
        ]
        for flow in flows { pair.network.start(flow, every: .milliseconds(1), until: pair.network.now + .seconds(3)) }
        sites.left.connections[0].proposals = Self.stronger
        #expect(reload(pair.left, sites.left, pair, within: .seconds(10)).map(\.course) == [.renewal])
        for host in [pair.left, pair.right] {
            let new = try pair.onlySA(of: host)
            #expect(new.spiI != old.spiI && new.children.count == 1)
            #expect(new.proposal?.description.contains("AES_GCM_16_256") ?? false)
            #expect(host.inbound.count == 1)
        }
        #expect(pair.left.closingReasons == ["authenticated again"])
        #expect(pair.childSAsAgree)
        for flow in pair.network.flows { #expect(flow.sent > 0 && flow.delivered == flow.sent) }
    }

    @Test func anotherIdentityOfOursTakesThePlaceOfTheOldOne() throws {
        let (pair, planned) = try standing { $0.right.connections[0].remote.identity = nil }
        var sites = planned
        sites.left.connections[0].local.identity = TwoSites.identity("other.example")
        #expect(reload(pair.left, sites.left, pair).map(\.course) == [.renewal])
        #expect(try pair.onlySA(of: pair.right).remoteIdentity == TwoSites.identity("other.example"))
        #expect(try pair.onlySA(of: pair.left).children.count == 1)
        #expect(pair.childSAsAgree)
    }

    @Test func anSAOfAConnectionThatIsGoneIsDeleted() throws {
        let (pair, planned) = try standing()
        var sites = planned
        sites.left.connections = []
        let followUps = reload(pair.left, sites.left, pair)
        #expect(followUps.flatMap(\.sentences) == ["IKE SA {1} is deleted: its connection is not configured any more"])
        pair.network.run(for: .seconds(60))
        #expect(pair.isEmpty)
    }

    @Test func aPeerThatIsNotMeantAnyMoreLosesItsSAAtOnce() throws {
        let (pair, planned) = try standing()
        var sites = planned
        sites.left.connections[0].remote.identity = TwoSites.identity("somebody.example")
        let courses = reload(pair.left, sites.left, pair).map(\.course)
        #expect(courses == [.end(reason: "the connection is for another peer now (remote.id)")])
        #expect(pair.left.endpoint.summaries(now: pair.network.now).isEmpty && pair.right.inbound.isEmpty)
    }

    @Test func soDoesOneAtAnAddressThatIsNotMeantAnyMore() throws {
        let (pair, planned) = try standing()
        var sites = planned
        let here = try #require(IPAddress(TwoSites.rightAddress))
        // The same address, only named more narrowly.
        sites.left.connections[0].remoteAddresses = [.range(here...here)]
        let narrower = reload(pair.left, sites.left, pair)
        #expect(narrower.map(\.course) == [.goesOn])
        let elsewhere = try #require(IPAddress("203.0.113.9"))
        sites.left.connections[0].remoteAddresses = [.range(elsewhere...elsewhere)]
        _ = reload(pair.left, sites.left, pair)
        #expect(pair.left.closingReasons == ["the connection is for other addresses now (remote_addrs)"])
        #expect(pair.right.inbound.isEmpty)
    }

    @Test func whoIsToldTwiceBeginsOnce() throws {
        let (pair, planned) = try standing()
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        sites.left.connections[0].proposals = Self.stronger
        pair.network.feed(pair.left, .policy(sites.left))
        pair.network.command(pair.left, .follow(["site"]))
        pair.network.command(pair.left, .follow(["site"]))
        pair.network.command(pair.left, .reauthenticate([.ikeSA(id: old.id)]))
        pair.network.run(for: .seconds(3))
        #expect(try pair.onlySA(of: pair.left).children.count == 1)
        #expect(try pair.onlySA(of: pair.right).children.count == 1)
    }

    @Test func aRefusedRenewalLeavesTheOldSAForAWhile() throws {
        let (pair, planned) = try standing { $0.right.connections[0].proposals = $0.left.connections[0].proposals }
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        sites.left.connections[0].proposals = Self.stronger
        _ = reload(pair.left, sites.left, pair, within: .seconds(290))
        #expect(try pair.onlySA(of: pair.right).spiI == old.spiI)
        pair.network.run(for: .seconds(20))
        #expect(pair.left.closingReasons.last?.contains("nothing took its place") ?? false)
        #expect(pair.right.inbound.isEmpty)
    }

    @Test func thePeerMayBeChangedALittleLater() throws {
        let (pair, planned) = try standing { $0.right.connections[0].proposals = $0.left.connections[0].proposals }
        var sites = planned
        sites.left.connections[0].proposals = Self.stronger
        _ = reload(pair.left, sites.left, pair, within: .seconds(30))
        sites.right.connections[0].proposals = Self.stronger
        _ = reload(pair.right, sites.right, pair, within: .seconds(30))
        #expect(try pair.onlySA(of: pair.left).proposal?.description.contains("AES_GCM_16_256") ?? false)
        pair.network.run(for: .seconds(600))
        #expect(try pair.onlySA(of: pair.right).children.count == 1)
        #expect(pair.childSAsAgree)
    }

    @Test func aChangeThatIsTakenBackLeavesTheSAAlone() throws {
        let (pair, planned) = try standing { $0.right.connections[0].proposals = $0.left.connections[0].proposals }
        var sites = planned
        let (old, before) = (try pair.onlySA(of: pair.left), sites.left)
        sites.left.connections[0].proposals = Self.stronger
        _ = reload(pair.left, sites.left, pair, within: .seconds(30))
        #expect(reload(pair.left, before, pair, within: .milliseconds(1)).isEmpty)
        pair.network.run(for: .seconds(600))
        let now = try pair.onlySA(of: pair.left)
        #expect(now.children.count == 1 && now.proposal == old.proposal)
        #expect(!pair.left.closingReasons.contains { $0.contains("nothing took its place") })
    }

    @Test func whoCannotBeginAsksThePeer() throws {
        let (pair, planned) = try standing()
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        sites.right.connections[0].proposals = Self.both.reversed()
        #expect(reload(pair.right, sites.right, pair, within: .seconds(70)).map(\.course) == [.renewalByPeer])
        #expect(try pair.onlySA(of: pair.left).spiI != old.spiI)
        #expect(pair.left.closingReasons == ["authenticated again"])
        #expect(pair.childSAsAgree)
    }

    @Test func whoAnsweredBeginsWhereItKnowsThePeersAddress() throws {
        let here = try #require(IPPrefix("\(TwoSites.leftAddress)/32"))
        let (pair, planned) = try standing { $0.right.connections[0].remoteAddresses = [.prefix(here)] }
        var sites = planned
        sites.right.connections[0].proposals = Self.both.reversed()
        #expect(reload(pair.right, sites.right, pair).map(\.course) == [.renewal])
        #expect(try pair.onlySA(of: pair.right).role == .initiator)
        #expect(pair.right.closingReasons == ["authenticated again"])
        #expect(pair.childSAsAgree)
    }

    @Test func ownSettingsHoldAtOnce() throws {
        let (pair, planned) = try standing()
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        pair.network.run(for: .seconds(50))
        sites.left.connections[0].lifetime = Lifetime(rekey: .seconds(100), jitter: .zero, hard: .seconds(200))
        #expect(reload(pair.left, sites.left, pair).map(\.course) == [.goesOn])
        #expect(try pair.onlySA(of: pair.left).spiI == old.spiI)
        pair.network.run(for: .seconds(50))
        #expect(pair.left.events.contains { if case .ikeRekeyed = $0 { true } else { false } })
    }

    @Test func aNegotiationBeginsAnewByWhatIsConfiguredNow() throws {
        var sites = TwoSites()
        sites.right.connections[0].proposals = Self.stronger
        let pair = Pair(sites, conditions: Network.Conditions(latency: 0.2...0.2))
        let id = pair.up(within: .milliseconds(100))
        sites.left.connections[0].proposals = Self.stronger
        _ = reload(pair.left, sites.left, pair, within: .seconds(10))
        #expect(pair.left.succeeded(id))
        #expect(try pair.onlySA(of: pair.left).children.count == 1)
    }

    @Test func aPersonMayHaveItAuthenticateAgain() throws {
        let (pair, _) = try standing()
        let old = try pair.onlySA(of: pair.left)
        let id = pair.network.command(pair.left, .reauthenticate([.ikeSA(id: old.id)]))
        pair.network.run(for: .seconds(2))
        #expect(pair.left.succeeded(id))
        #expect(try pair.onlySA(of: pair.left).spiI != old.spiI)
        #expect(pair.childSAsAgree)
        let none = pair.network.command(pair.left, .reauthenticate([.ikeSA(id: old.id)]))
        #expect(pair.left.failure(of: none)?.reason == .noSuchSA)
    }

    // MARK: - CHILD SAs

    @Test func aChildThatIsGoneIsDeletedAlone() throws {
        let (pair, planned) = try standing {
            $0.left.connections[0].children.append(
                TwoSites.child("more", local: "10.3.0.0/16", remote: "10.4.0.0/16")
            )
            $0.right.connections[0].children.append(
                TwoSites.child("more", local: "10.4.0.0/16", remote: "10.3.0.0/16")
            )
        }
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        let kept = try #require(old.children.first { $0.childSA.name == "net" })
        sites.left.connections[0].children.removeLast()
        _ = reload(pair.left, sites.left, pair)
        let now = try pair.onlySA(of: pair.left)
        #expect(now.spiI == old.spiI && now.children.map(\.childSA.id) == [kept.childSA.id])
        #expect(try pair.onlySA(of: pair.right).children.count == 1)
    }

    @Test func anotherProposalOfAChildRekeysIt() throws {
        let (pair, planned) = try standing()
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        sites.left.connections[0].children[0].proposals = Self.strongerESP
        let followUps = reload(pair.left, sites.left, pair)
        #expect(followUps.map(\.course) == [.goesOn] && followUps.first?.children.map(\.course) == [.rekeying])
        let now = try pair.onlySA(of: pair.left)
        #expect(now.spiI == old.spiI)
        #expect(now.children.first?.childSA.proposal.description.contains("AES_GCM_16_256") ?? false)
        #expect(pair.left.events.contains { if case .childRekeyed = $0 { true } else { false } })
        #expect(pair.childSAsAgree)
    }

    @Test func otherSelectorsOfAChildReplaceIt() throws {
        let (pair, planned) = try standing()
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        sites.left.connections[0].children[0].remoteSelectors = [.fixed(TwoSites.selector("10.2.7.0/24"))]
        #expect(reload(pair.left, sites.left, pair).first?.children.map(\.course) == [.replacement])
        let now = try pair.onlySA(of: pair.left)
        #expect(now.spiI == old.spiI && now.children.count == 1)
        #expect(now.children.first?.childSA.remoteSelectors == [TwoSites.selector("10.2.7.0/24")])
        #expect(try pair.onlySA(of: pair.right).children.count == 1)
        #expect(pair.childSAsAgree)
    }

    @Test func aRefusedReplacementIsAskedForAgainAndTheOldOneEndsInTime() throws {
        let (pair, planned) = try standing()
        var sites = planned
        sites.left.connections[0].children[0].remoteSelectors = [.fixed(TwoSites.selector("10.9.0.0/16"))]
        _ = reload(pair.left, sites.left, pair, within: .seconds(250))
        #expect(
            try pair.onlySA(of: pair.left).children.first?.childSA.remoteSelectors == [TwoSites.selector("10.2.0.0/16")]
        )
        let refusals = pair.left.events.count { if case .childFailed = $0 { true } else { false } }
        #expect((10...14).contains(refusals))
        pair.network.run(for: .seconds(60))
        #expect(try pair.onlySA(of: pair.left).children.isEmpty)
    }

    @Test func otherActionsOfAChildNeedNoMessage() throws {
        let (pair, planned) = try standing()
        var sites = planned
        let old = try pair.onlySA(of: pair.left)
        sites.left.connections[0].children[0].actionOnClose = .restart
        #expect(reload(pair.left, sites.left, pair).first?.children.map(\.course) == [.goesOn])
        #expect(try pair.onlySA(of: pair.left).children.map(\.childSA.id) == old.children.map(\.childSA.id))
        pair.network.command(pair.right, .terminate([.ikeSA(id: try pair.onlySA(of: pair.right).id)]))
        pair.network.run(for: .seconds(2))
        #expect(try pair.onlySA(of: pair.left).children.count == 1)
    }

    @Test func whatIsAskedForDuringARenewalGoesToTheNewSA() throws {
        let (pair, planned) = try standing {
            $0.right.connections[0].children.append(
                TwoSites.child("more", local: "10.4.0.0/16", remote: "10.3.0.0/16")
            )
        }
        var sites = planned
        sites.left.connections[0].proposals = Self.stronger
        sites.left.connections[0].children.append(TwoSites.child("more", local: "10.3.0.0/16", remote: "10.4.0.0/16"))
        pair.network.feed(pair.left, .policy(sites.left))
        pair.network.command(pair.left, .follow(["site"]))
        let id = pair.network.initiate(pair.left, "site", children: .only("more"), to: pair.right)
        pair.network.run(for: .seconds(3))
        #expect(pair.left.succeeded(id))
        #expect(Set(try pair.onlySA(of: pair.left).children.map(\.childSA.name)) == ["net", "more"])
        #expect(pair.childSAsAgree)
    }
}

/// Which settings of a connection have changed, and what that means.
@Suite struct ConnectionChangesTests {
    private let connection = TwoSites().left.connections[0]

    private func changes(_ change: (inout Connection) -> Void) -> ConnectionChanges {
        var new = connection
        change(&new)
        return new.changes(since: connection)
    }

    @Test func theSameConnectionHasNotChanged() {
        #expect(changes { _ in }.isEmpty)
    }

    @Test func settingsAreNamedAsInTheFile() {
        #expect(changes { $0.proposals = [] }.agreed == ["proposals"])
        #expect(changes { $0.acceptsFragments = false }.agreed == ["fragmentation"])
        #expect(changes { $0.livenessDelay = .seconds(7) }.own == ["dpd_delay"])
        #expect(changes { $0.hostNames = ["a.example"] }.ends == ["local_addrs, remote_addrs"])
        #expect(changes { $0.remotePort = 5000 }.ends == ["local_port, remote_port"])
        let child = changes {
            $0.children[0].localSelectors = []
            $0.children[0].isStarted = true
            $0.children[0].octetLimit = VolumeLimit(rekey: 1)
        }
        #expect(
            child.settings == [
                "children.net.local_ts", "children.net.rekey_bytes, life_bytes", "children.net.start_action",
            ]
        )
    }

    @Test func whatNobodyNamesCountsAsAgreed() {
        #expect(changes { $0.requiresEncapsulation = true }.agreed == ["other settings"])
    }

    @Test func childrenComeAndGo() {
        let other = TwoSites.child("other", local: "10.5.0.0/16", remote: "10.6.0.0/16")
        let changes = changes { $0.children = [other] }
        #expect(changes.addedChildren == ["other"] && changes.removedChildren == ["net"])
        #expect(changes.settings == ["children.other", "children.net"])
    }
}

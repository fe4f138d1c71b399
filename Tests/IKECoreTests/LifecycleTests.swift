import IKECore
import IKEWire
import Inet
import Support
import Testing

/// What happens to SAs that stand: rekeying, probing, deletion, expiry; started by either side.
@Suite struct LifecycleTests {
    private let grace: Duration = .seconds(400)

    private func established(_ change: (inout Connection) -> Void = { _ in }) throws -> Pair {
        var sites = TwoSites()
        sites.change(change)
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        return pair
    }

    private func onlySA(_ host: Host, _ pair: Pair) throws -> IKESASummary {
        let all = host.endpoint.summaries(now: pair.network.now)
        try #require(all.count == 1)
        return all[0]
    }

    @Test(arguments: [true, false]) func aChildSAIsRekeyedByEitherSideWithoutAGap(_ byLeft: Bool) throws {
        let pair = try established()
        let side = byLeft ? pair.left : pair.right
        let old = try #require(side.outbound.first)
        let id = pair.network.command(side, .rekey([.childSA(id: old.id)]))
        pair.network.run(for: .seconds(1))
        #expect(side.succeeded(id))
        for host in [pair.left, pair.right] {
            #expect(host.inbound.count == 1)
            #expect(host.outbound.count == 1)
        }
        #expect(side.outbound.first?.outboundSPI != old.outboundSPI)
        #expect(pair.childSAsAgree)
    }

    @Test func whoAnswersARekeyingSendsOnTheOldSAUntilItsDeleteArrives() throws {
        let pair = try established()
        let old = try #require(pair.right.outbound.first)
        var isDeleteHeld = false
        pair.network.tap = { transit in
            // The fifth message of the left side is the Delete: two of the set-up, one CREATE_CHILD_SA, then it.
            let count = pair.network.sent.filter { $0.sender == "left" }.count
            isDeleteHeld = transit.sender == "left" && count == 4
            return isDeleteHeld ? nil : transit.datagram
        }
        let left = try #require(pair.left.outbound.first)
        pair.network.command(pair.left, .rekey([.childSA(id: left.id)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.right.outbound.map(\.id) == [old.id])
        #expect(pair.right.inbound.count == 2)
        pair.network.tap = nil
        pair.network.run(for: .seconds(10))
        #expect(pair.right.outbound.map(\.id) != [old.id])
        #expect(pair.right.inbound.count == 1)
        #expect(pair.childSAsAgree)
    }

    @Test func aRekeyedChildSAWithPFSHasAKeyExchangeOfItsOwn() throws {
        let pair = try established { $0.children[0].proposals = TwoSites.proposals("aes128gcm16-ecp256-noesn", .esp) }
        let first = try #require(pair.left.outbound.first)
        #expect(first.proposal.keyExchange.isEmpty)
        pair.network.command(pair.left, .rekey([.childSA(id: first.id)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.outbound.first?.proposal.keyExchange.first?.id == KeyExchangeMethod.ecp256.rawValue)
        #expect(pair.childSAsAgree)
    }

    @Test(arguments: [true, false]) func anIKESAIsRekeyedByEitherSideAndKeepsItsChildren(_ byLeft: Bool) throws {
        let pair = try established()
        let side = byLeft ? pair.left : pair.right
        let old = try onlySA(side, pair)
        let id = pair.network.command(side, .rekey([.ikeSA(id: old.id)]))
        pair.network.run(for: .seconds(1))
        #expect(side.succeeded(id))
        for host in [pair.left, pair.right] {
            let new = try onlySA(host, pair)
            #expect(new.state == .established)
            #expect(new.children.count == 1)
            #expect(new.spiI != old.spiI && new.spiR != old.spiR)
        }
        #expect(pair.childSAsAgree)
        let probe = pair.network.command(pair.left, .rekey([.childSA(id: try #require(pair.left.outbound.first).id)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(probe))
        #expect(pair.childSAsAgree)
    }

    @Test func theTimeToRekeyComesBeforeTheHardLimit() throws {
        let pair = try established {
            $0.lifetime = Lifetime(rekey: .seconds(100), jitter: .seconds(20), hard: .seconds(120))
            $0.children[0].lifetime = Lifetime(rekey: .seconds(50), jitter: .seconds(10), hard: .seconds(60))
        }
        pair.network.run(for: .seconds(3600))
        for host in [pair.left, pair.right] {
            #expect(try onlySA(host, pair).children.count == 1)
            #expect(!host.events.contains { if case .ikeClosed = $0 { true } else { false } })
        }
        #expect(pair.childSAsAgree)
    }

    @Test func anSAThatIsNeverRekeyedEndsAtItsHardLimit() throws {
        let pair = try established { $0.lifetime = Lifetime(rekey: nil, jitter: .zero, hard: .seconds(60)) }
        pair.network.run(for: .seconds(59))
        #expect(try onlySA(pair.left, pair).children.count == 1)
        pair.network.run(for: grace)
        #expect(pair.isEmpty)
    }

    @Test func aChildSAThatIsNeverRekeyedEndsAtItsHardLimitOnBothSides() throws {
        var sites = TwoSites()
        sites.left.connections[0].children[0].lifetime = Lifetime(rekey: nil, jitter: .zero, hard: .seconds(30))
        let pair = Pair(sites)
        pair.up()
        pair.network.run(for: .seconds(40))
        #expect(pair.left.inbound.isEmpty && pair.right.inbound.isEmpty)
        #expect(try onlySA(pair.right, pair).children.isEmpty)
    }

    @Test(arguments: [true, false]) func deletingTheIKESATakesEverythingDownOnBothSides(_ byLeft: Bool) throws {
        let pair = try established()
        let side = byLeft ? pair.left : pair.right
        let id = pair.network.command(side, .terminate([.ikeSA(id: try onlySA(side, pair).id)]))
        pair.network.run(for: .seconds(1))
        #expect(side.succeeded(id))
        #expect(pair.left.inbound.isEmpty && pair.right.inbound.isEmpty)
        pair.network.run(for: grace)
        #expect(pair.isEmpty)
    }

    @Test func deletingTheChildLeavesTheIKESA() throws {
        let pair = try established()
        let id = pair.network.command(pair.left, .terminate([.childSA(id: try #require(pair.left.outbound.first).id)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(pair.left.inbound.isEmpty && pair.right.inbound.isEmpty)
        #expect(try onlySA(pair.right, pair).state == .established)
    }

    @Test func bothSidesDeletingAtOnceEndWell() throws {
        let pair = try established()
        for host in [pair.left, pair.right] {
            pair.network.command(host, .terminate([.ikeSA(id: try onlySA(host, pair).id)]))
        }
        pair.network.run(for: grace)
        #expect(pair.isEmpty)
    }

    @Test func shuttingDownDeletesEverySA() throws {
        let pair = try established()
        let id = pair.network.command(pair.left, .shutDown)
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(pair.right.inbound.isEmpty)
        #expect(!pair.right.succeeded(pair.network.initiate(pair.right, "site", to: pair.left)))
    }

    @Test func aSilentPeerIsProbedAndGivenUp() throws {
        let pair = try established { $0.livenessDelay = .seconds(30) }
        pair.network.run(for: .seconds(600))
        #expect(try onlySA(pair.left, pair).state == .established)
        pair.network.tap = { _ in nil }
        pair.network.run(for: .seconds(600))
        #expect(pair.isEmpty)
    }

    @Test func aPeerWhoseTrafficIsSeenIsNotProbed() throws {
        let pair = try established { $0.livenessDelay = .seconds(30) }
        let before = pair.network.sent.count
        for _ in 0..<20 {
            for host in [pair.left, pair.right] {
                let child = try #require(host.outbound.first)
                pair.network.feed(host, .childUsage([child.id: ChildUsage(lastInbound: pair.network.now)]))
            }
            pair.network.run(for: .seconds(10))
        }
        #expect(pair.network.sent.count == before)
    }

    @Test func aCarriedVolumeStartsTheRekeyingOnceAndTheHardLimitEndsTheSA() throws {
        let pair = try established {
            $0.children[0].octetLimit = VolumeLimit(rekey: 1000, jitter: 100, hard: 2000)
        }
        let child = try #require(pair.left.outbound.first)
        pair.network.feed(pair.left, .childUsage([child.id: ChildUsage(octetsOut: 899)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.outbound.first?.id == child.id)
        for _ in 0..<2 { pair.network.feed(pair.left, .childUsage([child.id: ChildUsage(octetsOut: 1000)])) }
        pair.network.run(for: .seconds(1))
        let successor = try #require(pair.left.outbound.first)
        #expect(successor.id != child.id)
        #expect(pair.left.inbound.count == 1)
        pair.network.feed(pair.left, .childUsage([successor.id: ChildUsage(octetsIn: 2000)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.inbound.isEmpty && pair.right.inbound.isEmpty)
    }

    @Test func sequenceNumbersAreRenewedBeforeTheyRunOut() throws {
        let pair = try established()
        let child = try #require(pair.left.outbound.first)
        #expect(!child.usesESN)
        pair.network.feed(pair.left, .childUsage([child.id: ChildUsage(packetsOut: UInt64(UInt32.max) / 16 * 15)]))
        pair.network.run(for: .seconds(1))
        #expect(pair.left.outbound.first.map { $0.id != child.id } ?? false)
        #expect(pair.childSAsAgree)
    }

    @Test func aReplacedChildSAReceivesForAWhileLonger() throws {
        let pair = Pair(settings: Settings())
        try #require(pair.left.succeeded(pair.up()))
        let old = try #require(pair.left.outbound.first)
        pair.network.command(pair.left, .rekey([.childSA(id: old.id)]))
        pair.network.run(for: .seconds(2))
        for host in [pair.left, pair.right] {
            #expect(host.inbound.count == 2)
            #expect(host.endpoint.summaries(now: pair.network.now).first?.children.count == 1)
        }
        pair.network.run(for: .seconds(5))
        for host in [pair.left, pair.right] {
            #expect(host.inbound.count == 1)
            #expect(host.inbound[old.id] == nil)
        }
        pair.network.command(pair.left, .shutDown)
        pair.network.run(for: grace)
        #expect(pair.isEmpty)
    }

    @Test func countersThatComeRightBeforeADeadlineDoNotPutItOff() throws {
        let pair = try established { $0.children[0].lifetime = Lifetime(rekey: .seconds(30), jitter: .zero, hard: nil) }
        let child = try #require(pair.left.outbound.first)
        pair.network.run(for: .seconds(28))
        for _ in 0..<40 {
            let usage = [child.id: ChildUsage(lastInbound: pair.network.now, packetsIn: 1)]
            pair.network.feed(pair.left, .childUsage(usage))
            pair.network.run(for: .milliseconds(50))
            pair.network.feed(pair.left, .childUsage(usage))
            pair.network.feed(pair.left, .timer)
        }
        pair.network.run(for: .seconds(1))
        #expect(pair.left.outbound.first.map { $0.id != child.id } ?? false)
    }

    @Test func anUpConnectionIsNotNegotiatedAgain() throws {
        let pair = try established()
        let before = pair.network.sent.count
        #expect(pair.left.succeeded(pair.up()))
        #expect(pair.network.sent.count == before)
    }

    @Test func aConnectionThatIsMeantToBeUpIsBegunAnewWhenThePeerWasDead() throws {
        let pair = try established {
            $0.livenessDelay = .seconds(10)
            $0.keyingTries = nil
            $0.children[0].actionOnDeadPeer = .restart
        }
        pair.network.tap = { _ in nil }
        pair.network.run(for: .seconds(1000))
        #expect(pair.left.inbound.isEmpty)
        pair.network.tap = nil
        pair.network.run(for: .seconds(400))
        #expect(!pair.left.inbound.isEmpty && !pair.right.inbound.isEmpty)
        #expect(pair.childSAsAgree)
    }

    @Test(arguments: [true, false]) func whatThePeerClosesIsNegotiatedAnewWhereThatIsWanted(_ wholeSA: Bool) throws {
        var sites = TwoSites()
        sites.left.connections[0].children[0].actionOnClose = .restart
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        let child = try #require(pair.right.outbound.first)
        let target = wholeSA ? SAReference.ikeSA(id: try onlySA(pair.right, pair).id) : .childSA(id: child.id)
        pair.network.command(pair.right, .terminate([target]))
        pair.network.run(for: .seconds(2))
        #expect(pair.left.outbound.count == 1)
        #expect(pair.right.outbound.first.map { $0.id != child.id } ?? false)
        #expect(pair.childSAsAgree)
    }

    @Test func aPeerThatBeganAnewReplacesWhatItHadBefore() throws {
        let sites = TwoSites()
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.restart(pair.left, policy: sites.left)
        let id = pair.network.initiate(pair.left, "site", to: pair.right)
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(try onlySA(pair.right, pair).children.count == 1)
        #expect(pair.right.inbound.count == 1 && pair.right.outbound.count == 1)
    }

    @Test func aSecondIKESAOfTheSamePeerLeavesTheFirstAlone() throws {
        let pair = try established()
        #expect(pair.right.succeeded(pair.network.initiate(pair.right, "site", to: pair.left)))
        #expect(try onlySA(pair.right, pair).children.count == 1)
    }

    @Test func anSAWhoseTimeIsUpWhileARequestIsUnansweredStillEnds() throws {
        let pair = try established {
            $0.lifetime = Lifetime(rekey: nil, jitter: .zero, hard: .seconds(60))
            $0.livenessDelay = .seconds(59)
        }
        pair.network.run(for: .seconds(58))
        pair.network.tap = { _ in nil }
        pair.network.run(for: grace)
        #expect(pair.isEmpty)
    }

    @Test func anIKESAWithoutAChildCanBeHad() throws {
        let pair = Pair()
        #expect(pair.left.succeeded(pair.up(children: .none)))
        #expect(try onlySA(pair.right, pair).children.isEmpty)
        #expect(pair.left.succeeded(pair.up(children: .only("net"))))
        #expect(pair.childSAsAgree)
    }
}

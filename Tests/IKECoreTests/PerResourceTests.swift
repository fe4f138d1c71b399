import IKECore
import IKEWire
import Support
import Testing

/// Several CHILD SAs for the same traffic, one for each resource that sends (RFC 9611).
@Suite struct PerResourceTests {
    private static let notify = Payload(.notify(.resourceInfo(nil)))
    private static func appending(_ message: inout Message) { message.payloads.append(notify) }

    private static func sites(_ change: (inout ChildPolicy) -> Void = { _ in }) -> TwoSites {
        var sites = TwoSites()
        sites.change {
            $0.children[0].isPerResource = true
            change(&$0.children[0])
        }
        return sites
    }

    // MARK: - The engine asks

    /// The engine has begun, and the fallback SA stands.
    private func asking(_ change: (inout ChildPolicy) -> Void = { _ in }) throws -> (ScriptedPeer, ScriptedChild) {
        let peer = try ScriptedPeer(Self.sites(change).left)
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        #expect(request.payloads.notify(.saResourceInfo)?.data == [])
        let child = try peer.answerAuth(request, change: Self.appending)
        #expect(peer.outbound.map(\.resource) == [.all])
        return (peer, try #require(child))
    }

    /// A thread of the engine's host sends on the fallback SA.
    private func want(_ number: UInt32, _ peer: ScriptedPeer) throws {
        let fallback = try #require(peer.outbound.last { $0.resource == .all })
        peer.feed(.resourceWanted(childSA: fallback.id, number: number))
    }

    @Test func aThreadThatSendsGetsAnSAOfItsOwn() throws {
        let (peer, _) = try asking()
        try want(1, peer)
        let request = try peer.nextRequest(.createChildSA)
        #expect(request.payloads.notify(.rekeySA) == nil)
        #expect(request.payloads.notify(.saResourceInfo)?.data == [0, 0, 0, 1])
        #expect(request.payloads.trafficSelectorsInitiator == [.selector(TwoSites.selector("10.1.0.0/16"))])
        #expect(request.payloads.trafficSelectorsResponder == [.selector(TwoSites.selector("10.2.0.0/16"))])
        // Before the answer and after it, it is asked for once.
        try want(1, peer)
        try peer.answerChild(request, change: Self.appending)
        try want(1, peer)
        #expect(peer.isQuiet)
        #expect(peer.outbound.map(\.resource) == [.all, .one(1)])
        try want(0, peer)
        try peer.answerChild(try peer.nextRequest(.createChildSA))
        #expect(peer.outbound.map(\.resource) == [.all, .one(1), .one(0)])
        #expect(try peer.summary.children.count == 3)
    }

    @Test func withAPeerThatDoesNotKnowItThereIsOneSA() throws {
        let peer = try ScriptedPeer(Self.sites().left)
        try peer.letEngineEstablish()
        let only = try #require(peer.outbound.first)
        #expect(only.resource == nil)
        peer.feed(.resourceWanted(childSA: only.id, number: 0))
        #expect(peer.isQuiet)
    }

    @Test(arguments: [NotifyType.tsMaxQueue, .noAdditionalSAs, .noProposalChosen])
    func aPeerThatTakesNoMoreIsNotAskedAgainUntilTheFallbackSAIsRekeyed(type: NotifyType) throws {
        let (peer, _) = try asking()
        try want(0, peer)
        try peer.answer(try peer.nextRequest(.createChildSA), [Payload(.notify(Notify(type)))])
        #expect(peer.outbound.map(\.resource) == [.all])
        #expect(peer.logs.last?.level == .info)
        #expect(peer.logs.last?.message.contains("there will be no more for now") == true)
        for number in UInt32(0)...2 { try want(number, peer) }
        #expect(peer.isQuiet)
        #expect(peer.isUp)

        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        try peer.answerChild(try peer.nextRequest(.createChildSA))
        let delete = try peer.nextRequest(.informational)
        try peer.answer(delete, [])
        try want(0, peer)
        #expect(try peer.nextRequest(.createChildSA).payloads.notify(.saResourceInfo)?.data == [0, 0, 0, 0])
    }

    @Test func anAnswerWithOtherSelectorsIsNotTaken() throws {
        let (peer, _) = try asking()
        try want(0, peer)
        let child = try peer.answerChild(try peer.nextRequest(.createChildSA)) { message in
            let narrowed: [TrafficSelectorEntry] = [.selector(TwoSites.selector("10.2.1.0/24"))]
            message.payloads = message.payloads.map { payload in
                payload.type == .trafficSelectorsResponder ? Payload(.trafficSelectorsResponder(narrowed)) : payload
            }
        }
        let delete = try peer.nextRequest(.informational)
        #expect(delete.payloads == [Payload(.delete(.esp([child.outboundSPI])))])
        try peer.answer(delete, [Payload(.delete(.esp([child.inboundSPI])))])
        #expect(peer.inbound.map(\.resource) == [.all])
        try want(0, peer)
        #expect(peer.isQuiet)
    }

    @Test func aBusyPeerIsAskedAgain() throws {
        let (peer, _) = try asking()
        try want(0, peer)
        try peer.answer(try peer.nextRequest(.createChildSA), [Payload(.notify(Notify(.temporaryFailure)))])
        #expect(peer.isQuiet)
        peer.pass(.seconds(10))
        try peer.answerChild(try peer.nextRequest(.createChildSA), change: Self.appending)
        #expect(peer.outbound.map(\.resource) == [.all, .one(0)])
    }

    // MARK: - The peer asks

    /// The peer has begun, and the fallback SA stands.
    private func asked(_ settings: Settings = .withoutDelay) throws -> (ScriptedPeer, ScriptedChild) {
        let peer = try ScriptedPeer(Self.sites().left, settings: settings)
        try peer.agreeInit()
        let offer = try peer.requestAuth(change: Self.appending)
        let response = try peer.nextResponse()
        #expect(response.payloads.notify(.saResourceInfo)?.data == [])
        let child = try peer.concludeAuth(offer, response)
        #expect(peer.outbound.map(\.resource) == [.all])
        return (peer, try #require(child))
    }

    /// The peer asks for an SA of one of its threads, whatever it calls that.
    private func ask(_ peer: ScriptedPeer) throws -> (ScriptedOffer, ScriptedPeer.Received) {
        let offer = peer.childOffer()
        let named = Payload(.notify(Notify(.saResourceInfo, data: Array("processor".utf8))))
        return (offer, try peer.exchange(.createChildSA, offer.payloads + [named]))
    }

    @Test func furtherSAsOfThePeerStandBesideTheFallbackSA() throws {
        let (peer, _) = try asked()
        for count in 2...4 {
            let (offer, response) = try ask(peer)
            #expect(response.payloads.notify(.saResourceInfo)?.data == [])
            try peer.concludeChild(offer, response)
            #expect(peer.inbound.count == count)
        }
        // Nothing is sent on them before the peer has surely the answers.
        #expect(peer.outbound.map(\.resource) == [.all])
        let second = try #require(peer.inbound.last { $0.resource == .one(1) })
        peer.feed(.childUsage([second.id: ChildUsage(packetsIn: 1)]))
        #expect(peer.outbound.map(\.resource) == [.all, .one(1)])
        peer.pass(RetransmissionPolicy().patience)
        #expect(Set(peer.outbound.map(\.resource)) == [.all, .one(0), .one(1), .one(2)])
        #expect(peer.isQuiet)
        // Threads of ours that have one ask for none.
        try want(2, peer)
        #expect(peer.isQuiet)
        try want(3, peer)
        #expect(try peer.nextRequest(.createChildSA).payloads.notify(.saResourceInfo)?.data == [0, 0, 0, 3])
    }

    @Test func thereAreNoMoreThanMayBe() throws {
        var settings = Settings.withoutDelay
        settings.mostOfOneResource = 2
        let (peer, _) = try asked(settings)
        for _ in 1...2 {
            let (offer, response) = try ask(peer)
            try peer.concludeChild(offer, response)
        }
        let (_, refusal) = try ask(peer)
        #expect(refusal.payloads == [Payload(.notify(Notify(.tsMaxQueue)))])
        #expect(peer.inbound.count == 3)
        #expect(peer.isUp)
        #expect(peer.engine.load.espSPIs == 3)
    }

    /// It has answered, and its thread sends already.
    @Test func aPeerThatOvertakesItsAnswerIsPutOff() throws {
        var policy = Self.sites().left
        var voice = TwoSites.child("voice", local: "10.3.0.0/16", remote: "10.4.0.0/16")
        voice.isPerResource = true
        policy.connections[0].children.append(voice)
        let peer = try ScriptedPeer(policy)
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth), change: Self.appending)
        let request = try peer.nextRequest(.createChildSA)
        let (early, late) = (
            peer.childOffer(local: ["10.4.0.0/16"], remote: ["10.3.0.0/16"]),
            peer.childOffer(local: ["10.4.0.0/16"], remote: ["10.3.0.0/16"])
        )
        let refusal = try peer.exchange(.createChildSA, early.payloads + [Self.notify])
        #expect(refusal.payloads == [Payload(.notify(Notify(.temporaryFailure)))])
        try peer.answerChild(request, change: Self.appending)
        try peer.concludeChild(late, try peer.exchange(.createChildSA, late.payloads + [Self.notify]))
        #expect(peer.inbound.map(\.resource) == [.all, .all, .one(0)])
    }

    @Test func whoHasItOffSaysNothingOfIt() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        let offer = try peer.requestAuth(change: Self.appending)
        let response = try peer.nextResponse()
        #expect(response.payloads.notify(.saResourceInfo) == nil)
        try peer.concludeAuth(offer, response)
        #expect(peer.outbound.map(\.resource) == [nil])
    }

    // MARK: - Rekeying

    @Test func anSAThatWeRekeyStaysWithItsThread() throws {
        let (peer, _) = try asking()
        try want(1, peer)
        try peer.answerChild(try peer.nextRequest(.createChildSA), change: Self.appending)
        let old = try #require(peer.outbound.last)
        peer.command(.rekey([.childSA(id: old.id)]))
        let request = try peer.nextRequest(.createChildSA)
        #expect(request.payloads.notify(.rekeySA)?.spi == old.inboundSPI.bytes)
        #expect(request.payloads.notify(.saResourceInfo)?.data == [0, 0, 0, 1])
        // The answer need not say it again.
        let new = try peer.answerChild(request)
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(peer.outbound.map(\.resource) == [.all, .one(1)])
        #expect(peer.outbound.last?.outboundSPI == new.inboundSPI)
    }

    @Test(arguments: [false, true])
    func anSAThatThePeerRekeysStaysWithItsThread(saysSo: Bool) throws {
        let (peer, fallback) = try asked()
        let (offer, response) = try ask(peer)
        let companion = try peer.concludeChild(offer, response)
        for (old, resource) in [(companion, ChildResource.one(0)), (fallback, .all)] {
            let offer = peer.childOffer(rekeying: old.inboundSPI)
            let answer = try peer.exchange(.createChildSA, offer.payloads + (saysSo ? [Self.notify] : []))
            let new = try peer.concludeChild(offer, answer)
            let made = try #require(peer.inbound.last)
            #expect(made.resource == resource && made.outboundSPI == new.inboundSPI)
            _ = try peer.exchange(.informational, [Payload(.delete(.esp([old.inboundSPI])))])
            #expect(peer.outbound.last?.id == made.id)
        }
        #expect(peer.inbound.map(\.resource) == [.one(0), .all])
        #expect(peer.isQuiet)
    }

    // MARK: - The end

    @Test func withoutItsFallbackSAAnSAOfOneThreadGoesAsWell() throws {
        let (peer, fallback) = try asking()
        try want(0, peer)
        let companion = try peer.answerChild(try peer.nextRequest(.createChildSA), change: Self.appending)
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([fallback.inboundSPI])))])
        let delete = try peer.nextRequest(.informational)
        #expect(delete.payloads == [Payload(.delete(.esp([companion.outboundSPI])))])
        try peer.answer(delete, [Payload(.delete(.esp([companion.inboundSPI])))])
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty && peer.isQuiet)
    }

    @Test func closeActionIsAboutTheFallbackSA() throws {
        let (peer, fallback) = try asking { $0.actionOnClose = .restart }
        try want(0, peer)
        let companion = try peer.answerChild(try peer.nextRequest(.createChildSA), change: Self.appending)
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([companion.inboundSPI])))])
        #expect(peer.outbound.map(\.resource) == [.all])
        #expect(peer.isQuiet)
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([fallback.inboundSPI])))])
        let again = try peer.nextRequest(.createChildSA)
        #expect(again.payloads.notify(.saResourceInfo)?.data == [])
        try peer.answerChild(again, change: Self.appending)
        #expect(peer.outbound.map(\.resource) == [.all])
    }

    @Test func nothingIsMadeBesideAnSAThatIsBeingDeleted() throws {
        let (peer, _) = try asked()
        peer.command(.terminate([.childSA(id: try #require(peer.outbound.first).id)]))
        let delete = try peer.nextRequest(.informational)
        let (_, refusal) = try ask(peer)
        #expect(refusal.payloads == [Payload(.notify(Notify(.temporaryFailure)))])
        try want(0, peer)
        #expect(peer.isQuiet)
        try peer.answer(delete, [])
        #expect(peer.inbound.isEmpty)
    }

    // MARK: - Two engines

    private func pair(_ change: (inout ChildPolicy) -> Void = { _ in }) throws -> Pair {
        let pair = Pair(Self.sites(change))
        try #require(pair.left.succeeded(pair.up()))
        return pair
    }

    private func want(_ number: UInt32, _ host: Host, _ pair: Pair) throws {
        let fallback = try #require(host.outbound.last { $0.resource == .all })
        pair.network.feed(host, .resourceWanted(childSA: fallback.id, number: number))
    }

    @Test func bothAskAtOnceAndEachThreadSendsOnOneSA() throws {
        let pair = try pair()
        try want(0, pair.left, pair)
        try want(0, pair.right, pair)
        pair.network.run(for: .seconds(1))
        for host in [pair.left, pair.right] {
            #expect(Set(host.inbound.values.map(\.resource)) == [.all, .one(0), .one(1)])
        }
        pair.network.run(for: RetransmissionPolicy().patience)
        #expect(pair.left.outbound.count == 3 && pair.right.outbound.count == 3)
        #expect(pair.childSAsAgree)
    }

    @Test func theyMoveWithTheIKESA() throws {
        let pair = try pair()
        try want(1, pair.left, pair)
        pair.network.run(for: .seconds(1))
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        pair.network.command(pair.left, .rekey([.ikeSA(id: sa.id)]))
        pair.network.run(for: .seconds(2))
        try want(0, pair.left, pair)
        pair.network.run(for: .seconds(1))
        #expect(Set(pair.left.inbound.values.map(\.resource)) == [.all, .one(0), .one(1)])
        #expect(pair.right.inbound.count == 3)
    }

    @Test func whoAuthenticatesAgainBeginsWithTheFallbackSA() throws {
        let pair = try pair()
        try want(0, pair.left, pair)
        pair.network.run(for: .seconds(1))
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        pair.network.command(pair.left, .reauthenticate([.ikeSA(id: sa.id)]))
        pair.network.run(for: .seconds(5))
        for host in [pair.left, pair.right] { #expect(host.inbound.values.map(\.resource) == [.all]) }
        #expect(pair.left.outbound.count == 1 && pair.right.outbound.count == 1)
    }

    @Test(arguments: [true, false])
    func aChangedSettingBringsAnotherSA(isSwitchedOn: Bool) throws {
        var sites = Self.sites { $0.isPerResource = !isSwitchedOn }
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        if !isSwitchedOn {
            try want(0, pair.left, pair)
            pair.network.run(for: .seconds(1))
            #expect(pair.left.inbound.count == 2)
        }
        sites.change { $0.children[0].isPerResource = isSwitchedOn }
        for (host, policy) in [(pair.right, sites.right), (pair.left, sites.left)] {
            pair.network.feed(host, .policy(policy))
        }
        let followUps = pair.left.endpoint.followUps(of: ["site"])
        #expect(followUps.flatMap(\.children).map(\.course) == [.replacement])
        // The responder cannot begin; it asks for a new authentication within a minute.
        for host in [pair.left, pair.right] { pair.network.command(host, .follow(["site"])) }
        pair.network.run(for: .seconds(70))
        for host in [pair.left, pair.right] {
            #expect(host.inbound.values.map(\.resource) == [isSwitchedOn ? .all : nil])
        }
    }

    @Test func oneWayTrafficIsJudgedForAllOfThemTogether() throws {
        let pair = try pair()
        try want(0, pair.left, pair)
        pair.network.run(for: .seconds(1))
        let ids = pair.left.outbound.map(\.id)
        var (out, inward) = (ChildUsage(), ChildUsage())
        for _ in 0..<100 {
            pair.network.run(for: .seconds(1))
            out.packetsOut += 1
            out.lastOutbound = pair.network.now
            inward.packetsIn += 1
            inward.lastInbound = pair.network.now
            pair.network.feed(pair.left, .childUsage([ids[0]: inward, ids[1]: out]))
        }
        #expect(!pair.left.logs.contains { $0.message.contains("goes one way") })
        for _ in 0..<40 {
            pair.network.run(for: .seconds(1))
            out.packetsOut += 1
            out.lastOutbound = pair.network.now
            pair.network.feed(pair.left, .childUsage([ids[0]: inward, ids[1]: out]))
        }
        #expect(pair.left.logs.count { $0.message.contains("goes one way") } == 1)
    }
}

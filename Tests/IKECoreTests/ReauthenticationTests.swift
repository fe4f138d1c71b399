import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Authenticating again, make before break (RFC 7296 section 2.8.3), and AUTH_LIFETIME (RFC 4478).
@Suite struct ReauthenticationTests {
    private static let limits = Lifetime(rekey: .seconds(100), jitter: .zero, hard: .seconds(110))

    private func sites(left: Lifetime?, right: Lifetime?) -> TwoSites {
        var sites = TwoSites()
        sites.left.connections[0].reauthentication = left
        sites.right.connections[0].reauthentication = right
        return sites
    }

    // MARK: - Between two engines

    @Test(arguments: [true, false]) func theSAIsReplacedAsAWholeAndNothingElseIsLeft(_ isAskedByResponder: Bool) throws
    {
        let sites = sites(
            left: isAskedByResponder ? nil : Self.limits,
            right: isAskedByResponder ? Self.limits : nil
        )
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        let old = try pair.onlySA(of: pair.left)
        let child = try #require(pair.left.outbound.first)
        pair.network.run(for: .seconds(105))
        for host in [pair.left, pair.right] {
            let new = try pair.onlySA(of: host)
            #expect(new.spiI != old.spiI && new.children.count == 1)
            #expect(host.inbound.count == 1 && host.outbound.count == 1)
        }
        #expect(try pair.onlySA(of: pair.left).role == .initiator)
        #expect(pair.left.outbound.first?.id != child.id)
        #expect(pair.childSAsAgree)
        #expect(pair.left.closingReasons == ["authenticated again"])
        #expect(pair.right.closingReasons == ["deleted by the peer"])
    }

    @Test(arguments: [Uniqueness.never, .no, .keep, .replace])
    func itGoesOnForEverWhateverTheUniquenessPolicy(_ uniqueness: Uniqueness) throws {
        var sites = sites(left: Self.limits, right: Self.limits)
        sites.change { $0.uniqueness = uniqueness }
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(3600))
        for host in [pair.left, pair.right] { #expect(try pair.onlySA(of: host).children.count == 1) }
        #expect(pair.childSAsAgree)
        #expect(pair.left.closingReasons.allSatisfy { $0 == "authenticated again" })
        #expect(pair.left.closingReasons.count >= 36)
    }

    @Test func theResponderDoesNotTakeTheEndOfTheOldSAForALoss() throws {
        var sites = sites(left: Self.limits, right: nil)
        sites.right.connections[0].children[0].actionOnClose = .restart
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(105))
        #expect(pair.right.closingReasons == ["deleted by the peer"])
        #expect(try pair.onlySA(of: pair.right).role == .responder)
        #expect(try pair.onlySA(of: pair.left).children.count == 1)
    }

    @Test func itSurvivesARekeyingOfTheIKESAByEitherSide() throws {
        var sites = sites(left: Self.limits, right: nil)
        sites.change { $0.lifetime = Lifetime(rekey: .seconds(30), jitter: .seconds(10), hard: .seconds(200)) }
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        pair.network.run(for: .seconds(109))
        #expect(pair.left.closingReasons == ["authenticated again"])
        for host in [pair.left, pair.right] { #expect(try pair.onlySA(of: host).children.count == 1) }
        #expect(pair.childSAsAgree)
    }

    @Test func everyChildIsThereBeforeTheOldSAGoes() throws {
        var sites = sites(left: Self.limits, right: nil)
        sites.left.connections[0].children.append(
            TwoSites.child("more", local: "10.3.0.0/16", remote: "10.4.0.0/16")
        )
        sites.right.connections[0].children.append(
            TwoSites.child("more", local: "10.4.0.0/16", remote: "10.3.0.0/16")
        )
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        var fewest = Int.max
        for _ in 0..<1050 {
            pair.network.run(for: .milliseconds(100))
            for host in [pair.left, pair.right] { fewest = min(fewest, Set(host.outbound.map(\.name)).count) }
        }
        #expect(fewest == 2)
        #expect(pair.left.closingReasons == ["authenticated again"])
        #expect(try pair.onlySA(of: pair.right).children.count == 2)
        #expect(pair.childSAsAgree)
    }

    /// User packets run all the time over a network with latency; every one of them arrives.
    @Test(arguments: [true, false]) func noPacketIsLost(_ isAskedByResponder: Bool) throws {
        let limits = Lifetime(rekey: .seconds(20), jitter: .seconds(5), hard: .seconds(60))
        let sites = sites(left: isAskedByResponder ? nil : limits, right: isAskedByResponder ? limits : nil)
        let pair = Pair(
            sites,
            conditions: Network.Conditions(latency: 0.020...0.030),
            settings: Settings()
        )
        try #require(pair.left.succeeded(pair.up()))
        pair.network.dataConditions = Network.Conditions(latency: 0.020...0.030)
        let end = pair.network.now + .seconds(100)
        for flow in [
            pair.network.flow(from: pair.left, "10.1.0.1", to: pair.right, "10.2.0.1"),
            pair.network.flow(from: pair.right, "10.2.0.1", to: pair.left, "10.1.0.1"),
        ] {
            pair.network.start(flow, every: .milliseconds(10), until: end)
        }
        pair.network.run(for: .seconds(102))
        #expect(pair.left.closingReasons.count >= 3)
        for flow in pair.network.flows {
            #expect(flow.sent >= 10_001)
            #expect(flow.delivered == flow.sent)
        }
    }

    @Test func aPeerThatDoesNotAuthenticateInTimeIsEnded() throws {
        let peer = try ScriptedPeer(sites(left: Self.limits, right: nil).left)
        try peer.agreeInit()
        let offer = try peer.requestAuth()
        let response = try peer.nextResponse()
        #expect(response.payloads.notify(.authLifetime) == Notify(.authLifetime, data: [0, 0, 0, 100]))
        try peer.concludeAuth(offer, response)
        peer.pass(.seconds(60))
        try peer.rekeyIKE()
        _ = try peer.exchange(.informational, [Payload(.delete(.ike))], on: peer.sas[0])
        peer.pass(.seconds(49))
        #expect(peer.isUp && peer.isQuiet)
        peer.pass(.seconds(1))
        #expect(try peer.nextRequest(.informational).payloads == [Payload(.delete(.ike))])
    }

    // MARK: - AUTH_LIFETIME

    private func wantsRenewal(_ notify: Notify, after: Duration, inAuth: Bool) throws -> Bool {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) {
            if inAuth { $0.payloads.insert(Payload(.notify(notify)), at: 2) }
        }
        if !inAuth { _ = try peer.exchange(.informational, [Payload(.notify(notify))]) }
        peer.pass(after)
        return try peer.remaining().contains { $0.header.exchangeType == .ikeSAInit }
    }

    @Test(arguments: [true, false]) func theInitiatorObeysAUTHLIFETIME(_ inAuth: Bool) throws {
        let notify = Notify.authenticationLifetime(1000)
        #expect(try !wantsRenewal(notify, after: .seconds(899), inAuth: inAuth))
        #expect(try wantsRenewal(notify, after: .seconds(901), inAuth: inAuth))
    }

    @Test func aPeerCannotKeepTheInitiatorBusyWithIt() throws {
        #expect(try !wantsRenewal(.authenticationLifetime(0), after: .seconds(9), inAuth: true))
        #expect(try wantsRenewal(.authenticationLifetime(0), after: .seconds(10), inAuth: false))
    }

    @Test func aMalformedAUTHLIFETIMEIsPassedOver() throws {
        #expect(try !wantsRenewal(Notify(.authLifetime, data: [1]), after: .seconds(3600), inAuth: true))
    }

    @Test func theResponderDoesNotTakeAUTHLIFETIMEForItself() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        #expect(try peer.exchange(.informational, [Payload(.notify(.authenticationLifetime(0)))]).payloads.isEmpty)
        peer.pass(.seconds(100))
        #expect(peer.isQuiet)
    }

    // MARK: - Details of both roles

    @Test func noInitialContactIsSentAndTheOldSAStandsUntilTheNewOneDoes() throws {
        let peer = try ScriptedPeer(sites(left: Self.limits, right: nil).left)
        let old = try #require(try peer.letEngineEstablish())
        let former = try peer.sa
        peer.pass(.seconds(100))
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        #expect(request.payloads.notify(.initialContact) == nil)
        #expect(peer.outbound.map(\.outboundSPI) == [old.inboundSPI])
        let new = try #require(try peer.answerAuth(request))
        let deletion = try peer.nextRequest(.informational)
        #expect(deletion.sa === former && deletion.payloads == [Payload(.delete(.ike))])
        #expect(peer.outbound.last?.outboundSPI == new.inboundSPI)
        try peer.answer(deletion, [])
        #expect(peer.isUp && peer.isQuiet && peer.inbound.count == 1)
    }

    @Test func aRefusalLeavesTheOldSAAndIsTriedAgain() throws {
        let limits = Lifetime(rekey: .seconds(100), jitter: .zero, hard: .seconds(200))
        let peer = try ScriptedPeer(sites(left: limits, right: nil).left)
        let old = try #require(try peer.letEngineEstablish())
        peer.pass(.seconds(95))
        for _ in 0..<2 {
            peer.pass(.seconds(5))
            while peer.isQuiet { peer.pass(.seconds(1)) }
            try peer.answerInit(try peer.nextRequest(.ikeSAInit))
            try peer.answer(try peer.nextRequest(.ikeAuth), [Payload(.notify(Notify(.authenticationFailed)))])
            #expect(peer.outbound.map(\.outboundSPI) == [old.inboundSPI])
            #expect(peer.isUp)
        }
    }

    @Test func theResponderSendsOnTheOldChildUntilItsDelete() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.establish())
        let former = try peer.sa
        let new = try #require(try peer.establish())
        #expect(peer.inbound.count == 2)
        #expect(peer.outbound.map(\.outboundSPI) == [old.inboundSPI])
        _ = try peer.exchange(.informational, [Payload(.delete(.ike))], on: former)
        #expect(peer.outbound.map(\.outboundSPI) == [new.inboundSPI])
    }

    @Test func theResponderSendsOnTheNewChildAfterAWhileEvenWithoutDelete() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let new = try #require(try peer.establish())
        peer.pass(.seconds(10))
        #expect(peer.outbound.last?.outboundSPI == new.inboundSPI)
    }
}

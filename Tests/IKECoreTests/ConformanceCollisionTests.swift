import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Exchanges of both sides that cross each other, message by message (RFC 7296 sections 2.8.1, 2.8.2 and 2.25).
///
/// `CollisionTests` lets two engines collide at random; here the order and the nonces are chosen.
@Suite struct ConformanceCollisionTests {
    private static let low = [UInt8](repeating: 0, count: 32)

    private func rekeyChild(_ peer: ScriptedPeer) throws -> ScriptedPeer.Received {
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        return try peer.nextRequest(.createChildSA)
    }

    private func rekeyIKE(_ peer: ScriptedPeer) throws -> ScriptedPeer.Received {
        peer.command(.rekey([.ikeSA(id: try peer.summary.id)]))
        return try peer.nextRequest(.createChildSA)
    }

    private func established() throws -> (peer: ScriptedPeer, child: ScriptedChild) {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.letEngineEstablish())
        return (peer, child)
    }

    private func isTemporaryFailure(_ response: ScriptedPeer.Received) -> Bool {
        response.payloads == [Payload(.notify(Notify(.temporaryFailure)))]
    }

    // MARK: - Closing at once

    @Test func bothSidesCloseTheSameChild() throws {
        let (peer, child) = try established()
        let id = peer.command(.terminate([.childSA(id: try #require(peer.outbound.first).id)]))
        let request = try peer.nextRequest(.informational)
        let response = try peer.exchange(.informational, [Payload(.delete(.esp([child.inboundSPI])))])
        #expect(response.payloads.isEmpty)
        try peer.answer(request, [])
        #expect(peer.succeeded(id))
        #expect(peer.isUp && peer.inbound.isEmpty && peer.outbound.isEmpty)
    }

    @Test func bothSidesCloseTheIKESA() throws {
        let (peer, _) = try established()
        let id = peer.command(.terminate([.ikeSA(id: try peer.summary.id)]))
        let request = try peer.nextRequest(.informational)
        #expect(try peer.exchange(.informational, [Payload(.delete(.ike))]).payloads.isEmpty)
        try peer.answer(request, [])
        #expect(peer.succeeded(id))
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
        peer.pass(.seconds(60))
        #expect(peer.isQuiet && peer.engine.load == (0, 0, 0, 0))
    }

    // MARK: - Rekeying the same CHILD SA

    /// Both ask, both answer; with `losing` the first messages of the peer get lost and everything is sent again.
    private func collideChildren(engineIsLowest: Bool, losing: Bool) throws -> (
        peer: ScriptedPeer, old: ScriptedChild, engines: ScriptedChild, peers: ScriptedChild
    ) {
        let (peer, old) = try established()
        let request = try rekeyChild(peer)
        let offer = peer.childOffer(rekeying: old.inboundSPI, nonce: engineIsLowest ? nil : Self.low)
        let response = try peer.exchange(.createChildSA, offer.payloads)
        let peers = try peer.concludeChild(offer, response)
        if losing {
            peer.deliver(peer.lastRequestBytes)
            #expect(try peer.nextResponse().bytes == response.bytes)
            peer.pass(.seconds(4))
            #expect(try peer.nextRequest(.createChildSA).bytes == request.bytes)
        }
        let engines = try peer.answerChild(request, nonce: engineIsLowest ? Self.low : nil)
        return (peer, old, engines, peers)
    }

    @Test(arguments: [false, true]) func theEnginesNewChildGoesWhereItsNonceIsLowest(_ losing: Bool) throws {
        let (peer, old, engines, peers) = try collideChildren(engineIsLowest: true, losing: losing)
        let delete = try peer.nextRequest(.informational)
        #expect(delete.payloads == [Payload(.delete(.esp([engines.outboundSPI])))])
        try peer.answer(delete, [Payload(.delete(.esp([engines.inboundSPI])))])
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(peer.inbound.map(\.inboundSPI) == [peers.outboundSPI])
        #expect(peers.isTwin(of: try #require(peer.outbound.last)) && peer.outbound.count == 1)
        #expect(peer.isQuiet)
    }

    @Test(arguments: [false, true]) func thePeersNewChildGoesWhereItsNonceIsLowest(_ losing: Bool) throws {
        let (peer, old, engines, peers) = try collideChildren(engineIsLowest: false, losing: losing)
        let delete = try peer.nextRequest(.informational)
        #expect(delete.payloads == [Payload(.delete(.esp([old.outboundSPI])))])
        try peer.answer(delete, [Payload(.delete(.esp([old.inboundSPI])))])
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([peers.inboundSPI])))])
        #expect(peer.inbound.map(\.inboundSPI) == [engines.outboundSPI])
        #expect(engines.isTwin(of: try #require(peer.outbound.last)) && peer.outbound.count == 1)
        #expect(peer.isQuiet)
    }

    // MARK: - Rekeying the IKE SA

    private func collideIKE(engineIsLowest: Bool, losing: Bool) throws -> (
        peer: ScriptedPeer, old: ScriptedSA, engines: ScriptedSA, peers: ScriptedSA
    ) {
        let (peer, _) = try established()
        let old = try peer.sa
        let request = try rekeyIKE(peer)
        let offer = try peer.ikeOffer(nonce: engineIsLowest ? nil : Self.low)
        let response = try peer.exchange(.createChildSA, offer.payloads, on: old)
        let peers = try peer.concludeIKE(offer, response)
        if losing {
            peer.deliver(peer.lastRequestBytes)
            #expect(try peer.nextResponse().bytes == response.bytes)
            peer.pass(.seconds(4))
            #expect(try peer.nextRequest(.createChildSA).bytes == request.bytes)
        }
        let engines = try peer.answerIKE(request, nonce: engineIsLowest ? Self.low : nil)
        return (peer, old, engines, peers)
    }

    @Test(arguments: [false, true]) func theEnginesNewIKESAGoesWhereItsNonceIsLowest(_ losing: Bool) throws {
        let (peer, old, engines, peers) = try collideIKE(engineIsLowest: true, losing: losing)
        let delete = try peer.nextRequest(.informational)
        #expect(delete.sa === engines && delete.payloads == [Payload(.delete(.ike))])
        try peer.answer(delete, [])
        #expect(try peer.exchange(.informational, [Payload(.delete(.ike))], on: old).payloads.isEmpty)
        #expect(peer.isUp && peer.inbound.count == 1)
        #expect(try peer.exchange(.informational, [], on: peers).payloads.isEmpty)
        #expect(try peer.summary.children.count == 1)
    }

    @Test(arguments: [false, true]) func thePeersNewIKESAGoesWhereItsNonceIsLowest(_ losing: Bool) throws {
        let (peer, old, engines, peers) = try collideIKE(engineIsLowest: false, losing: losing)
        let delete = try peer.nextRequest(.informational)
        #expect(delete.sa === old && delete.payloads == [Payload(.delete(.ike))])
        try peer.answer(delete, [])
        #expect(try peer.exchange(.informational, [Payload(.delete(.ike))], on: peers).payloads.isEmpty)
        #expect(peer.isUp && peer.inbound.count == 1)
        #expect(try peer.exchange(.informational, [], on: engines).payloads.isEmpty)
        #expect(try peer.summary.children.count == 1)
    }

    // MARK: - Rekeying against closing

    @Test func aChildThatThePeerClosesWhileTheEngineRekeysItIsClosedAsUsual() throws {
        let (peer, old) = try established()
        let request = try rekeyChild(peer)
        let response = try peer.exchange(.informational, [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(response.payloads == [Payload(.delete(.esp([old.outboundSPI])))])
        let notify = Notify(.childSANotFound, protocolID: .esp, spi: old.outboundSPI.bytes)
        try peer.answer(request, [Payload(.notify(notify))])
        #expect(peer.isUp && peer.inbound.isEmpty && peer.outbound.isEmpty)
    }

    @Test func aChildThatTheEngineClosesCannotBeRekeyed() throws {
        let (peer, old) = try established()
        peer.command(.terminate([.childSA(id: try #require(peer.outbound.first).id)]))
        let request = try peer.nextRequest(.informational)
        let offer = peer.childOffer(rekeying: old.inboundSPI)
        #expect(isTemporaryFailure(try peer.exchange(.createChildSA, offer.payloads)))
        try peer.answer(request, [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(peer.isUp && peer.inbound.isEmpty)
    }

    @Test func closingAChildWhoseAnswerIsStillOnItsWayIsAnsweredWithoutDelete() throws {
        let (peer, old) = try established()
        _ = try rekeyChild(peer)
        let unheardOf = Payload(.delete(.esp([ESPSPI(rawValue: 0xc0ff_ee00)])))
        #expect(try peer.exchange(.informational, [unheardOf]).payloads.isEmpty)
        #expect(peer.inbound.map(\.inboundSPI) == [old.outboundSPI])
    }

    @Test func rekeyingAChildWhoseAnswerIsStillOnItsWayIsRefused() throws {
        let (peer, old) = try established()
        let request = try rekeyChild(peer)
        let offer = peer.childOffer(rekeying: ESPSPI(rawValue: 0xc0ff_ee00))
        #expect(isTemporaryFailure(try peer.exchange(.createChildSA, offer.payloads)))
        let new = try peer.answerChild(request)
        #expect(peer.inbound.map(\.inboundSPI) == [old.outboundSPI, new.outboundSPI])
    }

    // MARK: - The IKE SA and its children

    @Test func theIKESAIsNotRekeyedWhileAChildIsHalfOpen() throws {
        let (peer, _) = try established()
        let request = try rekeyChild(peer)
        #expect(isTemporaryFailure(try peer.exchange(.createChildSA, try peer.ikeOffer().payloads)))
        #expect(try peer.answerChild(request).isTwin(of: try #require(peer.outbound.last)))
        #expect(peer.isUp)
    }

    @Test func theIKESAIsNotRekeyedWhileAChildIsHalfClosed() throws {
        let (peer, child) = try established()
        peer.command(.terminate([.childSA(id: try #require(peer.outbound.first).id)]))
        let request = try peer.nextRequest(.informational)
        #expect(isTemporaryFailure(try peer.exchange(.createChildSA, try peer.ikeOffer().payloads)))
        try peer.answer(request, [Payload(.delete(.esp([child.inboundSPI])))])
        try peer.rekeyIKE()
        #expect(try peer.exchange(.informational, []).payloads.isEmpty)
    }

    @Test func noChildIsMadeOrRekeyedWhileTheEngineRekeysTheIKESA() throws {
        let (peer, child) = try established()
        let request = try rekeyIKE(peer)
        for rekeyed in [child.inboundSPI, nil] {
            let offer = peer.childOffer(rekeying: rekeyed)
            #expect(isTemporaryFailure(try peer.exchange(.createChildSA, offer.payloads)))
        }
        let new = try peer.answerIKE(request)
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(try peer.makeChild(rekeying: child.inboundSPI).isTwin(of: try #require(peer.inbound.last)))
        #expect(try peer.sa === new)
    }

    @Test func aChildThatThePeerClosesWhileTheEngineRekeysTheIKESAIsClosedAsUsual() throws {
        let (peer, child) = try established()
        let request = try rekeyIKE(peer)
        let response = try peer.exchange(.informational, [Payload(.delete(.esp([child.inboundSPI])))])
        #expect(response.payloads == [Payload(.delete(.esp([child.outboundSPI])))])
        try peer.answerIKE(request)
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(peer.isUp && peer.inbound.isEmpty)
        #expect(try peer.summary.children.isEmpty)
    }

    @Test func theIKESAThatThePeerClosesWhileTheEngineRekeysItIsClosed() throws {
        let (peer, _) = try established()
        _ = try rekeyIKE(peer)
        #expect(try peer.exchange(.informational, [Payload(.delete(.ike))]).payloads.isEmpty)
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        peer.pass(.seconds(60))
        #expect(peer.isQuiet && peer.engine.load == (0, 0, 0, 0))
    }

    @Test func anIKESAThatTheEngineClosesCannotBeRekeyed() throws {
        let (peer, _) = try established()
        peer.command(.terminate([.ikeSA(id: try peer.summary.id)]))
        let request = try peer.nextRequest(.informational)
        #expect(isTemporaryFailure(try peer.exchange(.createChildSA, try peer.ikeOffer().payloads)))
        try peer.answer(request, [])
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }

    @Test func temporaryFailureIsFollowedByAnotherAttempt() throws {
        let (peer, _) = try established()
        try peer.answer(try rekeyIKE(peer), [Payload(.notify(Notify(.temporaryFailure)))])
        #expect(peer.isUp && peer.isQuiet)
        peer.pass(.seconds(10))
        try peer.answerIKE(try peer.nextRequest(.createChildSA))
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(peer.isUp && peer.inbound.count == 1)
    }
}

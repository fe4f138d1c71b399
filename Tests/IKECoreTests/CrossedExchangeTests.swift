import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// What one side does may overtake what it did before, or show what the other side cannot know yet.
@Suite struct CrossedExchangeTests {
    private static let low = [UInt8](repeating: 0, count: 32)

    private func established(_ sites: TwoSites = TwoSites()) throws -> (peer: ScriptedPeer, child: ScriptedChild) {
        let peer = try ScriptedPeer(sites.left)
        let child = try #require(try peer.letEngineEstablish())
        return (peer, child)
    }

    private func rekeyChild(_ peer: ScriptedPeer) throws -> ScriptedPeer.Received {
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.last).id)]))
        return try peer.nextRequest(.createChildSA)
    }

    private func isTemporaryFailure(_ response: ScriptedPeer.Received) -> Bool {
        response.payloads == [Payload(.notify(Notify(.temporaryFailure)))]
    }

    private func hasReportedClosing(_ peer: ScriptedPeer) -> Bool {
        peer.logs.contains { $0.message.contains("closed") }
    }

    // MARK: - A Delete before the answer that makes the CHILD SA

    /// The answer to a request of the engine, kept back until `meanwhile` is over.
    private func answerLate(
        _ request: ScriptedPeer.Received,
        _ peer: ScriptedPeer,
        meanwhile: (ScriptedChild) throws -> Void
    ) throws {
        let nonceR = peer.random.bytes(32)
        let (child, payloads) = try peer.childAnswer(
            request,
            nonceI: try #require(request.payloads.nonce),
            nonceR: nonceR
        )
        try meanwhile(child)
        try peer.answer(request, payloads.prefix(1) + [Payload(.nonce(nonceR))] + payloads.dropFirst())
    }

    @Test func aSuccessorThatThePeerDeletedBeforeItsAnswerCameDoesNotStay() throws {
        let (peer, old) = try established()
        try answerLate(try rekeyChild(peer), peer) { new in
            let response = try peer.exchange(.informational, [Payload(.delete(.esp([new.inboundSPI])))])
            #expect(response.payloads.isEmpty)
        }
        let delete = try peer.nextRequest(.informational)
        #expect(delete.payloads == [Payload(.delete(.esp([old.outboundSPI])))])
        try peer.answer(delete, [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty && peer.isUp)
        #expect(peer.engine.load.espSPIs == 0)
    }

    @Test func aDeleteOfWhatNeverComesToBeIsForgotten() throws {
        let (peer, old) = try established()
        let request = try rekeyChild(peer)
        let unheardOf = ESPSPI(rawValue: 0xc0ff_ee00)
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([unheardOf])))])
        let new = try peer.answerChild(request)
        try peer.answer(try peer.nextRequest(.informational), [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(peer.inbound.map(\.inboundSPI) == [new.outboundSPI])
    }

    // MARK: - One rekeying after the other

    @Test func anOldSuccessorDoesNotComeBackToTheTop() throws {
        let (peer, first) = try established()
        // The peer's second SA is to be sent on when its Delete of the first comes, but has a successor before that.
        let second = try peer.makeChild(rekeying: first.inboundSPI)
        peer.command(.rekey([.childSA(id: try #require(peer.inbound.last).id)]))
        let third = try peer.answerChild(try peer.nextRequest(.createChildSA))
        let delete = try peer.nextRequest(.informational)
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([first.inboundSPI])))])
        #expect(third.isTwin(of: try #require(peer.outbound.last)))
        try peer.answer(delete, [Payload(.delete(.esp([second.inboundSPI])))])
        #expect(peer.outbound.count == 1 && third.isTwin(of: peer.outbound[0]))
    }

    @Test func closingAChildThatIsBeingRekeyedClosesWhatTakesItsPlace() throws {
        let (peer, old) = try established()
        let id = try #require(peer.outbound.first).id
        let request = try rekeyChild(peer)
        let command = peer.command(.terminate([.childSA(id: id)]))
        let new = try peer.answerChild(request)
        for child in [old, new] {
            let delete = try peer.nextRequest(.informational)
            #expect(delete.payloads == [Payload(.delete(.esp([child.outboundSPI])))])
            try peer.answer(delete, [Payload(.delete(.esp([child.inboundSPI])))])
        }
        #expect(peer.succeeded(command))
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty && peer.isUp && peer.isQuiet)
    }

    // MARK: - Two new IKE SAs of which the peer knows first which one stays

    /// The engine rekeys the IKE SA and waits for its answer; the peer has made a new one as well.
    private func contending() throws -> (
        peer: ScriptedPeer, child: ScriptedChild, request: ScriptedPeer.Received, old: ScriptedSA, peers: ScriptedSA
    ) {
        let (peer, child) = try established()
        let old = try peer.sa
        peer.command(.rekey([.ikeSA(id: try peer.summary.id)]))
        let request = try peer.nextRequest(.createChildSA)
        let offer = try peer.ikeOffer()
        let peers = try peer.concludeIKE(offer, try peer.exchange(.createChildSA, offer.payloads, on: old))
        return (peer, child, request, old, peers)
    }

    @Test func anIKESAThatThePeerUsesIsTheOneThatStays() throws {
        let (peer, child, request, old, peers) = try contending()
        let deletion = Payload(.delete(.esp([child.inboundSPI])))
        let response = try peer.exchange(.informational, [deletion], on: peers)
        #expect(response.payloads == [Payload(.delete(.esp([child.outboundSPI])))])
        #expect(peer.inbound.isEmpty)
        // Our own answer comes after all: what it makes is one too many, and the engine deletes it.
        let engines = try peer.answerIKE(request, nonce: Self.low)
        let delete = try peer.nextRequest(.informational)
        #expect(delete.sa === engines && delete.payloads == [Payload(.delete(.ike))])
        try peer.answer(delete, [])
        _ = try peer.exchange(.informational, [Payload(.delete(.ike))], on: old)
        #expect(peer.isUp && !peer.logs.contains { $0.message.contains("IKE SA closed") })
    }

    @Test func aChildIsRekeyedOnTheNewIKESAThoughTheEngineStillWaits() throws {
        let (peer, child, _, old, peers) = try contending()
        let offer = peer.childOffer(rekeying: child.inboundSPI)
        let response = try peer.exchange(.createChildSA, offer.payloads, on: peers)
        let new = try peer.concludeChild(offer, response)
        _ = try peer.exchange(.informational, [Payload(.delete(.esp([child.inboundSPI])))], on: peers)
        _ = try peer.exchange(.informational, [Payload(.delete(.ike))], on: old)
        #expect(peer.outbound.count == 1 && new.isTwin(of: peer.outbound[0]))
        #expect(peer.isUp && !hasReportedClosing(peer))
    }

    @Test func anIKESAThatThePeerDeletesBeforeTheAnswerGoesWithoutAWord() throws {
        let (peer, _, request, old, peers) = try contending()
        #expect(try peer.exchange(.informational, [Payload(.delete(.ike))], on: peers).payloads.isEmpty)
        let engines = try peer.answerIKE(request)
        let delete = try peer.nextRequest(.informational)
        #expect(delete.sa === old && delete.payloads == [Payload(.delete(.ike))])
        try peer.answer(delete, [])
        #expect(peer.isUp && peer.inbound.count == 1 && !hasReportedClosing(peer))
        #expect(try peer.exchange(.informational, [], on: engines).payloads.isEmpty)
    }

    @Test func withTheOldIKESAEndsWhatWasToReplaceIt() throws {
        let (peer, _, _, _, _) = try contending()
        peer.pass(.seconds(400))
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    // MARK: - The IKE SA and what it carries

    @Test func theIKESAIsNotRekeyedUnderTheDeletionOfAChildThatExpired() throws {
        var sites = TwoSites()
        sites.change { $0.children[0].lifetime = Lifetime(rekey: nil, jitter: .zero, hard: .seconds(60)) }
        let (peer, child) = try established(sites)
        peer.pass(.seconds(60))
        let request = try peer.nextRequest(.informational)
        #expect(request.payloads == [Payload(.delete(.esp([child.outboundSPI])))])
        #expect(isTemporaryFailure(try peer.exchange(.createChildSA, try peer.ikeOffer().payloads)))
        try peer.answer(request, [Payload(.delete(.esp([child.inboundSPI])))])
        try peer.rekeyIKE()
    }

    // MARK: - TEMPORARY_FAILURE

    @Test func aRekeyingThatIsPutOffStillEndsItsCommand() throws {
        let (peer, old) = try established()
        let id = peer.command(.rekey([.childSA(id: try #require(peer.outbound.last).id)]))
        try peer.answer(try peer.nextRequest(.createChildSA), [Payload(.notify(Notify(.temporaryFailure)))])
        #expect(peer.outcomes[id] == nil)
        peer.pass(.seconds(10))
        try peer.answerChild(try peer.nextRequest(.createChildSA))
        try peer.answer(try peer.nextRequest(.informational), [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(peer.succeeded(id))
    }

    @Test func aPeerThatPutsEverythingOffForMinutesIsGivenUp() throws {
        let (peer, _) = try established()
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.last).id)]))
        let end = peer.now + .seconds(330)
        var wasDeleted = false
        while peer.now < end, !wasDeleted {
            for request in try peer.remaining() {
                wasDeleted = request.payloads == [Payload(.delete(.ike))]
                try peer.answer(request, wasDeleted ? [] : [Payload(.notify(Notify(.temporaryFailure)))])
            }
            peer.pass(.seconds(1))
        }
        #expect(wasDeleted)
        #expect(peer.engine.summaries(now: peer.now).isEmpty && peer.inbound.isEmpty)
    }
}

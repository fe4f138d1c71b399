import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Whether the peer lives, and how SAs end (RFC 7296 sections 1.4 and 2.4).
@Suite struct ConformanceLivenessTests {
    private func policy(livenessDelay: Duration) -> Policy {
        var sites = TwoSites()
        sites.change { $0.livenessDelay = livenessDelay }
        return sites.left
    }

    /// Messages without protection that claim that the SA, or its peer, is no more.
    private func forgeries(against sa: ScriptedSA) throws -> [[UInt8]] {
        let bodies: [(ExchangeType, Bool, Payload)] = [
            (.informational, true, Payload(.notify(Notify(.invalidIKESPI)))),
            (.informational, false, Payload(.notify(Notify(.invalidSPI, data: [1, 2, 3, 4])))),
            (.informational, false, Payload(.delete(.ike))),
            (.ikeAuth, true, Payload(.notify(Notify(.authenticationFailed)))),
            (.ikeSAInit, true, Payload(.notify(Notify(.noProposalChosen)))),
            (.createChildSA, true, Payload(.notify(Notify(.noProposalChosen)))),
        ]
        return try bodies.map { exchangeType, isResponse, payload in
            let header = sa.header(exchangeType, messageID: 0, isResponse: isResponse)
            return try Message(header: header, payloads: [payload]).encoded()
        }
    }

    // MARK: - State synchronization

    @Test(arguments: [true, false]) func unprotectedMessagesEndNothing(_ engineInitiates: Bool) throws {
        let peer = try ScriptedPeer()
        if engineInitiates { try peer.letEngineEstablish() } else { try peer.establish() }
        for bytes in try forgeries(against: try peer.sa) { peer.deliver(bytes) }
        #expect(peer.isUp)
        #expect(try peer.remaining().map(\.payloads) == [[]])
        #expect(peer.inbound.count == 1 && peer.outbound.count == 1)
        #expect(try peer.summary.children.count == 1)
    }

    @Test func aForgedProtectedMessageEndsNothing() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        var bytes = try peer.sa.seal(
            Message(
                header: try peer.sa.header(.informational, messageID: 2, isResponse: false),
                payloads: [Payload(.delete(.ike))]
            )
        )
        bytes[bytes.count - 1] ^= 1
        peer.deliver(bytes)
        #expect(peer.isUp && peer.isQuiet)
    }

    @Test func aPeerThatNeverAnswersARequestIsGivenUpWithItsChildren() throws {
        let peer = try ScriptedPeer(policy(livenessDelay: .seconds(30)))
        try peer.letEngineEstablish()
        peer.pass(.seconds(30))
        for bytes in try forgeries(against: try peer.sa) { peer.deliver(bytes) }
        let probe = try peer.nextRequest(.informational)
        peer.pass(.seconds(400))
        var repetitions = 0
        while !peer.isQuiet {
            #expect(try peer.next().bytes == probe.bytes)
            repetitions += 1
        }
        #expect(repetitions == 5)
        #expect(peer.engine.load == (0, 0, 0, 0))
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
    }

    // MARK: - Liveness

    @Test func aSilentPeerIsAskedByAnEmptyInformationalRequest() throws {
        let peer = try ScriptedPeer(policy(livenessDelay: .seconds(30)))
        try peer.letEngineEstablish()
        peer.pass(.seconds(29))
        #expect(peer.isQuiet)
        peer.pass(.seconds(1))
        let probe = try peer.nextRequest(.informational)
        #expect(probe.payloads.isEmpty && probe.sa != nil)
        #expect(probe.header.messageID == 2)
        try peer.answer(probe, [])
        #expect(peer.isUp)
        peer.pass(.seconds(30))
        #expect(try peer.nextRequest(.informational).header.messageID == 3)
    }

    @Test func unprotectedMessagesDoNotKeepTheLivenessCheckAway() throws {
        let peer = try ScriptedPeer(policy(livenessDelay: .seconds(30)))
        try peer.letEngineEstablish()
        for _ in 0..<6 {
            peer.pass(.seconds(5))
            for bytes in try forgeries(against: try peer.sa) { peer.deliver(bytes) }
        }
        #expect(try peer.nextRequest(.informational).payloads.isEmpty)
    }

    @Test(arguments: [true, false]) func aLivenessCheckOfThePeerIsAnswered(_ engineInitiates: Bool) throws {
        let peer = try ScriptedPeer()
        if engineInitiates { try peer.letEngineEstablish() } else { try peer.establish() }
        let messageID = try peer.sa.nextRequestID
        let response = try peer.exchange(.informational, [])
        #expect(response.header.exchangeType == .informational)
        #expect(response.header.messageID == messageID)
        #expect(response.payloads.isEmpty && response.sa != nil)
        #expect(peer.isUp)
    }

    // MARK: - A peer that began anew

    @Test(arguments: [true, false]) func initialContactEndsTheSAsFromBefore(_ engineInitiates: Bool) throws {
        let peer = try ScriptedPeer()
        let old = try #require(engineInitiates ? try peer.letEngineEstablish() : try peer.establish())
        let former = try peer.summary.id
        try peer.agreeInit()
        let offer = try peer.requestAuth { $0.payloads.append(Payload(.notify(Notify(.initialContact)))) }
        let new = try #require(try peer.concludeAuth(offer, try peer.nextResponse()))
        #expect(peer.isQuiet)
        #expect(peer.isUp)
        #expect(try peer.summary.id != former)
        #expect(new.isTwin(of: try #require(peer.inbound.first)) && peer.inbound.count == 1)
        #expect(!peer.outbound.contains { $0.outboundSPI == old.inboundSPI })
    }

    @Test func withoutInitialContactTheSAsFromBeforeStand() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        try peer.establish()
        #expect(peer.engine.summaries(now: peer.now).count == 2)
        #expect(peer.inbound.count == 2)
    }

    @Test func initialContactOfAnotherIdentityEndsNothing() throws {
        var sites = TwoSites()
        sites.left.connections[0].remote.identity = nil
        let peer = try ScriptedPeer(sites.left)
        try peer.establish()
        peer.identity = TwoSites.identity("other.example")
        try peer.agreeInit()
        let offer = try peer.requestAuth { $0.payloads.append(Payload(.notify(Notify(.initialContact)))) }
        try peer.concludeAuth(offer, try peer.nextResponse())
        #expect(peer.engine.summaries(now: peer.now).count == 2)
    }

    // MARK: - Deletion by the engine

    @Test func theIKESAIsDeletedByADeletePayloadWithoutSPI() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        let id = peer.command(.terminate([.ikeSA(id: try peer.summary.id)]))
        let request = try peer.nextRequest(.informational)
        #expect(request.payloads == [Payload(.delete(.ike))])
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        try peer.answer(request, [])
        #expect(peer.succeeded(id))
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }

    @Test func aChildIsDeletedByTheSPIThatTheEngineReceivesOn() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.letEngineEstablish())
        let id = peer.command(.terminate([.childSA(id: try #require(peer.outbound.first).id)]))
        let request = try peer.nextRequest(.informational)
        #expect(request.payloads == [Payload(.delete(.esp([child.outboundSPI])))])
        try peer.answer(request, [Payload(.delete(.esp([child.inboundSPI])))])
        #expect(peer.succeeded(id))
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        #expect(peer.isUp)
    }

    // MARK: - Deletion by the peer

    @Test(arguments: [true, false]) func theIKESAThatThePeerDeletesIsGoneWithItsChildren(
        _ engineInitiates: Bool
    ) throws {
        let peer = try ScriptedPeer()
        if engineInitiates { try peer.letEngineEstablish() } else { try peer.establish() }
        let response = try peer.exchange(.informational, [Payload(.delete(.ike))])
        #expect(response.payloads.isEmpty)
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
        peer.pass(.seconds(60))
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test(arguments: [true, false]) func theChildThatThePeerDeletesIsDeletedInTheAnswer(
        _ engineInitiates: Bool
    ) throws {
        let peer = try ScriptedPeer()
        let child = try #require(engineInitiates ? try peer.letEngineEstablish() : try peer.establish())
        let response = try peer.exchange(.informational, [Payload(.delete(.esp([child.inboundSPI])))])
        #expect(response.payloads == [Payload(.delete(.esp([child.outboundSPI])))])
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        #expect(peer.isUp)
    }

    @Test func oneDeletePayloadEndsSeveralChildren() throws {
        let peer = try ScriptedPeer()
        let first = try #require(try peer.establish())
        let second = try peer.makeChild()
        let third = try peer.makeChild()
        let response = try peer.exchange(
            .informational,
            [Payload(.delete(.esp([first.inboundSPI, third.inboundSPI])))]
        )
        let deleted = Set(response.payloads.deletes.flatMap(\.spis))
        #expect(deleted == [first.outboundSPI.bytes, third.outboundSPI.bytes])
        #expect(peer.inbound.map(\.inboundSPI) == [second.outboundSPI])
        #expect(peer.outbound.map(\.outboundSPI) == [second.inboundSPI])
    }

    @Test func deletingAChildThatDoesNotExistIsAnsweredWithoutDelete() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let response = try peer.exchange(.informational, [Payload(.delete(.esp([ESPSPI(rawValue: 0xdead_beef)])))])
        #expect(response.payloads.isEmpty)
        #expect(peer.inbound.count == 1)
    }

    @Test func anInvalidSPINotifyEndsNothing() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.letEngineEstablish())
        let notify = Notify(.invalidSPI, data: child.outboundSPI.bytes)
        #expect(try peer.exchange(.informational, [Payload(.notify(notify))]).payloads.isEmpty)
        #expect(peer.isUp)
        #expect(peer.inbound.count == 1)
    }

    @Test(arguments: [true, false]) func aRequestForAnUnknownIKESAChangesNothing(_ engineInitiates: Bool) throws {
        let peer = try ScriptedPeer()
        if engineInitiates { try peer.letEngineEstablish() } else { try peer.establish() }
        for isResponse in [true, false] {
            let sa = try peer.sa
            var header = sa.header(.informational, messageID: 2, isResponse: isResponse)
            header.initiatorSPI = IKESPI(rawValue: ~sa.spiI.rawValue)
            header.responderSPI = IKESPI(rawValue: ~sa.spiR.rawValue)
            peer.deliver(try sa.seal(Message(header: header, payloads: [Payload(.delete(.ike))])))
            if isResponse { #expect(peer.isQuiet) }
        }
        #expect(peer.isUp)
        #expect(peer.engine.drops.unknownSPI == 2)
        #expect(peer.inbound.count == 1)
    }
}

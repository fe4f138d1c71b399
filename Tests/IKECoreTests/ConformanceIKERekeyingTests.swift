import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// CREATE_CHILD_SA for the IKE SA itself, in both roles (RFC 7296 sections 1.3.2, 2.8 and 2.18).
@Suite struct ConformanceIKERekeyingTests {
    private func policy(_ change: (inout Connection) -> Void) -> Policy {
        var sites = TwoSites()
        sites.change { change(&$0) }
        return sites.left
    }

    private func numbered(_ keywords: String...) -> [Proposal] {
        keywords.enumerated().map { index, text in
            var proposal = TwoSites.proposals(text, .ike)[0]
            proposal.number = UInt8(index + 1)
            return proposal
        }
    }

    /// The engine's request to rekey its only IKE SA.
    private func rekeying(_ peer: ScriptedPeer) throws -> (request: ScriptedPeer.Received, command: CommandID) {
        let id = peer.command(.rekey([.ikeSA(id: try peer.summary.id)]))
        return (try peer.nextRequest(.createChildSA), id)
    }

    // MARK: - The engine asks

    @Test func theRequestOffersANewSPIANonceAndAPublicValue() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        let (request, _) = try rekeying(peer)
        #expect(request.payloads.map(\.type) == [.securityAssociation, .nonce, .keyExchange])
        let offer = try #require(request.payloads.securityAssociation?.first)
        #expect(offer.protocolID == .ike && offer.spi.count == 8)
        #expect(offer.spi != (try peer.sa.spiI.bytes))
    }

    @Test func theReplacedSAIsDeletedOnItself() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        let old = try peer.sa
        let (request, id) = try rekeying(peer)
        try peer.answerIKE(request)
        #expect(peer.succeeded(id))
        let delete = try peer.nextRequest(.informational)
        #expect(delete.sa === old)
        #expect(delete.payloads == [Payload(.delete(.ike))])
        try peer.answer(delete, [])
        #expect(peer.isUp)
        #expect(peer.inbound.count == 1 && peer.outbound.count == 1)
    }

    @Test func theNewSACarriesTheChildrenAndBeginsWithMessageIDZero() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.letEngineEstablish())
        let new = try peer.answerIKE(try rekeying(peer).request)
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(try peer.summary.children.map(\.childSA.inboundSPI) == [child.outboundSPI])
        #expect(try peer.exchange(.informational, [], on: new).header.messageID == 0)
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        let request = try peer.nextRequest(.createChildSA)
        #expect(request.sa === new && request.header.messageID == 0)
        #expect(request.header.flags == .initiator)
        #expect(try peer.answerChild(request).isTwin(of: try #require(peer.outbound.last)))
    }

    @Test func theOldSAIsAnsweredOnUntilItsDeleteIsAnswered() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        let old = try peer.sa
        try peer.answerIKE(try rekeying(peer).request)
        let delete = try peer.nextRequest(.informational)
        #expect(try peer.exchange(.informational, [], on: old).sa === old)
        try peer.answer(delete, [])
        #expect(peer.isUp)
    }

    @Test func theSAIsRekeyedAtItsSoftLimitAndDeletedAtItsHardLimit() throws {
        let limits = Lifetime(rekey: .seconds(50), jitter: .zero, hard: .seconds(60))
        let peer = try ScriptedPeer(policy { $0.lifetime = limits })
        try peer.letEngineEstablish()
        peer.pass(.seconds(50))
        let request = try peer.nextRequest(.createChildSA)
        #expect(request.payloads.securityAssociation?.first?.protocolID == .ike)
        try peer.answer(request, [Payload(.notify(Notify(.noProposalChosen)))])
        #expect(peer.isUp)
        peer.pass(.milliseconds(9900))
        while !peer.isQuiet {
            try peer.answer(try peer.nextRequest(.createChildSA), [Payload(.notify(Notify(.noProposalChosen)))])
        }
        peer.pass(.milliseconds(100))
        #expect(try peer.nextRequest(.informational).payloads == [Payload(.delete(.ike))])
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
    }

    @Test func severalTransformsAndProposalsAreOfferedAndAnyMayBeChosen() throws {
        let offers = numbered("aes128gcm16-prfsha256-x25519", "aes128-aes256-sha256-sha512-x25519-ecp256")
        let peer = try ScriptedPeer(policy { $0.proposals = offers })
        try peer.letEngineEstablish()
        let (request, _) = try rekeying(peer)
        let offered = try #require(request.payloads.securityAssociation)
        #expect(offered.map(\.number) == [1, 2])
        #expect(offered[1].encryption.count == 2 && offered[1].integrity.count == 2)
        let new = try peer.answerIKE(request, choosing: 2)
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(try peer.summary.proposal?.number == 2)
        #expect(try peer.exchange(.informational, [], on: new).payloads.isEmpty)
    }

    @Test func thePRFMayChangeWithTheNewSA() throws {
        let offers = numbered("aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha512-x25519")
        let peer = try ScriptedPeer(policy { $0.proposals = offers })
        try peer.letEngineEstablish()
        let new = try peer.answerIKE(try rekeying(peer).request, choosing: 2)
        #expect(new.prf.algorithm == .hmacSHA2_512)
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(try peer.exchange(.informational, [], on: new).payloads.isEmpty)
        let child = try peer.makeChild()
        #expect(child.isTwin(of: try #require(peer.outbound.last)))
    }

    @Test func anotherGroupIsTriedWhenThePeerAsksForIt() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes128gcm16-prfsha256-x25519-ecp256") })
        try peer.letEngineEstablish()
        let (request, id) = try rekeying(peer)
        try peer.answer(request, [Payload(.notify(Notify(.invalidKEPayload, data: [0, 19])))])
        let second = try peer.nextRequest(.createChildSA)
        #expect(second.payloads.keyExchange?.method == .ecp256)
        try peer.answerIKE(second)
        #expect(peer.succeeded(id))
    }

    @Test func aRefusedRekeyingLeavesTheOldSAAndIsTriedAgain() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        let (request, id) = try rekeying(peer)
        try peer.answer(request, [Payload(.notify(Notify(.noProposalChosen)))])
        #expect(peer.failure(of: id)?.reason == .noProposalChosen)
        #expect(peer.isUp && peer.inbound.count == 1)
        peer.pass(.seconds(10))
        #expect(try peer.nextRequest(.createChildSA).payloads.securityAssociation?.first?.protocolID == .ike)
    }

    // MARK: - The peer asks

    @Test func theAnswerCarriesTheEnginesNewSPI() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let old = try peer.sa
        let offer = try peer.ikeOffer()
        let response = try peer.exchange(.createChildSA, offer.payloads)
        #expect(response.sa === old)
        #expect(response.payloads.map(\.type) == [.securityAssociation, .nonce, .keyExchange])
        let agreed = try #require(response.payloads.securityAssociation)
        #expect(agreed.count == 1 && agreed[0].spi.count == 8)
        #expect(agreed[0].spi != old.spiR.bytes)
        let new = try peer.concludeIKE(offer, response)
        #expect(try peer.exchange(.informational, [], on: new).sa === new)
    }

    @Test func theOldSAIsAnsweredOnUntilThePeerDeletesIt() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let old = try peer.sa
        let new = try peer.rekeyIKE()
        #expect(try peer.exchange(.informational, [], on: old).payloads.isEmpty)
        #expect(try peer.exchange(.informational, [], on: new).payloads.isEmpty)
        #expect(try peer.exchange(.informational, [], on: old).payloads.isEmpty)
    }

    @Test func theNewSAIsUsedForWhatComesNext() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let new = try peer.rekeyIKE()
        let child = try peer.makeChild()
        #expect(child.isTwin(of: try #require(peer.outbound.last)))
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        let request = try peer.nextRequest(.createChildSA)
        #expect(request.sa === new && request.header.messageID == 0)
        #expect(!request.header.isFromInitiator)
    }

    @Test func theReplacedSAGoesWithThePeersDelete() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.establish())
        let old = try peer.sa
        try peer.rekeyIKE()
        #expect(try peer.exchange(.informational, [Payload(.delete(.ike))], on: old).payloads.isEmpty)
        #expect(peer.isUp)
        #expect(try peer.summary.children.map(\.childSA.inboundSPI) == [child.outboundSPI])
        #expect(peer.inbound.count == 1)
        peer.pass(.seconds(60))
        #expect(peer.engine.load.ikeSAs == 1)
    }

    @Test func fromSeveralTransformsOneOfEachIsChosen() throws {
        let peer = try ScriptedPeer(
            policy { $0.proposals = numbered("aes128gcm16-prfsha256-x25519", "aes256-sha512-x25519") }
        )
        try peer.establish()
        try peer.rekeyIKE(numbered("aes128-aes256-sha256-sha512-x25519"))
        let agreed = try #require(peer.engine.summaries(now: peer.now).last?.proposal)
        #expect(agreed.encryption.map(\.keyLength) == [256])
        #expect(agreed.integrity.count == 1 && agreed.prf.count == 1 && agreed.keyExchange.count == 1)
        #expect(try peer.exchange(.informational, []).payloads.isEmpty)
    }

    @Test func fromSeveralProposalsOneIsChosenByItsNumber() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        try peer.rekeyIKE(numbered("aes256-sha512-x25519", "aes128gcm16-prfsha256-x25519"))
        #expect(peer.engine.summaries(now: peer.now).last?.proposal?.number == 2)
        #expect(try peer.exchange(.informational, []).payloads.isEmpty)
    }

    @Test func thePeerMayChangeThePRF() throws {
        let peer = try ScriptedPeer(
            policy { $0.proposals = numbered("aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha512-x25519") }
        )
        try peer.establish()
        let new = try peer.rekeyIKE(numbered("aes128gcm16-prfsha512-x25519"))
        #expect(new.prf.algorithm == .hmacSHA2_512)
        #expect(try peer.makeChild().isTwin(of: try #require(peer.outbound.last)))
        try peer.rekeyIKE()
        #expect(try peer.makeChild().isTwin(of: try #require(peer.outbound.last)))
    }

    @Test func anIKESAWithoutAKeyExchangeIsNotMade() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        for keepsPublicValue in [true, false] {
            let offer = try peer.ikeOffer()
            var proposals = try #require(offer.payloads.securityAssociation)
            proposals[0].transforms.removeAll { $0.type == .keyExchange }
            proposals[0].transforms.append(.keyExchange(.none))
            let payloads = [Payload(.securityAssociation(proposals))] + offer.payloads.dropFirst()
            let response = try peer.exchange(
                .createChildSA,
                keepsPublicValue ? payloads : payloads.filter { $0.type != .keyExchange }
            )
            #expect(response.payloads.securityAssociation == nil)
            #expect(response.payloads.notifies.contains { $0.type.isError })
        }
        #expect(peer.engine.load.ikeSAs == 1)
    }

    @Test func anOfferWithoutACommonProposalIsRefusedAndTheOldSAStands() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let offer = try peer.ikeOffer(numbered("aes256-sha512-x25519"))
        let response = try peer.exchange(.createChildSA, offer.payloads)
        #expect(response.payloads == [Payload(.notify(Notify(.noProposalChosen)))])
        #expect(peer.isUp)
        #expect(try peer.exchange(.informational, []).payloads.isEmpty)
        try peer.rekeyIKE()
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// CREATE_CHILD_SA for CHILD SAs, new ones and successors, in both roles (RFC 7296 sections 1.3.1, 1.3.3 and 2.8).
@Suite struct ConformanceChildRekeyingTests {
    private func policy(_ change: (inout ChildPolicy) -> Void) -> Policy {
        var sites = TwoSites()
        sites.change { change(&$0.children[0]) }
        return sites.left
    }

    /// The engine's request to rekey its only CHILD SA.
    private func rekeying(_ peer: ScriptedPeer) throws -> (request: ScriptedPeer.Received, command: CommandID) {
        let id = peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        return (try peer.nextRequest(.createChildSA), id)
    }

    private func numbered(_ keywords: String...) -> [Proposal] {
        keywords.enumerated().map { index, text in
            var proposal = TwoSites.proposals(text, .esp)[0]
            proposal.number = UInt8(index + 1)
            return proposal
        }
    }

    // MARK: - The engine asks

    @Test func theRequestNamesTheOldSAAndOffersANewOne() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.letEngineEstablish())
        let (request, _) = try rekeying(peer)
        #expect(request.header.flags == .initiator && request.header.messageID == 2)
        #expect(
            request.payloads.map(\.type) == [
                .notify, .securityAssociation, .nonce, .trafficSelectorsInitiator, .trafficSelectorsResponder,
            ]
        )
        #expect(request.payloads.notifies == [Notify(.rekeySA, protocolID: .esp, spi: old.outboundSPI.bytes)])
        let spi = try #require(request.payloads.securityAssociation?.first?.spi)
        #expect(spi.count == 4 && spi != old.outboundSPI.bytes)
        #expect((16...256).contains(try #require(request.payloads.nonce).count))
    }

    @Test func theReplacedSAIsDeletedByTheEngine() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.letEngineEstablish())
        let (request, id) = try rekeying(peer)
        let new = try peer.answerChild(request)
        let delete = try peer.nextRequest(.informational)
        #expect(delete.payloads == [Payload(.delete(.esp([old.outboundSPI])))])
        try peer.answer(delete, [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(peer.succeeded(id))
        #expect(peer.inbound.map(\.inboundSPI) == [new.outboundSPI])
        #expect(peer.outbound.map(\.outboundSPI) == [new.inboundSPI])
    }

    @Test func theNewSAIsUsedAsSoonAsTheAnswerIsThere() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        let new = try peer.answerChild(try rekeying(peer).request)
        #expect(new.isTwin(of: try #require(peer.outbound.last)))
        #expect(new.isTwin(of: try #require(peer.inbound.last)))
    }

    @Test func theOldSAIsAcceptedOnUntilThePeerHasAnsweredItsDelete() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.letEngineEstablish())
        let new = try peer.answerChild(try rekeying(peer).request)
        #expect(peer.inbound.map(\.inboundSPI) == [old.outboundSPI, new.outboundSPI])
        try peer.answer(try peer.nextRequest(.informational), [])
        #expect(peer.inbound.map(\.inboundSPI) == [new.outboundSPI])
    }

    @Test func theSAIsRekeyedAtItsSoftLimitAndDeletedAtItsHardLimit() throws {
        let limits = Lifetime(rekey: .seconds(50), jitter: .zero, hard: .seconds(60))
        let peer = try ScriptedPeer(policy { $0.lifetime = limits })
        let old = try #require(try peer.letEngineEstablish())
        peer.pass(.seconds(50))
        let request = try peer.nextRequest(.createChildSA)
        #expect(request.payloads.notify(.rekeySA)?.spi == old.outboundSPI.bytes)
        try peer.answer(request, [Payload(.notify(Notify(.noProposalChosen)))])
        peer.pass(.seconds(10))
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        #expect(peer.isUp)
    }

    @Test func theLifetimeOfAnSAEndsWithADelete() throws {
        let limits = Lifetime(rekey: nil, jitter: .zero, hard: .seconds(60))
        let peer = try ScriptedPeer(policy { $0.lifetime = limits })
        let child = try #require(try peer.letEngineEstablish())
        peer.pass(.seconds(60))
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        #expect(try peer.nextRequest(.informational).payloads == [Payload(.delete(.esp([child.outboundSPI])))])
    }

    @Test func severalTransformsAreOfferedAndAnyMayBeChosen() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes128-aes256-sha256-sha512") })
        try peer.letEngineEstablish()
        let (request, _) = try rekeying(peer)
        let offer = try #require(request.payloads.securityAssociation?.first)
        #expect(offer.encryption.count == 2 && offer.integrity.count == 2)
        try peer.answerChild(request) { message in
            var chosen = message.payloads.securityAssociation?.first ?? offer
            chosen.transforms = [offer.encryption[1], offer.integrity[1], offer.sequenceNumbers[0]]
            message.payloads[0] = Payload(.securityAssociation([chosen]))
        }
        #expect(peer.outbound.last?.proposal.encryption.first?.keyLength == 256)
    }

    @Test func severalProposalsAreOfferedAndAnyMayBeChosen() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes128gcm16", "aes256-sha256") })
        try peer.letEngineEstablish()
        let (request, _) = try rekeying(peer)
        let offers = try #require(request.payloads.securityAssociation)
        #expect(offers.map(\.number) == [1, 2])
        try peer.answerChild(request) { message in
            var chosen = offers[1]
            chosen.spi = message.payloads.securityAssociation?.first?.spi ?? []
            message.payloads[0] = Payload(.securityAssociation([chosen]))
        }
        #expect(peer.outbound.last?.proposal.number == 2)
    }

    @Test(arguments: [NotifyType.noProposalChosen, .noAdditionalSAs, .tsUnacceptable, .temporaryFailure])
    func aRefusedRekeyingLeavesTheOldSAAndIsTriedAgain(_ error: NotifyType) throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.letEngineEstablish())
        let (request, id) = try rekeying(peer)
        try peer.answer(request, [Payload(.notify(Notify(error)))])
        // Who is only put off has not failed yet.
        #expect((peer.failure(of: id) == nil) == (error == .temporaryFailure))
        #expect(peer.isUp && peer.isQuiet)
        #expect(peer.outbound.map(\.outboundSPI) == [old.inboundSPI])
        peer.pass(.seconds(10))
        #expect(try peer.nextRequest(.createChildSA).payloads.notify(.rekeySA)?.spi == old.outboundSPI.bytes)
    }

    @Test func withPFSTheNewKeysComeFromANewKeyExchange() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes128gcm16-ecp256-x25519") })
        try peer.letEngineEstablish()
        let (request, _) = try rekeying(peer)
        #expect(request.payloads.keyExchange?.method == .ecp256)
        let new = try peer.answerChild(request)
        #expect(new.isTwin(of: try #require(peer.outbound.last)))
    }

    @Test func anotherGroupIsTriedWhenThePeerAsksForIt() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes128gcm16-ecp256-x25519") })
        try peer.letEngineEstablish()
        let (request, _) = try rekeying(peer)
        try peer.answer(request, [Payload(.notify(Notify(.invalidKEPayload, data: [0, 31])))])
        let second = try peer.nextRequest(.createChildSA)
        #expect(second.payloads.keyExchange?.method == .curve25519)
        #expect(second.payloads.notifies == request.payloads.notifies)
        #expect(second.header.messageID == request.header.messageID + 1)
        #expect(try peer.answerChild(second).isTwin(of: try #require(peer.outbound.last)))
    }

    @Test func aFurtherChildIsAskedForWithoutNamingAnother() throws {
        var sites = TwoSites()
        sites.left.connections[0].children.append(TwoSites.child("voice", local: "10.3.0.0/16", remote: "10.4.0.0/16"))
        let peer = try ScriptedPeer(sites.left)
        let first = try #require(try peer.letEngineEstablish(children: .only("net")))
        let id = peer.initiate(children: .only("voice"))
        let request = try peer.nextRequest(.createChildSA)
        #expect(request.payloads.notifies.isEmpty)
        #expect(request.payloads.trafficSelectorsInitiator == [.selector(TwoSites.selector("10.3.0.0/16"))])
        let second = try peer.answerChild(request)
        #expect(peer.succeeded(id))
        #expect(peer.inbound.map(\.inboundSPI) == [first.outboundSPI, second.outboundSPI])
        #expect(second.isTwin(of: try #require(peer.outbound.last)))
    }

    // MARK: - The peer asks

    @Test func theAnswerCarriesANewSAAndANonce() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.establish())
        let offer = peer.childOffer(rekeying: old.inboundSPI)
        let response = try peer.exchange(.createChildSA, offer.payloads)
        #expect(response.header.flags == .response && response.header.messageID == 2)
        #expect(
            response.payloads.map(\.type) == [
                .securityAssociation, .nonce, .trafficSelectorsInitiator, .trafficSelectorsResponder,
            ]
        )
        let new = try peer.concludeChild(offer, response)
        #expect(new.outboundSPI != old.outboundSPI)
        #expect(new.isTwin(of: try #require(peer.inbound.last)))
    }

    @Test func theReplacedSAGoesWithThePeersDelete() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.establish())
        let new = try peer.makeChild(rekeying: old.inboundSPI)
        let response = try peer.exchange(.informational, [Payload(.delete(.esp([old.inboundSPI])))])
        #expect(response.payloads == [Payload(.delete(.esp([old.outboundSPI])))])
        #expect(peer.inbound.map(\.inboundSPI) == [new.outboundSPI])
        #expect(peer.outbound.map(\.outboundSPI) == [new.inboundSPI])
        #expect(new.isTwin(of: try #require(peer.outbound.first)))
    }

    @Test func bothSAsAreAcceptedOnUntilThePeersDelete() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.establish())
        let new = try peer.makeChild(rekeying: old.inboundSPI)
        #expect(peer.inbound.map(\.inboundSPI) == [old.outboundSPI, new.outboundSPI])
        #expect(peer.outbound.map(\.outboundSPI) == [old.inboundSPI])
    }

    @Test func fromSeveralTransformsAndProposalsOneIsChosen() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes256-sha512") })
        try peer.agreeInit()
        let first = peer.childOffer(TwoSites.proposals("aes256-sha512", .esp))
        let old = try #require(try peer.concludeAuth(try peer.requestAuth(first), try peer.nextResponse()))
        for proposals in [numbered("aes128-aes256-sha256-sha512"), numbered("aes128gcm16", "aes256-sha512")] {
            let offer = peer.childOffer(proposals)
            let response = try peer.exchange(.createChildSA, offer.payloads)
            let agreed = try #require(response.payloads.securityAssociation)
            #expect(agreed.count == 1 && agreed[0].encryption.map(\.keyLength) == [256])
            #expect(try peer.concludeChild(offer, response).isTwin(of: try #require(peer.outbound.last)))
        }
        let offer = peer.childOffer(numbered("aes128gcm16", "aes256-sha512"), rekeying: old.inboundSPI)
        let response = try peer.exchange(.createChildSA, offer.payloads)
        #expect(response.payloads.securityAssociation?.map(\.number) == [2])
        #expect(try peer.concludeChild(offer, response).isTwin(of: try #require(peer.inbound.last)))
    }

    @Test func aKeyExchangeOfThePeerIsAnsweredWithOne() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes128gcm16-ecp256") })
        let old = try #require(try peer.establish())
        let own = try KeyExchange(.ecp256, random: peer.random)
        let offer = peer.childOffer(numbered("aes128gcm16-ecp256"), rekeying: old.inboundSPI, keyExchange: own)
        let response = try peer.exchange(.createChildSA, offer.payloads)
        #expect(response.payloads.keyExchange?.method == .ecp256)
        #expect(try peer.concludeChild(offer, response).isTwin(of: try #require(peer.inbound.last)))
    }

    @Test func aKeyExchangeOfAnUnwantedGroupIsAnsweredWithTheWantedOne() throws {
        let peer = try ScriptedPeer(policy { $0.proposals = numbered("aes128gcm16-ecp256") })
        let old = try #require(try peer.establish())
        let own = try KeyExchange(.curve25519, random: peer.random)
        let proposals = numbered("aes128gcm16-x25519-ecp256")
        let offer = peer.childOffer(proposals, rekeying: old.inboundSPI, keyExchange: own)
        let refusal = try peer.exchange(.createChildSA, offer.payloads)
        #expect(refusal.payloads == [Payload(.notify(Notify(.invalidKEPayload, data: [0, 19])))])
        let right = try KeyExchange(.ecp256, random: peer.random)
        let again = peer.childOffer(proposals, rekeying: old.inboundSPI, keyExchange: right)
        let new = try peer.concludeChild(again, try peer.exchange(.createChildSA, again.payloads))
        #expect(new.isTwin(of: try #require(peer.inbound.last)))
    }

    @Test func anOfferWithoutACommonProposalIsRefusedAndTheOldSAStands() throws {
        let peer = try ScriptedPeer()
        let old = try #require(try peer.establish())
        for rekeyed in [old.inboundSPI, nil] {
            let offer = peer.childOffer(numbered("aes256-sha512"), rekeying: rekeyed)
            let response = try peer.exchange(.createChildSA, offer.payloads)
            #expect(response.payloads == [Payload(.notify(Notify(.noProposalChosen)))])
        }
        #expect(peer.inbound.map(\.inboundSPI) == [old.outboundSPI])
        #expect(peer.isUp)
    }

    @Test func rekeyingAnSAThatDoesNotExistIsRefusedByItsSPI() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let offer = peer.childOffer(rekeying: ESPSPI(rawValue: 0xdead_beef))
        let response = try peer.exchange(.createChildSA, offer.payloads)
        #expect(
            response.payloads.notifies
                == [Notify(.childSANotFound, protocolID: .esp, spi: [0xde, 0xad, 0xbe, 0xef])]
        )
        #expect(peer.inbound.count == 1)
    }

    @Test func aFurtherChildOfThePeerIsUsedAtOnce() throws {
        let peer = try ScriptedPeer()
        let first = try #require(try peer.establish())
        let second = try peer.makeChild()
        #expect(peer.inbound.map(\.inboundSPI) == [first.outboundSPI, second.outboundSPI])
        #expect(second.isTwin(of: try #require(peer.outbound.last)))
    }
}

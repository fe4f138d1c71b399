import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// The algorithms of the initial exchanges: what is offered, what is chosen, what is refused (RFC 7296 sections 2.7 and 3.3).
@Suite struct ConformanceProposalTests {
    private func policy(ike: [String] = ["aes128gcm16-prfsha256-x25519"], esp: [String] = ["aes128gcm16"]) -> Policy {
        var sites = TwoSites()
        sites.change {
            $0.proposals = numbered(ike, .ike)
            $0.children[0].proposals = numbered(esp, .esp)
        }
        return sites.left
    }

    private func numbered(_ keywords: [String], _ protocolID: ProtocolID) -> [Proposal] {
        keywords.enumerated().map { index, text in
            var proposal = TwoSites.proposals(text, protocolID)[0]
            proposal.number = UInt8(index + 1)
            return proposal
        }
    }

    private static let ikeSuites = [
        "aes128-sha256-modp2048", "aes256-sha384-ecp384", "aes128-sha1-modp3072", "aes128ctr-sha512-ecp256",
        "aes256gcm16-prfsha512-ecp521", "aes128ccm12-prfsha256-x448", "chacha20poly1305-prfsha256-x25519",
        "aes128-aesxcbc-prfaesxcbc-modp2048", "aes192-aescmac-prfaescmac-ecp256bp",
    ]
    private static let espSuites = [
        "aes128-sha256", "aes256-sha512", "aes128-sha1", "aes192-sha384", "aes128ctr-sha256", "aes256gcm16",
        "aes128ccm8", "chacha20poly1305", "aes128-aesxcbc", "aes128-aescmac", "aes128gcm16-esn",
    ]

    // MARK: - Algorithms

    @Test(arguments: ikeSuites) func anInitiatingEngineProtectsItsMessagesWith(_ suite: String) throws {
        let peer = try ScriptedPeer(policy(ike: [suite]))
        let child = try #require(try peer.letEngineEstablish())
        #expect(child.isTwin(of: try #require(peer.outbound.first)))
    }

    @Test(arguments: ikeSuites) func aRespondingEngineProtectsItsMessagesWith(_ suite: String) throws {
        let peer = try ScriptedPeer(policy(ike: [suite]))
        try peer.agreeInit(TwoSites.proposals(suite, .ike))
        let child = try #require(try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse()))
        #expect(child.isTwin(of: try #require(peer.outbound.first)))
    }

    @Test(arguments: espSuites) func anInitiatingEngineGivesAChildTheKeysOf(_ suite: String) throws {
        let peer = try ScriptedPeer(policy(esp: [suite]))
        let child = try #require(try peer.letEngineEstablish())
        let installed = try #require(peer.outbound.first)
        #expect(child.isTwin(of: installed))
        #expect(installed.usesESN == suite.hasSuffix("-esn"))
    }

    @Test(arguments: espSuites) func aRespondingEngineGivesAChildTheKeysOf(_ suite: String) throws {
        let peer = try ScriptedPeer(policy(esp: [suite]))
        try peer.agreeInit()
        let offer = peer.childOffer(TwoSites.proposals(suite, .esp))
        try peer.requestAuth(offer)
        let child = try #require(try peer.concludeAuth(offer, try peer.nextResponse()))
        #expect(child.isTwin(of: try #require(peer.outbound.first)))
    }

    // MARK: - The engine offers several

    @Test func severalTransformsForTheIKESAAreOfferedAndAnyMayBeChosen() throws {
        let peer = try ScriptedPeer(policy(ike: ["aes128-aes256-sha256-sha512-x25519-ecp256"]))
        peer.initiate()
        let request = try peer.nextRequest(.ikeSAInit)
        let offer = try #require(request.payloads.securityAssociation?.first)
        #expect(offer.encryption.map(\.keyLength) == [128, 256])
        #expect(offer.integrity.count == 2 && offer.prf.count == 2 && offer.keyExchange.count == 2)
        var chosen = offer.reduced(keyExchange: .curve25519)
        chosen.transforms = [offer.encryption[1], offer.prf[1], offer.integrity[1], offer.keyExchange[0]]
        try peer.answerInit(request) { $0.payloads[0] = Payload(.securityAssociation([chosen])) }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
        #expect(try peer.summary.proposal?.encryption.first?.keyLength == 256)
    }

    @Test func severalProposalsForTheIKESAAreOfferedAndAnyMayBeChosen() throws {
        let peer = try ScriptedPeer(policy(ike: ["aes128gcm16-prfsha256-x25519", "aes256-sha512-x25519"]))
        peer.initiate()
        let request = try peer.nextRequest(.ikeSAInit)
        let offers = try #require(request.payloads.securityAssociation)
        #expect(offers.map(\.number) == [1, 2])
        try peer.answerInit(request) { $0.payloads[0] = Payload(.securityAssociation([offers[1]])) }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
        #expect(try peer.summary.proposal?.number == 2)
    }

    @Test func severalTransformsForAChildAreOfferedAndAnyMayBeChosen() throws {
        let peer = try ScriptedPeer(policy(esp: ["aes128-aes256-sha256-sha512"]))
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        let offer = try #require(request.payloads.securityAssociation?.first)
        #expect(offer.encryption.map(\.keyLength) == [128, 256] && offer.integrity.count == 2)
        try peer.answerAuth(request) { message in
            var chosen = message.payloads.securityAssociation?.first ?? offer
            chosen.transforms = [offer.encryption[1], offer.integrity[1], offer.sequenceNumbers[0]]
            message.payloads[2] = Payload(.securityAssociation([chosen]))
        }
        let installed = try #require(peer.outbound.first)
        #expect(installed.proposal.encryption.first?.keyLength == 256)
        #expect(installed.suite.integrity == .hmacSHA2_512_256)
    }

    @Test func severalProposalsForAChildAreOfferedAndAnyMayBeChosen() throws {
        let peer = try ScriptedPeer(policy(esp: ["aes128gcm16", "aes256-sha256"]))
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        let offers = try #require(request.payloads.securityAssociation)
        #expect(offers.map(\.number) == [1, 2])
        try peer.answerAuth(request) { message in
            var chosen = offers[1]
            chosen.spi = message.payloads.securityAssociation?.first?.spi ?? []
            message.payloads[2] = Payload(.securityAssociation([chosen]))
        }
        #expect(peer.outbound.first?.proposal.number == 2)
        #expect(peer.outbound.first?.suite.isAEAD == false)
    }

    // MARK: - The peer offers several

    @Test func fromSeveralTransformsForTheIKESAOneOfEachIsChosen() throws {
        let peer = try ScriptedPeer(policy(ike: ["aes256-sha512-ecp256"]))
        let offered = TwoSites.proposals("aes128-aes256-sha256-sha512-x25519-ecp256", .ike)
        let offer = try peer.requestInit(offered, method: .ecp256)
        let response = try peer.nextResponse()
        let agreed = try #require(response.payloads.securityAssociation)
        #expect(agreed.count == 1 && agreed[0].number == 1)
        #expect(Set(agreed[0].transforms) == Set(TwoSites.proposals("aes256-sha512-ecp256", .ike)[0].transforms))
        try peer.concludeInit(offer, response)
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        #expect(peer.isUp)
    }

    @Test func fromSeveralProposalsForTheIKESAOneIsChosenByItsNumber() throws {
        let peer = try ScriptedPeer(policy(ike: ["aes256-sha512-x25519"]))
        let offer = try peer.requestInit(numbered(["aes128gcm16-prfsha256-x25519", "aes256-sha512-x25519"], .ike))
        let response = try peer.nextResponse()
        #expect(response.payloads.securityAssociation?.map(\.number) == [2])
        try peer.concludeInit(offer, response)
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        #expect(peer.isUp)
    }

    @Test func fromSeveralTransformsForAChildOneOfEachIsChosen() throws {
        let peer = try ScriptedPeer(policy(esp: ["aes256-sha512"]))
        try peer.agreeInit()
        let offer = peer.childOffer(TwoSites.proposals("aes128-aes256-sha256-sha512", .esp))
        try peer.requestAuth(offer)
        let response = try peer.nextResponse()
        let agreed = try #require(response.payloads.securityAssociation?.first)
        #expect(agreed.encryption.map(\.keyLength) == [256])
        #expect(agreed.integrity.count == 1)
        #expect(try peer.concludeAuth(offer, response)?.isTwin(of: try #require(peer.outbound.first)) == true)
    }

    @Test func fromSeveralProposalsForAChildOneIsChosenByItsNumber() throws {
        let peer = try ScriptedPeer(policy(esp: ["aes256-sha512"]))
        try peer.agreeInit()
        let offer = peer.childOffer(numbered(["aes128gcm16", "aes256-sha512"], .esp))
        try peer.requestAuth(offer)
        let response = try peer.nextResponse()
        #expect(response.payloads.securityAssociation?.map(\.number) == [2])
        #expect(try peer.concludeAuth(offer, response)?.isTwin(of: try #require(peer.outbound.first)) == true)
    }

    @Test func anotherGroupIsAskedForWhereThePublicValueIsOfAnUnwantedOne() throws {
        let peer = try ScriptedPeer(policy(ike: ["aes128gcm16-prfsha256-ecp256"]))
        let offered = TwoSites.proposals("aes128gcm16-prfsha256-x25519-ecp256", .ike)
        try peer.requestInit(offered)
        let refusal = try peer.nextResponse()
        #expect(refusal.payloads == [Payload(.notify(Notify(.invalidKEPayload, data: [0, 19])))])
        #expect(peer.engine.load == (0, 0, 0, 0))
        let again = try peer.requestInit(offered, method: .ecp256)
        try peer.concludeInit(again, try peer.nextResponse())
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        #expect(peer.isUp)
    }

    // MARK: - Refusals

    @Test func noProposalChosenEndsTheNegotiation() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), Notify(.noProposalChosen))
        peer.pass(.seconds(300))
        #expect(peer.failure(of: id)?.reason == .noProposalChosen)
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func anOfferWithoutACommonProposalIsRefused() throws {
        let peer = try ScriptedPeer()
        try peer.requestInit(TwoSites.proposals("aes256-sha512-x25519", .ike))
        #expect(try peer.nextResponse().payloads == [Payload(.notify(Notify(.noProposalChosen)))])
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    /// Answers that no offer allows, made from the one that is allowed.
    private static let inconsistencies: [@Sendable (inout [Proposal]) -> Void] = [
        { $0[0].number = 2 },
        {
            $0.append($0[0])
            $0[1].number = 2
        },
        { $0[0].transforms[0] = .encryption(.aesGCM16, keyLength: 256) },
        { $0[0].transforms.append($0[0].transforms[0]) },
        { $0[0].transforms.removeFirst() },
        { $0[0].transforms[0].attributes.append(TransformAttribute(type: 77, value: .short(1))) },
    ]

    @Test(arguments: inconsistencies.indices)
    func anAnswerThatWasNotOfferedMakesNoIKESA(_ index: Int) throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { message in
            var answer = message.payloads.securityAssociation ?? []
            Self.inconsistencies[index](&answer)
            message.payloads[0] = Payload(.securityAssociation(answer))
        }
        peer.pass(.seconds(300))
        #expect(try peer.remaining().allSatisfy { $0.header.exchangeType == .ikeSAInit })
        #expect(peer.failure(of: id) != nil)
        #expect(!peer.isUp)
    }

    @Test(arguments: inconsistencies.indices)
    func anAnswerThatWasNotOfferedMakesNoChild(_ index: Int) throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { message in
            var answer = message.payloads.securityAssociation ?? []
            Self.inconsistencies[index](&answer)
            message.payloads[2] = Payload(.securityAssociation(answer))
        }
        #expect(peer.failure(of: id)?.reason == .noProposalChosen)
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
    }

    // MARK: - An IKE SA without its first child

    @Test func anIKESAStandsWhereItsFirstChildIsRefusedByThePeer() throws {
        var sites = TwoSites()
        sites.left.connections[0].children.append(TwoSites.child("voice", local: "10.3.0.0/16", remote: "10.4.0.0/16"))
        let peer = try ScriptedPeer(sites.left)
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { message in
            message.payloads = message.payloads.prefix(2) + [Payload(.notify(Notify(.noProposalChosen)))]
        }
        #expect(peer.isUp && peer.inbound.isEmpty)
        let child = try peer.answerChild(try peer.nextRequest(.createChildSA))
        #expect(child.isTwin(of: try #require(peer.outbound.first)))
        #expect(peer.isUp)
    }

    @Test func anIKESAStandsWhereTheEngineRefusesTheFirstChild() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        let wrong = peer.childOffer(TwoSites.proposals("aes256-sha512", .esp))
        try peer.requestAuth(wrong)
        let response = try peer.nextResponse()
        #expect(try peer.concludeAuth(wrong, response) == nil)
        #expect(response.payloads.notifies.map(\.type) == [.noProposalChosen])
        #expect(peer.isUp && peer.inbound.isEmpty)
        #expect(try peer.makeChild().isTwin(of: try #require(peer.outbound.first)))
    }
}

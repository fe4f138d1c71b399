import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// What the first four messages look like, and that both ends come to the same keys (RFC 7296 section 1.2).
@Suite struct ConformanceInitialTests {
    @Test func theFirstRequestCarriesAnOfferAPublicValueAndANonce() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        let request = try peer.nextRequest(.ikeSAInit)
        #expect(request.header.initiatorSPI != .zero)
        #expect(request.header.responderSPI == .zero)
        #expect(request.header.majorVersion == 2 && request.header.minorVersion == 0)
        #expect(request.header.flags == .initiator)
        #expect(request.header.messageID == 0)
        #expect(request.payloads.prefix(3).map(\.type) == [.securityAssociation, .keyExchange, .nonce])
        #expect(request.payloads.allSatisfy { !$0.isCritical && $0.reserved.bits == 0 })
        let offer = try #require(request.payloads.securityAssociation?.first)
        #expect(offer.number == 1 && offer.protocolID == .ike && offer.spi.isEmpty)
        let value = try #require(request.payloads.keyExchange)
        #expect(value.method == .curve25519 && value.data.count == 32)
        #expect((16...256).contains(try #require(request.payloads.nonce).count))
    }

    @Test func theAnswerCarriesOneProposalAPublicValueAndANonce() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit()
        let response = try peer.nextResponse()
        #expect(response.header.initiatorSPI.bytes == offer.spi)
        #expect(response.header.responderSPI != .zero)
        #expect(response.header.flags == .response)
        #expect(response.header.messageID == 0)
        #expect(response.payloads.prefix(3).map(\.type) == [.securityAssociation, .keyExchange, .nonce])
        #expect(response.payloads.allSatisfy { !$0.isCritical && $0.reserved.bits == 0 })
        let agreed = try #require(response.payloads.securityAssociation)
        #expect(agreed == offer.payloads.securityAssociation)
        #expect(response.payloads.keyExchange?.method == .curve25519)
        #expect((16...256).contains(try #require(response.payloads.nonce).count))
    }

    @Test func theAuthRequestProvesTheIdentityAndAsksForAChild() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        #expect(request.header.flags == .initiator)
        #expect(request.header.messageID == 1)
        #expect(
            request.payloads.map(\.type) == [
                .identificationInitiator, .identificationResponder, .authentication, .notify, .securityAssociation,
                .trafficSelectorsInitiator, .trafficSelectorsResponder,
            ]
        )
        #expect(request.payloads.notifies == [Notify(.initialContact)])
        #expect(request.payloads.identificationInitiator == TwoSites.identity("left.example"))
        #expect(request.payloads.trafficSelectorsInitiator == [.selector(TwoSites.selector("10.1.0.0/16"))])
        #expect(request.payloads.trafficSelectorsResponder == [.selector(TwoSites.selector("10.2.0.0/16"))])
        let offer = try #require(request.payloads.securityAssociation?.first)
        #expect(offer.protocolID == .esp && offer.spi.count == 4 && offer.keyExchange.isEmpty)
        try peer.answerAuth(request)
        #expect(peer.isUp)
    }

    @Test func theAuthAnswerProvesTheIdentityAndGrantsTheChild() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        let offer = try peer.requestAuth()
        let response = try peer.nextResponse()
        #expect(response.header.flags == .response)
        #expect(response.header.messageID == 1)
        #expect(
            response.payloads.map(\.type) == [
                .identificationResponder, .authentication, .securityAssociation, .trafficSelectorsInitiator,
                .trafficSelectorsResponder,
            ]
        )
        #expect(response.payloads.identificationResponder == TwoSites.identity("left.example"))
        #expect(response.payloads.securityAssociation?.count == 1)
        #expect(try peer.concludeAuth(offer, response) != nil)
        #expect(peer.isUp)
    }

    @Test func theInitiatorsChildHasThePeersKeysInBothDirections() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.letEngineEstablish())
        #expect(child.isTwin(of: try #require(peer.inbound.first)))
        #expect(child.isTwin(of: try #require(peer.outbound.first)))
        #expect(peer.outbound.first?.localSelectors == [TwoSites.selector("10.1.0.0/16")])
        #expect(peer.outbound.first?.remoteSelectors == [TwoSites.selector("10.2.0.0/16")])
    }

    @Test func theRespondersChildHasThePeersKeysInBothDirections() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.establish())
        #expect(child.isTwin(of: try #require(peer.inbound.first)))
        #expect(child.isTwin(of: try #require(peer.outbound.first)))
        #expect(peer.outbound.first?.localSelectors == [TwoSites.selector("10.1.0.0/16")])
        #expect(peer.outbound.first?.remoteSelectors == [TwoSites.selector("10.2.0.0/16")])
    }

    /// Two hosts: each end's selectors are its own address.
    private func hosts() -> Policy {
        var sites = TwoSites()
        sites.change {
            $0.children[0].localSelectors = [.dynamic(protocolID: .any, ports: .any)]
            $0.children[0].remoteSelectors = [.dynamic(protocolID: .any, ports: .any)]
        }
        return sites.left
    }

    @Test func anInitiatingEndNodeProtectsItsOwnAddress() throws {
        let peer = try ScriptedPeer(hosts())
        let child = try #require(try peer.letEngineEstablish())
        let installed = try #require(peer.outbound.first)
        #expect(child.isTwin(of: installed))
        #expect(installed.localSelectors == [TwoSites.selector(TwoSites.leftAddress)])
        #expect(installed.remoteSelectors == [TwoSites.selector(TwoSites.rightAddress)])
    }

    @Test func aRespondingEndNodeProtectsItsOwnAddress() throws {
        let peer = try ScriptedPeer(hosts())
        try peer.agreeInit()
        let offer = peer.childOffer(local: [TwoSites.rightAddress], remote: [TwoSites.leftAddress])
        try peer.requestAuth(offer)
        let child = try #require(try peer.concludeAuth(offer, try peer.nextResponse()))
        let installed = try #require(peer.outbound.first)
        #expect(child.isTwin(of: installed))
        #expect(installed.localSelectors == [TwoSites.selector(TwoSites.leftAddress)])
    }

    @Test func aRequestForTransportModeIsGrantedInTunnelMode() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        let offer = try peer.requestAuth {
            $0.payloads.append(Payload(.notify(Notify(.useTransportMode))))
        }
        let response = try peer.nextResponse()
        #expect(response.payloads.notify(.useTransportMode) == nil)
        #expect(try peer.concludeAuth(offer, response) != nil)
    }
}

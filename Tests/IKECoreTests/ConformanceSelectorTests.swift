import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Traffic selectors: narrowed by the responder, never widened (RFC 7296 section 2.9).
@Suite struct ConformanceSelectorTests {
    private func selectors(_ texts: String...) -> [TrafficSelectorEntry] {
        texts.map { .selector(TwoSites.selector($0)) }
    }

    /// The engine's request with the peer's answer to TSi and TSr.
    private func initiate(_ tsI: [TrafficSelectorEntry], _ tsR: [TrafficSelectorEntry]) throws -> (
        peer: ScriptedPeer, command: CommandID
    ) {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { message in
            message.payloads[3] = Payload(.trafficSelectorsInitiator(tsI))
            message.payloads[4] = Payload(.trafficSelectorsResponder(tsR))
        }
        return (peer, id)
    }

    // MARK: - The peer narrows

    @Test func aNarrowedAnswerIsWhatTheChildCarries() throws {
        let (peer, id) = try initiate(selectors("10.1.9.0/24"), selectors("10.2.3.4", "10.2.7.0/24[tcp/443]"))
        #expect(peer.succeeded(id))
        let installed = try #require(peer.outbound.first)
        #expect(installed.localSelectors == [TwoSites.selector("10.1.9.0/24")])
        #expect(
            installed.remoteSelectors == [TwoSites.selector("10.2.3.4"), TwoSites.selector("10.2.7.0/24[tcp/443]")]
        )
    }

    @Test func aWidenedAnswerMakesNoChild() throws {
        for (tsI, tsR) in [
            (selectors("10.0.0.0/8"), selectors("10.2.0.0/16")), (selectors("10.1.0.0/16"), selectors("0.0.0.0/0")),
            (selectors("10.1.0.0/16"), selectors("10.2.0.0/16", "192.168.0.0/16")),
        ] {
            let (peer, id) = try initiate(tsI, tsR)
            #expect(peer.failure(of: id)?.reason == .trafficSelectorsUnacceptable)
            #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        }
    }

    // MARK: - The engine narrows

    private func ask(local: [String], remote: [String], policy: Policy = TwoSites().left) throws -> (
        peer: ScriptedPeer, response: ScriptedPeer.Received
    ) {
        let peer = try ScriptedPeer(policy)
        try peer.agreeInit()
        let offer = peer.childOffer(local: local, remote: remote)
        try peer.requestAuth(offer)
        let response = try peer.nextResponse()
        try peer.concludeAuth(offer, response)
        return (peer, response)
    }

    @Test func aWideOfferIsNarrowedToThePolicy() throws {
        let (peer, response) = try ask(local: ["0.0.0.0/0"], remote: ["10.0.0.0/8"])
        #expect(response.payloads.trafficSelectorsInitiator == selectors("10.2.0.0/16"))
        #expect(response.payloads.trafficSelectorsResponder == selectors("10.1.0.0/16"))
        #expect(peer.outbound.first?.remoteSelectors == [TwoSites.selector("10.2.0.0/16")])
    }

    @Test func aNarrowOfferIsTakenAsItIs() throws {
        let (peer, response) = try ask(local: ["10.2.3.4[udp/53]"], remote: ["10.1.0.0-10.1.0.9"])
        #expect(response.payloads.trafficSelectorsInitiator == selectors("10.2.3.4[udp/53]"))
        #expect(response.payloads.trafficSelectorsResponder == selectors("10.1.0.0-10.1.0.9"))
        #expect(peer.outbound.first?.localSelectors == [TwoSites.selector("10.1.0.0-10.1.0.9")])
    }

    @Test func ofSeveralSelectorsOnlyTheAllowedRemain() throws {
        let (_, response) = try ask(
            local: ["172.16.0.0/12", "10.2.1.0/24", "10.2.2.0/24", "fd00::/8"],
            remote: ["10.1.1.0/24", "10.3.0.0/16"]
        )
        #expect(response.payloads.trafficSelectorsInitiator == selectors("10.2.1.0/24", "10.2.2.0/24"))
        #expect(response.payloads.trafficSelectorsResponder == selectors("10.1.1.0/24"))
    }

    @Test func anOfferWithoutCommonTrafficIsRefusedAndTheIKESAStands() throws {
        let (peer, response) = try ask(local: ["10.2.0.0/16"], remote: ["172.16.0.0/12"])
        #expect(response.payloads.notifies.map(\.type) == [.tsUnacceptable])
        #expect(peer.isUp && peer.inbound.isEmpty)
        let offer = peer.childOffer(local: ["192.168.0.0/16"])
        let second = try peer.exchange(.createChildSA, offer.payloads)
        #expect(second.payloads.notifies.map(\.type) == [.tsUnacceptable])
        #expect(try peer.makeChild().isTwin(of: try #require(peer.outbound.first)))
    }

    @Test func aSelectorOfAnUnknownTypeIsPassedOver() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        let strange = TrafficSelectorEntry.unknown(TrafficSelectorType(rawValue: 200), second: 0, data: [1, 2, 3, 4])
        let offer = try peer.requestAuth { message in
            message.payloads[3] = Payload(.trafficSelectorsInitiator([strange] + selectors("10.2.0.0/16")))
        }
        let response = try peer.nextResponse()
        #expect(response.payloads.trafficSelectorsInitiator == selectors("10.2.0.0/16"))
        #expect(try peer.concludeAuth(offer, response) != nil)
    }
}

import IKECore
import IKEWire
import Support
import Testing

/// ESP_TFC_PADDING_NOT_SUPPORTED (RFC 7296 section 1.3.1): who says it gets no padding, and we, who take all, never say it.
@Suite struct PaddingNotifyTests {
    private static let refusal = Payload(.notify(Notify(.espTFCPaddingNotSupported)))

    private static var policy: Policy {
        var policy = TwoSites().left
        for connection in policy.connections.indices {
            for child in policy.connections[connection].children.indices {
                policy.connections[connection].children[child].options.tfcPadding = 1000
            }
        }
        return policy
    }

    @Test(arguments: [false, true])
    func anInitiatorPadsUnlessTheAnswerForbidsIt(isForbidden: Bool) throws {
        let peer = try ScriptedPeer(Self.policy)
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        #expect(request.payloads.notify(.espTFCPaddingNotSupported) == nil)
        try peer.answerAuth(request) { if isForbidden { $0.payloads.append(Self.refusal) } }
        #expect(try #require(peer.outbound.first).options.tfcPadding == (isForbidden ? 0 : 1000))
    }

    @Test(arguments: [false, true])
    func aResponderPadsUnlessTheRequestForbidsIt(isForbidden: Bool) throws {
        let peer = try ScriptedPeer(Self.policy)
        try peer.agreeInit()
        let offer = try peer.requestAuth { if isForbidden { $0.payloads.append(Self.refusal) } }
        let response = try peer.nextResponse()
        #expect(response.payloads.notify(.espTFCPaddingNotSupported) == nil)
        try peer.concludeAuth(offer, response)
        #expect(try #require(peer.outbound.first).options.tfcPadding == (isForbidden ? 0 : 1000))
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Cookies, alone and together with INVALID_KE_PAYLOAD (RFC 7296 sections 1.2, 2.6 and 2.6.1).
@Suite struct ConformanceCookieTests {
    private func twoGroups() -> Policy {
        var sites = TwoSites()
        sites.change { $0.proposals = TwoSites.proposals("aes128gcm16-prfsha256-x25519-ecp256", .ike) }
        return sites.left
    }

    private static let ecp256 = Notify(.invalidKEPayload, data: [0, 19])

    /// What of a request must not change when it is sent again with a cookie.
    private func rest(_ request: ScriptedPeer.Received) -> [Payload] {
        request.payloads.filter { payload in
            guard case .notify(let notify) = payload.body else { return true }
            return notify.type != .cookie
        }
    }

    // MARK: - The engine initiates

    @Test func aCookieIsBroughtBackInFrontOfTheUnchangedRequest() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        let first = try peer.nextRequest(.ikeSAInit)
        let cookie = Notify(.cookie, data: Array(1...64))
        try peer.refuseInit(first, cookie)
        let second = try peer.nextRequest(.ikeSAInit)
        #expect(second.payloads.first == Payload(.notify(cookie)))
        #expect(Array(second.payloads.dropFirst()) == first.payloads)
        #expect(second.header.initiatorSPI == first.header.initiatorSPI)
        #expect(second.header.messageID == 0)
        try peer.answerInit(second)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
    }

    @Test func theCookieIsKeptWhenAnotherGroupIsAskedFor() throws {
        let peer = try ScriptedPeer(twoGroups())
        peer.initiate()
        let cookie = Notify(.cookie, data: [1, 2, 3])
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), cookie)
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), Self.ecp256)
        let third = try peer.nextRequest(.ikeSAInit)
        #expect(third.payloads.notify(.cookie) == cookie)
        #expect(third.payloads.keyExchange?.method == .ecp256)
        try peer.answerInit(third)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
    }

    @Test func aResponderThatAsksForACookieTwiceGetsTheLatest() throws {
        let peer = try ScriptedPeer(twoGroups())
        peer.initiate()
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), Notify(.cookie, data: [1]))
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), Self.ecp256)
        let third = try peer.nextRequest(.ikeSAInit)
        try peer.refuseInit(third, Notify(.cookie, data: [2, 2]))
        let fourth = try peer.nextRequest(.ikeSAInit)
        #expect(fourth.payloads.notify(.cookie)?.data == [2, 2])
        #expect(rest(fourth) == rest(third))
        try peer.answerInit(fourth)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
    }

    @Test func anotherGroupIsTriedWithTheSameOffer() throws {
        let peer = try ScriptedPeer(twoGroups())
        peer.initiate()
        let first = try peer.nextRequest(.ikeSAInit)
        #expect(first.payloads.keyExchange?.method == .curve25519)
        try peer.refuseInit(first, Self.ecp256)
        let second = try peer.nextRequest(.ikeSAInit)
        #expect(second.payloads.keyExchange?.method == .ecp256)
        #expect(second.payloads.securityAssociation == first.payloads.securityAssociation)
        #expect(second.header.messageID == 0)
        try peer.answerInit(second)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
    }

    @Test func aGroupThatWasNotOfferedIsNotTried() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), Notify(.invalidKEPayload, data: [0, 2]))
        peer.pass(.seconds(300))
        #expect(try peer.remaining().allSatisfy { $0.payloads.keyExchange?.method == .curve25519 })
        #expect(peer.failure(of: id) != nil)
    }

    // MARK: - The engine responds

    private func guarded(_ policy: Policy = TwoSites().left) throws -> ScriptedPeer {
        var settings = Settings()
        settings.cookieThreshold = 0
        return try ScriptedPeer(policy, settings: settings)
    }

    /// The payload that the engine asks to be brought back.
    private func cookie(_ peer: ScriptedPeer) throws -> Payload {
        let response = try peer.nextResponse()
        #expect(response.header.responderSPI == .zero)
        #expect(response.payloads.count == 1)
        let notify = try #require(response.payloads.notify(.cookie))
        #expect((1...64).contains(notify.data.count))
        return Payload(.notify(notify))
    }

    @Test func withACookieTheRequestIsAnsweredAndWithoutNothingIsKept() throws {
        let peer = try guarded()
        let offer = try peer.requestInit()
        let cookie = try cookie(peer)
        #expect(peer.engine.load == (0, 0, 0, 0))
        try peer.repeatInit(offer, [cookie] + offer.payloads)
        try peer.concludeInit(offer, try peer.nextResponse())
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        #expect(peer.isUp)
    }

    @Test func anInvalidCookieIsAnsweredWithAFreshOne() throws {
        let peer = try guarded()
        let offer = try peer.requestInit()
        let good = try cookie(peer)
        for data in [[], [0], [UInt8](repeating: 7, count: 17), [UInt8](repeating: 0, count: 64)] {
            try peer.repeatInit(offer, [Payload(.notify(Notify(.cookie, data: data)))] + offer.payloads)
            #expect(try cookie(peer) == good)
            #expect(peer.engine.load == (0, 0, 0, 0))
        }
        try peer.repeatInit(offer, [good] + offer.payloads)
        #expect(try peer.nextResponse().payloads.securityAssociation != nil)
    }

    @Test func aCookieOfAnotherAddressIsNotAccepted() throws {
        let peer = try guarded()
        let offer = try peer.requestInit()
        let good = try cookie(peer)
        peer.here = SocketAddress(address: try #require(IPAddress("203.0.113.9")), port: 500)
        try peer.repeatInit(offer, [good] + offer.payloads)
        #expect(try cookie(peer) != good)
    }

    @Test func theCookieStaysGoodWhenTheGroupIsWrong() throws {
        let peer = try guarded(twoGroups())
        let proposals = TwoSites.proposals("aes128gcm16-prfsha256-ecp256", .ike)
        let wrong = try peer.requestInit(proposals, method: .curve25519)
        let cookie = try cookie(peer)
        try peer.repeatInit(wrong, [cookie] + wrong.payloads)
        let refusal = try peer.nextResponse()
        #expect(refusal.payloads.notify(.invalidKEPayload)?.data == [0, 19])
        #expect(refusal.header.responderSPI == .zero)
        #expect(peer.engine.load == (0, 0, 0, 0))
        try peer.requestInit(proposals) { message in
            message.payloads[2] = wrong.payloads[2]
            message.header.initiatorSPI = IKESPI(bytes: wrong.spi) ?? .zero
            message.payloads.insert(cookie, at: 0)
        }
        let response = try peer.nextResponse()
        #expect(response.payloads.keyExchange?.method == .ecp256)
    }

    @Test func anInitiatorThatForgetsItsCookieIsAskedAgain() throws {
        let peer = try guarded(twoGroups())
        let proposals = TwoSites.proposals("aes128gcm16-prfsha256-ecp256", .ike)
        let wrong = try peer.requestInit(proposals, method: .curve25519)
        try peer.repeatInit(wrong, [try cookie(peer)] + wrong.payloads)
        #expect(try peer.nextResponse().payloads.notify(.invalidKEPayload) != nil)
        let right = try peer.requestInit(proposals)
        try peer.repeatInit(right, [try cookie(peer)] + right.payloads)
        try peer.concludeInit(right, try peer.nextResponse())
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        #expect(peer.isUp)
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// IKE_SA_INIT and IKE_AUTH between two engines.
@Suite struct EstablishingTests {
    @Test func twoSitesEstablishAnIKESAAndItsFirstChild() throws {
        let pair = Pair()
        let id = pair.up()
        #expect(pair.left.succeeded(id))
        for host in [pair.left, pair.right] {
            let sa = try #require(host.endpoint.summaries(now: pair.network.now).first)
            #expect(sa.state == .established)
            #expect(sa.children.count == 1)
            #expect(host.outbound.count == 1)
        }
        #expect(pair.childSAsAgree)
        #expect(pair.network.sent.count == 4)
    }

    @Test func theResponderMayInitiateAsWell() {
        let pair = Pair()
        let id = pair.network.initiate(pair.right, "site", to: pair.left)
        pair.network.run(for: .seconds(1))
        #expect(pair.right.succeeded(id))
        #expect(pair.childSAsAgree)
    }

    @Test(arguments: [
        "aes256gcm16-prfsha384-ecp384", "chacha20poly1305-prfsha256-x25519", "aes256-sha256-modp2048",
        "aes128ctr-sha512-ecp256", "aes192ccm12-prfsha512-x448", "aes128-aesxcbc-prfaesxcbc-ecp521",
        "aes128-aescmac-prfaescmac-ecp256bp", "aes128-sha1-modp3072",
    ])
    func everyKindOfIKEProposalProtectsItsMessages(_ keywords: String) {
        var sites = TwoSites()
        sites.change { $0.proposals = TwoSites.proposals(keywords, .ike) }
        let pair = Pair(sites)
        let id = pair.up()
        #expect(pair.left.succeeded(id), "\(String(describing: pair.left.failure(of: id)))")
        #expect(pair.childSAsAgree)
    }

    @Test func aSecondChildIsMadeByCreateChildSA() throws {
        var sites = TwoSites()
        sites.left.connections[0].children.append(TwoSites.child("voice", local: "10.3.0.0/16", remote: "10.4.0.0/16"))
        sites.right.connections[0].children.append(TwoSites.child("voice", local: "10.4.0.0/16", remote: "10.3.0.0/16"))
        let pair = Pair(sites)
        let id = pair.up()
        #expect(pair.left.succeeded(id))
        #expect(Set(pair.right.outbound.map(\.name)) == ["net", "voice"])
        #expect(pair.childSAsAgree)
        #expect(pair.network.sent.count == 6)
    }

    @Test func anInitiatorThatGuessesTheWrongGroupIsToldAndTriesAgain() {
        var sites = TwoSites()
        sites.left.connections[0].proposals = TwoSites.proposals("aes128gcm16-prfsha256-x25519-ecp256", .ike)
        sites.right.connections[0].proposals = TwoSites.proposals("aes128gcm16-prfsha256-ecp256", .ike)
        let pair = Pair(sites)
        let id = pair.up()
        #expect(pair.left.succeeded(id))
        #expect(pair.network.sent.count == 6)
        #expect(pair.right.endpoint.load.halfOpen == 0)
    }

    @Test func aCookieIsAskedForAboveTheThresholdAndBroughtBack() {
        var settings = Settings()
        settings.cookieThreshold = 0
        let pair = Pair(settings: settings)
        let id = pair.up()
        #expect(pair.left.succeeded(id))
        #expect(pair.network.sent.count == 6)
    }

    @Test func aCookieAndAnInvalidGroupAreMetTogether() {
        var settings = Settings()
        settings.cookieThreshold = 0
        var sites = TwoSites()
        sites.left.connections[0].proposals = TwoSites.proposals("aes128gcm16-prfsha256-x25519-ecp256", .ike)
        sites.right.connections[0].proposals = TwoSites.proposals("aes128gcm16-prfsha256-ecp256", .ike)
        let pair = Pair(sites, settings: settings)
        let id = pair.up()
        #expect(pair.left.succeeded(id))
        #expect(pair.network.sent.count == 8)
    }

    @Test func aForgedCookieIsNotAccepted() {
        var settings = Settings()
        settings.cookieThreshold = 0
        let pair = Pair(settings: settings)
        pair.network.tap = { transit in
            guard transit.sender == "left", var message = try? Message(parsing: transit.datagram.bytes),
                let notify = message.payloads.notify(.cookie)
            else { return transit.datagram }
            message.payloads[0] = Payload(.notify(Notify(.cookie, data: notify.data.map { $0 ^ 1 })))
            guard let bytes = try? message.encoded() else { return nil }
            return Datagram(local: transit.datagram.local, remote: transit.datagram.remote, bytes: bytes)
        }
        let id = pair.up(within: .seconds(300))
        #expect(pair.left.failure(of: id) != nil)
        #expect(pair.right.endpoint.load.ikeSAs == 0)
    }

    @Test func selectorsAreNarrowedToWhatBothSidesAllow() throws {
        var sites = TwoSites()
        sites.right.connections[0].children[0].localSelectors = [.fixed(TwoSites.selector("10.2.7.0/24"))]
        let pair = Pair(sites)
        #expect(pair.left.succeeded(pair.up()))
        let childSA = try #require(pair.left.outbound.first)
        #expect(childSA.remoteSelectors == [TwoSites.selector("10.2.7.0/24")])
        #expect(pair.right.outbound.first?.localSelectors == childSA.remoteSelectors)
    }

    @Test func dynamicSelectorsStandForTheOuterAddresses() throws {
        var sites = TwoSites()
        sites.change {
            $0.children[0].localSelectors = [.dynamic(protocolID: .any, ports: .any)]
            $0.children[0].remoteSelectors = [.dynamic(protocolID: .any, ports: .any)]
        }
        let pair = Pair(sites)
        #expect(pair.left.succeeded(pair.up()))
        let childSA = try #require(pair.left.outbound.first)
        #expect(childSA.localSelectors == [TwoSites.selector("192.0.2.1")])
        #expect(childSA.remoteSelectors == [TwoSites.selector("198.51.100.2")])
    }

    @Test func withoutNATTheSAStaysOnPort500AndESPNeedsNoUDP() throws {
        let pair = Pair()
        pair.up()
        let childSA = try #require(pair.left.outbound.first)
        #expect(!childSA.usesUDP)
        #expect(childSA.remote.port == 500)
    }

    @Test func aHostWithoutRawESPHasBothSidesUseUDP() throws {
        var sites = TwoSites()
        sites.left.connections = sites.left.connections.map(\.confinedToUDP)
        let pair = Pair(sites)
        #expect(pair.left.succeeded(pair.up()))
        #expect(try #require(pair.right.outbound.first).usesUDP)
        #expect(pair.childSAsAgree)
    }

    @Test func aHostWithoutRawESPSaysWhatToChangeWhenThePeerKnowsNoNATTraversal() throws {
        var policy = TwoSites().left
        policy.connections = policy.connections.map(\.confinedToUDP)
        let peer = try ScriptedPeer(policy)
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let failure = try #require(peer.failure(of: id))
        #expect(failure.reason == .unsupported)
        #expect(failure.message.contains("CAP_NET_RAW"))
        #expect(peer.inbound.isEmpty && peer.isQuiet)
    }

    @Test func aHostWithoutRawESPRefusesTheChildOfAnInitiatorThatKnowsNoNATTraversal() throws {
        var policy = TwoSites().left
        policy.connections = policy.connections.map(\.confinedToUDP)
        let peer = try ScriptedPeer(policy)
        try peer.agreeInit()
        try peer.requestAuth()
        let response = try peer.nextResponse()
        #expect(response.payloads.notifies.map(\.type).contains(.noProposalChosen))
        #expect(peer.inbound.isEmpty)
        #expect(peer.logs.contains { $0.level == .error && $0.message.contains("CAP_NET_RAW") })
    }

    @Test func forcedEncapsulationMovesBothSidesToPort4500() throws {
        var sites = TwoSites()
        sites.left.connections[0].forcesEncapsulation = true
        let pair = Pair(sites)
        #expect(pair.left.succeeded(pair.up()))
        for host in [pair.left, pair.right] {
            let childSA = try #require(host.outbound.first)
            #expect(childSA.usesUDP)
            #expect(childSA.remote.port == 4500)
            #expect(childSA.local.port == 4500)
        }
    }
}

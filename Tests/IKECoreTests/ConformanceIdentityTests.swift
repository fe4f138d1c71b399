import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Who the ends are, and how they prove it by a shared key (RFC 7296 sections 2.15 and 3.5).
@Suite struct ConformanceIdentityTests {
    private static let identities = [
        "10.9.8.7", "fd00::7", "right.example", "somebody@right.example", "@#0102030405ff",
    ]

    private func policy(peer identity: Identification?, secret: [UInt8]? = nil) -> Policy {
        var sites = TwoSites()
        sites.left.connections[0].remote.identity = identity
        if let secret { sites.left.secrets[0].secret = SecretBytes(copying: secret) }
        return sites.left
    }

    @Test(arguments: identities) func aResponderMayIdentifyItselfAs(_ text: String) throws {
        let identity = TwoSites.identity(text)
        let peer = try ScriptedPeer(policy(peer: identity))
        peer.identity = identity
        try peer.letEngineEstablish()
        #expect(try peer.summary.remoteIdentity == identity)
    }

    @Test(arguments: identities) func anInitiatorMayIdentifyItselfAs(_ text: String) throws {
        let identity = TwoSites.identity(text)
        let peer = try ScriptedPeer(policy(peer: identity))
        peer.identity = identity
        try peer.establish()
        #expect(try peer.summary.remoteIdentity == identity)
    }

    /// A key as `0x00ff…` gives it: any octets, zeros among them.
    private static let binaryKey: [UInt8] = [0x00, 0xff, 0x01, 0x80, 0x00, 0x0a, 0x22, 0x5c] + Array(0x90...0xaf)

    @Test func aBinaryKeyAuthenticatesAnInitiatingEngine() throws {
        let peer = try ScriptedPeer(policy(peer: nil, secret: Self.binaryKey))
        peer.secret = SecretBytes(copying: Self.binaryKey)
        try peer.letEngineEstablish()
        #expect(peer.isUp)
    }

    @Test func aBinaryKeyAuthenticatesARespondingEngine() throws {
        let peer = try ScriptedPeer(policy(peer: nil, secret: Self.binaryKey))
        peer.secret = SecretBytes(copying: Self.binaryKey)
        try peer.establish()
        #expect(peer.isUp)
    }

    @Test func anInitiatorWithTheWrongKeyIsToldSoAndNothingStands() throws {
        let peer = try ScriptedPeer()
        peer.secret = SecretBytes(copying: [1, 2, 3])
        try peer.agreeInit()
        try peer.requestAuth()
        let response = try peer.nextResponse()
        #expect(response.sa != nil)
        #expect(response.payloads == [Payload(.notify(Notify(.authenticationFailed)))])
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty)
        peer.pass(.seconds(60))
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func aResponderWithTheWrongKeyIsToldSoInAnInformationalExchange() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { message in
            message.payloads[1] = Payload(
                .authentication(Authentication(method: .sharedKey, data: [UInt8](repeating: 9, count: 32)))
            )
        }
        #expect(peer.failure(of: id)?.reason == .authenticationFailed)
        #expect(peer.inbound.isEmpty)
        let notice = try peer.nextRequest(.informational)
        #expect(notice.payloads.notifies.map(\.type) == [.authenticationFailed])
        try peer.answer(notice, [])
        peer.pass(.seconds(60))
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func anInitiatorThatIsToldItsKeyIsWrongGivesUp() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answer(try peer.nextRequest(.ikeAuth), [Payload(.notify(Notify(.authenticationFailed)))])
        #expect(peer.failure(of: id)?.reason == .authenticationFailed)
        #expect(!peer.isUp && peer.isQuiet)
    }

    // MARK: - NAT between the ends

    /// Notifies that say that some other address sent the message.
    private let translated = [
        Payload(.notify(Notify(.natDetectionSourceIP, data: [UInt8](repeating: 1, count: 20)))),
        Payload(.notify(Notify(.natDetectionDestinationIP, data: [UInt8](repeating: 2, count: 20)))),
    ]

    @Test func anInitiatingEngineMovesToPort4500WhereThereIsANAT() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { $0.payloads += translated }
        let request = try peer.nextRequest(.ikeAuth)
        #expect(peer.there.port == 4500 && peer.here.port == 4500)
        try peer.answerAuth(request)
        let installed = try #require(peer.outbound.first)
        #expect(installed.usesUDP && installed.remote.port == 4500)
    }

    @Test func aRespondingEngineFollowsThePeerToPort4500() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { $0.payloads += translated }
        try peer.concludeInit(offer, try peer.nextResponse())
        peer.here.port = 61_234
        peer.there.port = 4500
        let child = try peer.requestAuth()
        try peer.concludeAuth(child, try peer.nextResponse())
        #expect(peer.here.port == 61_234 && peer.there.port == 4500)
        let installed = try #require(peer.outbound.first)
        #expect(installed.usesUDP && installed.remote.port == 61_234)
    }
}

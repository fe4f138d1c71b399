import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Quick crash detection (RFC 6290), in both roles.
@Suite struct CrashDetectionTests {
    private static let secret = SecretBytes(copying: [UInt8](repeating: 7, count: 32))

    private func peer(_ change: (inout Connection) -> Void = { _ in }) throws -> ScriptedPeer {
        var sites = TwoSites()
        sites.change(change)
        return try ScriptedPeer(sites.left, crashSecret: Self.secret)
    }

    /// Has both ends establish; the peer gives the engine a token, too.
    ///
    /// - Returns: the token of the engine.
    private func establish(_ peer: ScriptedPeer, engineInitiates: Bool, giving token: [UInt8]) throws -> Notify {
        let given = Payload(.notify(.crashToken(token)))
        if engineInitiates {
            peer.initiate()
            try peer.answerInit(try peer.nextRequest(.ikeSAInit))
            let request = try peer.nextRequest(.ikeAuth)
            try peer.answerAuth(request) { $0.payloads.insert(given, at: 2) }
            return try #require(request.payloads.notify(.quickCrashDetection))
        }
        try peer.agreeInit()
        let offer = try peer.requestAuth { $0.payloads.insert(given, at: 2) }
        let response = try peer.nextResponse()
        try peer.concludeAuth(offer, response)
        return try #require(response.payloads.notify(.quickCrashDetection))
    }

    /// INVALID_IKE_SPI with tokens, as a peer sends it that has lost the SA.
    private func loss(_ sa: ScriptedSA, _ tokens: [[UInt8]]) throws -> [UInt8] {
        let notifies = [Notify(.invalidIKESPI)] + tokens.map { .crashToken($0) }
        let header = sa.header(.informational, messageID: 0, isResponse: true)
        return try Message(header: header, payloads: notifies.map { Payload(.notify($0)) }).encoded()
    }

    // MARK: - The maker

    @Test(arguments: [true, false]) func theTokenComesAfterAUTHAndBeforeTheChild(_ engineInitiates: Bool) throws {
        let peer = try peer()
        let token = try establish(peer, engineInitiates: engineInitiates, giving: [1])
        #expect(token.protocolID == .ike && token.spi.isEmpty && token.data.count == 32)
    }

    @Test func withoutASecretThereIsNoToken() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        #expect(try peer.nextRequest(.ikeAuth).payloads.notify(.quickCrashDetection) == nil)
    }

    @Test(arguments: [true, false]) func anEngineThatWasStartedAnewShowsTheSameToken(_ engineInitiates: Bool) throws {
        let before = try peer()
        let token = try establish(before, engineInitiates: engineInitiates, giving: [1])
        let sa = try before.sa
        let bytes = try before.request(.informational, [])
        let after = try ScriptedPeer(TwoSites().left, seed: 99, crashSecret: Self.secret)
        after.deliver(bytes)
        let answer = try after.nextResponse()
        #expect(answer.sa == nil)
        #expect(answer.payloads.notifies == [Notify(.invalidIKESPI), token])
        #expect(answer.header.initiatorSPI == sa.spiI && answer.header.responderSPI == sa.spiR)
        let another = try ScriptedPeer(
            TwoSites().left,
            seed: 99,
            crashSecret: SecretBytes(copying: [UInt8](repeating: 8, count: 32))
        )
        another.deliver(bytes)
        #expect(try another.nextResponse().payloads.notify(.quickCrashDetection) != token)
    }

    /// Whatever somebody makes of the SPIs of an SA that stands, its token stays secret.
    @Test(arguments: [true, false]) func theTokenOfAnSAThatStandsIsNeverShown(_ engineInitiates: Bool) throws {
        let peer = try peer()
        let token = try establish(peer, engineInitiates: engineInitiates, giving: [1])
        let sa = try peer.sa
        for flags in [Header.Flags.initiator, []] {
            for (spiI, spiR) in [(sa.spiI, sa.spiR), (sa.spiR, sa.spiI), (sa.spiI, sa.spiI), (sa.spiR, sa.spiR)] {
                let header = Header(
                    initiatorSPI: spiI,
                    responderSPI: spiR,
                    exchangeType: .informational,
                    flags: flags,
                    messageID: 1
                )
                peer.deliver(try sa.seal(Message(header: header, payloads: [Payload(.delete(.ike))])))
            }
        }
        for message in try peer.remaining() where message.sa == nil {
            #expect(message.payloads.notify(.quickCrashDetection) != token)
        }
        #expect(peer.isUp)
    }

    @Test func theResponderOfARekeyingSendsTheNewTokenInItsAnswer() throws {
        let peer = try peer()
        let old = try establish(peer, engineInitiates: true, giving: [1])
        let offer = try peer.ikeOffer()
        let response = try peer.exchange(.createChildSA, offer.payloads)
        let token = try #require(response.payloads.notify(.quickCrashDetection))
        #expect(token.data.count == 32 && token != old)
    }

    @Test func theInitiatorOfARekeyingSendsTheNewTokenRightAfterIt() throws {
        let peer = try peer()
        let old = try establish(peer, engineInitiates: true, giving: [1])
        peer.command(.rekey([.ikeSA(id: try peer.summary.id)]))
        let new = try peer.answerIKE(try peer.nextRequest(.createChildSA))
        let messages = try peer.remaining()
        let renewal = try #require(messages.first { $0.sa === new })
        #expect(renewal.payloads.count == 1)
        #expect(renewal.payloads.notify(.quickCrashDetection).map { $0 != old } ?? false)
    }

    // MARK: - The taker

    @Test(arguments: [true, false]) func theRightTokenEndsTheSAAtOnceAndInSilence(_ engineInitiates: Bool) throws {
        let peer = try peer()
        _ = try establish(peer, engineInitiates: engineInitiates, giving: [1, 2, 3])
        peer.here.address = try #require(IPAddress("203.0.113.9"))
        peer.deliver(try loss(try peer.sa, [[1], [2], [1, 2, 3]]))
        #expect(peer.engine.summaries(now: peer.now).isEmpty && peer.inbound.isEmpty && peer.isQuiet)
    }

    @Test func aWrongTokenEndsNothing() throws {
        let peer = try peer()
        _ = try establish(peer, engineInitiates: true, giving: [1, 2, 3])
        for tokens in [[], [[]], [[1, 2]], [[1, 2, 3, 4]], [[9, 9, 9]]] as [[[UInt8]]] {
            peer.deliver(try loss(try peer.sa, tokens))
        }
        // A fifth token is not looked at.
        peer.deliver(try loss(try peer.sa, [[0], [0], [0], [0], [1, 2, 3]]))
        #expect(peer.isUp)
        #expect(try peer.remaining().map(\.payloads) == [[]])
    }

    @Test func guessingHasALimit() throws {
        let peer = try peer()
        _ = try establish(peer, engineInitiates: true, giving: [1, 2, 3])
        for guess in UInt8(0)..<100 { peer.deliver(try loss(try peer.sa, [[guess]])) }
        peer.deliver(try loss(try peer.sa, [[1, 2, 3]]))
        #expect(peer.isUp)
        peer.pass(.seconds(2))
        peer.deliver(try loss(try peer.sa, [[1, 2, 3]]))
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }

    @Test func aTokenMayBeReplacedOnTheSA() throws {
        let peer = try peer()
        _ = try establish(peer, engineInitiates: true, giving: [1])
        #expect(try peer.exchange(.informational, [Payload(.notify(.crashToken([2])))]).payloads.isEmpty)
        peer.deliver(try loss(try peer.sa, [[1]]))
        #expect(peer.isUp)
        peer.deliver(try loss(try peer.sa, [[2]]))
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }

    @Test func afterRekeyingTheTokenIsThatOfTheNewSA() throws {
        let peer = try peer()
        _ = try establish(peer, engineInitiates: false, giving: [1])
        let new = try peer.rekeyIKE()
        _ = try peer.exchange(.informational, [Payload(.delete(.ike))], on: peer.sas[0])
        peer.deliver(try loss(new, [[1]]))
        #expect(peer.isUp)
        _ = try peer.remaining()
        peer.pass(.milliseconds(1))
        try peer.request(.informational, [Payload(.notify(.crashToken([2])))])
        peer.deliver(try loss(new, [[2]]))
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }

    @Test func whatIsMeantToBeUpIsBegunAnewAtOnce() throws {
        let peer = try peer { $0.children[0].actionOnDeadPeer = .restart }
        _ = try establish(peer, engineInitiates: true, giving: [1])
        peer.deliver(try loss(try peer.sa, [[1]]))
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        #expect(try peer.nextRequest(.ikeAuth).payloads.notify(.initialContact) != nil)
    }

    // MARK: - Both together

    @Test func aCrashedEndIsNoticedByTheFirstProbe() throws {
        var sites = TwoSites()
        sites.change { $0.livenessDelay = .seconds(20) }
        sites.left.connections[0].children[0].actionOnDeadPeer = .restart
        let pair = Pair(sites, crashSecret: Self.secret)
        try #require(pair.left.succeeded(pair.up()))
        let old = try #require(pair.left.outbound.first)
        pair.network.restart(pair.right, policy: sites.right)
        pair.network.run(for: .seconds(22))
        #expect(pair.left.outbound.count == 1 && pair.left.outbound.first?.id != old.id)
        #expect(pair.childSAsAgree)
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Negotiations that are ended while they are under way leave nothing at the peer (RFC 7296 section 1.4.1).
@Suite struct WithdrawingTests {
    /// After this the initiator has sent IKE_AUTH and does not have the answer.
    private static let authUnderWay: Duration = .milliseconds(25)

    private func underWay(
        _ sites: TwoSites = TwoSites(),
        losing: (Network.Transit) -> Bool = { _ in false }
    ) throws -> (pair: Pair, up: CommandID) {
        let pair = Pair(sites)
        let up = withoutActuallyEscaping(losing) { losing in
            pair.network.tap = { losing($0) ? nil : $0.datagram }
            defer { pair.network.tap = nil }
            return pair.up(within: Self.authUnderWay)
        }
        try #require(pair.left.outcomes[up] == nil && sent(.ikeAuth, by: pair.left, pair) == 1)
        return (pair, up)
    }

    private func down(_ pair: Pair) throws -> CommandID {
        pair.network.command(pair.left, .terminate([.ikeSA(id: try pair.onlySA(of: pair.left).id)]))
    }

    private static func isOf(_ exchangeType: ExchangeType, _ transit: Network.Transit) -> Bool {
        (try? Message(parsing: transit.datagram.bytes))?.header.exchangeType == exchangeType
    }

    private func sent(_ exchangeType: ExchangeType, by host: Host, _ pair: Pair) -> Int {
        pair.network.sent.count { $0.sender == host.name && Self.isOf(exchangeType, $0) }
    }

    private static func loseAnswers(_ pair: Pair) {
        pair.network.tap = { $0.sender == "right" ? nil : $0.datagram }
    }

    // MARK: - The answer comes

    @Test(arguments: [true, false]) func whatThePeerMakesOfIKEAuthIsDeletedAtOnce(_ bySignal: Bool) throws {
        let (pair, up) = try underWay()
        let end = bySignal ? pair.network.command(pair.left, .shutDown) : try down(pair)
        #expect(pair.left.failure(of: up)?.reason == .closed)
        #expect(pair.left.outcomes[end] == nil)
        #expect(try pair.onlySA(of: pair.left).state == .deleting)
        pair.network.run(for: .milliseconds(100))
        #expect(pair.left.succeeded(end))
        #expect(pair.right.closingReasons == ["deleted by the peer"])
        #expect(pair.right.endpoint.standing == 0 && pair.right.inbound.isEmpty)
        // Here it never stood.
        #expect(pair.left.events.count == 1)
        pair.expectNothing()
    }

    @Test func theRequestIsSentAgainUntilItsAnswerIsThere() throws {
        let (pair, _) = try underWay()
        Self.loseAnswers(pair)
        let end = try down(pair)
        pair.network.run(for: .seconds(2))
        pair.network.tap = nil
        #expect(pair.left.outcomes[end] == nil && pair.right.endpoint.established == 1)
        pair.network.run(for: .seconds(3))
        #expect(pair.left.succeeded(end) && pair.right.endpoint.standing == 0)
        pair.expectNothing()
    }

    @Test func aPeerThatDoesNotAnswerIsNotWaitedForForLong() throws {
        let (pair, _) = try underWay()
        Self.loseAnswers(pair)
        let end = try down(pair)
        pair.network.run(for: .seconds(9))
        #expect(pair.left.outcomes[end] == nil)
        pair.network.run(for: .seconds(2))
        #expect(pair.left.succeeded(end))
        #expect(pair.left.complaints.contains("the peer does not answer"))
        pair.network.run(for: .seconds(31))
        #expect(pair.left.endpoint.load == (0, 0, 0, 0))
    }

    @Test func afterARefusalThereIsNothingToDelete() throws {
        var sites = TwoSites()
        sites.right.secrets = [SharedKey(name: "ike", owners: [], secret: SecretBytes(copying: Array("other".utf8)))]
        let (pair, _) = try underWay(sites)
        let end = try down(pair)
        pair.network.run(for: .milliseconds(100))
        #expect(pair.left.succeeded(end))
        #expect(sent(.informational, by: pair.left, pair) == 0)
        pair.expectNothing()
    }

    @Test func aPeerThatProvesNothingHearsTheDeleteAsWell() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        let end = peer.command(.terminate([.ikeSA(id: try peer.summary.id)]))
        #expect(peer.isQuiet)
        let noProof = Authentication(method: .sharedKey, data: [UInt8](repeating: 0, count: 32))
        try peer.answer(request, [Payload(.identificationResponder(peer.identity)), Payload(.authentication(noProof))])
        let deletion = try peer.nextRequest(.informational)
        #expect(deletion.header.messageID == 2)
        #expect(deletion.payloads.deletes.map(\.protocolID) == [.ike])
        #expect(peer.outcomes[end] == nil)
        try peer.answer(deletion, [])
        #expect(peer.succeeded(end) && peer.isQuiet && peer.inbound.isEmpty)
    }

    // MARK: - Something else comes

    @Test func whoAsksForTheEndOnceMoreWaitsForTheSame() throws {
        let (pair, _) = try underWay()
        let ends = [try down(pair), try down(pair), pair.network.command(pair.left, .shutDown)]
        #expect(ends.allSatisfy { pair.left.outcomes[$0] == nil })
        pair.network.run(for: .milliseconds(100))
        #expect(ends.allSatisfy { pair.left.succeeded($0) })
        pair.expectNothing()
    }

    @Test(arguments: ["left", "right"]) func whoWantsItAgainGetsAFreshOne(losing loser: String) throws {
        let (pair, _) = try underWay { $0.sender == loser && Self.isOf(.ikeAuth, $0) }
        if loser == "right" { Self.loseAnswers(pair) }
        _ = try down(pair)
        pair.network.run(for: .milliseconds(100))
        pair.network.tap = nil
        #expect(pair.left.succeeded(pair.up()))
        // The old request is not sent again: its INITIAL_CONTACT would end the fresh SA.
        pair.network.run(for: .seconds(30))
        #expect(sent(.ikeAuth, by: pair.left, pair) == 2)
        #expect(pair.isUp)
        for host in [pair.left, pair.right] { #expect(host.endpoint.standing == 1) }
    }

    @Test func aConnectionThatIsRemovedLeavesNothing() throws {
        let (pair, up) = try underWay()
        var policy = TwoSites().left
        policy.connections = []
        pair.network.feed(pair.left, .policy(policy))
        pair.network.command(pair.left, .follow(["site"]))
        #expect(pair.left.failure(of: up)?.message.contains("the configuration") ?? false)
        pair.network.run(for: .milliseconds(100))
        #expect(pair.right.closingReasons == ["deleted by the peer"])
        pair.expectNothing()
    }

    @Test func aConnectionThatIsChangedLeavesOnlyTheNewSA() throws {
        var sites = TwoSites()
        let stronger = TwoSites.proposals("aes256gcm16-prfsha384-x25519", .ike)
        sites.right.connections[0].proposals += stronger
        let (pair, up) = try underWay(sites)
        sites.left.connections[0].proposals = stronger
        pair.network.feed(pair.left, .policy(sites.left))
        pair.network.command(pair.left, .follow(["site"]))
        pair.network.run(for: .seconds(20))
        #expect(pair.left.succeeded(up) && pair.isUp)
        let proposal = try pair.onlySA(of: pair.right).proposal
        #expect(proposal?.description.contains("AES_GCM_16_256") ?? false)
    }

    // MARK: - EAP

    /// The left side is alice, whom the right side asks.
    private static var sitesWithEAP: TwoSites {
        let password = SecretBytes(copying: Array("correct horse".utf8))
        var sites = TwoSites()
        var alice = EAPPolicy(.any, name: .given(Array("alice".utf8)))
        alice.server = .responder
        sites.left.connections[0].local.kind = .eap(alice)
        sites.right.connections[0].remote.kind = .eap(EAPPolicy(.only(.mschapV2), name: .asked))
        sites.left.eapSecrets = [EAPSecret(name: "eap-own", users: [], password: password)]
        sites.right.eapSecrets = [EAPSecret(name: "eap-alice", users: [Array("alice".utf8)], password: password)]
        return sites
    }

    @Test func whileThePeerStillAsksThereIsNothingToWaitFor() throws {
        let pair = Pair(Self.sitesWithEAP)
        let up = pair.up(within: .milliseconds(65))
        #expect(pair.left.outcomes[up] == nil && sent(.ikeAuth, by: pair.left, pair) > 1)
        let before = sent(.ikeAuth, by: pair.left, pair)
        #expect(pair.left.succeeded(try down(pair)))
        pair.network.run(for: .seconds(20))
        #expect(sent(.ikeAuth, by: pair.left, pair) == before)
        pair.expectNothing()
    }

    @Test(arguments: [false, true], [false, true])
    func endingItAtAnyMomentLeavesNothing(withEAP: Bool, byTheResponder: Bool) throws {
        for milliseconds in stride(from: 5, through: 200, by: 5) {
            let pair = Pair(withEAP ? Self.sitesWithEAP : TwoSites())
            pair.up(within: .milliseconds(milliseconds))
            let end = pair.network.command(byTheResponder ? pair.right : pair.left, .shutDown)
            pair.network.run(for: .seconds(5))
            #expect((byTheResponder ? pair.right : pair.left).succeeded(end), "after \(milliseconds) ms")
            for host in [pair.left, pair.right] {
                #expect(host.endpoint.established == 0, "\(host.name) after \(milliseconds) ms")
            }
            pair.network.run(for: .seconds(400))
            #expect(pair.isEmpty, "after \(milliseconds) ms")
        }
    }
}

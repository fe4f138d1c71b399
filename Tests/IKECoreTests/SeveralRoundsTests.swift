import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Ends that prove several identities one after the other (RFC 4739).
@Suite struct SeveralRoundsTests {
    private static let password = SecretBytes(copying: Array("correct horse".utf8))
    private static let alice = Array("alice".utf8)

    private static func certificate(of name: String) -> AuthenticationPolicy {
        let identity = Identification("C=CH, O=Example, CN=\(name)")
        return AuthenticationPolicy(kind: .publicKey(PublicKeyPolicy()), identity: identity)
    }

    private static func secret(of name: String) -> AuthenticationPolicy {
        AuthenticationPolicy(kind: .preSharedKey, identity: TwoSites.identity(name))
    }

    /// A section `local` and the `remote` of the other end that fit.
    private struct Round {
        let local: AuthenticationPolicy
        let remote: AuthenticationPolicy

        init(_ both: AuthenticationPolicy) { (local, remote) = (both, both) }

        static let password = Round(
            local: AuthenticationPolicy(
                kind: .eap(EAPPolicy(.any, name: .given(SeveralRoundsTests.alice))),
                identity: TwoSites.identity("alice@left.example")
            ),
            remote: AuthenticationPolicy(kind: .eap(EAPPolicy(.only(.mschapV2), name: .asked)), identity: nil)
        )

        init(local: AuthenticationPolicy, remote: AuthenticationPolicy) {
            (self.local, self.remote) = (local, remote)
        }
    }

    private func sites(left: [Round], right: [Round]) throws -> TwoSites {
        var sites = TwoSites()
        let root = try Fixture.certificate("root")
        func equip(_ policy: inout Policy, _ keys: [String]) throws {
            policy.credentials = Credentials(
                privateKeys: try keys.map { try Fixture.privateKey($0) },
                certificates: try keys.map { try Fixture.certificate($0) },
                trust: TrustStore(authorities: [root])
            )
        }
        try equip(&sites.left, ["p384", "ed448"])
        try equip(&sites.right, ["ed25519", "p521"])
        sites.left.eapSecrets = [EAPSecret(name: "eap-own", users: [], password: Self.password)]
        sites.right.eapSecrets = [EAPSecret(name: "eap-alice", users: [Self.alice], password: Self.password)]
        sites.left.connections[0].local = left[0].local
        sites.left.connections[0].laterLocal = left.dropFirst().map(\.local)
        sites.left.connections[0].remote = right[0].remote
        sites.left.connections[0].laterRemote = right.dropFirst().map(\.remote)
        sites.right.connections[0].local = right[0].local
        sites.right.connections[0].laterLocal = right.dropFirst().map(\.local)
        sites.right.connections[0].remote = left[0].remote
        sites.right.connections[0].laterRemote = left.dropFirst().map(\.remote)
        return sites
    }

    private static let p384 = Round(certificate(of: "p384"))
    private static let ed448 = Round(certificate(of: "ed448"))
    private static let ed25519 = Round(certificate(of: "ed25519"))
    private static let p521 = Round(certificate(of: "p521"))
    private static let leftSecret = Round(secret(of: "left.example"))
    private static let rightSecret = Round(secret(of: "right.example"))

    /// What the ends may have to prove: the left one, which begins, and the right one.
    private static let combinations: [([Round], [Round])] = [
        ([p384, .password], [ed25519]),
        ([.password, p384], [ed25519]),
        ([p384, ed448], [ed25519]),
        ([p384], [ed25519, p521]),
        ([p384, ed448], [ed25519, p521]),
        ([leftSecret, .password], [rightSecret]),
        ([leftSecret, p384], [rightSecret, ed25519]),
        ([p384, leftSecret], [rightSecret]),
        ([p384, .password], [ed25519, p521]),
        ([.password, .password], [ed25519]),
        ([.password], [ed25519, p521]),
        ([.password, p384, leftSecret], [ed25519, p521, rightSecret]),
    ]

    private func isUp(_ pair: Pair) -> Bool {
        pair.left.outbound.count == 1 && pair.right.outbound.count == 1 && pair.childSAsAgree
    }

    private func errors(_ host: Host) -> String {
        host.logs.filter { $0.level == .error }.map(\.message).joined(separator: "\n")
    }

    /// What each side says of a negotiation that fails, of which nothing must be left.
    private func refusal(_ sites: TwoSites) throws -> (left: NegotiationFailure, right: String) {
        let pair = Pair(sites)
        let failure = try #require(pair.left.failure(of: pair.up(within: .seconds(60))))
        #expect(pair.right.outbound.isEmpty && pair.left.outbound.isEmpty)
        pair.network.run(for: .seconds(400))
        #expect(pair.isEmpty)
        return (failure, errors(pair.right))
    }

    // MARK: - All is proved

    @Test(arguments: combinations.indices) func everyIdentityIsProvedAndKept(index: Int) throws {
        let (left, right) = Self.combinations[index]
        let pair = Pair(try sites(left: left, right: right))
        let id = pair.up(within: .seconds(20))
        #expect(pair.left.failure(of: id)?.message == nil, "\(errors(pair.right))")
        #expect(isUp(pair))
        for (host, own, peer) in [(pair.left, left, right), (pair.right, right, left)] {
            let summary = try #require(host.endpoint.summaries(now: pair.network.now).first)
            // As text: a distinguished name has the certificate's own encoding.
            let locals = [summary.localIdentity] + summary.laterRounds.filter { $0.end == .local }.map(\.identity)
            let remotes = [summary.remoteIdentity] + summary.laterRounds.filter { $0.end == .remote }.map(\.identity)
            #expect(locals.map { $0?.description } == own.map { $0.local.identity?.description })
            #expect(remotes.map { $0?.description } == peer.map { $0.local.identity?.description })
        }
    }

    @Test func theUserOfALaterRoundCountsAndIsKeptByRekeying() throws {
        let pair = Pair(try sites(left: [Self.p384, .password], right: [Self.ed25519]))
        pair.up(within: .seconds(20))
        let id = try #require(pair.left.endpoint.summaries(now: pair.network.now).first?.id)
        pair.network.command(pair.left, .rekey([.ikeSA(id: id)]))
        pair.network.run(for: .seconds(5))
        let summary = try #require(pair.right.endpoint.summaries(now: pair.network.now).first)
        #expect(summary.eap?.identity == Self.alice)
        #expect(summary.laterRounds.count == 1)
        #expect(pair.right.logs.contains { $0.message.contains("the peer is alice@left.example, too (EAP-MSCHAPv2)") })
    }

    @Test(arguments: 1...10) func lossAndDuplicatesDoNotDisturbIt(seed: UInt64) throws {
        var conditions = Network.Conditions()
        conditions.loss = 0.2
        conditions.duplication = 0.2
        var settings = Settings.withoutDelay
        settings.halfOpenTimeout = .seconds(300)
        let sites = try sites(left: [Self.p384, .password], right: [Self.ed25519, Self.p521])
        let pair = Pair(sites, seed: seed, conditions: conditions, settings: settings)
        pair.up(within: .seconds(900))
        #expect(isUp(pair))
    }

    @Test func theChildMayBeRefusedAfterTheLastRound() throws {
        var sites = try sites(left: [Self.p384, Self.ed448], right: [Self.ed25519])
        sites.right.connections[0].children[0].proposals = TwoSites.proposals("aes256gcm16-noesn", .esp)
        let (left, right) = try refusal(sites)
        #expect(left.reason == .noProposalChosen)
        #expect(right.contains("no ESP proposal in common"))
    }

    // MARK: - A round fails

    @Test func aWrongCertificateInTheFirstRoundIsTheEnd() throws {
        var sites = try sites(left: [Self.p384, .password], right: [Self.ed25519])
        sites.right.credentials.trust = TrustStore(authorities: [try Fixture.certificate("other-root")])
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("the certificate of C=CH, O=Example, CN=p384 is not accepted"))
        #expect(!right.contains("alice"))
    }

    @Test func aWrongPasswordInTheSecondRoundIsTheEnd() throws {
        var sites = try sites(left: [Self.p384, .password], right: [Self.ed25519])
        sites.left.eapSecrets[0].password = SecretBytes(copying: [1])
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("alice"))
    }

    @Test func aWrongSecretInTheSecondRoundIsTheEnd() throws {
        var sites = try sites(left: [Self.p384, Self.leftSecret], right: [Self.rightSecret])
        sites.right.secrets = [
            SharedKey(name: "ike-left", owners: [TwoSites.identity("left.example")], secret: SecretBytes(copying: [1])),
            SharedKey(name: "ike", owners: [], secret: sites.left.secrets[0].secret),
        ]
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("the pre-shared key of left.example does not match"))
    }

    @Test func aResponderWhoseSecondRoundIsWrongIsRefused() throws {
        var sites = try sites(left: [Self.p384], right: [Self.ed25519, Self.p521])
        sites.left.connections[0].laterRemote[0].identity = TwoSites.identity("other.example")
        let (left, _) = try refusal(sites)
        #expect(left.message.contains("the peer says it is C=CH, O=Example, CN=p521"))
        #expect(left.message.contains("expects other.example"))
    }

    @Test func anotherIdentityInTheSecondRoundIsNamed() throws {
        var sites = try sites(left: [Self.p384, Self.ed448], right: [Self.ed25519])
        sites.right.connections[0].laterRemote[0].identity = TwoSites.identity("other.example")
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("goes on as C=CH, O=Example, CN=ed448") && right.contains("other.example"))
    }

    // MARK: - Ends that want different things

    @Test func aPeerThatProvesTooLittleIsRefused() throws {
        var sites = try sites(left: [Self.p384, .password], right: [Self.ed25519])
        sites.left.connections[0].laterLocal = []
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("the peer proves 1 only, and connection site wants 2 identities one after the other"))
    }

    @Test func aPeerThatProvesTooMuchIsRefused() throws {
        var sites = try sites(left: [Self.p384, Self.ed448], right: [Self.ed25519, Self.p521])
        sites.right.connections[0].laterRemote = []
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("a further identity after 1, and connection site wants one identity"))
    }

    @Test func aResponderThatProvesTooLittleIsRefused() throws {
        var sites = try sites(left: [Self.p384, Self.ed448], right: [Self.ed25519, Self.p521])
        sites.right.connections[0].laterLocal = []
        let (left, _) = try refusal(sites)
        #expect(left.message.contains("the peer proves 1 only"))
    }

    @Test func aPeerThatKnowsNothingOfRoundsIsNamed() throws {
        var sites = try sites(left: [Self.p384, Self.ed448], right: [Self.ed25519])
        sites.right.connections[0].laterRemote = []
        let (left, _) = try refusal(sites)
        #expect(left.reason == .unsupported)
        #expect(left.message.contains("MULTIPLE_AUTH_SUPPORTED"))
        var others = try self.sites(left: [Self.p384], right: [Self.ed25519, Self.p521])
        others.left.connections[0].laterRemote = []
        let (other, right) = try refusal(others)
        #expect(other.reason == .authenticationFailed)
        #expect(right.contains("MULTIPLE_AUTH_SUPPORTED"))
    }

    @Test func theConnectionThatWantsAsManyRoundsIsTaken() throws {
        var sites = try sites(left: [Self.p384, .password], right: [Self.ed25519])
        var simple = sites.right.connections[0]
        simple.name = "simple"
        simple.laterRemote = []
        sites.right.connections.insert(simple, at: 0)
        let pair = Pair(sites)
        pair.up(within: .seconds(20))
        #expect(isUp(pair))
        #expect(pair.right.endpoint.summaries(now: pair.network.now).first?.connection == "site")
        sites.left.connections[0].laterLocal = []
        let plain = Pair(sites)
        plain.up(within: .seconds(20))
        #expect(plain.right.endpoint.summaries(now: plain.network.now).first?.connection == "simple")
    }

    @Test func whoHasOneRoundSaysNothingOfSeveral() throws {
        let peer = try ScriptedPeer()
        _ = try peer.requestInit()
        #expect(try peer.nextResponse().payloads.notify(.multipleAuthSupported) == nil)
        let other = try ScriptedPeer()
        other.initiate()
        try other.answerInit(try other.nextRequest(.ikeSAInit))
        #expect(try other.nextRequest(.ikeAuth).payloads.notify(.multipleAuthSupported) == nil)
    }
}

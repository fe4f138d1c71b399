import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Initiators that are asked by EAP within IKE_AUTH (RFC 7296 section 2.16, RFC 5998).
@Suite struct EAPAuthenticationTests {
    private static let password = SecretBytes(copying: Array("correct horse".utf8))

    /// The left side is alice, the right side asks her and proves itself by a pre-shared key or a certificate.
    private func sites(
        _ method: EAPPolicy.Method = .only(.mschapV2),
        name: EAPPolicy.Name = .asked,
        own: EAPPolicy.Method = .any
    ) -> TwoSites {
        var sites = TwoSites()
        var left = EAPPolicy(own, name: .given(Array("alice".utf8)))
        left.server = .responder
        sites.left.connections[0].local.kind = .eap(left)
        sites.right.connections[0].remote.kind = .eap(EAPPolicy(method, name: name))
        sites.left.eapSecrets = [EAPSecret(name: "eap-own", users: [], password: Self.password)]
        sites.right.eapSecrets = [
            EAPSecret(name: "eap-alice", users: [Array("alice".utf8)], password: Self.password)
        ]
        return sites
    }

    private func errors(_ host: Host) -> String {
        host.logs.filter { $0.level == .error }.map(\.message).joined(separator: "\n")
    }

    // MARK: - Passwords

    @Test func aPasswordLetsTheUserIn() throws {
        let pair = Pair(sites())
        let id = pair.up(within: .seconds(20))
        #expect(pair.left.failure(of: id)?.message == nil)
        #expect(pair.isUp)
        let summary = try #require(pair.right.endpoint.summaries(now: pair.network.now).first)
        #expect(summary.eap?.identity == Array("alice".utf8))
        #expect(summary.eap?.method == .mschapV2)
        #expect(summary.eap?.msk?.count == 64)
    }

    @Test func withoutTheQuestionForANameTheIdentityOfIKEIsTheUser() throws {
        var sites = sites(name: .identity)
        let identity = try #require(sites.left.connections[0].local.identity)
        sites.left.connections[0].local.kind = .eap(EAPPolicy(.any))
        sites.right.eapSecrets = [
            EAPSecret(name: "eap-left", users: [identity.data], password: Self.password)
        ]
        let pair = Pair(sites)
        pair.up(within: .seconds(20))
        #expect(pair.isUp)
    }

    /// What the left side says of a negotiation that fails, of which nothing must be left, and what the right side logs.
    private func refusal(_ pair: Pair) throws -> (left: NegotiationFailure, right: String) {
        let failure = try #require(pair.left.failure(of: pair.up(within: .seconds(60))))
        pair.network.run(for: .seconds(400))
        #expect(pair.isEmpty)
        return (failure, errors(pair.right))
    }

    @Test func aWrongPasswordIsRefusedAfterAPause() throws {
        var sites = sites()
        sites.left.eapSecrets[0].password = SecretBytes(copying: Array("wrong".utf8))
        let pair = Pair(sites)
        let id = pair.up(within: .seconds(1))
        #expect(pair.left.failure(of: id) == nil)
        #expect(pair.right.endpoint.load.halfOpen == 1)
        let heard = pair.network.sent.count
        pair.network.run(for: .milliseconds(900))
        #expect(pair.network.sent.count == heard)
        pair.network.run(for: .seconds(2))
        #expect(pair.left.failure(of: id)?.reason == .authenticationFailed)
        #expect(errors(pair.right).contains("alice"))
        pair.network.run(for: .seconds(400))
        #expect(pair.isEmpty)
    }

    @Test func whoIsNobodyIsRefusedLikeAWrongPassword() throws {
        var sites = sites()
        sites.right.eapSecrets = []
        let (left, right) = try refusal(Pair(sites))
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("alice"))
    }

    @Test func anOwnPasswordLetsNobodyElseIn() throws {
        var sites = sites()
        // Without users it is the password of this end, where it is asked.
        sites.right.eapSecrets[0].users = []
        #expect(try refusal(Pair(sites)).left.reason == .authenticationFailed)
    }

    @Test func aClientWithoutAPasswordSaysWhatIsMissing() throws {
        var sites = sites(own: .only(.mschapV2))
        sites.left.eapSecrets = []
        let (left, right) = try refusal(Pair(sites))
        #expect(left.reason == .noCredential)
        #expect(left.message.contains("alice"))
        #expect(right.contains("the peer broke EAP off"))
    }

    @Test func methodsThatDoNotMeetAreNamedOnBothSides() throws {
        let (left, right) = try refusal(Pair(sites(own: .only(.tls))))
        #expect(left.message.contains("EAP-TLS"))
        #expect(right.contains("EAP-MSCHAPv2") && right.contains("EAP-TLS"))
    }

    @Test(arguments: 1...40) func lossAndDuplicatesDoNotDisturbIt(seed: UInt64) throws {
        var conditions = Network.Conditions()
        conditions.loss = 0.2
        conditions.duplication = 0.2
        var settings = Settings.withoutDelay
        // The fourth try of a request comes later than a responder usually waits for it.
        settings.halfOpenTimeout = .seconds(300)
        let pair = Pair(sites(), seed: seed, conditions: conditions, settings: settings)
        pair.up(within: .seconds(900))
        #expect(pair.isUp)
    }

    // MARK: - Who asks whom

    @Test func aPeerThatWantsEAPWhereNoneIsConfiguredIsToldSo() throws {
        var sites = sites()
        sites.right.connections[0].remote.kind = .preSharedKey
        let (left, right) = try refusal(Pair(sites))
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("wants to be asked by EAP") && right.contains("site (pre-shared key)"))
    }

    @Test func aPeerThatShouldBeAskedCannotUseAnotherProof() throws {
        var sites = sites()
        sites.left.connections[0].local.kind = .preSharedKey
        let (_, right) = try refusal(Pair(sites))
        #expect(right.contains("connection site wants EAP (remote auth)"))
    }

    @Test func aResponderWithAWrongProofIsNotEvenAnswered() throws {
        var sites = sites()
        sites.right.secrets[0].secret = SecretBytes(copying: [1, 2, 3])
        let (left, _) = try refusal(Pair(sites))
        #expect(left.message.contains("the pre-shared key of right.example does not match"))
    }

    @Test func passwordsAloneAreNoProofOfTheResponder() throws {
        var sites = sites()
        sites.left.connections[0].remote.kind = .eap(EAPPolicy(.any))
        sites.right.connections[0].local.kind = .eap(EAPPolicy(.any))
        let (left, _) = try refusal(Pair(sites))
        #expect(left.message.contains("does not prove who the peer is"))
    }

    @Test func aResponderOfEAPAloneNeedsAPeerThatAgrees() throws {
        var sites = sites()
        sites.right.connections[0].local.kind = .eap(EAPPolicy(.any))
        let (_, right) = try refusal(Pair(sites))
        #expect(right.contains("EAP_ONLY_AUTHENTICATION"))
    }

    // MARK: - Certificates within TLS

    /// The left side has the certificate of `p384`, the right side that of `ed25519`, and both the authority's.
    private func sitesWithTLS(alone: Bool) throws -> TwoSites {
        var sites = TwoSites()
        let client = try #require(Identification("C=CH, O=Example, CN=p384"))
        let server = try #require(Identification("C=CH, O=Example, CN=ed25519"))
        let tls = AuthenticationKind.eap(EAPPolicy(.only(.tls)))
        let serversProof = alone ? tls : .publicKey(PublicKeyPolicy())
        func equip(_ policy: inout Policy, _ key: String) throws {
            policy.credentials = Credentials(
                privateKeys: [try Fixture.privateKey(key)],
                certificates: [try Fixture.certificate(key)],
                trust: TrustStore(authorities: [try Fixture.certificate("root")])
            )
        }
        try equip(&sites.left, "p384")
        try equip(&sites.right, "ed25519")
        sites.left.connections[0].local = AuthenticationPolicy(kind: tls, identity: client)
        sites.left.connections[0].remote = AuthenticationPolicy(kind: serversProof, identity: server)
        sites.right.connections[0].local = AuthenticationPolicy(kind: serversProof, identity: server)
        sites.right.connections[0].remote = AuthenticationPolicy(kind: tls, identity: client)
        return sites
    }

    @Test(arguments: [false, true]) func certificatesWithinTLSProveWhoTheClientIs(alone: Bool) throws {
        let pair = Pair(try sitesWithTLS(alone: alone))
        let id = pair.up(within: .seconds(5))
        #expect(pair.left.failure(of: id)?.message == nil)
        #expect(pair.isUp)
        for host in [pair.left, pair.right] {
            let summary = try #require(host.endpoint.summaries(now: pair.network.now).first)
            #expect(summary.eap?.tls?.version == .tls13)
            #expect(summary.eap?.tls?.clientCertificate == .given)
        }
    }

    @Test func aStrangersServerIsRefusedWithinTLS() throws {
        var sites = try sitesWithTLS(alone: true)
        sites.left.credentials.trust = TrustStore(authorities: [try Fixture.certificate("other-root")])
        let (left, right) = try refusal(Pair(sites))
        #expect(left.message.contains("EAP-TLS fails"))
        #expect(right.contains("EAP-TLS fails"))
    }

    @Test func theClientsAuthorityMayBeLimited() throws {
        var sites = try sitesWithTLS(alone: false)
        guard case .eap(var policy) = sites.right.connections[0].remote.kind else { return }
        policy.publicKey.authorities = [try Fixture.certificate("other-root")]
        sites.right.connections[0].remote.kind = .eap(policy)
        #expect(try refusal(Pair(sites)).right.contains("EAP-TLS fails"))
    }

    // MARK: - The user counts, not the identity of IKE

    @Test func eachUserHasItsOwnAddress() throws {
        var sites = sites()
        sites.right.eapSecrets.append(EAPSecret(name: "bob", users: [Array("bob".utf8)], password: Self.password))
        sites.right.connections[0].uniqueness = .replace
        sites.right.connections[0].pools = ["p"]
        let range = try #require(IPAddress("10.3.0.1"))...(try #require(IPAddress("10.3.0.9")))
        sites.right.pools = [AddressPool(name: "p", addresses: range, attributes: [])]
        sites.right.connections[0].children[0].remoteSelectors = [.dynamic(protocolID: .any, ports: .any)]
        sites.left.connections[0].children[0].localSelectors = [.dynamic(protocolID: .any, ports: .any)]
        sites.left.connections[0].virtualAddresses = [.anyV4]
        var bob = sites.left
        bob.connections[0].local.kind = .eap(EAPPolicy(.any, name: .given(Array("bob".utf8))))
        let pair = Pair(sites)
        let other = pair.network.host(
            "bob",
            [Host.Interface("203.0.113.9")],
            policy: bob,
            settings: .withoutDelay,
            crashSecret: nil
        )
        pair.up(within: .seconds(5))
        pair.network.initiate(other, "site", children: .all, to: pair.right)
        pair.network.run(for: .seconds(5))
        #expect(pair.left.assigned.map(\.description) == ["10.3.0.1"])
        #expect(other.assigned.map(\.description) == ["10.3.0.2"])
        #expect(pair.right.endpoint.summaries(now: pair.network.now).count == 2)
    }

    @Test func theProofIsKeptWhenTheSAIsRekeyed() throws {
        let pair = Pair(sites())
        pair.up(within: .seconds(5))
        let id = try #require(pair.left.endpoint.summaries(now: pair.network.now).first?.id)
        pair.network.command(pair.left, .rekey([.ikeSA(id: id)]))
        pair.network.run(for: .seconds(5))
        let summaries = pair.right.endpoint.summaries(now: pair.network.now)
        #expect(summaries.map { $0.eap?.identity } == [Array("alice".utf8)])
    }

    // MARK: - An authentication server

    /// A server that knows alice; answers what the right side asks until nothing more is asked.
    private func serve(
        _ pair: Pair,
        grant: (EAPOutcome) -> ServerGrant = { ServerGrant(msk: $0.msk) },
        password: SecretBytes = EAPAuthenticationTests.password
    ) throws {
        var server = EAPAuthenticator(
            method: .mschapV2,
            asksIdentity: true,
            assumedIdentity: [],
            password: { $0 == Array("alice".utf8) ? password : nil },
            tls: nil,
            random: SystemRandom()
        )
        var answered = 0
        var expected = try server.begin().identifier
        for _ in 0..<100 {
            pair.network.run(for: .milliseconds(100))
            guard pair.right.questions.count > answered, let question = pair.right.questions.last else { continue }
            answered = pair.right.questions.count
            #expect(question.userName == Array("alice".utf8))
            // The server never began this conversation, so the first response has another identifier.
            let data = question.eap.data
            let response = EAPMessage.response(identifier: expected, type: question.eap.type ?? .identity, data: data)
            let answer: ServerAnswer
            switch try server.process(response) {
            case .request(let message):
                expected = message.identifier
                answer = .challenge(message)
            case .success(let message, let outcome): answer = .accept(message, grant(outcome))
            case .failure(let message, let failure): answer = .reject(message, reason: failure.message)
            }
            pair.network.feed(pair.right, .serverAnswered(question.conversation, answer))
        }
    }

    @Test(arguments: [EAPPolicy.Name.asked, .given(Array("alice".utf8))])
    func anAuthenticationServerLetsTheUserIn(name: EAPPolicy.Name) throws {
        let pair = Pair(sites(.authenticationServer, name: name))
        pair.up(within: .milliseconds(10))
        try serve(pair)
        #expect(pair.isUp)
        #expect(pair.right.endpoint.summaries(now: pair.network.now).first?.eap?.method == .mschapV2)
    }

    @Test func anAuthenticationServerGivesAddressAndSessionTime() throws {
        var sites = sites(.authenticationServer)
        sites.right.connections[0].children[0].remoteSelectors = [.dynamic(protocolID: .any, ports: .any)]
        sites.left.connections[0].children[0].localSelectors = [.dynamic(protocolID: .any, ports: .any)]
        sites.left.connections[0].virtualAddresses = [.anyV4]
        let framed = try #require(IPAddress("10.9.8.7"))
        let pair = Pair(sites)
        pair.up(within: .milliseconds(10))
        try serve(pair, grant: { ServerGrant(msk: $0.msk, framedAddresses: [framed], sessionTimeout: .seconds(3600)) })
        #expect(pair.isUp)
        #expect(pair.left.assigned == [framed])
        let before = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        let renewal = try #require(before.timeToReauthentication)
        #expect(renewal > .seconds(60) && renewal < .seconds(3600))
    }

    @Test func anAuthenticationServerRefusesTheUser() throws {
        let pair = Pair(sites(.authenticationServer))
        let id = pair.up(within: .milliseconds(10))
        try serve(pair, password: SecretBytes(copying: [1]))
        pair.network.run(for: .seconds(10))
        #expect(pair.left.failure(of: id)?.reason == .authenticationFailed)
        #expect(errors(pair.right).contains("the authentication server refuses alice"))
        pair.network.run(for: .seconds(400))
        #expect(pair.isEmpty)
    }

    @Test func aServerThatCannotBeReachedIsNamedAndNobodyComesIn() throws {
        let pair = Pair(sites(.authenticationServer))
        let id = pair.up(within: .seconds(1))
        let question = try #require(pair.right.questions.last)
        pair.network.feed(
            pair.right,
            .serverAnswered(question.conversation, .unreachable(reason: "no answer of 10.9.9.9"))
        )
        pair.network.run(for: .seconds(1))
        #expect(pair.left.failure(of: id)?.reason == .authenticationFailed)
        #expect(errors(pair.right).contains("no answer of 10.9.9.9"))
    }

    @Test func aConversationWithoutAnAnswerEndsWithTheSA() throws {
        let pair = Pair(sites(.authenticationServer))
        pair.up(within: .seconds(1))
        let question = try #require(pair.right.questions.last)
        pair.network.run(for: .seconds(60))
        #expect(pair.right.questions.isEmpty)
        #expect(pair.right.endpoint.load.halfOpen == 0)
        // What comes too late is of no use to anybody.
        pair.network.feed(pair.right, .serverAnswered(question.conversation, .unreachable(reason: "late")))
        pair.network.run(for: .seconds(400))
        #expect(pair.isEmpty)
    }
}

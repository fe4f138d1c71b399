import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Ends that prove who they are by signatures (RFC 7296 sections 2.15, 3.6 and 3.7; RFC 7427; RFC 7670).
@Suite struct CertificateTests {
    /// The names of fixtures that have a certificate of the root and a key: certificate, key.
    private static let ends = [
        ("rsa", "rsa2048"), ("p384", "p384"), ("p521", "p521"), ("ed25519", "ed25519"), ("ed448", "ed448"),
    ]

    private static func subject(_ name: String) throws -> Identification {
        try #require(Identification("C=CH, O=Example, CN=\(name)"))
    }

    /// Two sites of which one has the given certificate, and the other that of `ed25519`.
    private func sites(left: (String, String), right: (String, String) = ("ed25519", "ed25519")) throws -> TwoSites {
        var sites = TwoSites()
        try equip(&sites.left, left, expects: right.0)
        try equip(&sites.right, right, expects: left.0)
        return sites
    }

    private func equip(_ policy: inout Policy, _ own: (certificate: String, key: String), expects peer: String) throws {
        policy.secrets = []
        policy.credentials = Credentials(
            privateKeys: [try Fixture.privateKey(own.key)],
            certificates: [try Fixture.certificate(own.certificate)],
            trust: TrustStore(authorities: [try Fixture.certificate("root")])
        )
        policy.connections[0].local = AuthenticationPolicy(kind: .publicKey(PublicKeyPolicy()), identity: nil)
        policy.connections[0].remote = AuthenticationPolicy(
            kind: .publicKey(PublicKeyPolicy()),
            identity: try Self.subject(peer)
        )
    }

    private func isUp(_ sites: TwoSites) -> Bool {
        let pair = Pair(sites)
        pair.up()
        return pair.isUp
    }

    /// What each side says of a negotiation that fails, of which nothing must be left.
    private func refusal(_ sites: TwoSites) throws -> (left: NegotiationFailure, right: String) {
        let pair = Pair(sites)
        let id = pair.up(within: .seconds(20))
        let failure = try #require(pair.left.failure(of: id))
        pair.network.run(for: .seconds(400))
        #expect(pair.isEmpty)
        let words = pair.right.logs.filter { $0.level == .error || $0.level == .warning }.map(\.message)
        return (failure, words.joined(separator: "\n"))
    }

    private func change(_ end: inout AuthenticationPolicy, _ body: (inout PublicKeyPolicy) throws -> Void) rethrows {
        guard case .publicKey(var policy) = end.kind else { return }
        try body(&policy)
        end.kind = .publicKey(policy)
    }

    // MARK: - Each kind of key

    @Test(arguments: ends) func aCertificateOfEachKindAuthenticatesTheInitiator(_ name: String, _ key: String) throws {
        let pair = Pair(try sites(left: (name, key)))
        pair.up()
        #expect(pair.isUp)
        #expect(pair.right.logs.contains { $0.message.contains("certificate of C=CH, O=Example, CN=\(name)") })
    }

    @Test(arguments: ends) func aCertificateOfEachKindAuthenticatesTheResponder(_ name: String, _ key: String) throws {
        #expect(isUp(try sites(left: ("ed25519", "ed25519"), right: (name, key))))
    }

    @Test(arguments: [
        SignatureRequirement(.rsaPSS), SignatureRequirement(.rsaPSS, hashes: [.sha2_512]),
        SignatureRequirement(.rsa, hashes: [.sha2_384]), SignatureRequirement(.any, hashes: [.sha2_512]),
    ]) func whatIsRequiredOfASignatureIsKept(_ requirement: SignatureRequirement) throws {
        var sites = try sites(left: ("rsa", "rsa2048"))
        change(&sites.left.connections[0].local) { $0.signatures = requirement }
        change(&sites.right.connections[0].remote) { $0.signatures = requirement }
        #expect(isUp(sites))
    }

    @Test func aSignatureThatIsNotAdmittedIsRefused() throws {
        var sites = try sites(left: ("rsa", "rsa2048"))
        change(&sites.right.connections[0].remote) { $0.signatures = SignatureRequirement(.ecdsa) }
        // The responder has said so before, and a key that it does not take is not even tried (RFC 9593).
        let failure = try #require(Pair(sites).failureOfLeft)
        #expect(failure.reason == .authenticationFailed)
        #expect(failure.message.contains("announces ECDSA with SHA2_256, ECDSA with SHA2_384, ECDSA with SHA2_512"))
    }

    // MARK: - Identities

    @Test func aPatternStandsForManyPeers() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.right.connections[0].remote.identity = Identification("C=CH, O=Example, CN=*")
        sites.left.connections[0].remote.identity = Identification("C=CH, O=*, CN=*")
        #expect(isUp(sites))
    }

    @Test func anIdentityThatTheCertificateDoesNotHaveIsNotEvenClaimed() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.left.connections[0].local.identity = Identification("somebody.example")
        let pair = Pair(sites)
        let failure = try #require(pair.left.failure(of: pair.up()))
        #expect(failure.reason == .noCredential)
        #expect(failure.message.contains("no certificate is loaded for the identity somebody.example"))
    }

    @Test func aStrangerWithAnotherNameIsRefused() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.right.connections[0].remote.identity = try Self.subject("p521")
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("no connection is for the identity C=CH, O=Example, CN=p384"))
    }

    // MARK: - Trust

    @Test func anAuthorityThatTheResponderDoesNotKnowIsRefused() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.right.credentials.trust = TrustStore(authorities: [try Fixture.certificate("other-root")])
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("the certificate of C=CH, O=Example, CN=p384 is not accepted"))
        #expect(right.contains("Root CA"))
    }

    @Test func anAuthorityThatTheInitiatorDoesNotKnowIsRefused() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.left.credentials.trust = TrustStore(authorities: [try Fixture.certificate("other-root")])
        let (left, _) = try refusal(sites)
        #expect(left.message.contains("the certificate of C=CH, O=Example, CN=ed25519 is not accepted"))
    }

    @Test func onlyTheConfiguredAuthorityWillDo() throws {
        var sites = try sites(left: ("p384", "p384"))
        let other = try Fixture.certificate("other-root")
        sites.right.credentials.trust = TrustStore(authorities: [try Fixture.certificate("root"), other])
        change(&sites.right.connections[0].remote) { $0.authorities = [other] }
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("is not accepted"))
        let root = sites.left.credentials.trust.authorities
        change(&sites.right.connections[0].remote) { $0.authorities = root }
        #expect(isUp(sites))
    }

    @Test func theConnectionWhoseAuthorityIsRightIsFound() throws {
        var sites = try sites(left: ("p384", "p384"))
        let root = try Fixture.certificate("root")
        let other = try Fixture.certificate("other-root")
        sites.right.credentials.trust = TrustStore(authorities: [root, other])
        var decoy = sites.right.connections[0]
        decoy.name = "decoy"
        change(&decoy.remote) { $0.authorities = [other] }
        change(&sites.right.connections[0].remote) { $0.authorities = [root] }
        sites.right.connections.insert(decoy, at: 0)
        #expect(isUp(sites))
    }

    @Test func aRevokedCertificateIsRefusedWhereListsAreStrict() throws {
        var sites = try sites(left: ("p384", "p384"))
        let root = try Fixture.certificate("root")
        change(&sites.right.connections[0].remote) { $0.revocation = .strict }
        #expect(try refusal(sites).right.contains("is not accepted"))
        sites.right.credentials.trust = TrustStore(
            authorities: [root],
            revocationLists: [try Fixture.revocationList("root")]
        )
        #expect(isUp(sites))
    }

    @Test func aPinnedCertificateNeedsNoAuthority() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.right.credentials.trust = TrustStore()
        try change(&sites.right.connections[0].remote) { $0.certificates = [try Fixture.certificate("p384")] }
        #expect(isUp(sites))
        try change(&sites.right.connections[0].remote) { $0.certificates = [try Fixture.certificate("p521")] }
        #expect(try refusal(sites).right.contains("none of x509/ is for that identity"))
    }

    // MARK: - What is sent

    @Test func aCertificateIsSentWhereItIsAskedFor() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.right.connections[0].asksForCertificate = false
        #expect(try refusal(sites).right.contains("sent no certificate, and none of x509/ is for that identity"))
        sites.left.connections[0].certificateSending = .always
        #expect(isUp(sites))
        sites.left.connections[0].certificateSending = .never
        sites.right.credentials.certificates.append(try Fixture.certificate("p384"))
        #expect(isUp(sites))
    }

    @Test func theCertificateOfAnAuthorityThatThePeerTrustsIsChosen() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.left.credentials.certificates.insert(try Fixture.certificate("ed448"), at: 0)
        sites.left.credentials.privateKeys.append(try Fixture.privateKey("ed448"))
        try change(&sites.left.connections[0].local) { $0.certificates = [try Fixture.certificate("p384")] }
        #expect(isUp(sites))
    }

    // MARK: - Keys without certificates

    private func rawKeys() throws -> TwoSites {
        var sites = TwoSites()
        try raw(&sites.left, own: "p256", peer: "ed25519")
        try raw(&sites.right, own: "ed25519", peer: "p256")
        return sites
    }

    private func raw(_ policy: inout Policy, own: String, peer: String) throws {
        policy.secrets = []
        policy.credentials = Credentials(privateKeys: [try Fixture.privateKey(own)])
        var local = PublicKeyPolicy()
        local.publicKeys = [try Fixture.publicKey(own)]
        var remote = PublicKeyPolicy()
        remote.publicKeys = [try Fixture.publicKey(peer)]
        policy.connections[0].local.kind = .publicKey(local)
        policy.connections[0].remote.kind = .publicKey(remote)
    }

    @Test func keysWithoutCertificatesAuthenticate() throws {
        #expect(isUp(try rawKeys()))
    }

    @Test func anotherKeyIsRefused() throws {
        var sites = try rawKeys()
        try change(&sites.right.connections[0].remote) { $0.publicKeys = [try Fixture.publicKey("p384")] }
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("left.example uses a public key that is not among remote.pubkeys"))
    }

    // MARK: - Beside pre-shared keys

    @Test func oneEndMayHaveACertificateAndTheOtherASecret() throws {
        var sites = try sites(left: ("p384", "p384"))
        let secret = SharedKey(name: "ike", owners: [], secret: SecretBytes(copying: [1, 2, 3]))
        sites.left.secrets = [secret]
        sites.right.secrets = [secret]
        sites.left.connections[0].remote = AuthenticationPolicy(identity: Identification("right.example"))
        sites.right.connections[0].local = AuthenticationPolicy(identity: Identification("right.example"))
        #expect(isUp(sites))
    }

    @Test func aSecretDoesNotStandInForACertificate() throws {
        var sites = TwoSites()
        sites.right.connections[0].remote.kind = .publicKey(PublicKeyPolicy())
        let (left, right) = try refusal(sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains("left.example authenticates by a pre-shared key, configured is a public key"))
    }

    @Test func aCertificateDoesNotStandInForASecret() throws {
        var sites = try sites(left: ("p384", "p384"))
        sites.right.secrets = TwoSites().right.secrets
        sites.right.connections[0].remote.kind = .preSharedKey
        let failure = try #require(Pair(sites).failureOfLeft)
        #expect(failure.reason == .authenticationFailed)
        #expect(failure.message.contains("announces no signature"))
    }
}

extension Pair {
    /// Why the left side gives the connection up, if it does.
    fileprivate var failureOfLeft: NegotiationFailure? { left.failure(of: up(within: .seconds(20))) }
}

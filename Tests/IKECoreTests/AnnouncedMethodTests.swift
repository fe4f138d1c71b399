import IKECore
import IKECrypto
import IKEWire
import Support
import Testing

/// Ends that say which proofs they take, and choose theirs by what the other says (RFC 9593).
@Suite struct AnnouncedMethodTests {
    /// The engine has the keys and certificates of these fixtures, and trusts the root; the peer may be anybody of it.
    private func peer(
        _ keys: [(certificate: String, key: String)],
        change: (inout Connection) -> Void = { _ in }
    ) throws -> ScriptedPeer {
        var policy = TwoSites().left
        policy.credentials = Credentials(
            privateKeys: try keys.map { try Fixture.privateKey($0.key) },
            certificates: try keys.map { try Fixture.certificate($0.certificate) },
            trust: TrustStore(authorities: [try Fixture.certificate("root")])
        )
        policy.connections[0].local = AuthenticationPolicy(kind: .publicKey(PublicKeyPolicy()), identity: nil)
        policy.connections[0].remote = AuthenticationPolicy(kind: .publicKey(PublicKeyPolicy()), identity: nil)
        change(&policy.connections[0])
        return try ScriptedPeer(policy)
    }

    private static func announcement(_ scheme: SignatureScheme, authority: UInt8 = 0) -> AuthMethodAnnouncement {
        AuthMethodAnnouncement(.digitalSignature, authority: authority, algorithm: scheme.algorithmIdentifier)
    }

    /// What the engine as initiator answers an IKE_SA_INIT response with that says this.
    private func authRequest(
        _ peer: ScriptedPeer,
        _ announcements: [AuthMethodAnnouncement],
        authorities: [[UInt8]]? = nil
    ) throws -> ScriptedPeer.Received {
        let own = try Fixture.certificate("root").publicKey.keyHash
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { message in
            let hashes: [UInt8] = [0, 2, 0, 3, 0, 4, 0, 5]
            message.payloads += [
                Payload(.notify(Notify(.signatureHashAlgorithms, data: hashes))),
                Payload(
                    .certificateRequest(
                        CertificateRequest(encoding: .x509Signature, authorities: (authorities ?? [own]).flatMap { $0 })
                    )
                ),
                Payload(.notify(.supportedAuthMethods(announcements))),
            ]
        }
        return try peer.nextRequest(.ikeAuth)
    }

    /// The scheme that an AUTH payload was made by.
    private func scheme(_ message: ScriptedPeer.Received) throws -> SignatureScheme? {
        let data = try #require(message.payloads.authentication?.data)
        let length = Int(try #require(data.first))
        return SignatureScheme(algorithmIdentifier: Array(data[1..<1 + length]))
    }

    // MARK: - What is announced

    @Test func anInitiatorAnnouncesWhatItTakesInIKEAuth() throws {
        let peer = try peer([("p384", "p384")])
        let request = try authRequest(peer, [Self.announcement(.ecdsa(.sha2_384))])
        let announced = try #require(request.payloads.notify(.supportedAuthMethods)?.supportedAuthMethods)
        #expect(announced.contains(Self.announcement(.ecdsa(.sha2_256))))
        #expect(announced.contains(Self.announcement(.rsaPSS(.sha2_512))))
        #expect(announced.allSatisfy { $0.method == .digitalSignature && $0.authority == 0 })
        #expect(Set(announced).count == announced.count)
    }

    @Test func aResponderAnnouncesWhatItTakesInIKESAInit() throws {
        let peer = try peer([("p384", "p384")]) {
            var policy = PublicKeyPolicy()
            policy.signatures = SignatureRequirement(.ecdsa)
            $0.remote.kind = .publicKey(policy)
        }
        _ = try peer.requestInit()
        let response = try peer.nextResponse()
        let announced = try #require(response.payloads.notify(.supportedAuthMethods)?.supportedAuthMethods)
        #expect(announced == [.sha2_256, .sha2_384, .sha2_512].map { Self.announcement(.ecdsa($0)) })
        #expect(response.bytes.count < 1280)
    }

    @Test func onlyWhatAPinnedKeyCanDoIsAnnounced() throws {
        let key = try Fixture.publicKey("ed25519")
        let peer = try peer([("p384", "p384")]) {
            var policy = PublicKeyPolicy()
            policy.publicKeys = [key]
            $0.remote.kind = .publicKey(policy)
        }
        _ = try peer.requestInit()
        let announced = try peer.nextResponse().payloads.notify(.supportedAuthMethods)?.supportedAuthMethods
        #expect(announced == [Self.announcement(.ed25519)])
    }

    @Test func whereSharedKeysProveAllNothingIsAnnounced() throws {
        let peer = try ScriptedPeer()
        _ = try peer.requestInit()
        #expect(try peer.nextResponse().payloads.notify(.supportedAuthMethods) == nil)
        let other = try ScriptedPeer()
        other.initiate()
        try other.answerInit(try other.nextRequest(.ikeSAInit))
        #expect(try other.nextRequest(.ikeAuth).payloads.notify(.supportedAuthMethods) == nil)
    }

    // MARK: - What is chosen

    @Test func theSchemeThatThePeerTakesIsUsed() throws {
        let peer = try peer([("rsa", "rsa2048")])
        let request = try authRequest(peer, [Self.announcement(.rsaPSS(.sha2_384))])
        #expect(try scheme(request) == .rsaPSS(.sha2_384))
        // Without a word of it, it would have been this one.
        let silent = try self.peer([("rsa", "rsa2048")])
        #expect(try scheme(try authRequest(silent, [])) == .rsaPKCS1(.sha2_256))
    }

    @Test func theKeyThatThePeerTakesIsUsed() throws {
        let keys = [("rsa", "rsa2048"), ("p384", "p384"), ("ed25519", "ed25519")]
        for (announced, subject) in [(SignatureScheme.ed25519, "ed25519"), (.ecdsa(.sha2_384), "p384")] {
            let request = try authRequest(try peer(keys), [Self.announcement(announced)])
            #expect(try scheme(request) == announced)
            #expect(request.payloads.identificationInitiator?.description == "C=CH, O=Example, CN=\(subject)")
        }
    }

    @Test func aResponderChoosesByWhatTheRequestSays() throws {
        let peer = try peer([("rsa", "rsa2048"), ("ed25519", "ed25519")]) {
            $0.remote = TwoSites().left.connections[0].remote
        }
        let offer = try peer.requestInit(change: { message in
            message.payloads.append(Payload(.notify(Notify(.signatureHashAlgorithms, data: [0, 2, 0, 5]))))
        })
        try peer.concludeInit(offer, try peer.nextResponse())
        try peer.requestAuth { message in
            message.payloads.append(Payload(.notify(.supportedAuthMethods([Self.announcement(.ed25519)]))))
        }
        #expect(try scheme(try peer.nextResponse()) == .ed25519)
    }

    @Test func anAnnouncementForAnotherAuthorityDoesNotCount() throws {
        let root = try Fixture.certificate("root").publicKey.keyHash
        let other = try Fixture.certificate("other-root").publicKey.keyHash
        let announcements = [
            Self.announcement(.rsaPKCS1(.sha2_256), authority: 2), Self.announcement(.rsaPSS(.sha2_256), authority: 1),
        ]
        let request = try authRequest(try peer([("rsa", "rsa2048")]), announcements, authorities: [root, other])
        #expect(try scheme(request) == .rsaPSS(.sha2_256))
        let swapped = try authRequest(try peer([("rsa", "rsa2048")]), announcements, authorities: [other, root])
        #expect(try scheme(swapped) == .rsaPKCS1(.sha2_256))
    }

    @Test func whatCannotBeReadIsPassedOver() throws {
        let announcements = [
            AuthMethodAnnouncement(.digitalSignature, authority: 0, algorithm: [0x30, 0x00]),
            AuthMethodAnnouncement(AuthenticationMethod(rawValue: 250)),
            Self.announcement(.rsaPSS(.sha2_512), authority: 9),
            Self.announcement(.rsaPSS(.sha2_256)),
        ]
        #expect(try scheme(try authRequest(try peer([("rsa", "rsa2048")]), announcements)) == .rsaPSS(.sha2_256))
    }

    @Test func aPeerThatTakesNoneOfOursIsNamedWithWhatItTakes() throws {
        let peer = try peer([("rsa", "rsa2048")])
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { message in
            message.payloads += [
                Payload(.notify(Notify(.signatureHashAlgorithms, data: [0, 2]))),
                Payload(.notify(.supportedAuthMethods([Self.announcement(.ecdsa(.sha2_256))]))),
            ]
        }
        let failure = try #require(peer.failure(of: id))
        #expect(failure.reason == .authenticationFailed)
        #expect(failure.message.contains("announces ECDSA with SHA2_256"))
        #expect(failure.message.contains("RSA-2048"))
    }
}

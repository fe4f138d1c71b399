import IKECore
import IKECrypto
import IKEWire
import Support
import Testing

/// Proofs that are not good enough, in both roles: nobody comes in, the peer learns AUTHENTICATION_FAILED and nothing else, and the log
/// says exactly why.
@Suite struct BadProofTests {
    /// A certificate for right.example with the key of p384, in which one thing is wrong, and what the log says of it.
    private static let flaws: [(certificate: String, words: String)] = [
        ("judged-expired", "the certificate of \"C=CH, O=Example, CN=right\" has expired on 2021-01-01"),
        ("judged-future", "is not valid before 2119-01-01"),
        ("judged-code-signing", "is not for IKE: it allows only the extended key usage 1.3.6.1.5.5.7.3.3"),
        ("judged-encipherment", "is not for IKE: it allows only key usage without digitalSignature"),
        ("judged-revoked", "is revoked"),
        ("judged-self", "is self-signed and not configured as trusted"),
        ("judged-other-name", "is not for right.example: that is neither its subject nor one of its subjectAltNames"),
        ("p384", "is not for right.example"),
    ]

    /// Octets that are no certificate.
    private static let garbage: [[UInt8]] = [
        [], [0x30], [0x30, 0x82, 0xFF, 0xFF], Array("hello".utf8), [UInt8](repeating: 0, count: 300),
    ]

    /// The engine, which trusts the judge, and a peer that it expects to be right.example.
    private func peer(
        asking kind: AuthenticationKind = .publicKey(PublicKeyPolicy()),
        fetching: Bool = false
    ) throws -> ScriptedPeer {
        var policy = TwoSites().left
        policy.credentials = Credentials(
            privateKeys: [try Fixture.privateKey("ed25519")],
            certificates: [try Fixture.certificate("ed25519")],
            trust: TrustStore(
                authorities: [try Fixture.certificate("judge")],
                revocationLists: [try Fixture.revocationList("judge")]
            )
        )
        policy.connections[0].local = AuthenticationPolicy(kind: .publicKey(PublicKeyPolicy()), identity: nil)
        policy.connections[0].remote.kind = kind
        var settings = Settings.withoutDelay
        settings.fetchesCertificates = fetching
        return try ScriptedPeer(policy, settings: settings)
    }

    /// Has the peer prove that it is right.example, by a signature of p384's key, and gives what the engine answers.
    private func prove(
        _ peer: ScriptedPeer,
        as role: Role,
        certificates: [[UInt8]],
        encoding: CertificateEncoding = .x509Signature,
        key: String = "p384",
        breaking: Bool = false
    ) throws -> [Payload] {
        let hashes = Payload(.notify(Notify(.signatureHashAlgorithms, data: [0, 2, 0, 3, 0, 4, 0, 5])))
        let ask: ScriptedPeer.Received?
        if role == .initiator {
            let offer = try peer.requestInit(change: { $0.payloads.append(hashes) })
            try peer.concludeInit(offer, try peer.nextResponse())
            ask = nil
        } else {
            peer.initiate()
            try peer.answerInit(try peer.nextRequest(.ikeSAInit), change: { $0.payloads.append(hashes) })
            ask = try peer.nextRequest(.ikeAuth)
        }
        let sa = try peer.sa
        let maced = try sa.prf.compute(
            key: role == .initiator ? sa.keys.pi : sa.keys.pr,
            peer.identity.bodyOctets
        ).withUnsafeBytes { [UInt8]($0) }
        let signed =
            role == .initiator
            ? peer.initRequestBytes + sa.nonceR + maced : peer.initResponseBytes + sa.nonceI + maced
        let scheme = key == "p384" ? SignatureScheme.ecdsa(.sha2_384) : .ed448
        var signature = try Fixture.privateKey(key).sign(signed, by: scheme)
        if breaking { signature[signature.count - 1] ^= 1 }
        let identifier = scheme.algorithmIdentifier
        let payloads =
            [
                Payload(
                    role == .initiator
                        ? .identificationInitiator(peer.identity) : .identificationResponder(peer.identity)
                )
            ]
            + certificates.map { Payload(.certificate(Certificate(encoding: encoding, data: $0))) }
            + [
                Payload(
                    .authentication(
                        Authentication(
                            method: .digitalSignature,
                            data: [UInt8(identifier.count)] + identifier + signature
                        )
                    )
                )
            ]
        if let ask {
            try peer.answer(ask, payloads)
            return try peer.isQuiet ? [] : peer.next().payloads
        }
        return try peer.exchange(.ikeAuth, payloads).payloads
    }

    private func expectRefusal(_ peer: ScriptedPeer, _ answer: [Payload], _ words: String) throws {
        #expect(answer == [Payload(.notify(Notify(.authenticationFailed)))])
        #expect(peer.inbound.isEmpty && peer.outbound.isEmpty && !peer.isUp)
        let errors = peer.logs.filter { $0.level == .error }.map(\.message)
        #expect(errors.contains { $0.contains(words) }, "\(errors)")
    }

    @Test(arguments: [Role.initiator, .responder]) func aGoodProofIsTaken(role: Role) throws {
        let peer = try peer()
        let answer = try prove(peer, as: role, certificates: [try Fixture.certificate("judged-good").der])
        #expect(answer.notify(.authenticationFailed) == nil)
        #expect(peer.logs.contains { $0.message.contains("IKE SA established") })
    }

    @Test(arguments: flaws, [Role.initiator, .responder])
    func aFlawedCertificateIsRefused(flaw: (certificate: String, words: String), role: Role) throws {
        let peer = try peer()
        let answer = try prove(peer, as: role, certificates: [try Fixture.certificate(flaw.certificate).der])
        try expectRefusal(peer, answer, flaw.words)
    }

    @Test(arguments: [CertificateEncoding.hashAndURL, .hashAndURLBundle], [Role.initiator, .responder])
    func thePlaceOfACertificateIsRefusedWhereNobodyAskedForOne(encoding: CertificateEncoding, role: Role) throws {
        let peer = try peer()
        let place = [UInt8](repeating: 1, count: 20) + Array("http://pki.example.org/x".utf8)
        let answer = try prove(peer, as: role, certificates: [place], encoding: encoding)
        let words =
            "sent the place of a certificate (http://pki.example.org/x) instead of the certificate, and was not told"
        try expectRefusal(peer, answer, words)
    }

    @Test(arguments: [1, 5], [Role.initiator, .responder])
    func placesThatAreNoneAndTooManyAreRefused(count: Int, role: Role) throws {
        let peer = try peer(fetching: true)
        let place = [UInt8](repeating: 1, count: 20) + (count == 1 ? [0x0A] : Array("http://pki.example.org/x".utf8))
        let places = Array(repeating: place, count: count)
        let answer = try prove(peer, as: role, certificates: places, encoding: .hashAndURL)
        let words =
            count == 1 ? "that is not a hash and a URL" : "sent 5 URLs of certificates, of which 4 are fetched at most"
        try expectRefusal(peer, answer, words)
    }

    @Test(arguments: garbage, [Role.initiator, .responder])
    func whatIsNoCertificateIsRefused(octets: [UInt8], role: Role) throws {
        for others in [[], [try Fixture.certificate("judged-good").der]] {
            let peer = try peer()
            let answer = try prove(peer, as: role, certificates: others + [octets])
            try expectRefusal(peer, answer, "right.example sent a certificate (X.509) that cannot be used")
        }
    }

    @Test(arguments: [Role.initiator, .responder]) func aCertificateThatIsCutShortIsRefused(role: Role) throws {
        let whole = try Fixture.certificate("judged-good").der
        for count in stride(from: 1, to: whole.count, by: 97) {
            let peer = try peer()
            let answer = try prove(peer, as: role, certificates: [Array(whole.prefix(count))])
            try expectRefusal(peer, answer, "that cannot be used")
        }
    }

    @Test(arguments: [Role.initiator, .responder]) func anothersCertificateIsNoProof(role: Role) throws {
        let peer = try peer()
        let answer = try prove(peer, as: role, certificates: [try Fixture.certificate("judged-good").der], key: "ed448")
        try expectRefusal(peer, answer, "the signature of right.example (Ed448) is not one of its key (ECDSA P-384")
    }

    @Test(arguments: [Role.initiator, .responder]) func aBrokenSignatureIsNoProof(role: Role) throws {
        let peer = try peer()
        let certificates = [try Fixture.certificate("judged-good").der]
        let answer = try prove(peer, as: role, certificates: certificates, breaking: true)
        try expectRefusal(peer, answer, "is not one of its key")
    }

    @Test(arguments: [Role.initiator, .responder]) func withoutACertificateThereIsNoProof(role: Role) throws {
        let peer = try peer()
        try expectRefusal(peer, try prove(peer, as: role, certificates: []), "right.example sent no certificate")
    }

    @Test(arguments: [Role.initiator, .responder]) func aSignatureThatIsNotAdmittedIsNoProof(role: Role) throws {
        var wanted = PublicKeyPolicy()
        wanted.signatures = SignatureRequirement(.rsa)
        let peer = try peer(asking: .publicKey(wanted))
        let answer = try prove(peer, as: role, certificates: [try Fixture.certificate("judged-good").der])
        try expectRefusal(peer, answer, "signs with ECDSA with SHA2_384, which `auth = rsa` does not admit")
    }

    @Test func aSignatureIsNoSharedSecret() throws {
        let peer = try peer(asking: .preSharedKey)
        let answer = try prove(peer, as: .initiator, certificates: [try Fixture.certificate("judged-good").der])
        #expect(answer == [Payload(.notify(Notify(.authenticationFailed)))])
        let words = "authenticates by digital signature, configured is a pre-shared key (auth = psk)"
        #expect(peer.logs.contains { $0.message.contains(words) })
    }

    // MARK: - Passwords

    private static let right = "correct horse"
    private static let wrong = "hunter2 battery"

    /// No line of any level may have one of these, nor their octets in hexadecimal.
    private func expectSilence(_ hosts: [Host], of secrets: [String]) {
        for line in hosts.flatMap(\.logs).map(\.message) {
            for secret in secrets {
                #expect(!line.contains(secret))
                #expect(!line.lowercased().contains(hexadecimal(Array(secret.utf8))))
            }
        }
    }

    @Test(arguments: [EAPMethod.mschapV2, .ttls], [right, wrong])
    func noPasswordReachesALog(method: EAPMethod, typed: String) throws {
        var sites = TwoSites()
        sites.left.connections[0].local.kind = .eap(EAPPolicy(.any, name: .given(Array("alice".utf8))))
        sites.right.connections[0].remote.kind = .eap(EAPPolicy(.only(method), name: .asked))
        sites.left.eapSecrets = [
            EAPSecret(name: "eap", users: [], password: SecretBytes(copying: Array(typed.utf8)))
        ]
        sites.right.eapSecrets = [
            EAPSecret(
                name: "eap",
                users: [Array("alice".utf8)],
                password: SecretBytes(copying: Array(Self.right.utf8))
            )
        ]
        let pair = Pair(sites)
        let id = pair.up(within: .seconds(20))
        if method == .mschapV2 { #expect((pair.left.failure(of: id) == nil) == (typed == Self.right)) }
        expectSilence([pair.left, pair.right], of: [Self.right, Self.wrong])
    }

    @Test func noSharedSecretReachesALog() throws {
        var sites = TwoSites()
        sites.left.secrets[0].secret = SecretBytes(copying: Array(Self.wrong.utf8))
        let pair = Pair(sites)
        #expect(pair.left.failure(of: pair.up(within: .seconds(20))) != nil)
        expectSilence([pair.left, pair.right], of: [Self.wrong, "correct horse battery staple"])
    }
}

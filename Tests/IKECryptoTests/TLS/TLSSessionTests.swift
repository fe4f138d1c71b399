import IKECrypto
import IKEWire
import Support
import Testing

/// Sessions of TLS in memory.
@Suite struct TLSSessionTests {
    private func settings(
        _ role: TLSSettings.Role,
        _ version: TLSVersion = .tls13,
        trust: TrustStore = TrustStore(),
        key: PrivateKey? = nil,
        certificate: X509Certificate? = nil,
        asksForClientCertificate: Bool = false
    ) -> TLSSettings {
        TLSSettings(
            role: role,
            certificates: certificate.map { [$0] } ?? [],
            privateKey: key,
            trust: trust,
            revocation: .relaxed,
            today: Fixture.today,
            peerIdentity: nil,
            asksForClientCertificate: asksForClientCertificate,
            versions: version...version
        )
    }

    private func pair(
        _ version: TLSVersion = .tls13,
        _ kind: PublicKey.Kind = .ecdsa(.p256)
    ) throws -> (client: TLSSession, server: TLSSession) {
        let (authority, key) = (try PrivateKey.make(.ecdsa(.p256)), try PrivateKey.make(kind))
        var builder = CertificateBuilder(
            commonName: "CA",
            publicKey: authority.publicKey,
            notBefore: Fixture.today,
            notAfter: UnixTime(seconds: Fixture.today.seconds + 3600),
            purpose: .authority
        )
        let root = try builder.signed(by: authority, of: nil)
        (builder.commonName, builder.purpose, builder.publicKey) = ("server", .endEntity, key.publicKey)
        let leaf = try builder.signed(by: authority, of: root)
        let trust = TrustStore(authorities: [root])
        return (
            try TLSSession(settings(.client, version, trust: trust)),
            try TLSSession(settings(.server, version, key: key, certificate: leaf))
        )
    }

    private func shakeHands(_ client: TLSSession, _ server: TLSSession) throws {
        try client.proceed()
        for _ in 0..<6 where !(client.isEstablished && server.isEstablished) {
            try server.receive(client.takeOutput())
            try server.proceed()
            try client.receive(server.takeOutput())
            try client.proceed()
        }
        #expect(client.isEstablished && server.isEstablished)
    }

    private static let kinds: [PublicKey.Kind] = [
        .rsa(bits: 2048), .ecdsa(.p256), .ecdsa(.p384), .ecdsa(.p521), .ed25519, .ed448,
    ]

    @Test(arguments: [TLSVersion.tls12, .tls13], kinds)
    func keysOfEveryKindServe(version: TLSVersion, kind: PublicKey.Kind) throws {
        let (client, server) = try pair(version, kind)
        #expect(client.summary == nil && client.version == nil)
        try shakeHands(client, server)
        let summary = try #require(client.summary)
        #expect(summary.version == version && summary.peerSubject == "CN=server")
        #expect(summary.clientCertificate == .notRequested)
        #expect("\(summary)" == "\(version) (\(summary.cipherSuite)), peer \"CN=server\"")
        #expect(server.summary?.peerSubject == nil)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func dataGoesBothWays(version: TLSVersion) throws {
        let (client, server) = try pair(version)
        try shakeHands(client, server)
        #expect(try server.read().isEmpty)
        let long = SecretBytes(copying: (0..<50_000).map { UInt8(truncatingIfNeeded: $0) })
        try client.write(long)
        try server.receive(client.takeOutput())
        #expect(try server.read() == long)
        try server.write(SecretBytes(copying: [1]))
        try server.write(SecretBytes(copying: [2, 3]))
        try server.write(.empty)
        let records = server.takeOutput()
        // A record in two parts.
        try client.receive(Array(records.prefix(7)))
        #expect(try client.read().isEmpty)
        try client.receive(Array(records.dropFirst(7)))
        #expect(try client.read() == SecretBytes(copying: [1, 2, 3]))
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func bothSidesExportTheSameKeys(version: TLSVersion) throws {
        let (client, server) = try pair(version)
        try shakeHands(client, server)
        let key = try client.export(label: "one", context: [13], length: 128)
        #expect(key.count == 128)
        #expect(try server.export(label: "one", context: [13], length: 128) == key)
        #expect(try server.export(label: "two", context: [13], length: 128) != key)
        #expect(try server.export(label: "one", context: [21], length: 128) != key)
        // RFC 5705 section 4 tells no context from an empty one; RFC 8446 section 7.5 does not.
        let (none, empty) = (
            try client.export(label: "one", context: nil, length: 32),
            try client.export(label: "one", context: [], length: 32)
        )
        #expect((none == empty) == (version == .tls13))
    }

    @Test func nothingIsExportedBeforeTheHandshake() throws {
        let (client, _) = try pair()
        #expect(throws: CryptoError.self) { try client.export(label: "one", context: nil, length: 32) }
    }

    @Test func whatIsNoTLSIsRefused() throws {
        let (_, server) = try pair()
        try server.receive(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        let error = #expect(throws: TLSFailure.self) { try server.proceed() }
        #expect(error == .refused("http request"))
        let (client, _) = try pair()
        try client.proceed()
        try client.receive([UInt8](repeating: 0x55, count: 64))
        #expect(throws: TLSFailure.self) { try client.proceed() }
    }

    @Test func aChangedRecordIsRefused() throws {
        let (client, server) = try pair()
        try shakeHands(client, server)
        try client.write(SecretBytes(copying: [1, 2, 3]))
        var record = client.takeOutput()
        record[record.count - 1] ^= 1
        try server.receive(record)
        #expect(throws: TLSFailure.self) { try server.read() }
        try client.receive(server.takeOutput())
        #expect(throws: TLSFailure.alert("bad record mac")) { try client.read() }
    }

    @Test func aWeakKeyIsNotUsed() throws {
        #expect(throws: (any Error).self) {
            let key = try Fixture.privateKey("rsa1024")
            _ = try TLSSession(settings(.server, key: key, certificate: Fixture.certificate("weak")))
        }
    }

    @Test(
        arguments: [
            (
                .untrusted(.unknownAuthority(issuer: "CN=ca")),
                "the peer's certificate is not trusted: no trusted CA certificate for the issuer \"CN=ca\""
            ),
            (.closed, "the peer closed the TLS session"),
            (.alert("unknown CA"), "the peer ended TLS with the alert \"unknown CA\""),
            (.refused("why"), "the TLS session cannot go on: why"),
            (.library(.malformed("key")), "not a readable key"),
        ] as [(TLSFailure, String)]
    )
    func failuresAreSentences(_ failure: TLSFailure, _ text: String) {
        #expect("\(failure)" == text)
    }
}

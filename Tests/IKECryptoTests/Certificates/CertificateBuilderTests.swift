import IKECrypto
import IKEWire
import Support
import Testing

/// Certificates and lists that are made here, held to what `TrustStore` asks of those of others.
@Suite struct CertificateBuilderTests {
    private static let end = UnixTime(seconds: Fixture.today.seconds + 86_400)

    private struct Authority {
        let key: PrivateKey
        let certificate: X509Certificate

        init(_ kind: PublicKey.Kind = .ecdsa(.p256), name: String = "Example CA") throws {
            key = try PrivateKey.make(kind)
            certificate = try CertificateBuilder(
                commonName: name,
                publicKey: key.publicKey,
                notBefore: Fixture.today,
                notAfter: end,
                purpose: .authority
            ).signed(by: key, of: nil)
        }

        func issue(to key: PublicKey, names: [AlternativeName] = []) throws -> X509Certificate {
            try CertificateBuilder(
                commonName: "gw",
                alternativeNames: names,
                publicKey: key,
                notBefore: Fixture.today,
                notAfter: end,
                purpose: .endEntity
            ).signed(by: self.key, of: certificate)
        }

        func trusts(_ leaf: X509Certificate, lists: [RevocationList] = [], _ policy: RevocationPolicy = .relaxed) throws
            -> [X509Certificate]
        {
            try TrustStore(authorities: [certificate], revocationLists: lists).verify(
                leaf,
                intermediates: [],
                at: Fixture.today,
                revocation: policy,
                limitedTo: nil
            )
        }
    }

    @Test(arguments: [PublicKey.Kind.rsa(bits: 2048), .ecdsa(.p256), .ecdsa(.p384), .ecdsa(.p521), .ed25519, .ed448])
    func authoritiesOfEveryKindIssue(kind: PublicKey.Kind) throws {
        let authority = try Authority(kind)
        #expect(authority.certificate.isAuthority && authority.certificate.isSelfSigned)
        #expect(authority.certificate.publicKey.kind == kind)
        let names: [AlternativeName] = [.dns("gw.example.org"), .email("a,b@example.org"), .address([192, 0, 2, 1])]
        let leaf = try authority.issue(to: Fixture.publicKey("p256"), names: names)
        #expect(leaf.alternativeNames == names)
        #expect(leaf.subjectText == "CN=gw" && leaf.issuerText == "CN=Example CA")
        #expect(leaf.notBefore == Fixture.today && leaf.notAfter == Self.end)
        #expect(leaf.serialNumber.count == 16)
        #expect(!leaf.isAuthority)
        #expect(try authority.trusts(leaf) == [leaf, authority.certificate])
    }

    @Test func anAuthorityMadeHereMakesNoFurtherOnes() throws {
        let authority = try Authority()
        let key = try Fixture.privateKey("p256")
        let below = try CertificateBuilder(
            commonName: "below",
            publicKey: key.publicKey,
            notBefore: Fixture.today,
            notAfter: Self.end,
            purpose: .authority
        ).signed(by: authority.key, of: authority.certificate)
        let leaf = try CertificateBuilder(
            commonName: "leaf",
            publicKey: key.publicKey,
            notBefore: Fixture.today,
            notAfter: Self.end,
            purpose: .endEntity
        ).signed(by: key, of: below)
        #expect(throws: CertificateRejection.pathTooLong(subject: "CN=Example CA")) {
            try TrustStore(authorities: [authority.certificate]).verify(
                leaf,
                intermediates: [below],
                at: Fixture.today,
                revocation: .relaxed,
                limitedTo: nil
            )
        }
    }

    @Test func listsRevokeWhatIsOnThem() throws {
        let authority = try Authority()
        let (good, bad) = (
            try authority.issue(to: Fixture.publicKey("p256")), try authority.issue(to: Fixture.publicKey("p384"))
        )
        let list = try RevocationListBuilder(
            entries: [.init(serialNumber: bad.serialNumber, time: Fixture.today)],
            number: 1 << 40,
            thisUpdate: Fixture.today,
            nextUpdate: Self.end
        ).signed(by: authority.key, of: authority.certificate)
        #expect(list.count == 1)
        #expect(list.isSigned(by: authority.certificate))
        #expect(list.nextUpdate == Self.end)
        #expect(try authority.trusts(good, lists: [list], .strict).count == 2)
        #expect(throws: CertificateRejection.revoked(subject: "CN=gw", serialNumber: bad.serialNumber)) {
            try authority.trusts(bad, lists: [list])
        }
        let empty = try RevocationListBuilder(entries: [], number: 0, thisUpdate: Fixture.today, nextUpdate: Self.end)
            .signed(by: authority.key, of: authority.certificate)
        #expect(empty.count == 0)
        #expect(try authority.trusts(bad, lists: [empty], .strict).count == 2)
    }

    @Test func whatIsMadeIsReadBackFromPEM() throws {
        let authority = try Authority()
        let list = try RevocationListBuilder(entries: [], number: 1, thisUpdate: Fixture.today, nextUpdate: Self.end)
            .signed(by: authority.key, of: authority.certificate)
        #expect(try X509Certificate.parse(authority.certificate.pem()) == [authority.certificate])
        #expect(try RevocationList.parse(list.pem()) == [list])
        let key = try PrivateKey(parsing: authority.key.pem(), passphrase: nil)
        #expect(key.publicKey == authority.key.publicKey)
    }

    @Test func namesThatDoNotFitAreRefused() throws {
        #expect(throws: CryptoError.self) { try Authority(name: "") }
        #expect(throws: CryptoError.self) { try Authority(name: String(repeating: "x", count: 65)) }
        let authority = try Authority(name: "Bücher, O=a")
        #expect(authority.certificate.subjectText == #"CN="Bücher, O=a""#)
        #expect(throws: CryptoError.unsupported("a name of this kind in a new certificate")) {
            try authority.issue(to: Fixture.publicKey("p256"), names: [.other])
        }
    }
}

import IKECrypto
import IKEWire
import Support
import Testing

/// Which certificates are trusted, and what is said of the others.
@Suite struct TrustStoreTests {
    private func verify(
        _ leaf: String,
        with intermediates: [String] = [],
        store: TrustStore? = nil,
        at time: UnixTime = Fixture.today,
        limitedTo accepted: [String]? = nil
    ) throws -> [X509Certificate] {
        let store = try store ?? TrustStore(authorities: [Fixture.certificate("root")])
        return try store.verify(
            Fixture.certificate(leaf),
            intermediates: Fixture.certificates(intermediates),
            at: time,
            revocation: .relaxed,
            limitedTo: accepted.map { try Fixture.certificates($0) }
        )
    }

    @Test(arguments: ["gateway", "bare", "rsa", "ed25519", "ed448", "p384", "p521", "non-repudiation", "names"])
    func aCertificateOfATrustedAuthorityIsTrusted(leaf: String) throws {
        #expect(try verify(leaf) == Fixture.certificates([leaf, "root"]))
    }

    @Test func theChainIsFoundOverWhatThePeerSentAndWhatIsConfigured() throws {
        let chain = try Fixture.certificates(["below", "intermediate", "root"])
        #expect(try verify("below", with: ["other-root", "intermediate"]) == chain)
        let store = TrustStore(
            authorities: try Fixture.certificates(["other-root", "root"]),
            intermediates: try Fixture.certificates(["intermediate"])
        )
        #expect(try verify("below", store: store) == chain)
    }

    private static func text(_ name: String) -> String { "C=CH, O=Example, CN=\(name)" }

    @Test(
        arguments: [
            ("expired", [], .expired(subject: text("expired"), notAfter: UnixTime(seconds: 1_609_459_200))),
            ("future", [], .notYetValid(subject: text("future"), notBefore: UnixTime(seconds: 4_701_974_400))),
            ("other-leaf", [], .unknownAuthority(issuer: "C=CH, O=Other, CN=Root CA")),
            ("other-leaf", ["other-root"], .unknownAuthority(issuer: "C=CH, O=Other, CN=Root CA")),
            ("below", [], .unknownAuthority(issuer: text("Intermediate CA"))),
            ("self", [], .selfSigned(subject: text("self"))),
            ("other-root", [], .selfSigned(subject: "C=CH, O=Other, CN=Root CA")),
            ("false-leaf", [], .badSignature(subject: text("false"))),
            (
                "code-signing", [],
                .wrongUsage(
                    subject: text("code signing"),
                    allows: "the extended key usage 1.3.6.1.5.5.7.3.3"
                )
            ),
            (
                "encipherment", [],
                .wrongUsage(
                    subject: text("encipherment"),
                    allows: "key usage without digitalSignature"
                )
            ),
            ("weak", [], .weakKey(subject: text("weak"), key: "RSA-1024")),
            ("sha1", [], .weakSignature(subject: text("sha1"))),
            ("critical", [], .other(subject: text("critical"), reason: "unhandled critical extension")),
            ("below-leaf", ["bare"], .notAnAuthority(subject: text("gw.example.org"))),
            ("below-too-deep", ["too-deep", "intermediate"], .pathTooLong(subject: text("Intermediate CA"))),
            ("forbidden", ["constrained"], .nameNotPermitted(subject: text("forbidden"))),
        ] as [(String, [String], CertificateRejection)]
    )
    func whatIsWrongIsSaid(_ leaf: String, _ intermediates: [String], _ rejection: CertificateRejection) throws {
        #expect(throws: rejection) { try verify(leaf, with: intermediates) }
    }

    @Test func namesWithinTheConstraintsAreTrusted() throws {
        #expect(try verify("permitted", with: ["constrained"]).count == 3)
    }

    @Test func timeIsTheOneThatIsGiven() throws {
        #expect(try verify("expired", at: UnixTime(seconds: 1_600_000_000)).count == 2)
        #expect(try verify("future", at: UnixTime(seconds: 4_720_000_000)).count == 2)
        for time in [Int64.min, 0, Int64.max] {
            #expect(throws: CertificateRejection.self) { try verify("gateway", at: UnixTime(seconds: time)) }
        }
    }

    @Test func anIntermediateIsNoAnchor() throws {
        let store = TrustStore(authorities: try Fixture.certificates(["intermediate"]))
        #expect(throws: CertificateRejection.unknownAuthority(issuer: Self.text("Root CA"))) {
            try verify("below", store: store)
        }
    }

    @Test func nothingIsTrustedWithoutAuthorities() {
        #expect(throws: CertificateRejection.unknownAuthority(issuer: Self.text("Root CA"))) {
            try verify("gateway", with: ["root"], store: TrustStore())
        }
    }

    @Test func aChainCanBeLimitedToSomeAuthorities() throws {
        #expect(try verify("gateway", limitedTo: ["other-root", "root"]).count == 2)
        #expect(try verify("below", with: ["intermediate"], limitedTo: ["intermediate"]).count == 3)
        let rejection = CertificateRejection.otherAuthority(root: Self.text("Root CA"))
        #expect(throws: rejection) { try verify("gateway", limitedTo: ["intermediate"]) }
        #expect(throws: rejection) { try verify("gateway", limitedTo: []) }
    }

    @Test func manyUselessIntermediatesDoNoHarm() throws {
        let useless = [String](repeating: "other-root", count: 200)
        #expect(try verify("gateway", with: useless + ["gateway", "false-root"]).count == 2)
    }
}

/// Revocation lists, and what the policies make of missing and stale ones.
@Suite struct RevocationTests {
    private func verify(
        _ leaf: String,
        lists: [String],
        _ policy: RevocationPolicy,
        with intermediates: [String] = []
    ) throws -> [X509Certificate] {
        var revocationLists: [RevocationList] = []
        for list in lists { revocationLists.append(try Fixture.revocationList(list)) }
        let store = TrustStore(authorities: try Fixture.certificates(["root"]), revocationLists: revocationLists)
        return try store.verify(
            Fixture.certificate(leaf),
            intermediates: Fixture.certificates(intermediates),
            at: Fixture.today,
            revocation: policy,
            limitedTo: nil
        )
    }

    private static let root = "C=CH, O=Example, CN=Root CA"

    @Test func aListSaysWhatIsInIt() throws {
        let list = try Fixture.revocationList("root")
        #expect(list.issuerText == Self.root)
        #expect(list.issuer == (try Fixture.certificate("root")).subject)
        #expect(list.count == 1)
        #expect("\(list.thisUpdate)" == "2020-01-01T00:00:00Z")
        #expect(list.nextUpdate.map { "\($0)" } == "2120-01-01T00:00:00Z")
        #expect(try RevocationList.parse(Fixture.file("root.crl.der")) == [list])
        #expect(list.isSigned(by: try Fixture.certificate("root")))
        #expect(!list.isSigned(by: try Fixture.certificate("false-root")))
        #expect(!list.isSigned(by: try Fixture.certificate("intermediate")))
    }

    @Test func whatIsNoListIsRefused() throws {
        let der = try Fixture.file("root.crl.der")
        for count in der.indices {
            #expect(throws: CryptoError.self) { try RevocationList(der: Array(der.prefix(count))) }
        }
        #expect(throws: CryptoError.malformed("revocation list")) {
            try RevocationList.parse(Fixture.file("root.pem"))
        }
        for index in der.indices {
            var changed = der
            changed[index] ^= 0x04
            guard let list = try? RevocationList(der: changed) else { continue }
            #expect(!list.isSigned(by: try Fixture.certificate("root")), "octet \(index)")
        }
    }

    @Test(arguments: [RevocationPolicy.strict, .ifURI, .relaxed])
    func whatIsOnAListIsRevokedUnderEveryPolicy(policy: RevocationPolicy) throws {
        let rejection = CertificateRejection.revoked(
            subject: "C=CH, O=Example, CN=revoked",
            serialNumber: try Fixture.certificate("revoked").serialNumber
        )
        #expect(throws: rejection) { try verify("revoked", lists: ["root"], policy) }
        #expect(try verify("gateway", lists: ["root"], policy).count == 2)
    }

    @Test func aStaleListRevokesWhereItIsGoodEnough() throws {
        for policy in [RevocationPolicy.relaxed, .ifURI] {
            #expect(throws: CertificateRejection.self) { try verify("revoked", lists: ["root-revoked-stale"], policy) }
        }
        // The current one counts, whatever the order.
        #expect(throws: CertificateRejection.self) { try verify("revoked", lists: ["root-stale", "root"], .relaxed) }
        #expect(throws: CertificateRejection.self) { try verify("revoked", lists: ["root", "root-stale"], .relaxed) }
    }

    @Test func strictNeedsACurrentList() throws {
        #expect(throws: CertificateRejection.noRevocationList(issuer: Self.root)) {
            try verify("bare", lists: [], .strict)
        }
        #expect(throws: CertificateRejection.staleRevocationList(issuer: Self.root)) {
            try verify("bare", lists: ["root-stale"], .strict)
        }
        #expect(throws: CertificateRejection.noRevocationList(issuer: "C=CH, O=Example, CN=Intermediate CA")) {
            try verify("below", lists: ["root"], .strict, with: ["intermediate"])
        }
        #expect(try verify("below", lists: ["root", "intermediate"], .strict, with: ["intermediate"]).count == 3)
    }

    @Test func ifURINeedsAListOnlyWhereItsPlaceIsNamed() throws {
        #expect(try verify("bare", lists: [], .ifURI).count == 2)
        #expect(try verify("bare", lists: ["root-stale"], .ifURI).count == 2)
        #expect(throws: CertificateRejection.noRevocationList(issuer: Self.root)) {
            try verify("gateway", lists: [], .ifURI)
        }
        #expect(throws: CertificateRejection.staleRevocationList(issuer: Self.root)) {
            try verify("gateway", lists: ["root-stale"], .ifURI)
        }
    }

    @Test func relaxedGoesWithoutLists() throws {
        #expect(try verify("gateway", lists: [], .relaxed).count == 2)
        #expect(try verify("gateway", lists: ["root-stale"], .relaxed).count == 2)
    }

    @Test func aListThatTheAuthorityDidNotSignDoesNotCount() throws {
        #expect(try verify("gateway", lists: ["false-root"], .relaxed).count == 2)
        #expect(try verify("gateway", lists: ["false-root", "root"], .strict).count == 2)
        #expect(throws: CertificateRejection.noRevocationList(issuer: Self.root)) {
            try verify("gateway", lists: ["false-root"], .strict)
        }
    }

    @Test(
        arguments: [
            (
                .expired(subject: "CN=a", notAfter: UnixTime(seconds: 0)),
                "the certificate of \"CN=a\" has expired on 1970-01-01T00:00:00Z"
            ),
            (.unknownAuthority(issuer: "CN=ca"), "no trusted CA certificate for the issuer \"CN=ca\""),
            (
                .revoked(subject: "CN=a", serialNumber: [0x10, 0x02]),
                "the certificate of \"CN=a\" (serial number 1002) is revoked"
            ),
            (
                .noRevocationList(issuer: "CN=ca"),
                "no revocation list of \"CN=ca\", which the revocation policy asks for"
            ),
            (.other(subject: "CN=a", reason: "why"), "the certificate of \"CN=a\" is refused: why"),
        ] as [(CertificateRejection, String)]
    )
    func rejectionsAreSentences(_ rejection: CertificateRejection, _ text: String) {
        #expect("\(rejection)" == text)
    }
}

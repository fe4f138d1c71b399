import IKECrypto
import Support
import Testing

/// What responses, lists and policies together make of a certificate.
@Suite struct RevocationCheckTests {
    private let authority: RevokingAuthority
    private let leaf: X509Certificate

    init() throws {
        authority = try RevokingAuthority()
        leaf = try authority.issue("gw.example.org").certificate
    }

    private static let services = "http://ocsp.example.org/"

    private func check(
        _ policy: RevocationPolicy,
        lists: [RevocationList] = [],
        hasURL: Bool = true
    ) throws -> RevocationCheck {
        let services = AuthorityServices(authority.certificate, ocspURLs: hasURL ? [Self.services] : [])
        let trust = TrustStore(
            authorities: [authority.certificate],
            revocationLists: lists,
            services: [services]
        )
        let chain = try trust.chain(from: leaf, intermediates: [], at: Fixture.today, limitedTo: nil)
        return RevocationCheck(chain, trust, policy, at: Fixture.today)
    }

    private func response(_ change: (inout OCSPTestResponder) -> Void = { _ in }) throws -> RevocationEvidence {
        var responder = authority.responder
        change(&responder)
        return RevocationEvidence(responses: [try OCSPResponse(der: responder.answer(about: leaf))])
    }

    private var revoked: CertificateRejection {
        .revoked(subject: leaf.subjectText, serialNumber: leaf.serialNumber)
    }

    @Test(arguments: [RevocationPolicy.strict, .ifURI, .relaxed])
    func whatIsUnknownCanBeAskedFor(policy: RevocationPolicy) throws {
        let unsettled = try check(policy).unsettled(RevocationEvidence())
        #expect(unsettled.map(\.certificate) == [leaf])
        #expect(unsettled.map(\.issuer) == [authority.certificate])
        #expect(unsettled.map(\.ocspURLs) == [[Self.services]])
        #expect(try check(policy, hasURL: false).unsettled(RevocationEvidence()).isEmpty)
    }

    @Test(arguments: [RevocationPolicy.strict, .ifURI, .relaxed])
    func aGoodAnswerSettlesIt(policy: RevocationPolicy) throws {
        #expect(try check(policy).unsettled(response()).isEmpty)
        try check(policy).conclude(response())
        let list = RevocationEvidence(lists: [try authority.list()])
        #expect(try check(policy).unsettled(list).isEmpty)
        try check(policy).conclude(list)
        #expect(try check(policy, lists: [authority.list()]).unsettled(RevocationEvidence()).isEmpty)
    }

    @Test(arguments: [RevocationPolicy.strict, .ifURI, .relaxed])
    func whatIsRevokedIsRefusedUnderEveryPolicy(policy: RevocationPolicy) throws {
        let byResponse = try response { $0.status = .revoked }
        let byList = RevocationEvidence(lists: [try authority.list(revoking: [leaf])])
        for evidence in [byResponse, byList] {
            #expect(throws: revoked) { try check(policy).unsettled(evidence) }
            #expect(throws: revoked) { try check(policy).conclude(evidence) }
        }
        // One that says so is enough.
        #expect(throws: revoked) { try check(policy, lists: [authority.list(revoking: [leaf])]).conclude(response()) }
    }

    @Test func withoutAnAnswerThePolicyDecides() throws {
        let evidence = RevocationEvidence(failures: [.init(leaf, "\(Self.services): connection refused")])
        try check(.relaxed).conclude(evidence)
        try check(.ifURI, hasURL: false).conclude(RevocationEvidence())
        for policy in [RevocationPolicy.strict, .ifURI] {
            let rejection = #expect(throws: CertificateRejection.self) { try check(policy).conclude(evidence) }
            let text = rejection.map { "\($0)" } ?? ""
            #expect(text.contains("nobody says whether the certificate of \"CN=gw.example.org\" is revoked"))
            #expect(text.contains("http://ocsp.example.org/: connection refused"))
        }
    }

    @Test func whatDoesNotProveItselfDoesNotCount() throws {
        let other = try RevokingAuthority()
        var stranger = other.responder
        stranger.issuer = authority.certificate
        let evidence = [
            RevocationEvidence(responses: [try OCSPResponse(der: stranger.answer(about: leaf))]),
            RevocationEvidence(lists: [try other.list()]),
            RevocationEvidence(lists: [try authority.list(from: -7200, until: -3600)]),
            try response { ($0.thisUpdate, $0.nextUpdate) = (-7200, -3600) },
        ]
        for evidence in evidence {
            #expect(try check(.strict).unsettled(evidence).count == 1)
            #expect(throws: CertificateRejection.self) { try check(.strict).conclude(evidence) }
            try check(.relaxed).conclude(evidence)
        }
        // Nor does it revoke.
        stranger.status = .revoked
        let lie = RevocationEvidence(
            responses: [try OCSPResponse(der: stranger.answer(about: leaf))],
            lists: [try other.list(revoking: [leaf])]
        )
        try check(.relaxed).conclude(lie)
    }
}

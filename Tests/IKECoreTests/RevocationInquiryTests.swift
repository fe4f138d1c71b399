import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Ends whose certificates may be revoked, which the engine has others find out (RFC 6960, RFC 4806).
@Suite struct RevocationInquiryTests {
    private let authority: RevokingAuthority
    private let left, right: (certificate: X509Certificate, key: PrivateKey)

    init() throws {
        authority = try RevokingAuthority()
        left = try authority.issue("left.example")
        right = try authority.issue("right.example")
    }

    /// Two sites with certificates, of which one asks whether that of the other is revoked.
    private func sites(
        judge: WritableKeyPath<TwoSites, Policy>,
        _ revocation: RevocationPolicy = .strict,
        lists: [RevocationList] = []
    ) -> TwoSites {
        var sites = TwoSites()
        sites.left.useCertificates(of: authority, left, named: "left.example", peer: "right.example")
        sites.right.useCertificates(of: authority, right, named: "right.example", peer: "left.example")
        var policy = PublicKeyPolicy()
        policy.revocation = revocation
        sites[keyPath: judge].connections[0].remote.kind = .publicKey(policy)
        sites[keyPath: judge].credentials.trust = TrustStore(
            authorities: [authority.certificate],
            revocationLists: lists,
            services: [AuthorityServices(authority.certificate, ocspURLs: ["http://ocsp.example.org/"])]
        )
        return sites
    }

    /// What a responder of the authority says.
    private func say(
        _ inquiry: RevocationInquiry,
        _ change: (inout OCSPTestResponder) -> Void = { _ in }
    ) -> RevocationEvidence {
        var responder = authority.responder
        change(&responder)
        let responses = inquiry.certificates.compactMap { link in
            (try? responder.answer(about: link.certificate)).flatMap { try? OCSPResponse(der: $0) }
        }
        return RevocationEvidence(responses: responses)
    }

    private func unreachable(_ inquiry: RevocationInquiry) -> RevocationEvidence {
        RevocationEvidence(
            failures: inquiry.certificates.map { link in
                .init(link.certificate, "\(link.ocspURLs[0]): connection refused")
            }
        )
    }

    // MARK: - The responder judges

    @Test func theResponderLetsAGoodCertificateIn() throws {
        let pair = Pair(sites(judge: \.right))
        pair.right.findOut = { say($0) }
        pair.up()
        #expect(pair.isUp)
        let inquiry = try #require(pair.right.inquiries.first)
        #expect(pair.right.inquiries.count == 1 && pair.left.inquiries.isEmpty)
        #expect(inquiry.connection == "site")
        #expect(inquiry.certificates.map(\.certificate) == [left.certificate])
        #expect(inquiry.certificates.map(\.issuer) == [authority.certificate])
    }

    @Test(arguments: [RevocationPolicy.strict, .ifURI, .relaxed])
    func theResponderRefusesARevokedCertificate(policy: RevocationPolicy) throws {
        let pair = Pair(sites(judge: \.right, policy))
        pair.right.findOut = { say($0) { $0.status = .revoked } }
        let failure = try #require(pair.left.failure(of: pair.up()))
        #expect(failure.reason == .authenticationFailed)
        #expect(!failure.message.contains("revoked"))
        #expect(pair.right.complaints.contains("the certificate of \"CN=left.example\" (serial number"))
        #expect(pair.right.complaints.contains("is revoked"))
        pair.expectNothing()
    }

    @Test func withoutAnAnswerThePolicyOfTheResponderDecides() throws {
        for policy in [RevocationPolicy.strict, .ifURI] {
            let pair = Pair(sites(judge: \.right, policy))
            pair.right.findOut = { unreachable($0) }
            #expect(try #require(pair.left.failure(of: pair.up())).reason == .authenticationFailed)
            #expect(
                pair.right.complaints.contains("nobody says whether the certificate of \"CN=left.example\" is revoked")
            )
            #expect(pair.right.complaints.contains("http://ocsp.example.org/: connection refused"))
            pair.expectNothing()
        }
        let pair = Pair(sites(judge: \.right, .relaxed))
        pair.right.findOut = { unreachable($0) }
        pair.up()
        #expect(pair.isUp)
    }

    @Test func theResponderDoesNotWaitForEver() throws {
        let pair = Pair(sites(judge: \.right))
        let id = pair.up(within: .seconds(14))
        #expect(pair.left.failure(of: id) == nil)
        #expect(pair.right.endpoint.load.halfOpen == 1)
        // The repeated request is not taken for another one.
        #expect(pair.right.inquiries.count == 1)
        pair.network.run(for: .seconds(2))
        #expect(try #require(pair.left.failure(of: id)).reason == .authenticationFailed)
        #expect(pair.right.complaints.contains("no answer came within 15 s"))
        let late = try #require(pair.right.inquiries.first)
        pair.network.feed(pair.right, .inquiryAnswered(late.id, say(late)))
        pair.expectNothing()
    }

    @Test func anAnswerThatComesInTimeIsGoodEnough() throws {
        let pair = Pair(sites(judge: \.right))
        pair.up(within: .seconds(10))
        let inquiry = try #require(pair.right.inquiries.first)
        pair.network.feed(pair.right, .inquiryAnswered(inquiry.id, say(inquiry)))
        pair.network.run(for: .seconds(1))
        #expect(pair.isUp)
    }

    @Test func whatIsNoProofDoesNotCount() throws {
        let other = try RevokingAuthority()
        let pair = Pair(sites(judge: \.right))
        pair.right.findOut = { inquiry in
            var responder = other.responder
            responder.issuer = authority.certificate
            let der = try? responder.answer(about: inquiry.certificates[0].certificate)
            return RevocationEvidence(responses: der.flatMap { try? OCSPResponse(der: $0) }.map { [$0] } ?? [])
        }
        #expect(try #require(pair.left.failure(of: pair.up())).reason == .authenticationFailed)
        #expect(pair.right.complaints.contains("the answer is not signed by the certificate's issuer"))
        pair.expectNothing()
    }

    @Test func aListAtHandSavesTheQuestion() throws {
        let pair = Pair(sites(judge: \.right, lists: [try authority.list()]))
        pair.up()
        #expect(pair.isUp)
        #expect(pair.right.inquiries.isEmpty)
        let refusing = Pair(sites(judge: \.right, lists: [try authority.list(revoking: [left.certificate])]))
        #expect(refusing.left.failure(of: refusing.up()) != nil)
        #expect(refusing.right.inquiries.isEmpty)
    }

    @Test func nobodyAsksForAStranger() throws {
        // The signature is right, the authority is not: no server is to hear of it.
        let stranger = try RevokingAuthority("Somebody else")
        var sites = sites(judge: \.right)
        let end = try stranger.issue("left.example")
        sites.left.useCertificates(of: authority, end, named: "left.example", peer: "right.example")
        let pair = Pair(sites)
        #expect(pair.left.failure(of: pair.up()) != nil)
        #expect(pair.right.inquiries.isEmpty)
    }

    // MARK: - The initiator judges

    @Test func theInitiatorLetsAGoodCertificateIn() throws {
        let pair = Pair(sites(judge: \.left))
        pair.left.findOut = { say($0) }
        pair.up()
        #expect(pair.isUp)
        #expect(pair.left.inquiries.count == 1 && pair.right.inquiries.isEmpty)
    }

    @Test(arguments: [RevocationPolicy.strict, .ifURI, .relaxed])
    func theInitiatorRefusesARevokedCertificate(policy: RevocationPolicy) throws {
        let pair = Pair(sites(judge: \.left, policy))
        pair.left.findOut = { say($0) { $0.status = .revoked } }
        let failure = try #require(pair.left.failure(of: pair.up()))
        #expect(failure.reason == .authenticationFailed)
        #expect(failure.message.contains("the certificate of \"CN=right.example\""))
        #expect(failure.message.contains("is revoked"))
        // The responder had let us in, and hears that it is over.
        #expect(pair.right.outbound.isEmpty)
        pair.expectNothing()
    }

    @Test func theInitiatorDoesNotWaitForEver() throws {
        let pair = Pair(sites(judge: \.left))
        let id = pair.up(within: .seconds(14))
        #expect(pair.left.failure(of: id) == nil && pair.left.outbound.isEmpty)
        pair.network.run(for: .seconds(2))
        #expect(try #require(pair.left.failure(of: id)).message.contains("no answer came within 15 s"))
        pair.expectNothing()
    }

    @Test func theInitiatorMayBeRelaxed() throws {
        let pair = Pair(sites(judge: \.left, .relaxed))
        pair.up(within: .seconds(16))
        #expect(pair.isUp)
    }

    @Test func givingUpWhileNothingIsKnownLeavesNothing() throws {
        let pair = Pair(sites(judge: \.left))
        pair.up(within: .seconds(2))
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        pair.network.feed(pair.left, .command(.terminate([.ikeSA(id: sa.id)]), CommandID(rawValue: 99)))
        // The responder had let us in, and hears that it is over.
        pair.network.run(for: .seconds(1))
        #expect(pair.right.endpoint.standing == 0 && pair.right.outbound.isEmpty)
        pair.network.run(for: .seconds(60))
        #expect(pair.left.endpoint.load.ikeSAs == 0)
    }

    // MARK: - Certificates within EAP-TLS

    /// The left side is a client with a certificate, that the right side asks for by EAP-TLS; the right side proves itself by
    /// the same.
    private func sitesWithTLS(judge: WritableKeyPath<TwoSites, Policy>, _ revocation: RevocationPolicy) -> TwoSites {
        var sites = sites(judge: judge, revocation)
        for side in [\TwoSites.left, \TwoSites.right] {
            var policy = EAPPolicy(.only(.tls))
            policy.publicKey.revocation = side == judge ? revocation : .relaxed
            let kind = AuthenticationKind.eap(policy)
            sites[keyPath: side].connections[0].local.kind = kind
            sites[keyPath: side].connections[0].remote.kind = kind
        }
        return sites
    }

    @Test func aClientWithinTLSMayBeGoodOrRevoked() throws {
        let pair = Pair(sitesWithTLS(judge: \.right, .strict))
        pair.right.findOut = { say($0) }
        pair.up(within: .seconds(5))
        #expect(pair.isUp)
        #expect(pair.right.inquiries.map { $0.certificates.map(\.certificate) } == [[left.certificate]])
        let refusing = Pair(sitesWithTLS(judge: \.right, .strict))
        refusing.right.findOut = { say($0) { $0.status = .revoked } }
        #expect(refusing.left.failure(of: refusing.up(within: .seconds(5))) != nil)
        #expect(refusing.right.complaints.contains("the certificate of the other end of EAP-TLS is not accepted"))
        #expect(refusing.right.complaints.contains("is revoked"))
        refusing.expectNothing()
    }

    @Test func aServerWithinTLSMayBeGoodOrRevoked() throws {
        let pair = Pair(sitesWithTLS(judge: \.left, .strict))
        pair.left.findOut = { say($0) }
        pair.up(within: .seconds(5))
        #expect(pair.isUp)
        #expect(pair.left.inquiries.map { $0.certificates.map(\.certificate) } == [[right.certificate]])
        let refusing = Pair(sitesWithTLS(judge: \.left, .strict))
        refusing.left.findOut = { say($0) { $0.status = .revoked } }
        let failure = try #require(refusing.left.failure(of: refusing.up(within: .seconds(5))))
        #expect(failure.message.contains("is revoked"))
        refusing.expectNothing()
    }

    @Test func aClientWithinTLSWaitsForAnAnswer() throws {
        let pair = Pair(sitesWithTLS(judge: \.right, .strict))
        let id = pair.up(within: .seconds(12))
        #expect(pair.right.inquiries.count == 1)
        #expect(pair.left.failure(of: id) == nil && pair.left.outbound.isEmpty)
        pair.network.run(for: .seconds(5))
        #expect(pair.left.failure(of: id) != nil)
        #expect(pair.right.complaints.contains("no answer came within 15 s"))
        pair.expectNothing()
    }

    // MARK: - Stapled responses

    @Test(arguments: [true, false]) func aResponseThatComesAlongSavesTheQuestion(leftJudges: Bool) throws {
        let judge = leftJudges ? \TwoSites.left : \TwoSites.right
        var sites = sites(judge: judge)
        sites[keyPath: judge].connections[0].asksForStatus = true
        try give(&sites.left, left.certificate)
        try give(&sites.right, right.certificate)
        let pair = Pair(sites)
        pair.up()
        #expect(pair.isUp)
        #expect(pair.left.inquiries.isEmpty && pair.right.inquiries.isEmpty)
    }

    private func give(
        _ policy: inout Policy,
        _ certificate: X509Certificate,
        _ change: (inout OCSPTestResponder) -> Void = { _ in }
    ) throws {
        var responder = authority.responder
        change(&responder)
        policy.credentials.status = [try OCSPResponse(der: responder.answer(about: certificate))]
    }

    @Test func aResponseIsNotSentUnasked() throws {
        var sites = sites(judge: \.right)
        try give(&sites.left, left.certificate)
        let pair = Pair(sites)
        pair.right.findOut = { say($0) }
        pair.up()
        #expect(pair.isUp)
        #expect(pair.right.inquiries.count == 1)
        sites.right.connections[0].asksForStatus = true
        sites.left.connections[0].givesStatus = false
        let silent = Pair(sites)
        silent.right.findOut = { say($0) }
        silent.up()
        #expect(silent.right.inquiries.count == 1)
    }

    @Test func aStapledResponseMayRevokeAndMayBeStale() throws {
        var sites = sites(judge: \.right, .relaxed)
        sites.right.connections[0].asksForStatus = true
        try give(&sites.left, left.certificate) { $0.status = .revoked }
        let revoked = Pair(sites)
        #expect(revoked.left.failure(of: revoked.up()) != nil)
        #expect(revoked.right.inquiries.isEmpty)
        try give(&sites.left, left.certificate) { ($0.thisUpdate, $0.nextUpdate) = (-7200, -3600) }
        let stale = Pair(sites)
        stale.right.findOut = { say($0) }
        stale.up()
        #expect(stale.isUp)
        #expect(stale.right.inquiries.count == 1)
    }
}

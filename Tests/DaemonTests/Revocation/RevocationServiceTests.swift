import IKECore
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import Support
import Testing

@testable import Daemon

/// From the engine's question to servers of OCSP and revocation lists, and back.
@Suite struct RevocationServiceTests {
    /// A service with its event loop, a server, and an authority whose certificates it may be asked about.
    private final class Bench {
        let loop: EventLoop
        let service: RevocationService
        let server: TestWebServer
        let authority: RevokingAuthority
        let leaf: X509Certificate
        var now = Instant(nanoseconds: 0)
        var evidence: [RevocationEvidence] = []
        private var expected = 0

        init() throws {
            loop = try EventLoop()
            server = try TestWebServer(loop)
            authority = try RevokingAuthority()
            leaf = try authority.issue("gw.example.org").certificate
            var clock: () -> Instant = { Instant(nanoseconds: 0) }
            service = try RevocationService(loop: loop, mark: 0, clock: { clock() }, calendar: { Fixture.today })
            clock = { [weak self] in self?.now ?? Instant(nanoseconds: 0) }
            service.answered = { [weak self] _, evidence in
                guard let self else { return }
                self.evidence.append(evidence)
                if self.evidence.count >= expected { loop.stop() }
            }
        }

        /// Asks as often as said at once, and waits for the answers.
        @discardableResult
        func ask(_ ocsp: [String], _ lists: [String] = [], times: Int = 1) throws -> RevocationEvidence {
            for _ in 0..<times { find(ocsp, lists) }
            expected += times
            if evidence.count < expected { try loop.run() }
            return try #require(evidence.last)
        }

        func find(_ ocsp: [String], _ lists: [String] = []) {
            service.find(inquiry(ocsp, lists))
        }

        private var lastNumber: UInt32 = 0

        private func inquiry(_ ocsp: [String], _ lists: [String]) -> RevocationInquiry {
            lastNumber += 1
            let trust = TrustStore(services: [
                AuthorityServices(authority.certificate, revocationListURLs: lists, ocspURLs: ocsp)
            ])
            return RevocationInquiry(
                id: InquiryID(spi: IKESPI(rawValue: 1), number: lastNumber),
                connection: "site",
                certificates: [trust.link(leaf, issuedBy: authority.certificate)]
            )
        }

        func status(_ evidence: RevocationEvidence) throws -> OCSPStatus {
            try #require(evidence.responses.first)
                .status(of: leaf, issuedBy: authority.certificate, at: Fixture.today)
        }

        /// Has the server answer questions of OCSP.
        func respond(_ change: @escaping (inout OCSPTestResponder) -> Void = { _ in }) {
            var responder = authority.responder
            change(&responder)
            server.answer = { [leaf] request in
                (try? responder.answer(about: leaf, to: request.body)).map { TestWebServer.ok($0) }
            }
        }
    }

    // MARK: - Responders

    @Test func aResponderIsAskedByPost() throws {
        let bench = try Bench()
        bench.respond()
        let evidence = try bench.ask(["\(bench.server.url)/ocsp"])
        #expect(try bench.status(evidence) == .good)
        #expect(evidence.failures.isEmpty)
        let head = try #require(bench.server.requests.first?.head)
        #expect(head.hasPrefix("POST /ocsp HTTP/1.1\r\n"))
        #expect(head.contains("Content-Type: application/ocsp-request"))
    }

    @Test func answersAreKeptAndSharedUntilTheyAreForgotten() throws {
        let bench = try Bench()
        bench.respond { $0.status = .revoked }
        try bench.ask([bench.server.url], times: 5)
        #expect(try bench.status(bench.ask([bench.server.url])) == .revoked)
        #expect(bench.server.requests.count == 1)
        #expect(bench.service.cache.responses.count == 1)
        bench.service.flush(responses: true, lists: false)
        try bench.ask([bench.server.url])
        #expect(bench.server.requests.count == 2)
    }

    @Test func anAnswerThatIsNoneIsToldWithItsPlace() throws {
        let cases: [(String, (inout OCSPTestResponder) -> Void)] = [
            ("out of date", { ($0.thisUpdate, $0.nextUpdate) = (-7200, -3600) }),
            ("its nonce is wrong", { $0.nonce = .other }),
            ("does not know this certificate", { $0.status = .unknown }),
        ]
        for (words, change) in cases {
            let bench = try Bench()
            bench.respond(change)
            let evidence = try bench.ask([bench.server.url])
            #expect(evidence.responses.isEmpty && evidence.lists.isEmpty)
            #expect(evidence.failures.count == 1)
            let reason = evidence.failures.first?.reason ?? ""
            #expect(reason.hasPrefix(bench.server.url) && reason.contains(words), "\(reason)")
            #expect(bench.service.cache.responses.isEmpty)
        }
    }

    @Test func aStrangersAnswerDoesNotCount() throws {
        let bench = try Bench()
        let other = try RevokingAuthority()
        bench.respond { ($0.signer, $0.key) = (other.certificate, other.key) }
        let reason = try bench.ask([bench.server.url]).failures.first?.reason ?? ""
        #expect(reason.contains("not signed by the certificate's issuer"))
    }

    @Test func otherContentIsNoAnswer() throws {
        let answers: [(String, [UInt8])] = [
            ("is not one of OCSP", TestWebServer.ok(Array("<html>".utf8))),
            ("trylater", TestWebServer.ok(OCSPTestResponder.refusal())),
            ("status 404", Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8)),
            ("not one of HTTP/1", Array("SSH-2.0-x\r\n\r\n\r\n".utf8)),
            ("more than", Array("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n".utf8)),
            ("closed the connection", Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n".utf8)),
        ]
        for (words, answer) in answers {
            let bench = try Bench()
            bench.server.answer = { _ in answer }
            let reason = try bench.ask([bench.server.url]).failures.first?.reason ?? ""
            #expect(reason.contains(words), "\(reason)")
        }
    }

    // MARK: - Places that do not help

    @Test func theNextPlaceIsTriedWhereOneDoesNotHelp() throws {
        let bench = try Bench()
        let list = try bench.authority.list(revoking: [bench.leaf])
        bench.server.answer = { request in
            request.path == "/ca.crl" ? TestWebServer.ok(list.der) : TestWebServer.ok([0])
        }
        let evidence = try bench.ask(
            ["http://127.0.0.1:1/", "\(bench.server.url)/ocsp", "ldap://x/"],
            ["\(bench.server.url)/ca.crl"]
        )
        #expect(evidence.lists == [list])
        let reasons = evidence.failures.map(\.reason)
        #expect(reasons.count == 3)
        #expect(reasons[0].hasPrefix("http://127.0.0.1:1/: connect to 127.0.0.1:1: Connection refused"))
        #expect(reasons[2] == "ldap://x/: only URLs that begin with http:// can be asked")
    }

    @Test func aPlaceThatFailedIsLeftAloneForAWhile() throws {
        let bench = try Bench()
        bench.server.answer = { _ in TestWebServer.ok([0]) }
        try bench.ask([bench.server.url])
        let reason = try bench.ask([bench.server.url]).failures.first?.reason ?? ""
        #expect(reason.hasSuffix("(a moment ago)"))
        #expect(bench.server.requests.count == 1)
        bench.now = bench.now + RecentFailures<String, String>.time
        bench.respond()
        #expect(try bench.status(bench.ask([bench.server.url])) == .good)
    }

    @Test func aServerThatSaysNothingIsNotWaitedForLongerThanTheEngineDoes() throws {
        let bench = try Bench()
        bench.find([bench.server.url])
        let due = try #require(bench.service.nextDeadline)
        #expect(due < bench.now + RevocationInquiry.patience)
        bench.now = due
        bench.service.timePassed(due)
        #expect(bench.evidence.count == 1)
        #expect(bench.evidence[0].failures.first?.reason == "no server has answered within 12 s")
        #expect(bench.service.nextDeadline == nil)
    }

    @Test func tooManyQuestionsAreNotQueued() throws {
        let bench = try Bench()
        for number in 0..<200 { bench.find(["\(bench.server.url)/\(number)"]) }
        #expect(bench.evidence.count >= 100)
        #expect(bench.evidence.last?.failures.first?.reason.contains("other requests wait already") == true)
        // That is not the place's fault, so it is not held against it.
        bench.find(["\(bench.server.url)/199"])
        #expect(bench.evidence.last?.failures.first?.reason.hasSuffix("other requests wait already") == true)
    }

    // MARK: - Lists

    @Test func listsAreFetchedAndKept() throws {
        let bench = try Bench()
        let list = try bench.authority.list()
        bench.server.answer = { _ in TestWebServer.ok(list.der) }
        for _ in 0..<2 {
            let evidence = try bench.ask([], ["\(bench.server.url)/ca.crl"])
            #expect(evidence.lists == [list] && evidence.failures.isEmpty)
        }
        #expect(bench.server.requests.map(\.path) == ["/ca.crl"])
        #expect(bench.service.cache.lists == [list])
        bench.service.flush(responses: false, lists: true)
        #expect(bench.service.cache.lists.isEmpty)
    }

    @Test func listsOfOthersAndOldOnesAreToldOf() throws {
        let other = try RevokingAuthority("Other CA")
        let bench = try Bench()
        let lists = [try other.list(), try bench.authority.list(from: -7200, until: -3600)]
        bench.server.answer = { TestWebServer.ok(lists[$0.path == "/0" ? 0 : 1].der) }
        let evidence = try bench.ask([], ["\(bench.server.url)/0", "\(bench.server.url)/1"])
        #expect(evidence.failures.map(\.reason).count == 2)
        #expect(evidence.failures[0].reason.contains("is not one of \"CN=Test CA\""))
        #expect(evidence.failures[1].reason.contains("out of date since"))
    }

    // MARK: - Redirections

    @Test func redirectionsAreFollowedToOtherHostsOnly() throws {
        let bench = try Bench()
        bench.server.answer = { _ in TestWebServer.redirection("/there") }
        let reason = try bench.ask([], [bench.server.url]).failures.first?.reason ?? ""
        // What a server says must not lead to services of this host.
        #expect(reason.contains("redirected to \(bench.server.url)/there, which is at 127.0.0.1"))
        #expect(bench.server.requests.count == 1)
    }

    // MARK: - Our own certificates

    @Test func whatRespondersSayOfOurOwnCertificatesIsKeptAtHand() throws {
        let bench = try Bench()
        bench.respond()
        let trust = TrustStore(services: [
            AuthorityServices(bench.authority.certificate, ocspURLs: [bench.server.url])
        ])
        bench.service.ownChanged = { [weak bench] in
            if bench?.service.ownResponses.isEmpty == false { bench?.loop.stop() }
        }
        bench.service.keep(own: [trust.link(bench.leaf, issuedBy: bench.authority.certificate)])
        try bench.loop.run()
        #expect(bench.service.ownResponses.count == 1)
        // It lasts, and is not asked for again.
        bench.now = try #require(bench.service.nextDeadline)
        bench.service.timePassed(bench.now)
        #expect(bench.server.requests.count == 1)
        bench.service.keep(own: [])
        #expect(bench.service.ownResponses.isEmpty && bench.service.nextDeadline == nil)
    }
}

@Suite struct RevocationCacheTests {
    @Test func theCacheIsBoundedAndForgetsWhatHasEnded() throws {
        let authority = try RevokingAuthority()
        var cache = RevocationCache()
        let list = try authority.list(until: 600)
        for number in 0..<(RevocationCache.mostLists * 2) {
            cache.keep(list, from: "http://example.org/\(number)", at: Fixture.today)
        }
        #expect(cache.lists.count == RevocationCache.mostLists)
        cache.forgetLists()
        cache.keep(list, from: "http://example.org/", at: Fixture.today)
        #expect(cache.list(from: "http://example.org/", at: Fixture.today) == list)
        let later = UnixTime(seconds: Fixture.today.seconds + 601)
        #expect(cache.list(from: "http://example.org/", at: later) == nil)
    }
}

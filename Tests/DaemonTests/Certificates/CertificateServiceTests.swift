import IKECore
import IKECrypto
import IKEWire
import LinuxNet
import Support
import Testing

@testable import Daemon

/// From the engine's wish for certificates to the servers that have them, and back.
@Suite struct CertificateServiceTests {
    private final class Bench {
        let loop: EventLoop
        let service: CertificateService
        let server: TestWebServer
        let certificate: X509Certificate
        var now = Instant(nanoseconds: 0)
        var answers: [CertificateService.Answer] = []
        private var expected = 0
        private var lastNumber: UInt32 = 0

        /// - Parameter reach: the test's server is on this host.
        init(reach: HTTPFetch.Reach = .anywhere) throws {
            loop = try EventLoop()
            server = try TestWebServer(loop)
            certificate = try Fixture.certificate("p384")
            var clock: () -> Instant = { Instant(nanoseconds: 0) }
            service = try CertificateService(loop: loop, mark: 0, reach: reach, clock: { clock() })
            clock = { [weak self] in self?.now ?? Instant(nanoseconds: 0) }
            service.answered = { [weak self] _, answer in
                guard let self else { return }
                answers.append(answer)
                if answers.count >= expected { loop.stop() }
            }
            server.answer = { [certificate] _ in TestWebServer.ok(certificate.der) }
        }

        /// Asks for what is at these paths, or URLs, as often as said at once, and waits for the answers.
        @discardableResult
        func ask(_ places: String..., hash: [UInt8]? = nil, times: Int = 1) throws -> CertificateService.Answer {
            for _ in 0..<times { find(places, hash: hash) }
            expected += times
            if answers.count < expected { try loop.run() }
            return try #require(answers.last)
        }

        func find(_ places: [String], hash: [UInt8]? = nil) {
            lastNumber += 1
            let locations = places.map { place in
                CertificateLocation(
                    certificateHash: hash ?? (try? Digest.sha1(certificate.der)) ?? [],
                    url: place.hasPrefix("/") ? server.url + place : place
                )
            }
            service.fetch(
                CertificateInquiry(
                    id: InquiryID(spi: IKESPI(rawValue: 1), number: lastNumber),
                    connection: "site",
                    locations: locations
                )
            )
        }

        func failure(_ answer: CertificateService.Answer) -> String {
            if case .failure(let failure) = answer { failure.description } else { "" }
        }
    }

    @Test func aCertificateIsFetchedOnceAndKeptUntilItIsForgotten() throws {
        let bench = try Bench()
        try bench.ask("/a", times: 5)
        // The hash is what counts, wherever it is.
        let answer = try bench.ask("/b")
        #expect(try answer.get().map(\.certificates) == [[bench.certificate]])
        #expect(bench.server.requests.map(\.path) == ["/a"])
        #expect(bench.server.requests.first?.head.hasPrefix("GET /a HTTP/1.1\r\n") == true)
        bench.service.flush()
        try bench.ask("/a")
        #expect(bench.server.requests.count == 2)
    }

    @Test func allThatIsWantedIsFetched() throws {
        let bench = try Bench()
        #expect(try bench.ask("/a", "/a", "/c").get().count == 2)
        #expect(bench.server.requests.count == 2)
        // The first that is of no use ends it.
        let answer = try bench.ask("/d", "https://x/", hash: [UInt8](repeating: 0, count: 20))
        #expect(bench.failure(answer).hasPrefix("https://x/: ") || bench.failure(answer).contains("hash"))
        #expect(bench.answers.count == 2)
    }

    @Test(arguments: [
        ("has not the SHA-1 hash", TestWebServer.ok(Array("<html>".utf8))),
        ("status 404", Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8)),
        ("more than 65536 octets", Array("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n".utf8)),
        ("more than 65536 octets", Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 0, count: 70_000)),
        ("a redirection, and none is followed here", TestWebServer.redirection("/there")),
        ("a redirection, and none is followed here", TestWebServer.redirection("http://192.0.2.1/", status: 301)),
    ])
    func whatIsOfNoUseIsToldWithItsPlace(words: String, answer: [UInt8]) throws {
        let bench = try Bench()
        bench.server.answer = { _ in answer }
        let failure = bench.failure(try bench.ask("/a"))
        #expect(failure.hasPrefix("\(bench.server.url)/a: ") && failure.contains(words), "\(failure)")
        // It is left alone for a while.
        try bench.ask("/a")
        #expect(bench.server.requests.count == 1)
        bench.now = bench.now + RecentFailures<CertificateLocation, String>.time
        bench.server.answer = { [certificate = bench.certificate] _ in TestWebServer.ok(certificate.der) }
        #expect(try bench.ask("/a").get().count == 1)
    }

    @Test func whatHasTheHashAndIsNoCertificateIsRefused() throws {
        let bench = try Bench()
        let text = Array("<html>".utf8)
        bench.server.answer = { _ in TestWebServer.ok(text) }
        let failure = bench.failure(try bench.ask("/a", hash: Digest.sha1(text)))
        #expect(failure.contains("certificate") && !failure.contains("hash"), "\(failure)")
    }

    @Test(arguments: ["https://pki.example.org/a", "ftp://pki.example.org/a", "file:///etc/passwd", "x"])
    func onlyHTTPIsSpoken(url: String) throws {
        let bench = try Bench()
        #expect(bench.failure(try bench.ask(url)) == "\(url): only URLs that begin with http:// are fetched")
    }

    @Test(arguments: [
        "127.0.0.1", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "0.0.0.0", "[::]", "169.254.169.254",
        "[fe80::1]", "224.0.0.1", "localhost",
    ])
    func whatServesThisHostIsOutOfReach(host: String) throws {
        let bench = try Bench(reach: .otherHosts)
        let port = bench.server.url.split(separator: ":").last ?? ""
        let failure = bench.failure(try bench.ask("http://\(host):\(port)/a"))
        #expect(failure.hasSuffix("and this host and its links are not asked"), "\(failure)")
        #expect(bench.server.requests.isEmpty)
    }

    @Test func aServerThatSaysNothingIsNotWaitedForLongerThanTheEngineDoes() throws {
        let bench = try Bench()
        bench.server.answer = { _ in nil }
        bench.find(["/a"])
        let due = try #require(bench.service.nextDeadline)
        #expect(due < bench.now + CertificateInquiry.patience)
        bench.now = due
        bench.service.timePassed(due)
        #expect(bench.answers.count == 1)
        #expect(bench.failure(bench.answers[0]) == "\(bench.server.url)/a: the server has not answered within 12 s")
        #expect(bench.service.nextDeadline == nil)
    }

    @Test func tooManyWishesAreNotQueued() throws {
        let bench = try Bench()
        for number in 0..<200 { bench.find(["/\(number)"]) }
        #expect(bench.answers.count >= 100)
        #expect(bench.answers.last.map(bench.failure)?.contains("other requests wait already") == true)
    }
}

@Suite struct CertificateCacheTests {
    @Test func theCacheIsBounded() throws {
        var cache = CertificateCache()
        let authority = try RevokingAuthority()
        func fetched(_ name: String) throws -> FetchedCertificate {
            let der = try authority.issue(name).certificate.der
            return try FetchedCertificate(
                der,
                at: CertificateLocation(certificateHash: Digest.sha1(der), url: "http://pki.example.org/")
            )
        }
        let first = try fetched("first")
        cache.keep(first)
        cache.keep(first)
        for number in 1..<CertificateCache.mostPlaces { cache.keep(try fetched("\(number)")) }
        #expect(cache.certificate(named: first.name) != nil)
        cache.keep(try fetched("last"))
        #expect(cache.certificate(named: first.name) == nil)
    }
}

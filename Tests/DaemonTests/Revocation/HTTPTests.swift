import Inet
import Testing

@testable import Daemon

/// URLs and answers, as servers may write them.
@Suite struct HTTPTests {
    @Test(
        arguments: [
            ("http://crl.example.org/ca.crl", "crl.example.org", 80, "/ca.crl"),
            ("HTTP://ocsp.example.org", "ocsp.example.org", 80, "/"),
            ("http://192.0.2.1:8080/a?b=c#d", "192.0.2.1", 8080, "/a?b=c"),
            ("http://[2001:db8::1]:88/x", "2001:db8::1", 88, "/x"),
            ("http://host?q", "host", 80, "/?q"),
        ] as [(String, String, UInt16, String)]
    )
    func urlsAreTakenApart(_ text: String, _ host: String, _ port: UInt16, _ target: String) throws {
        let url = try #require(HTTPURL(text))
        #expect(url.host == host && url.port == port && url.target == target)
        #expect(HTTPURL("\(url)") == url)
    }

    @Test(arguments: [
        "", "http://", "https://example.org/", "ldap://example.org/", "file:///etc/passwd", "http:///x",
        "http://user:pw@example.org/", "http://example.org:0/", "http://example.org:99999/", "http://[::1",
        "http://[x]/",
        "http://a b/", "http://example.org/\r\nHost: x", "http://ex\u{e4}mple.org/",
    ])
    func otherURLsAreRefused(_ text: String) {
        #expect(HTTPURL(text) == nil)
    }

    @Test func redirectionsLeadToURLsAndPaths() throws {
        let url = try #require(HTTPURL("http://a.example:81/x"))
        #expect(url.following("/y") == HTTPURL("http://a.example:81/y"))
        #expect(url.following("http://b.example/z") == HTTPURL("http://b.example/z"))
        #expect(url.following("https://b.example/z") == nil && url.following("//b.example/z") == nil)
    }

    @Test func requestsNameTheHostAndTheirLength() throws {
        let url = try #require(HTTPURL("http://[::1]:81/x"))
        var request = HTTPRequest(url: url, limit: 100)
        #expect(
            String(decoding: request.octets, as: UTF8.self).hasPrefix("GET /x HTTP/1.1\r\nHost: [::1]:81\r\n")
        )
        request.body = .init(type: "application/ocsp-request", octets: [1, 2, 3])
        let text = String(decoding: request.octets, as: UTF8.self)
        #expect(text.hasPrefix("POST /x HTTP/1.1\r\n") && text.contains("Content-Length: 3\r\n"))
        #expect(request.octets.suffix(3) == [1, 2, 3])
    }

    /// What comes of an answer that arrives in pieces of a size, and then ends.
    private func read(_ text: String, by size: Int, limit: Int = 1000) throws -> HTTPResponse? {
        var reader = HTTPResponseReader(limit: limit)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if let response = try reader.take(Array(rest.prefix(size)), isEnd: false) { return response }
            rest = rest.dropFirst(size)
        }
        return try reader.take([], isEnd: true)
    }

    @Test(arguments: [1, 2, 7, 10_000])
    func answersAreReadHoweverTheyArrive(size: Int) throws {
        let head = "HTTP/1.1 200 OK\r\nDate: now\r\n"
        let answers = [
            head + "Content-Length: 5\r\n\r\nhello", head + "Connection: close\r\n\r\nhello",
            head + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n" + head + "CONTENT-LENGTH:  5 \r\n\r\nhello",
        ]
        for answer in answers {
            let response = try #require(try read(answer, by: size))
            #expect(response.status == 200)
            #expect(String(decoding: response.body, as: UTF8.self) == "hello")
        }
        #expect(try read("HTTP/1.0 404 Not Found\r\n\r\n", by: size)?.status == 404)
        #expect(try read("HTTP/1.1 204 No Content\r\n\r\n", by: size)?.body == [])
    }

    @Test(arguments: [
        "", "garbage\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
    ])
    func otherAnswersAreRefused(_ text: String) {
        for size in [1, 1000] {
            #expect(throws: HTTPFailure.self) { try read(text, by: size) }
        }
    }

    @Test func nothingIsKeptBeyondTheLimit() {
        let long = String(repeating: "x", count: 2000)
        #expect(throws: HTTPFailure.self) { try read("HTTP/1.1 200 OK\r\n\r\n\(long)", by: 100) }
        #expect(throws: HTTPFailure.self) { try read(String(repeating: "x", count: 20_000), by: 1000) }
        let line = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;\(long)"
        #expect(throws: HTTPFailure.self) { try read(line, by: 100) }
    }
}

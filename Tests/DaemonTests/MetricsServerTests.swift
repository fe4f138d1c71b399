import Glibc
import IKECore
import Inet
import LinuxNet
import SwanConf
import Synchronization
import Testing

@testable import Daemon

/// The little of HTTP that a page of metrics needs.
@Suite struct MetricsServerTests {
    // MARK: - Requests

    private func request(_ text: String) -> PageRequest { PageRequest(Array(text.utf8)) }

    @Test func aRequestIsUnderstoodWhenItsHeadIsComplete() {
        #expect(request("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") == .page("/metrics", wantsBody: true))
        #expect(request("HEAD /metrics?a=b HTTP/1.0\r\n\r\n") == .page("/metrics", wantsBody: false))
        for text in ["", "GET", "GET /metrics HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\nHost: x\r\n"] {
            #expect(request(text) == .incomplete)
        }
    }

    @Test(arguments: [
        "GET /metrics\r\n\r\n", "GET metrics HTTP/1.1\r\n\r\n", "\r\n\r\n", "GET /x HTTP/2\r\n\r\n", "\u{0}\r\n\r\n",
    ])
    func whatIsNoRequestIsCalledSo(_ text: String) throws {
        #expect(request(text) == .malformed)
        #expect(try #require(request(text).answer { "" }).hasPrefix("HTTP/1.1 400 "))
    }

    @Test func otherMethodsAndPathsAreRefused() throws {
        #expect(try #require(request("POST /metrics HTTP/1.1\r\n\r\n").answer { "" }).hasPrefix("HTTP/1.1 405 "))
        #expect(try #require(request("GET / HTTP/1.1\r\n\r\n").answer { "" }).hasPrefix("HTTP/1.1 404 "))
        #expect(PageRequest([UInt8](repeating: 65, count: PageRequest.limit)) == .tooLong)
    }

    // MARK: - Clients

    /// What a client gets that sends this and reads to the end, while so many others are connected and silent.
    private func conversation(
        sending text: String,
        page: String,
        others: Int = 0
    ) throws -> String {
        let path = "/tmp/metrics-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let loop = try EventLoop()
        let server = try MetricsServer(at: .unix(path: path), loop: loop) {
            Instant(nanoseconds: MonotonicClock.nanoseconds)
        }
        server.page = { page }
        defer { withExtendedLifetime(server) {} }
        let done = try EventFD()
        try loop.watch(done.raw, .readable) { _ in loop.stop() }
        let bell = done.raw
        let received = Mutex("")
        let client = try NativeThread(name: "client") {
            let silent = (0..<others).map { _ in Connection(path) }
            let answer = withExtendedLifetime(silent) { Connection(path).exchange(text) }
            received.withLock { $0 = answer }
            var one: UInt64 = 1
            _ = write(bell, &one, 8)
        }
        try loop.run()
        client.join()
        return received.withLock { $0 }
    }

    /// A client's end, which waits.
    private final class Connection {
        private let descriptor: Int32

        init(_ path: String) {
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }

        deinit { close(descriptor) }

        func exchange(_ text: String) -> String {
            // In two parts, as a network may deliver it.
            let octets = Array(text.utf8)
            for part in [octets.prefix(5), octets.dropFirst(5)] {
                _ = part.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                answer += buffer.prefix(count)
            }
            return String(decoding: answer, as: UTF8.self)
        }
    }

    @Test func aClientGetsThePageAndTheEndOfTheConnection() throws {
        // More than a socket takes at once.
        let page = String(repeating: "x", count: 2_000_000)
        let answer = try conversation(sending: "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", page: page)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(answer.contains("Content-Length: 2000000\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n" + page))
    }

    @Test func aRequestThatDoesNotEndIsRefused() throws {
        let answer = try conversation(sending: "GET /" + String(repeating: "a", count: 5000), page: "x")
        // The rest of the request is still unread when the connection ends, which may cost the client the answer.
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 431 "))
    }

    @Test func oneMoreClientThanThereMayBeIsTurnedAway() throws {
        let request = "GET /metrics HTTP/1.1\r\n\r\n"
        #expect(try conversation(sending: request, page: "x", others: MetricsServer.mostClients - 1).hasSuffix("x"))
        #expect(try conversation(sending: request, page: "x", others: MetricsServer.mostClients).isEmpty)
    }

    @Test func aSilentClientHasFiveSeconds() throws {
        let path = "/tmp/metrics-\(getpid())-silent.sock"
        let loop = try EventLoop()
        let server = try MetricsServer(at: .unix(path: path), loop: loop) { Instant(nanoseconds: 1_000_000_000) }
        server.deadlineChanged = { loop.stop() }
        let client = Connection(path)
        try loop.run()
        #expect(server.nextDeadline == Instant(nanoseconds: 6_000_000_000))
        server.timePassed(Instant(nanoseconds: 6_000_000_000))
        #expect(server.nextDeadline == nil)
        #expect(client.exchange("").isEmpty)
    }

    @Test func aPortThatIsTakenIsSaidWithItsSetting() throws {
        let loop = try EventLoop()
        let first = try TCPListener(at: SocketAddress(address: IPAddress(v4: 0x7F00_0001), port: 0))
        let error = #expect(throws: Errno.self) {
            _ = try MetricsServer(at: .tcp(first.local), loop: loop) { Instant(nanoseconds: 0) }
        }
        #expect(error?.description.contains("metrics_listen: bind TCP 127.0.0.1:") == true)
    }
}

import Inet
import LinuxNet
import Testing

@testable import Daemon

/// An HTTP server on the loopback device, on the event loop of a test.
final class TestWebServer {
    struct Request {
        let head: String
        let body: [UInt8]
        var path: String { head.split(separator: " ").dropFirst().first.map(String.init) ?? "" }
    }

    private final class Client {
        let stream: StreamSocket
        var received: [UInt8] = []

        init(_ stream: consuming StreamSocket) { self.stream = stream }
    }

    private let loop: EventLoop
    private let listener: TCPListener
    private var clients: [UInt64: Client] = [:]
    private(set) var requests: [Request] = []
    /// Makes the answer, head included; nil for silence.
    var answer: (Request) -> [UInt8]? = { _ in nil }

    init(_ loop: EventLoop) throws {
        let loopback = try #require(IPAddress("127.0.0.1"))
        self.loop = loop
        listener = try TCPListener(at: SocketAddress(address: loopback, port: 0))
        try loop.watch(listener.raw, .readable) { [weak self] _ in self?.accept() }
    }

    var url: String { "http://127.0.0.1:\(listener.local.port)" }

    static func ok(_ body: [UInt8]) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    static func redirection(_ location: String, status: Int = 302) -> [UInt8] {
        Array("HTTP/1.1 \(status) Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n".utf8)
    }

    private func accept() {
        do {
            while let stream = try listener.accept() {
                let client = Client(stream)
                let id = try loop.watch(client.stream.raw, .readable) { [weak self] id in self?.serve(id) }
                clients[id] = client
            }
        } catch {
            Issue.record("the server of the test cannot accept: \(error)")
        }
    }

    private func serve(_ id: UInt64) {
        guard let client = clients[id] else { return }
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = octets.withUnsafeMutableBytes { (try? client.stream.read(into: $0)) ?? 0 }
        guard count > 0 else { return close(id) }
        client.received += octets.prefix(count)
        guard let headEnd = client.received.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) else { return }
        let head = String(decoding: client.received[..<headEnd.lowerBound], as: UTF8.self)
        let field = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        let length = field.flatMap { Int($0.dropFirst("Content-Length: ".count)) } ?? 0
        let start = headEnd.upperBound
        guard client.received.count >= start + length else { return }
        let request = Request(head: head, body: Array(client.received[start...]))
        requests.append(request)
        guard let answer = answer(request) else { return }
        var rest = answer[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { (try? client.stream.write($0)) ?? 0 }
            guard sent > 0 else { break }
            rest = rest.dropFirst(sent)
        }
        close(id)
    }

    private func close(_ id: UInt64) {
        guard let client = clients.removeValue(forKey: id) else { return }
        loop.unwatch(id, client.stream.raw)
    }
}

import Glibc
import Inet
import Testing

@testable import LinuxNet

@Suite struct TCPConnectionTests {
    private func listener() throws -> TCPListener {
        try TCPListener(at: SocketAddress(address: try #require(IPAddress("127.0.0.1")), port: 0))
    }

    private var soon: UInt64 { MonotonicClock.nanoseconds(after: .milliseconds(50)) }
    private var later: UInt64 { MonotonicClock.nanoseconds(after: .seconds(10)) }

    @Test func octetsGoBothWaysUntilTheEnd() throws {
        let listener = try listener()
        let connection = try TCPConnection(to: listener.local, until: later)
        try connection.send(Array("hello".utf8))
        try serve(listener)
        #expect(try connection.receive(atMost: 100) == Array("hello".utf8))
        #expect(try connection.receive(atMost: 100) == [])
    }

    /// Sends the first client its own octets back, and closes.
    private func serve(_ listener: borrowing TCPListener) throws {
        guard let stream = try listener.accept() else {
            Issue.record("nobody has connected")
            return
        }
        var octets = [UInt8](repeating: 0, count: 100)
        let count = try octets.withUnsafeMutableBytes { try stream.read(into: $0) } ?? 0
        _ = try octets[..<count].withUnsafeBytes { try stream.write($0) }
    }

    @Test func aServerThatSaysNothingIsGivenUp() throws {
        let listener = try listener()
        let connection = try TCPConnection(to: listener.local, until: soon)
        let failure = failure { _ = try connection.receive(atMost: 100) }
        #expect(failure?.code == ETIMEDOUT)
    }

    @Test func aServerThatTakesNothingIsGivenUp() throws {
        let listener = try listener()
        let connection = try TCPConnection(to: listener.local, until: soon)
        let failure = failure { try connection.send([UInt8](repeating: 0, count: 64 << 20)) }
        #expect(failure?.code == ETIMEDOUT)
    }

    @Test func nobodyThereIsARefusal() throws {
        let nobody = SocketAddress(address: try #require(IPAddress("127.0.0.1")), port: 1)
        let failure = failure { _ = try TCPConnection(to: nobody, until: later) }
        #expect(failure?.code == ECONNREFUSED)
        #expect("\(try #require(failure))".contains("connect to 127.0.0.1:1"))
    }
}

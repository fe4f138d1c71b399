import Inet
import LinuxNet
import Testing

/// ICMP errors are no word of the peer (RFC 7296 section 2.4): a socket that caused one works on, and nobody is told.
@Suite struct UnreachablePortTests {
    private func bound(_ address: String) throws -> DatagramSocket {
        let address = try #require(IPAddress(address))
        return try .udp(bindingTo: SocketAddress(address: address, port: 0), settings: SocketSettings())
    }

    /// A port that was bound a moment ago and is not any more: the kernel answers with port unreachable.
    private func closedPort(_ address: String) throws -> SocketAddress {
        let socket = try bound(address)
        return socket.local
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func aPortThatNobodyHasDisturbsNeitherSendingNorReceiving(address: String) throws {
        let closed = try closedPort(address)
        let server = try bound(address)
        let client = try bound(address)
        for number in UInt8(0)..<5 { try client.send([number], to: closed) }
        try client.send([42], to: server.local)
        try server.send([43], to: client.local)
        for (socket, octet) in [(0, UInt8(42)), (1, UInt8(43))] {
            var events = Epoll.EventBuffer()
            let epoll = try Epoll()
            try epoll.add(socket == 0 ? server.raw : client.raw, .readable, token: 0)
            try epoll.wait(into: &events, milliseconds: 2000)
            var batch = ReceiveBatch(capacity: 4)
            if socket == 0 { try batch.receive(from: server) } else { try batch.receive(from: client) }
            #expect((0..<batch.count).map { Array(batch.bytes(at: $0)) } == [[octet]])
        }
    }
}

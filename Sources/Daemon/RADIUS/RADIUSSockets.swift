import Inet
import LinuxNet

/// The sockets of one RADIUS client: one for each address family, opened when its first datagram goes out. Every client has its
/// own, since identifiers tell only the requests of one socket apart (RFC 2865 section 3).
final class RADIUSSockets {
    private final class Port {
        let socket: DatagramSocket

        init(_ family: IPAddress.Family) throws(Errno) {
            var settings = SocketSettings()
            // A request with a certificate in it may be larger than the path takes.
            settings.fragmentation = .allowed
            settings.bufferOctets = 1 << 20
            socket = try .udp(
                bindingTo: SocketAddress(address: .unspecified(family), port: 0),
                settings: settings
            )
        }
    }

    /// Datagrams that are read before others get their turn.
    private static let datagramsInOneTurn = 16

    private let loop: EventLoop
    private var ports: [IPAddress.Family: Port] = [:]
    private var batch = ReceiveBatch(capacity: datagramsInOneTurn)
    /// Takes what arrives.
    var received: ([UInt8], SocketAddress) -> Void = { _, _ in }

    init(loop: EventLoop) { self.loop = loop }

    func send(_ octets: [UInt8], to address: SocketAddress) throws(Errno) {
        try port(address.address.family).socket.send(octets, to: address)
    }

    private func port(_ family: IPAddress.Family) throws(Errno) -> Port {
        if let port = ports[family] { return port }
        let port = try Port(family)
        try loop.watch(port.socket.raw, .readable) { [weak self, weak port] _ in
            if let port { self?.receive(port) }
        }
        ports[family] = port
        return port
    }

    private func receive(_ port: Port) {
        // An error belongs to something sent earlier, which is repeated anyway.
        guard (try? batch.receive(from: port.socket)) != nil else { return }
        let arrived = (0..<batch.count).compactMap { slot in
            batch.source(at: slot).map { (Array(batch.bytes(at: slot)), $0) }
        }
        for (octets, source) in arrived { received(octets, source) }
    }
}

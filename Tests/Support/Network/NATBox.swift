import IKECore
package import Inet

/// A NAT in front of one or more hosts: it lends a port of its own address to each port of theirs, for as long as it is used.
///
/// The mapping is the same for every destination, and only who was sent something may answer through it
/// (RFC 4787 sections 4.1 and 5).
package final class NATBox {
    private struct Mapping {
        let inside: SocketAddress
        let port: UInt16
        var peers: Set<IPAddress>
        var lastUsed: Instant
    }

    package let address: IPAddress
    /// A mapping that carries nothing outwards for longer is forgotten.
    package let timeout: Duration
    private var mappings: [Mapping] = []
    private var nextPort: UInt16 = 20_000

    package init(_ address: String, timeout: Duration = .seconds(60)) {
        guard let address = IPAddress(address) else { preconditionFailure("not an address: \(address)") }
        self.address = address
        self.timeout = timeout
    }

    /// Forgets every mapping, as after a restart: the next packet outwards gets another port.
    package func rebind() { mappings = [] }

    /// The source that the outside sees.
    func outward(_ source: SocketAddress, to peer: IPAddress, now: Instant) -> SocketAddress {
        mappings.removeAll { $0.lastUsed + timeout < now }
        if let index = mappings.firstIndex(where: { $0.inside == source }) {
            mappings[index].lastUsed = now
            mappings[index].peers.insert(peer)
            return SocketAddress(address: address, port: mappings[index].port)
        }
        nextPort = nextPort == .max ? 20_000 : nextPort + 1
        mappings.append(Mapping(inside: source, port: nextPort, peers: [peer], lastUsed: now))
        return SocketAddress(address: address, port: nextPort)
    }

    /// Whom a datagram from outside is for, or nil if nobody asked for it.
    func inward(_ destination: SocketAddress, from peer: IPAddress, now: Instant) -> SocketAddress? {
        mappings.first {
            $0.port == destination.port && $0.peers.contains(peer) && $0.lastUsed + timeout >= now
        }?.inside
    }
}

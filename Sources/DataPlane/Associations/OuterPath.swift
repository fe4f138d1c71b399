import ESP
package import Inet

/// How ESP packets travel to the peer.
package enum Encapsulation: Hashable, Sendable {
    /// In UDP, from and to these addresses and ports (RFC 3948).
    case udp(local: SocketAddress, remote: SocketAddress)
    /// Directly in IP.
    case rawESP(local: IPAddress, remote: IPAddress)

    /// Our end; port 0 without UDP.
    package var local: SocketAddress {
        switch self {
        case .udp(let local, _): local
        case .rawESP(let local, _): SocketAddress(address: local, port: 0)
        }
    }

    /// The peer's end; port 0 without UDP.
    package var remote: SocketAddress {
        switch self {
        case .udp(_, let remote): remote
        case .rawESP(_, let remote): SocketAddress(address: remote, port: 0)
        }
    }

    var isUDP: Bool {
        switch self {
        case .udp: true
        case .rawESP: false
        }
    }
}

/// An encapsulation with what it takes to send along it.
struct OuterPath: Sendable {
    let encapsulation: Encapsulation
    /// Which of the plane's sockets.
    let socket: Int
    /// Octets of the largest outer IP packet.
    var mtu: Int

    /// Octets of the largest inner packet whose ESP packet the path takes; 0 if there is none.
    func innerMTU(_ layout: PacketLayout) -> Int {
        let inner = TunnelMTU.inner(
            path: mtu,
            outerFamily: encapsulation.remote.address.family,
            udpEncapsulated: encapsulation.isUDP,
            layout: layout
        )
        return max(0, inner ?? 0)
    }
}

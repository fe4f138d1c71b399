import ESP
import Glibc
package import Inet
package import LinuxNet

/// Sends the control plane's datagrams through the sockets of the data plane. Any thread may, at any time.
package struct IKETransport: Sendable {
    private let sockets: PlaneSockets

    /// The first worker's sockets.
    init(_ sockets: PlaneSockets) { self.sockets = sockets }

    /// Where IKE without NAT traversal is received.
    package var ikeAddresses: [SocketAddress] { sockets.bound(.ike) }
    /// Where IKE and ESP with NAT traversal are received.
    package var natAddresses: [SocketAddress] { sockets.bound(.natTraversal) }

    /// Sends an IKE message from one of our addresses and ports, as received datagrams name them in `local`. The port
    /// decides whether the non-ESP marker goes before it (RFC 3948 section 2.2). An unspecified address leaves the
    /// choice to the kernel. A message larger than the path is fragmented by IP if it may be; if not, EMSGSIZE says so where the
    /// host knows, and it is lost where only a router does.
    ///
    /// EADDRNOTAVAIL if no socket has that port and family. Other errors are the network's and may pass; the
    /// retransmission of IKE covers them.
    package func send(
        _ message: [UInt8],
        from local: SocketAddress,
        to remote: SocketAddress,
        mayBeFragmented: Bool = true
    ) throws(Errno) {
        let (index, payload): (Int, [UInt8])
        if let found = sockets.index(.ike, local: local) {
            (index, payload) = (found, message)
        } else if let found = sockets.index(.natTraversal, local: local) {
            let marker = [UInt8](repeating: 0, count: EncapsulatedDatagram.nonESPMarkerLength)
            (index, payload) = (found, marker + message)
        } else {
            throw Errno("send IKE from \(local)", code: EADDRNOTAVAIL)
        }
        if mayBeFragmented {
            try sockets.all[index].socket.sendFragmentable(payload, to: remote, from: local.address)
        } else {
            try sockets.all[index].socket.send(payload, to: remote, from: local.address)
        }
    }

    /// Sends the single octet that keeps a NAT binding alive (RFC 3948 section 2.3), from a NAT traversal port.
    package func sendKeepalive(from local: SocketAddress, to remote: SocketAddress) throws(Errno) {
        guard let index = sockets.index(.natTraversal, local: local) else {
            throw Errno("send keepalive from \(local)", code: EADDRNOTAVAIL)
        }
        try sockets.all[index].socket.send([EncapsulatedDatagram.keepaliveOctet], to: remote, from: local.address)
    }
}

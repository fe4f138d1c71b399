import CLinux
import Glibc
package import Inet

/// What the kernel knows about the size of packets on a path: the interface's limit, the route's, and what ICMP errors
/// have taught it.
package enum PathMTU {
    /// Octets of the largest IP packet to `destination`, for packets from `source` (nil: the kernel's choice) with the
    /// firewall mark `mark`. Asks a connected socket, which sends nothing; a few microseconds.
    package static func known(
        to destination: SocketAddress,
        from source: IPAddress?,
        mark: UInt32
    ) throws(Errno) -> Int {
        let family = destination.address.family
        let local = source.flatMap { $0.family == family ? $0 : nil } ?? .unspecified(family)
        let settings = SocketSettings(mark: mark, bufferOctets: 0)
        let socket = try DatagramSocket.udp(bindingTo: SocketAddress(address: local, port: 0), settings: settings)
        let raw = socket.raw
        var storage = sockaddr_storage()
        let length = destination.store(to: &storage)
        try checked("find path to \(destination.address)") {
            withUnsafePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(raw, $0, length) }
            }
        }
        var mtu: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        try checked("read path MTU to \(destination.address)") {
            switch family {
            case .v4: getsockopt(raw, Int32(IPPROTO_IP), IP_MTU, &mtu, &size)
            case .v6: getsockopt(raw, Int32(IPPROTO_IPV6), IPV6_MTU, &mtu, &size)
            }
        }
        return Int(mtu)
    }
}

import Glibc

/// How a datagram socket is set up beyond its address.
package struct SocketSettings: Sendable {
    /// What happens to a datagram that is larger than the path takes (IP_MTU_DISCOVER).
    package enum Fragmentation: Sendable {
        /// The kernel may cut it into fragments.
        case allowed
        /// Don't fragment; one larger than the path MTU that the kernel has learnt is refused with EMSGSIZE.
        case forbidden
        /// Don't fragment; only the interface's own MTU limits, what the kernel has learnt about the path does not.
        case probing

        var discovery: Int32 {
            switch self {
            case .allowed: IP_PMTUDISC_DONT
            case .forbidden: IP_PMTUDISC_DO
            case .probing: IP_PMTUDISC_PROBE
            }
        }
    }

    /// The firewall mark of everything that the socket sends, by which a routing rule keeps it out of the tunnel;
    /// 0: none. Needs CAP_NET_ADMIN.
    package var mark: UInt32
    package var fragmentation: Fragmentation
    /// Octets that the kernel may queue in each direction. More than the system's limit needs CAP_NET_ADMIN; without
    /// it, the limit is what we get.
    package var bufferOctets: Int
    /// Whether datagrams of one flow that wait may be received as one, which `ReceiveBatch.segmentSize` tells (UDP_GRO). A
    /// kernel that cannot do it leaves it.
    package var mergesReceived: Bool
    /// Whether sockets of this process may share the address (SO_REUSEPORT); `DatagramSocket.spreadBySPI` says which of them
    /// gets what. Of UDP only.
    package var isShared: Bool

    package init(
        mark: UInt32 = 0,
        fragmentation: Fragmentation = .forbidden,
        bufferOctets: Int = 7 << 20,
        mergesReceived: Bool = false,
        isShared: Bool = false
    ) {
        self.mark = mark
        self.fragmentation = fragmentation
        self.bufferOctets = bufferOctets
        self.mergesReceived = mergesReceived
        self.isShared = isShared
    }
}

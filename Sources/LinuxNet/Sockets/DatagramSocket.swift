import CLinux
import Glibc
package import Inet

/// A socket of one address family for IKE and ESP: UDP, or raw IP of protocol 50. What differs between the two is how
/// they are opened; afterwards they send and receive alike, many datagrams with one system call.
///
/// Every datagram tells which local address it came to, and leaves from the address that the sender names, because a
/// gateway with several addresses has to answer from the one that its peer knows. Non-blocking. Any number of threads
/// may send; a `ReceiveBatch` or `SendBatch` belongs to one thread. Link-local IPv6 peers cannot be reached, since
/// addresses here carry no scope.
package struct DatagramSocket: ~Copyable, Sendable {
    package enum Kind: Sendable {
        case udp
        /// IP protocol 50. The kernel makes and strips the IP header; ports are 0.
        case rawESP
    }

    package let kind: Kind
    /// Where the socket is bound: the address (or the unspecified one) and the port that it has got.
    package let local: SocketAddress
    /// The rule that holds for everything but `sendFragmentable`.
    let fragmentation: SocketSettings.Fragmentation
    let descriptor: FileDescriptor

    /// Opens a UDP socket. Port 0 lets the kernel choose.
    package static func udp(bindingTo address: SocketAddress, settings: SocketSettings) throws(Errno) -> Self {
        try Self(kind: .udp, address: address, settings: settings)
    }

    /// Opens a raw socket for ESP packets to `address`, or to every local address of its family. Needs CAP_NET_RAW.
    package static func rawESP(bindingTo address: IPAddress, settings: SocketSettings) throws(Errno) -> Self {
        try Self(kind: .rawESP, address: SocketAddress(address: address, port: 0), settings: settings)
    }

    private init(kind: Kind, address: SocketAddress, settings: SocketSettings) throws(Errno) {
        let descriptor = try Self.opened(kind, address.address.family)
        try descriptor.apply(settings, kind, address.address.family)
        try Self.bind(descriptor, kind, address)
        let port = try descriptor.boundPort()
        self.kind = kind
        self.local = SocketAddress(address: address.address, port: port)
        self.fragmentation = settings.fragmentation
        self.descriptor = descriptor
    }

    /// For an epoll set.
    package var raw: Int32 { descriptor.raw }
    package var family: IPAddress.Family { local.address.family }

    // MARK: - Opening

    private static func opened(_ kind: Kind, _ family: IPAddress.Family) throws(Errno) -> FileDescriptor {
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        switch kind {
        case .udp:
            let type = Int32(SOCK_DGRAM.rawValue) | flags
            return FileDescriptor(adopting: try checked("open UDP socket") { socket(family.domain, type, 0) })
        case .rawESP:
            let type = Int32(SOCK_RAW.rawValue) | flags
            do {
                let raw = try checked("open raw ESP socket") { socket(family.domain, type, Int32(IPPROTO_ESP)) }
                return FileDescriptor(adopting: raw)
            } catch let error where error.code == EPERM {
                throw error.advising("CAP_NET_RAW is missing")
            }
        }
    }

    private static func bind(
        _ descriptor: borrowing FileDescriptor,
        _ kind: Kind,
        _ address: SocketAddress
    ) throws(Errno) {
        let raw = descriptor.raw
        var storage = sockaddr_storage()
        let length = address.store(to: &storage)
        let name = kind == .udp ? "bind UDP \(address)" : "bind raw ESP \(address.address)"
        do {
            try checked(name) {
                withUnsafePointer(to: &storage) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(raw, $0, length) }
                }
            }
        } catch {
            switch error.code {
            case EADDRINUSE:
                throw error.advising("port \(address.port) is in use: is another IKE daemon running? stop it first")
            case EACCES:
                throw error.advising("ports below 1024 need root or CAP_NET_BIND_SERVICE")
            case EADDRNOTAVAIL:
                throw error.advising("\(address.address) is not an address of this host")
            default:
                throw error
            }
        }
    }
}

// MARK: - Options

extension FileDescriptor {
    fileprivate func apply(
        _ settings: SocketSettings,
        _ kind: DatagramSocket.Kind,
        _ family: IPAddress.Family
    ) throws(Errno) {
        if settings.mark != 0 {
            do {
                try setOption(SOL_SOCKET, SO_MARK, Int32(bitPattern: settings.mark), "SO_MARK")
            } catch let error where error.code == EPERM {
                throw error.advising("CAP_NET_ADMIN is missing: run as root or give it to the service or container")
            }
        }
        if settings.isShared, kind == .udp { try setOption(SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT") }
        let octets = Int32(clamping: settings.bufferOctets)
        setBuffer(SO_RCVBUFFORCE, orElse: SO_RCVBUF, octets)
        setBuffer(SO_SNDBUFFORCE, orElse: SO_SNDBUF, octets)
        switch family {
        case .v4:
            try setOption(Int32(IPPROTO_IP), IP_PKTINFO, 1, "IP_PKTINFO")
            try setOption(Int32(IPPROTO_IP), IP_RECVTOS, 1, "IP_RECVTOS")
        case .v6:
            // Raw sockets have no other choice and therefore no such option.
            if kind == .udp { try setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "IPV6_V6ONLY") }
            try setOption(Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
            try setOption(Int32(IPPROTO_IPV6), IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS")
        }
        try setFragmentation(settings.fragmentation, family: family)
        if settings.mergesReceived, kind == .udp {
            try? setOption(Int32(CLINUX_SOL_UDP), Int32(CLINUX_UDP_GRO), 1, "UDP_GRO")
        }
    }

    func setFragmentation(_ fragmentation: SocketSettings.Fragmentation, family: IPAddress.Family) throws(Errno) {
        let value = fragmentation.discovery
        switch family {
        case .v4:
            try setOption(Int32(IPPROTO_IP), IP_MTU_DISCOVER, value, "IP_MTU_DISCOVER")
        case .v6:
            try setOption(Int32(IPPROTO_IPV6), IPV6_MTU_DISCOVER, value, "IPV6_MTU_DISCOVER")
            // Without it the kernel's own fragmentation comes before the comparison with the path MTU.
            try setOption(Int32(IPPROTO_IPV6), IPV6_DONTFRAG, value == IP_PMTUDISC_DONT ? 0 : 1, "IPV6_DONTFRAG")
        }
    }

    func setOption(_ level: Int32, _ option: Int32, _ value: Int32, _ name: String) throws(Errno) {
        var value = value
        try checked("set socket option \(name)") {
            setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// A smaller buffer than wished for costs throughput, nothing else: a refusal is no error.
    private func setBuffer(_ forced: Int32, orElse limited: Int32, _ octets: Int32) {
        do {
            try setOption(SOL_SOCKET, forced, octets, "")
        } catch {
            try? setOption(SOL_SOCKET, limited, octets, "")
        }
    }

    /// The port that the kernel has bound; of a raw socket 0.
    fileprivate func boundPort() throws(Errno) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try checked("getsockname") {
            withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &length) }
            }
        }
        let family = Int32(storage.ss_family)
        guard family == AF_INET || family == AF_INET6 else { return 0 }
        return SocketAddress(loading: &storage)?.port ?? 0
    }
}

import Glibc
package import Inet

/// A TCP socket that accepts connections; non-blocking.
package struct TCPListener: ~Copyable, Sendable {
    /// Where it listens; the port is the one that the kernel chose where 0 was asked for.
    package let local: SocketAddress
    private let descriptor: FileDescriptor

    /// Listens at an address and port. EADDRINUSE where another program does.
    package init(at address: SocketAddress) throws(Errno) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let domain = address.address.domain
        let descriptor = FileDescriptor(adopting: try checked("open TCP socket") { socket(domain, kind, 0) })
        // Connections of an earlier run that linger do not keep this one from its port.
        try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        var storage = sockaddr_storage()
        var length = address.store(to: &storage)
        let raw = descriptor.raw
        try checked("bind TCP \(address)") {
            withUnsafePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, length) }
            }
        }
        try checked("listen TCP \(address)") { listen(raw, 16) }
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try checked("getsockname") {
            withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(raw, $0, &length) }
            }
        }
        local = SocketAddress(loading: &storage) ?? address
        self.descriptor = descriptor
    }

    /// For an epoll set: readable while a connection waits.
    package var raw: Int32 { descriptor.raw }

    /// The next connection, or nil when none waits.
    package func accept() throws(Errno) -> StreamSocket? { try StreamSocket(acceptingAt: descriptor, "TCP \(local)") }
}

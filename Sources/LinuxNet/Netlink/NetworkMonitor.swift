import CLinux
import Glibc

/// Hears from the kernel whenever links, addresses or routes change (rtnetlink(7), multicast groups).
///
/// What has changed is not looked at: whoever wants to know asks `Netlink` for how things are now, which also covers
/// changes that found no room in the socket's queue.
package struct NetworkMonitor: ~Copyable {
    private let descriptor: FileDescriptor

    /// For an epoll set: readable when something has changed.
    package var raw: Int32 { descriptor.raw }

    /// Listens in the network namespace of the calling thread.
    package init() throws(Errno) {
        let operation = "listen for changes of addresses and routes"
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let raw = try checked(operation) { socket(AF_NETLINK, kind, NETLINK_ROUTE) }
        let descriptor = FileDescriptor(adopting: raw)
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(
            RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE
        )
        try checked(operation) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(raw, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
                }
            }
        }
        self.descriptor = descriptor
    }

    /// Takes all notices that wait; returns whether there were any.
    package func clear() -> Bool {
        let raw = descriptor.raw
        var hasChanged = false
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            while true {
                let count = retrying { recv(raw, buffer.baseAddress, buffer.count, 0) }
                // A queue that ran over has lost notices, which is one as well; every other error ends the turn.
                guard count > 0 || count < 0 && errno == ENOBUFS else { return }
                hasChanged = true
            }
        }
        return hasChanged
    }
}

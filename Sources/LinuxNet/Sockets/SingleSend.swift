import CLinux
import Glibc
package import Inet

// Sending one datagram at a time: IKE messages and keepalives, which are rare and may come from any thread.

extension DatagramSocket {
    /// Sends one datagram from the local address `source` (nil or unspecified: the kernel chooses).
    ///
    /// EAGAIN means that the socket's queue is full; the datagram is lost, as on the network.
    package func send(
        _ bytes: [UInt8],
        to destination: SocketAddress,
        from source: IPAddress? = nil,
        trafficClass: UInt8 = 0
    ) throws(Errno) {
        let code = transmit(bytes, destination, source, trafficClass)
        if code != 0 { throw Errno("send to \(destination)", code: code) }
    }

    /// The same, but a datagram that is larger than the path takes may be cut into fragments: an IKE message to a peer
    /// without IKE fragmentation (RFC 7383) has no other way.
    ///
    /// The permission belongs to the socket, not to the datagram: it stands only around this one call, and packets that
    /// another thread sends in that moment may be fragmented, too, which harms nothing.
    package func sendFragmentable(
        _ bytes: [UInt8],
        to destination: SocketAddress,
        from source: IPAddress? = nil
    ) throws(Errno) {
        var code = transmit(bytes, destination, source, 0)
        if code == EMSGSIZE, fragmentation != .allowed {
            try descriptor.setFragmentation(.allowed, family: family)
            code = transmit(bytes, destination, source, 0)
            try descriptor.setFragmentation(fragmentation, family: family)
        }
        if code != 0 { throw Errno("send to \(destination)", code: code) }
    }

    /// Sends and returns 0, or what errno says.
    private func transmit(
        _ bytes: [UInt8],
        _ destination: SocketAddress,
        _ source: IPAddress?,
        _ trafficClass: UInt8
    ) -> Int32 {
        var storage = sockaddr_storage()
        let length = destination.store(to: &storage)
        return withUnsafeTemporaryAllocation(byteCount: CLINUX_CONTROL_CAPACITY, alignment: 16) { control in
            guard let controlBase = control.baseAddress else { return ENOMEM }
            return withUnsafeMutablePointer(to: &storage) { name in
                bytes.withUnsafeBytes { payload in
                    var vector = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: payload.baseAddress),
                        iov_len: payload.count
                    )
                    return withUnsafeMutablePointer(to: &vector) { vector in
                        var header = msghdr()
                        header.msg_name = UnsafeMutableRawPointer(name)
                        header.msg_namelen = length
                        header.msg_iov = vector
                        header.msg_iovlen = 1
                        header.msg_control = controlBase
                        header.msg_controllen = controlData(
                            at: controlBase,
                            source: source,
                            family: destination.address.family,
                            trafficClass: trafficClass
                        )
                        let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
                        return retrying { sendmsg(raw, &header, flags) } < 0 ? errno : 0
                    }
                }
            }
        }
    }
}

import CLinux
import Glibc
package import Inet

// Sending one datagram at a time: IKE messages, keepalives, and what has to be fragmented. Rare, and from any thread.

extension DatagramSocket {
    /// Sends one datagram from the local address `source` (nil or unspecified: the kernel chooses), with `trafficClass`
    /// as the octet of DSCP and ECN in its IP header.
    ///
    /// EMSGSIZE: larger than the path takes. EAGAIN: the socket's queue is full; the datagram is lost, as on the network.
    package func send(
        _ bytes: UnsafeRawBufferPointer,
        to destination: SocketAddress,
        from source: IPAddress? = nil,
        trafficClass: UInt8 = 0
    ) throws(Errno) {
        let code = transmit(bytes, destination, source, trafficClass)
        if code != 0 { throw Errno("send", code: code) }
    }

    /// The same, but a datagram that is larger than the path takes may be cut into fragments: an IKE message to a peer
    /// without IKE fragmentation (RFC 7383), or an inner packet that nobody may be asked to shorten.
    ///
    /// The permission belongs to the socket, not to the datagram: it stands only around this one call, and packets that
    /// another thread sends in that moment may be fragmented, too, which harms nothing.
    package func sendFragmentable(
        _ bytes: UnsafeRawBufferPointer,
        to destination: SocketAddress,
        from source: IPAddress? = nil,
        trafficClass: UInt8 = 0
    ) throws(Errno) {
        var code = transmit(bytes, destination, source, trafficClass)
        if code == EMSGSIZE, fragmentation != .allowed {
            try descriptor.setFragmentation(.allowed, family: family)
            code = transmit(bytes, destination, source, trafficClass)
            try descriptor.setFragmentation(fragmentation, family: family)
        }
        if code != 0 { throw Errno("send", code: code) }
    }

    /// Sends and returns 0, or what errno says.
    private func transmit(
        _ bytes: UnsafeRawBufferPointer,
        _ destination: SocketAddress,
        _ source: IPAddress?,
        _ trafficClass: UInt8
    ) -> Int32 {
        withUnsafeTemporaryAllocation(byteCount: CLINUX_CONTROL_CAPACITY, alignment: 16) { control in
            guard let control = control.baseAddress else { return ENOMEM }
            var name = sockaddr_storage()
            var vector = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            var header = msghdr()
            header.msg_namelen = destination.store(to: &name)
            header.msg_iovlen = 1
            header.msg_control = control
            header.msg_controllen = controlData(
                at: control,
                source: source,
                family: destination.address.family,
                trafficClass: trafficClass
            )
            return withUnsafeMutablePointer(to: &name) { name in
                withUnsafeMutablePointer(to: &vector) { vector in
                    header.msg_name = UnsafeMutableRawPointer(name)
                    header.msg_iov = vector
                    return retrying { sendmsg(raw, &header, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)) } < 0 ? errno : 0
                }
            }
        }
    }
}

// MARK: - Arrays

extension DatagramSocket {
    /// Sends one datagram; see the function of the same name.
    package func send(
        _ bytes: [UInt8],
        to destination: SocketAddress,
        from source: IPAddress? = nil,
        trafficClass: UInt8 = 0
    ) throws(Errno) {
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(Errno) in
            try send(bytes, to: destination, from: source, trafficClass: trafficClass)
        }
    }

    /// Sends one datagram, in fragments if need be; see the function of the same name.
    package func sendFragmentable(
        _ bytes: [UInt8],
        to destination: SocketAddress,
        from source: IPAddress? = nil
    ) throws(Errno) {
        try bytes.span.bytes.withUnsafeBytes { (bytes) throws(Errno) in
            try sendFragmentable(bytes, to: destination, from: source, trafficClass: 0)
        }
    }
}

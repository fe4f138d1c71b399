/// One queue of a TUN device: a descriptor through which packets are read and written. Each packet is one call, which is
/// atomic in the kernel, so that one thread may read while others write.
package final class TUNQueue: Sendable {
    /// Whether a virtio header (`struct virtio_net_hdr`, 10 octets) stands before every packet that is read or written.
    package let hasVirtioHeader: Bool
    private let descriptor: FileDescriptor

    package init(_ descriptor: consuming FileDescriptor, hasVirtioHeader: Bool = false) {
        self.descriptor = descriptor
        self.hasVirtioHeader = hasVirtioHeader
    }

    /// For an epoll set: readable while the kernel has a packet for the tunnel.
    package var raw: Int32 { descriptor.raw }

    /// Reads one packet that the kernel has routed to the interface; nil if there is none. One that is longer than
    /// `buffer` is cut, which cannot happen with a buffer of 65,535 octets.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int? {
        try descriptor.read(into: buffer)
    }

    /// Gives one IP packet, behind a virtio header where the device has them, to the kernel as if it had arrived on the
    /// interface; 0, or what errno says. The kernel refuses (EINVAL) what is no IP packet, and everything (EIO) while the
    /// interface is down; its queue may be full (EAGAIN).
    package func write(_ packet: borrowing GatheredPacket) -> Int32 { packet.write(to: descriptor) }
}

import CLinux
import Glibc

/// A network interface whose packets this process reads and writes: the clear-text side of the tunnels.
///
/// The device is gone when it is closed, with its addresses and routes.
package struct TUNDevice: ~Copyable, Sendable {
    /// What the device is asked for beyond plain packets.
    package struct Features: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Each packet follows a virtio header, the condition for segmentation and checksum offloads.
        package static let virtioHeader = Self(rawValue: UInt16(IFF_VNET_HDR))
        /// Several descriptors may serve one device, each its own queue.
        package static let multipleQueues = Self(rawValue: UInt16(IFF_MULTI_QUEUE))
    }

    /// Super-packets that a device gives and takes in place of many packets.
    package struct Offloads: OptionSet, Hashable, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Packets whose transport checksum is not computed yet.
        package static let checksum = Self(rawValue: UInt32(CLINUX_TUN_CHECKSUM))
        /// Segments of a TCP connection, over IPv4 and IPv6.
        package static let tcp = Self(rawValue: UInt32(CLINUX_TUN_TCP))
        /// Datagrams of a UDP flow; since Linux 6.2.
        package static let udp = Self(rawValue: UInt32(CLINUX_TUN_UDP))

        /// All that a kernel may have, from most to least.
        package static let wishes: [Self] = [[.checksum, .tcp, .udp], [.checksum, .tcp]]
    }

    /// The name that the interface has got, at most 15 octets.
    package let name: String
    /// The number of the interface in the kernel, as routes name it; 0 for a device in memory.
    package let index: UInt32
    /// Whether a virtio header (`struct virtio_net_hdr`, 10 octets) stands before every packet that is read or written.
    package let hasVirtioHeader: Bool
    private let descriptor: FileDescriptor

    /// Creates an interface; a name with "%d" ("ipsec%d") lets the kernel choose the number.
    ///
    /// - Parameter offloads: super-packets to ask for, from most to least; the first that the kernel grants counts. Only with
    ///   `virtioHeader`.
    package init(name: String, features: Features = [], offloads wishes: [Offloads] = []) throws(Errno) {
        guard !name.isEmpty, name.utf8.count < IFNAMSIZ, !name.utf8.contains(UInt8(ascii: "/")) else {
            throw Errno(
                "TUN device name \"\(name)\"",
                code: EINVAL,
                advice: "use 1 to \(IFNAMSIZ - 1) octets without /"
            )
        }
        let descriptor = try Self.openControl()
        let flags = UInt16(IFF_TUN | IFF_NO_PI) | features.rawValue
        var assigned = [CChar](repeating: 0, count: Int(IFNAMSIZ))
        do {
            try checked("create TUN device \(name)") {
                clinux_tun_attach(descriptor.raw, name, flags, &assigned)
            }
        } catch {
            throw Self.explained(error)
        }
        let octets = assigned.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        self.name = String(decoding: octets, as: UTF8.self)
        self.index = if_nametoindex(self.name)
        self.hasVirtioHeader = features.contains(.virtioHeader)
        _ = wishes.contains { clinux_tun_set_offloads(descriptor.raw, $0.rawValue) == 0 }
        self.descriptor = descriptor
    }

    /// A device in memory: packets are the messages of `descriptor` (see `FileDescriptor.datagramPair`), no interface
    /// exists.
    package init(inMemory descriptor: consuming FileDescriptor, hasVirtioHeader: Bool = false) {
        self.name = "memory"
        self.index = 0
        self.hasVirtioHeader = hasVirtioHeader
        self.descriptor = descriptor
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

    private static func openControl() throws(Errno) -> FileDescriptor {
        do {
            let raw = try checked("open /dev/net/tun") { open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK) }
            return FileDescriptor(adopting: raw)
        } catch let error where error.code == ENOENT || error.code == ENODEV || error.code == ENXIO {
            throw error.advising(
                "/dev/net/tun is missing: load the tun module (modprobe tun) or pass the device into the container"
                    + " (--device /dev/net/tun)"
            )
        } catch let error where error.code == EACCES || error.code == EPERM {
            throw error.advising("run as root or give this user access to /dev/net/tun")
        }
    }

    private static func explained(_ error: Errno) -> Errno {
        switch error.code {
        case EPERM:
            error.advising("CAP_NET_ADMIN is missing: run as root or give the service or container this capability")
        case EBUSY:
            error.advising("another process uses this device: choose another name or stop that process")
        case EINVAL:
            error.advising("an interface of another kind has this name: choose another name")
        default: error
        }
    }
}

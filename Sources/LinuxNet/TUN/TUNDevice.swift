import CLinux
import Glibc

/// A network interface whose packets this process reads and writes: the clear-text side of the tunnels.
///
/// The device is gone when its last queue is closed, with its addresses and routes.
package struct TUNDevice: Sendable {
    /// What the device is asked for beyond plain packets.
    package struct Features: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Each packet follows a virtio header, the condition for segmentation and checksum offloads.
        package static let virtioHeader = Self(rawValue: UInt16(IFF_VNET_HDR))
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
    /// Where packets are read and written, at least one. The kernel keeps the packets of a flow in one queue, by preference in
    /// that through which the other direction of the flow is written.
    package let queues: [TUNQueue]

    /// Creates an interface; a name with "%d" ("ipsec%d") lets the kernel choose the number.
    ///
    /// - Parameters:
    ///   - offloads: super-packets to ask for, from most to least; the first that the kernel grants counts. Only with
    ///     `virtioHeader`.
    ///   - queues: how many queues to ask for. A kernel without several queues, or an interface that was made with one, gives
    ///     one.
    package init(
        name: String,
        features: Features = [],
        offloads wishes: [Offloads] = [],
        queues count: Int = 1
    ) throws(Errno) {
        guard !name.isEmpty, name.utf8.count < IFNAMSIZ, !name.utf8.contains(UInt8(ascii: "/")) else {
            throw Errno(
                "TUN device name \"\(name)\"",
                code: EINVAL,
                advice: "use 1 to \(IFNAMSIZ - 1) octets without /"
            )
        }
        let several = count > 1 ? try Self.attachSeverally(name, features) : nil
        let (first, assigned) = if let several { several } else { try Self.attachAlone(name, features) }
        self.name = assigned
        index = if_nametoindex(assigned)
        _ = wishes.contains { clinux_tun_set_offloads(first.raw, $0.rawValue) == 0 }
        var queues = [first]
        while several != nil, queues.count < count,
            let next = try? Self.attachSeverally(assigned, features)
        {
            queues.append(next.queue)
        }
        self.queues = queues
    }

    /// A device in memory: packets are the messages of each queue's descriptor (see `FileDescriptor.datagramPair`), no
    /// interface exists.
    package init(inMemory queues: [TUNQueue]) {
        name = "memory"
        index = 0
        self.queues = queues
    }

    /// One of several queues of the interface, which is made if it is not there, and the interface's name; nil where it can
    /// have one only.
    private static func attachSeverally(
        _ name: String,
        _ features: Features
    ) throws(Errno) -> (queue: TUNQueue, name: String)? {
        do throws(Errno) {
            return try attach(name, features, UInt16(IFF_MULTI_QUEUE))
        } catch {
            guard error.code == EINVAL else { throw explained(error) }
            return nil
        }
    }

    /// The one queue of the interface.
    private static func attachAlone(
        _ name: String,
        _ features: Features
    ) throws(Errno) -> (queue: TUNQueue, name: String) {
        do throws(Errno) {
            return try attach(name, features, 0)
        } catch {
            throw explained(error)
        }
    }

    private static func attach(
        _ name: String,
        _ features: Features,
        _ furtherFlags: UInt16
    ) throws(Errno) -> (queue: TUNQueue, name: String) {
        let descriptor = try openControl()
        let flags = UInt16(IFF_TUN | IFF_NO_PI) | features.rawValue | furtherFlags
        var assigned = [CChar](repeating: 0, count: Int(IFNAMSIZ))
        try checked("create TUN device \(name)") { clinux_tun_attach(descriptor.raw, name, flags, &assigned) }
        let octets = assigned.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let queue = TUNQueue(descriptor, hasVirtioHeader: features.contains(.virtioHeader))
        return (queue, String(decoding: octets, as: UTF8.self))
    }

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

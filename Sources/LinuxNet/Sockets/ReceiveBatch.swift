import CLinux
import Glibc
package import Inet

/// Room for the datagrams of one receive call, allocated once and reused: slots in one slab, each with the sender's
/// address and the control data that belong to it.
///
/// The octets of a slot may be changed in place (that is how ESP is opened); they are valid until the next receive.
package struct ReceiveBatch: ~Copyable {
    /// What a slot takes: every UDP datagram and every IP packet, so that nothing arrives cut.
    package static let slotOctets = 65_535
    /// Slots start at different cache sets, which they would not at a distance of 64 KiB.
    private static let slotDistance = 65_536 + 26 * 64

    /// How many datagrams one call receives at most.
    package let capacity: Int
    /// How many the last call has received.
    package private(set) var count = 0

    private let slab: UnsafeMutableRawPointer
    private let messages: UnsafeMutablePointer<clinux_message>
    private let vectors: UnsafeMutablePointer<iovec>
    private let names: UnsafeMutablePointer<sockaddr_storage>
    private let controls: UnsafeMutableRawPointer
    /// Raw IPv4 sockets deliver the IP header in front; nobody above wants it.
    private var hasIPv4Header = false

    /// The slab is virtual memory until datagrams touch it: 64 slots of ordinary packets keep 256 KiB resident.
    package init(capacity: Int = 64) {
        let capacity = max(1, min(capacity, 1024))
        self.capacity = capacity
        slab = .allocate(byteCount: capacity * Self.slotDistance, alignment: 64)
        messages = .allocate(capacity: capacity)
        vectors = .allocate(capacity: capacity)
        names = .allocate(capacity: capacity)
        let controlOctets = CLINUX_CONTROL_CAPACITY
        controls = .allocate(byteCount: capacity * controlOctets, alignment: 16)
        names.initialize(repeating: sockaddr_storage(), count: capacity)
        for slot in 0..<capacity {
            (vectors + slot).initialize(
                to: iovec(iov_base: slab + slot * Self.slotDistance, iov_len: Self.slotOctets)
            )
            var message = clinux_message()
            message.header.msg_name = UnsafeMutableRawPointer(names + slot)
            message.header.msg_iov = vectors + slot
            message.header.msg_iovlen = 1
            message.header.msg_control = controls + slot * controlOctets
            (messages + slot).initialize(to: message)
            prepare(slot)
        }
    }

    deinit {
        slab.deallocate()
        messages.deallocate()
        vectors.deallocate()
        names.deallocate()
        controls.deallocate()
    }

    /// Says how much room a slot has, which the kernel overwrites with what it has used.
    private func prepare(_ slot: Int) {
        messages[slot].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_storage>.size)
        messages[slot].header.msg_controllen = CLINUX_CONTROL_CAPACITY
    }

    /// Receives what waits at `socket`, up to `limit` datagrams, without waiting; `count` tells how many came, 0 if
    /// none. An error that the kernel reports for an earlier datagram is thrown; the next call goes on.
    package mutating func receive(from socket: borrowing DatagramSocket, limit: Int = .max) throws(Errno) {
        let wanted = max(1, min(limit, capacity))
        for slot in 0..<count { prepare(slot) }
        hasIPv4Header = socket.kind == .rawESP && socket.family == .v4
        count = 0
        let raw = socket.raw
        let received = retrying { clinux_receive_messages(raw, messages, UInt32(wanted)) }
        if received >= 0 {
            count = Int(received)
        } else if errno != EAGAIN {
            throw .last("receive datagrams")
        }
    }

    /// The payload of a datagram, for reading and for changing in place: UDP's, or the ESP packet.
    package func bytes(at slot: Int) -> UnsafeMutableRawBufferPointer {
        precondition(slot >= 0 && slot < count, "datagrams are read from 0 to count")
        let start = slab + slot * Self.slotDistance
        let length = min(Int(messages[slot].length), Self.slotOctets)
        guard hasIPv4Header else { return UnsafeMutableRawBufferPointer(start: start, count: length) }
        // The kernel has checked this header; the bound holds even if it had not.
        let header = length > 0 ? min(length, Int(start.load(as: UInt8.self) & 0x0f) * 4) : 0
        return UnsafeMutableRawBufferPointer(start: start + header, count: length - header)
    }

    /// Whether the datagram did not fit into its slot, so that its end is lost.
    package func isTruncated(at slot: Int) -> Bool {
        precondition(slot >= 0 && slot < count, "datagrams are read from 0 to count")
        return messages[slot].header.msg_flags & Int32(MSG_TRUNC) != 0
    }

    /// Who has sent the datagram; nil if the kernel did not say.
    package func source(at slot: Int) -> SocketAddress? {
        precondition(slot >= 0 && slot < count, "datagrams are read from 0 to count")
        guard messages[slot].header.msg_namelen > 0 else { return nil }
        return SocketAddress(loading: names + slot)
    }

    /// What came with a datagram.
    package struct Arrival {
        /// The local address that it came to.
        package let local: IPAddress?
        /// The octet of DSCP and ECN of its IP header.
        package let trafficClass: UInt8
        /// Where the octets are several datagrams of one flow, merged by the kernel: the octets of each but the last, which
        /// may be shorter; else nil.
        package let segmentSize: Int?
    }

    package func arrival(at slot: Int) -> Arrival {
        precondition(slot >= 0 && slot < count, "datagrams are read from 0 to count")
        var path = clinux_path()
        clinux_read_control(&messages[slot].header, &path)
        let address: IPAddress? =
            switch path.address_length {
            case 4: withUnsafeBytes(of: &path.address) { $0.baseAddress.map { IPAddress(loading: $0, family: .v4) } }
            case 16: withUnsafeBytes(of: &path.address) { $0.baseAddress.map { IPAddress(loading: $0, family: .v6) } }
            default: nil
            }
        return Arrival(
            local: address,
            trafficClass: path.traffic_class,
            segmentSize: path.segment_size > 0 ? Int(path.segment_size) : nil
        )
    }
}

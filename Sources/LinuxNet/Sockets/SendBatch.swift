import CLinux
import Glibc
package import Inet

/// Datagrams that wait for one send call, built in memory that is allocated once and reused.
///
/// A datagram is made in three steps: ask for `room`, fill it, `commit` it with its addresses. Datagrams lie densely
/// behind each other, which is also the shape that segmentation offload wants.
package struct SendBatch: ~Copyable {
    /// How many datagrams have been committed since the batch was last empty.
    package private(set) var count = 0
    /// How many of them the kernel has taken or refused.
    private var finished = 0
    private var used = 0

    private let capacity: Int
    private let octets: Int
    private let slab: UnsafeMutableRawPointer
    private let messages: UnsafeMutablePointer<clinux_message>
    private let vectors: UnsafeMutablePointer<iovec>
    private let names: UnsafeMutablePointer<sockaddr_storage>
    private let controls: UnsafeMutableRawPointer

    /// Room for `capacity` datagrams of together `octets` octets.
    package init(capacity: Int = 64, octets: Int = 256 << 10) {
        let capacity = max(1, min(capacity, 1024))
        self.capacity = capacity
        self.octets = max(octets, 65_536)
        slab = .allocate(byteCount: self.octets, alignment: 64)
        messages = .allocate(capacity: capacity)
        vectors = .allocate(capacity: capacity)
        names = .allocate(capacity: capacity)
        let controlOctets = CLINUX_CONTROL_CAPACITY
        controls = .allocate(byteCount: capacity * controlOctets, alignment: 16)
        names.initialize(repeating: sockaddr_storage(), count: capacity)
        vectors.initialize(repeating: iovec(), count: capacity)
        for slot in 0..<capacity {
            var message = clinux_message()
            message.header.msg_name = UnsafeMutableRawPointer(names + slot)
            message.header.msg_iov = vectors + slot
            message.header.msg_iovlen = 1
            message.header.msg_control = controls + slot * controlOctets
            (messages + slot).initialize(to: message)
        }
    }

    deinit {
        slab.deallocate()
        messages.deallocate()
        vectors.deallocate()
        names.deallocate()
        controls.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    /// Memory for a datagram of at most `length` octets, or nil if the batch has to be sent first. Until `commit`,
    /// asking again gives the same memory.
    package func room(for length: Int) -> UnsafeMutableRawBufferPointer? {
        guard count < capacity, length >= 0, length <= octets - used else { return nil }
        return UnsafeMutableRawBufferPointer(start: slab + used, count: length)
    }

    /// Adds the first `length` octets of the last `room` as a datagram to `destination`, leaving from `source` (nil or
    /// unspecified: the kernel chooses), with `trafficClass` as the octet of DSCP and ECN in its IP header.
    ///
    /// Datagrams number from 0 in the order in which they are committed to an empty batch.
    package mutating func commit(
        _ length: Int,
        to destination: SocketAddress,
        from source: IPAddress?,
        trafficClass: UInt8
    ) {
        precondition(count < capacity && length >= 0 && length <= octets - used, "room was given before")
        let slot = count
        vectors[slot] = iovec(iov_base: slab + used, iov_len: length)
        messages[slot].header.msg_namelen = destination.store(to: names + slot)
        messages[slot].header.msg_controllen = controlData(
            at: messages[slot].header.msg_control,
            source: source,
            family: destination.address.family,
            trafficClass: trafficClass
        )
        // The next datagram starts on its own cache line.
        used = min(octets, (used + length + 63) & ~63)
        count += 1
    }

    /// Sends what has been committed. Returns true when the batch is empty again; false when the socket's queue is full,
    /// then what is left waits for another call once the socket is writable.
    ///
    /// A datagram that the kernel refuses is told to `refused` with its number and errno, and skipped.
    package mutating func flush(
        through socket: borrowing DatagramSocket,
        refused: (_ number: Int, _ code: Int32) -> Void
    ) -> Bool {
        while finished < count {
            let raw = socket.raw
            let rest = messages + finished
            let remaining = UInt32(count - finished)
            let sent = retrying { clinux_send_messages(raw, rest, remaining) }
            if sent >= 0 {
                finished += Int(sent)
            } else if errno == EAGAIN {
                return false
            } else {
                refused(finished, errno)
                finished += 1
            }
        }
        reset()
        return true
    }

    /// Forgets everything that has been committed.
    package mutating func reset() {
        count = 0
        finished = 0
        used = 0
    }
}

/// Writes the control messages for a source address and a traffic class; returns their length.
func controlData(
    at control: UnsafeMutableRawPointer,
    source: IPAddress?,
    family: IPAddress.Family,
    trafficClass: UInt8
) -> Int {
    var path = clinux_path()
    path.has_traffic_class = 1
    path.traffic_class = trafficClass
    // The family of the socket decides the level of the control messages, even when no address is named.
    let address = source.flatMap { $0.family == family ? $0 : nil } ?? .unspecified(family)
    path.address_length = UInt8(address.octetCount)
    withUnsafeMutableBytes(of: &path.address) { buffer in
        if let base = buffer.baseAddress { address.store(to: base) }
    }
    return clinux_write_control(control, &path)
}

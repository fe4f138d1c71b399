import CLinux
import Glibc
package import Inet

/// Datagrams that wait for one send call, built in memory that is allocated once and reused.
///
/// A datagram is made in three steps: ask for `room`, fill it, `commit` it with its addresses. Datagrams of one flow that are
/// equally long (the last may be shorter) join into one message, which the kernel cuts up again (UDP_SEGMENT): they lie
/// densely behind each other.
package struct SendBatch: ~Copyable {
    /// How many datagrams have been committed since the batch was last empty.
    package private(set) var count = 0
    /// Whether datagrams are joined; off once the kernel has refused to cut them up.
    package private(set) var joins: Bool

    /// How many datagrams have been joined to others so far.
    package private(set) var joined: UInt64 = 0
    /// How many messages the kernel has refused as joined so far.
    package private(set) var refusedJoined: UInt64 = 0

    /// Messages of a call; each is one or several datagrams.
    private var messageCount = 0
    /// How many messages the kernel has taken or refused.
    private var finished = 0
    /// Set while the datagrams of message `finished` are sent one by one, since the kernel refused it as a whole: how many have
    /// been.
    private var split: Int?
    private var used = 0
    /// Whether the last `room` continues the last message.
    private var roomJoins = false

    private let capacity: Int
    private let octets: Int
    private let slab: UnsafeMutableRawPointer
    private let messages: UnsafeMutablePointer<clinux_message>
    private let vectors: UnsafeMutablePointer<iovec>
    private let names: UnsafeMutablePointer<sockaddr_storage>
    private let controls: UnsafeMutableRawPointer
    private let runs: UnsafeMutablePointer<Run>

    /// What a message consists of.
    private struct Run {
        /// The number of its first datagram.
        var first = 0
        var datagrams = 0
        /// Octets of every datagram but the last.
        var size = 0
        var source: IPAddress?
        var family = IPAddress.Family.v4
        var trafficClass: UInt8 = 0
    }

    /// What the kernel cuts up at most: UDP_MAX_SEGMENTS of Linux before 6.9, and what an IP packet holds.
    private static let mostSegments = 64
    private static let mostJoinedOctets = 65_000

    /// Room for `capacity` messages of together `octets` octets.
    ///
    /// - Parameter joins: whether datagrams are joined where they can be. Only for UDP sockets.
    package init(capacity: Int = 64, octets: Int = 256 << 10, joins: Bool = false) {
        let capacity = max(1, min(capacity, 1024))
        self.capacity = capacity
        self.octets = max(octets, 65_536)
        self.joins = joins
        slab = .allocate(byteCount: self.octets, alignment: 64)
        messages = .allocate(capacity: capacity)
        vectors = .allocate(capacity: capacity)
        names = .allocate(capacity: capacity)
        let controlOctets = CLINUX_CONTROL_CAPACITY
        controls = .allocate(byteCount: capacity * controlOctets, alignment: 16)
        runs = .allocate(capacity: capacity)
        names.initialize(repeating: sockaddr_storage(), count: capacity)
        vectors.initialize(repeating: iovec(), count: capacity)
        runs.initialize(repeating: Run(), count: capacity)
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
        runs.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    /// Whether `octets` more octets in `messages` more messages fit.
    package func hasRoom(octets wanted: Int, messages: Int) -> Bool {
        wanted <= octets - used - messages * Self.alignment && messages <= capacity - messageCount
    }

    // MARK: - Building

    /// Memory for a datagram of at most `length` octets, or nil if the batch has to be sent first. Until `commit`,
    /// asking again gives the same memory.
    ///
    /// - Parameter joining: the datagram goes the way of the last one, with the same traffic class, and may join it; then exactly
    ///   `length` octets are to be committed.
    package mutating func room(for length: Int, joining: Bool = false) -> UnsafeMutableRawBufferPointer? {
        roomJoins = joining && joins && canJoin(length)
        let start = roomJoins ? used : aligned(used)
        guard length >= 0, start + length <= octets, roomJoins || messageCount < capacity else { return nil }
        return UnsafeMutableRawBufferPointer(start: slab + start, count: length)
    }

    private func canJoin(_ length: Int) -> Bool {
        guard messageCount > finished, split == nil || messageCount - 1 > finished else { return false }
        let run = runs[messageCount - 1]
        let octets = vectors[messageCount - 1].iov_len
        return length <= run.size && octets == run.datagrams * run.size && run.datagrams < Self.mostSegments
            && octets + length <= Self.mostJoinedOctets
    }

    private static let alignment = 64
    /// A message starts on its own cache line.
    private func aligned(_ offset: Int) -> Int { (offset + Self.alignment - 1) & ~(Self.alignment - 1) }

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
        if commitJoining(length) { return }
        begin(length, destination, source, trafficClass)
        count += 1
    }

    /// Adds the last `room` where it joins the datagram before, whose addresses it shares; false where it does not.
    package mutating func commitJoining(_ length: Int) -> Bool {
        guard roomJoins else { return false }
        join(length)
        count += 1
        return true
    }

    private mutating func begin(
        _ length: Int,
        _ destination: SocketAddress,
        _ source: IPAddress?,
        _ trafficClass: UInt8
    ) {
        let start = aligned(used)
        precondition(messageCount < capacity && length >= 0 && start + length <= octets, "room was given before")
        let slot = messageCount
        vectors[slot] = iovec(iov_base: slab + start, iov_len: length)
        runs[slot] = Run(
            first: count,
            datagrams: 1,
            size: length,
            source: source,
            family: destination.address.family,
            trafficClass: trafficClass
        )
        messages[slot].header.msg_namelen = destination.store(to: names + slot)
        writeControl(slot, segmentSize: 0)
        used = start + length
        messageCount += 1
    }

    private mutating func join(_ length: Int) {
        let slot = messageCount - 1
        precondition(slot >= 0 && length >= 0 && used + length <= octets, "room was given before")
        vectors[slot].iov_len += length
        runs[slot].datagrams += 1
        if runs[slot].datagrams == 2 { writeControl(slot, segmentSize: runs[slot].size) }
        used += length
        joined += 1
    }

    private func writeControl(_ slot: Int, segmentSize: Int) {
        messages[slot].header.msg_controllen = controlData(
            at: messages[slot].header.msg_control,
            source: runs[slot].source,
            family: runs[slot].family,
            trafficClass: runs[slot].trafficClass,
            segmentSize: segmentSize
        )
    }

    // MARK: - Sending

    /// Sends what has been committed. Returns true when the batch is empty again; false when the socket's queue is full,
    /// then what is left waits for another call once the socket is writable.
    ///
    /// A datagram that the kernel refuses is told to `refused` with its number and errno, and skipped. What it refuses as joined
    /// is sent one by one.
    package mutating func flush(
        through socket: borrowing DatagramSocket,
        refused: (_ number: Int, _ code: Int32) -> Void
    ) -> Bool {
        while finished < messageCount {
            if let sent = split {
                guard sendSingly(from: sent, through: socket, refused) else { return false }
                continue
            }
            let raw = socket.raw
            let rest = messages + finished
            let remaining = UInt32(messageCount - finished)
            let sent = retrying { clinux_send_messages(raw, rest, remaining) }
            if sent >= 0 {
                finished += Int(sent)
                continue
            }
            let code = errno
            let run = runs[finished]
            switch code {
            case EAGAIN: return false
            case _ where run.datagrams > 1 && [EIO, EINVAL, EMSGSIZE, EOPNOTSUPP].contains(code):
                // EIO: the interface cannot compute checksums. The others may be about this message only.
                if code == EIO || code == EOPNOTSUPP { joins = false }
                refusedJoined += 1
                writeControl(finished, segmentSize: 0)
                split = 0
            default:
                for number in run.first..<(run.first + run.datagrams) { refused(number, code) }
                finished += 1
            }
        }
        reset()
        return true
    }

    /// Sends the datagrams of message `finished` each by itself; false when the socket's queue is full.
    private mutating func sendSingly(
        from first: Int,
        through socket: borrowing DatagramSocket,
        _ refused: (_ number: Int, _ code: Int32) -> Void
    ) -> Bool {
        let (run, whole, message) = (runs[finished], vectors[finished], messages + finished)
        let raw = socket.raw
        for number in first..<run.datagrams {
            let offset = number * run.size
            vectors[finished] = iovec(
                iov_base: whole.iov_base + offset,
                iov_len: min(run.size, whole.iov_len - offset)
            )
            let sent = retrying { clinux_send_messages(raw, message, 1) }
            let code = errno
            vectors[finished] = whole
            if sent < 0 {
                if code == EAGAIN {
                    split = number
                    return false
                }
                refused(run.first + number, code)
            }
        }
        split = nil
        finished += 1
        return true
    }

    /// Forgets everything that has been committed.
    package mutating func reset() {
        count = 0
        messageCount = 0
        finished = 0
        split = nil
        used = 0
        roomJoins = false
    }
}

/// Writes the control messages for a source address, a traffic class and, unless it is 0, the octets of each datagram of a
/// joined message; returns their length.
func controlData(
    at control: UnsafeMutableRawPointer,
    source: IPAddress?,
    family: IPAddress.Family,
    trafficClass: UInt8,
    segmentSize: Int = 0
) -> Int {
    var path = clinux_path()
    path.has_traffic_class = 1
    path.traffic_class = trafficClass
    path.segment_size = UInt16(clamping: segmentSize)
    // The family of the socket decides the level of the control messages, even when no address is named.
    let address = source.flatMap { $0.family == family ? $0 : nil } ?? .unspecified(family)
    path.address_length = UInt8(address.octetCount)
    withUnsafeMutableBytes(of: &path.address) { buffer in
        if let base = buffer.baseAddress { address.store(to: base) }
    }
    return clinux_write_control(control, &path)
}

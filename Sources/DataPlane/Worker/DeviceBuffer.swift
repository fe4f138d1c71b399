import LinuxNet

/// Where the packets of one turn lie that were read from the device: densely, behind each other, each followed by free
/// octets for the trailer that sealing writes. They stay there until the turn's datagrams have been sent.
struct DeviceBuffer: ~Copyable {
    /// A packet's place.
    struct Packet {
        var offset = 0
        var length = 0
    }

    /// What the device has yielded: a packet and, where it has one, its virtio header.
    struct Frame {
        let packet: Packet
        /// Nil also for a header that nobody asked for.
        let header: VirtioHeader?
    }

    private static let longestPacket = 65_535
    /// Of a 16-octet block cipher: 15 octets of padding, pad length and next header; rounded to a cache line.
    private static let trailerRoom = 64
    private static let capacity = 512 << 10

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    private var used = 0

    deinit { memory.deallocate() }

    /// In front of the first packet, so that a virtio header always stands somewhere.
    private static let headRoom = 64

    init() { reset() }

    /// Whether any packet still fits.
    var hasRoom: Bool { Self.capacity - used >= Self.longestPacket + Self.trailerRoom }

    /// Forgets all packets.
    mutating func reset() { used = Self.headRoom }

    /// Reads the next packet behind the others; nil if the queue has none. Only while `hasRoom`.
    ///
    /// A virtio header is read into the free octets before the packet, so that all packets are aligned alike.
    mutating func read(from queue: TUNQueue) throws(Errno) -> Frame? {
        let headerLength = queue.hasVirtioHeader ? VirtioHeader.length : 0
        let start = used - headerLength
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[start..<(used + Self.longestPacket)])
        guard let length = try queue.read(into: room) else { return nil }
        let header = headerLength > 0 ? room.baseAddress.flatMap { VirtioHeader(loading: $0) } : VirtioHeader()
        return Frame(packet: take(max(0, length - headerLength)), header: header)
    }

    /// Puts a packet behind the others as if it had been read. Only while `hasRoom`.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Packet {
        let length = min(bytes.count, Self.longestPacket)
        if let source = bytes.baseAddress {
            memory.baseAddress?.advanced(by: used).copyMemory(from: source, byteCount: length)
        }
        return take(length)
    }

    /// Makes the next octets a packet.
    private mutating func take(_ length: Int) -> Packet {
        let packet = Packet(offset: used, length: length)
        used = (used + length + 2 * Self.trailerRoom - 1) & ~(Self.trailerRoom - 1)
        return packet
    }

    /// The octets of a packet.
    func bytes(_ packet: Packet) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[packet.offset..<(packet.offset + packet.length)])
    }

    /// The place of octets in this buffer, for a packet that was made within another one.
    func packet(at bytes: UnsafeMutableRawBufferPointer) -> Packet {
        guard let base = memory.baseAddress, let start = bytes.baseAddress else { return Packet() }
        return Packet(offset: start - base, length: bytes.count)
    }

    /// The octets of a packet and of the room for its trailer.
    func bytesWithTrailer(_ packet: Packet) -> UnsafeMutableRawBufferPointer {
        let end = min(packet.offset + packet.length + Self.trailerRoom, Self.capacity)
        return UnsafeMutableRawBufferPointer(rebasing: memory[packet.offset..<end])
    }
}

import LinuxNet

/// Where the packets of one turn lie that were read from the device: densely, behind each other, each followed by free
/// octets for the trailer that sealing writes. They stay there until the turn's datagrams have been sent.
struct DeviceBuffer: ~Copyable {
    /// A packet's place.
    struct Packet {
        var offset = 0
        var length = 0
    }

    private static let longestPacket = 65_535
    /// Of a 16-octet block cipher: 15 octets of padding, pad length and next header; rounded to a cache line.
    private static let trailerRoom = 64
    private static let capacity = 512 << 10

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    private var used = 0

    deinit { memory.deallocate() }

    /// Whether any packet still fits.
    var hasRoom: Bool { Self.capacity - used >= Self.longestPacket + Self.trailerRoom }

    /// Forgets all packets.
    mutating func reset() { used = 0 }

    /// Reads the next packet behind the others; nil if the device has none. Only while `hasRoom`.
    mutating func read(from device: borrowing TUNDevice) throws(Errno) -> Packet? {
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[used..<(used + Self.longestPacket)])
        guard let length = try device.read(into: room) else { return nil }
        return take(length)
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

    /// The octets of a packet and of the room for its trailer.
    func bytesWithTrailer(_ packet: Packet) -> UnsafeMutableRawBufferPointer {
        let end = min(packet.offset + packet.length + Self.trailerRoom, Self.capacity)
        return UnsafeMutableRawBufferPointer(rebasing: memory[packet.offset..<end])
    }
}

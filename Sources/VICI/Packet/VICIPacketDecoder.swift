/// Cuts the byte stream of a socket into packets.
///
/// Append what was read, then call `next()` until it returns nil. What stays buffered in between is less than one packet,
/// so a peer cannot make it grow: a length over the limit is refused before its packet is waited for. After an error the
/// stream has no known place to go on from, and the connection must be closed.
package struct VICIPacketDecoder {
    private var buffer: [UInt8] = []
    /// Where the first packet that was not returned yet begins in `buffer`.
    private var start = 0

    package init() {}

    /// The octets that wait for the rest of their packet.
    package var bufferedCount: Int { buffer.count - start }

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0 {
            buffer.removeSubrange(..<start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole packet, or nil until more octets arrive.
    package mutating func next() throws(VICIDecodingError) -> VICIPacket? {
        let unread = buffer[start...]
        guard unread.count >= VICIPacket.lengthFieldLength else { return nil }
        let field = unread.prefix(VICIPacket.lengthFieldLength).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard let length = Int(exactly: field), (1...VICIPacket.maximumLength).contains(length) else {
            throw VICIDecodingError(offset: 0, reason: .impossibleLength(field))
        }
        let body = unread.dropFirst(VICIPacket.lengthFieldLength).prefix(length)
        guard body.count == length else { return nil }
        start = body.endIndex
        return try VICIPacket(decoding: body)
    }
}

/// A cursor over received octets that can be asked for too much but never read beyond the end.
///
/// Every read names the field it is for, so that a failure says which field of the message was cut short and where.
/// A structure inside another is read through a sub-reader of exactly its announced length, which must then be used up
/// (`finish`): that is how nested lengths are held consistent. Integers are big endian (RFC 7296 section 3.1).
package struct Reader: ~Escapable {
    private let bytes: RawSpan
    private var position = 0
    /// Where `bytes` begins in the message.
    private let base: Int

    /// - Parameter offset: where `bytes` begins in the message; errors count from the message's first octet.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan, at offset: Int = 0) {
        self.bytes = bytes
        self.base = offset
    }

    /// The place of the next octet in the message.
    package var offset: Int { base + position }

    /// How many octets are left.
    package var remaining: Int { bytes.byteCount - position }

    /// True when every octet has been read.
    package var isAtEnd: Bool { remaining == 0 }
}

// MARK: - Reading

extension Reader {
    /// One octet. This and the next ones fail as truncated if fewer octets are left.
    @_lifetime(self: copy self)
    package mutating func uint8(_ field: WireError.Field) throws(WireError) -> UInt8 {
        let start = try advance(1, field)
        return bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt8.self)
    }

    /// A number of two octets.
    @_lifetime(self: copy self)
    package mutating func uint16(_ field: WireError.Field) throws(WireError) -> UInt16 {
        let start = try advance(2, field)
        return UInt16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt16.self))
    }

    /// A number of four octets.
    @_lifetime(self: copy self)
    package mutating func uint32(_ field: WireError.Field) throws(WireError) -> UInt32 {
        let start = try advance(4, field)
        return UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
    }

    /// A number of eight octets.
    @_lifetime(self: copy self)
    package mutating func uint64(_ field: WireError.Field) throws(WireError) -> UInt64 {
        let start = try advance(8, field)
        return UInt64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }

    /// Three octets as a number; several payloads have a RESERVED field of this size.
    @_lifetime(self: copy self)
    package mutating func uint24(_ field: WireError.Field) throws(WireError) -> UInt32 {
        guard remaining >= 3 else { throw truncated(3, field) }
        return UInt32(try uint8(field)) << 16 | UInt32(try uint16(field))
    }

    /// The next `count` octets.
    @_lifetime(self: copy self)
    package mutating func octets(_ count: Int, _ field: WireError.Field) throws(WireError) -> [UInt8] {
        let start = try advance(count, field)
        return bytes.extracting(start..<start + count).withUnsafeBytes { [UInt8]($0) }
    }

    /// Everything that is left; possibly nothing.
    @_lifetime(self: copy self)
    package mutating func rest() -> [UInt8] {
        let start = position
        position = bytes.byteCount
        return bytes.extracting(start...).withUnsafeBytes { [UInt8]($0) }
    }

    /// A reader for the next `count` octets, which this one skips.
    @_lifetime(copy self)
    package mutating func part(_ count: Int, _ field: WireError.Field) throws(WireError) -> Reader {
        let start = try advance(count, field)
        return Reader(bytes.extracting(start..<start + count), at: base + start)
    }

    /// Reads a two-octet length field and gives a reader for what it measures and has not been read yet.
    ///
    /// - Parameter start: where the length counts from, the first octet of the structure; compare `Writer.measured`.
    @_lifetime(copy self)
    package mutating func measured(from start: Int, _ field: WireError.Field) throws(WireError) -> Reader {
        let place = offset
        let length = Int(try uint16(field))
        let alreadyRead = offset - start
        guard length >= alreadyRead else {
            throw WireError(place, field, .outOfRange(value: length, allowed: alreadyRead...Int(UInt16.max)))
        }
        return try part(length - alreadyRead, field)
    }

    /// Fails if anything is left over: the structure's announced length and its content disagree.
    package func finish(_ field: WireError.Field) throws(WireError) {
        guard isAtEnd else { throw WireError(offset, field, .leftover(count: remaining)) }
    }

    /// Steps over `count` octets and says where they begin; the only place where the position moves.
    @_lifetime(self: copy self)
    private mutating func advance(_ count: Int, _ field: WireError.Field) throws(WireError) -> Int {
        guard count >= 0, count <= remaining else { throw truncated(count, field) }
        defer { position += count }
        return position
    }

    private func truncated(_ needed: Int, _ field: WireError.Field) -> WireError {
        WireError(offset, field, .truncated(needed: needed, available: remaining))
    }
}

/// Collects the octets of a message; integers are written big endian (RFC 7296 section 3.1).
///
/// Lengths stand before what they measure: `measured` leaves room for one and fills it in afterwards.
package struct Writer {
    /// What has been written.
    package private(set) var bytes: [UInt8] = []

    /// Room for a usual message is set aside; the writer grows beyond it.
    package init(reservingCapacity capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// Where the next octet goes.
    package var offset: Int { bytes.count }
}

// MARK: - Writing

extension Writer {
    /// One octet.
    package mutating func uint8(_ value: UInt8) {
        bytes.append(value)
    }

    /// A number of two octets.
    package mutating func uint16(_ value: UInt16) {
        uint8(UInt8(truncatingIfNeeded: value >> 8))
        uint8(UInt8(truncatingIfNeeded: value))
    }

    /// The low three octets of `value`, for RESERVED fields of that size.
    package mutating func uint24(_ value: UInt32) {
        uint8(UInt8(truncatingIfNeeded: value >> 16))
        uint16(UInt16(truncatingIfNeeded: value))
    }

    /// A number of four octets.
    package mutating func uint32(_ value: UInt32) {
        uint16(UInt16(truncatingIfNeeded: value >> 16))
        uint16(UInt16(truncatingIfNeeded: value))
    }

    /// A number of eight octets.
    package mutating func uint64(_ value: UInt64) {
        uint32(UInt32(truncatingIfNeeded: value >> 32))
        uint32(UInt32(truncatingIfNeeded: value))
    }

    /// Octets as they are.
    package mutating func octets(_ octets: some Sequence<UInt8>) {
        bytes.append(contentsOf: octets)
    }

    /// A count or length in a field of one octet.
    package mutating func count8(_ count: Int, _ field: WireError.Field) throws(WireError) {
        guard let value = UInt8(exactly: count) else { throw tooLarge(count, limit: Int(UInt8.max), field) }
        uint8(value)
    }

    /// A count or length in a field of two octets.
    package mutating func count16(_ count: Int, _ field: WireError.Field) throws(WireError) {
        guard let value = UInt16(exactly: count) else { throw tooLarge(count, limit: Int(UInt16.max), field) }
        uint16(value)
    }

    /// Writes a two-octet length field and then `content`; the length counts from `start` to the content's end.
    ///
    /// Fails if the content is longer than such a field can say.
    package mutating func measured(
        from start: Int,
        _ field: WireError.Field,
        _ content: (inout Writer) throws(WireError) -> Void
    ) throws(WireError) {
        let place = offset
        uint16(0)
        try content(&self)
        let length = offset - start
        guard let value = UInt16(exactly: length) else { throw tooLarge(length, limit: Int(UInt16.max), field) }
        bytes[place] = UInt8(truncatingIfNeeded: value >> 8)
        bytes[place + 1] = UInt8(truncatingIfNeeded: value)
    }

    private func tooLarge(_ value: Int, limit: Int, _ field: WireError.Field) -> WireError {
        WireError(offset, field, .outOfRange(value: value, allowed: 0...limit))
    }
}

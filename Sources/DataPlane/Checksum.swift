/// The Internet checksum (RFC 1071) over octets in memory.
enum Checksum {
    /// The sum of the octets as 16-bit numbers in network order; an odd last octet counts as one followed by zero.
    static func sum(_ pointer: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var sum: UInt64 = 0
        var offset = 0
        while offset + 1 < count {
            sum &+= UInt64(UInt16(bigEndian: pointer.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
            offset += 2
        }
        if offset < count { sum &+= UInt64(pointer.load(fromByteOffset: offset, as: UInt8.self)) << 8 }
        return sum
    }

    /// The sum in one's complement arithmetic of 16 bits; the checksum is its complement.
    static func folded(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum > 0xffff { sum = (sum & 0xffff) &+ (sum >> 16) }
        return UInt16(truncatingIfNeeded: sum)
    }
}

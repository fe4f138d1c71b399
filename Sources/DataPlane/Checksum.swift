/// The Internet checksum (RFC 1071) over octets in memory.
enum Checksum {
    /// The sum of the octets as 16-bit numbers in network order, up to multiples of 65,535, which the checksum does not
    /// see; an odd last octet counts as one followed by zero. Such sums may be added.
    ///
    /// The sum of numbers in the other byte order is the sum with its octets swapped (RFC 1071 section 2B), so that the
    /// octets are added in the machine's order, and in lanes as wide as the machine has them.
    static func sum(_ pointer: UnsafeRawPointer, _ count: Int) -> UInt64 {
        // Each lane adds words of two halves. The upper halves are added once more by themselves, and what of them is in the
        // first sum is taken away again, where what has overflowed comes back.
        var lanes = SIMD8<UInt64>.zero
        var upperHalves = SIMD8<UInt64>.zero
        var offset = 0
        while offset &+ 64 <= count {
            let words = pointer.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt64>.self)
            lanes &+= words
            upperHalves &+= words &>> 32
            offset &+= 64
        }
        let lowerHalves = lanes &- (upperHalves &<< 32)
        var sum = lowerHalves.wrappedSum() &+ upperHalves.wrappedSum()
        while offset &+ 4 <= count {
            sum &+= UInt64(pointer.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            offset &+= 4
        }
        if offset &+ 2 <= count {
            sum &+= UInt64(pointer.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            offset &+= 2
        }
        if offset < count {
            sum &+= UInt64(UInt16(littleEndian: UInt16(pointer.load(fromByteOffset: offset, as: UInt8.self))))
        }
        return UInt64(UInt16(bigEndian: folded(sum)))
    }

    /// The sum in one's complement arithmetic of 16 bits; the checksum is its complement.
    static func folded(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum > 0xffff { sum = (sum & 0xffff) &+ (sum >> 16) }
        return UInt16(truncatingIfNeeded: sum)
    }

    /// What the pseudo-header of a TCP or UDP packet over IPv4 or IPv6 adds (RFC 9293 section 3.1, RFC 8200 section 8.1).
    ///
    /// - Parameters:
    ///   - ip: an IP header that is there to the end of its addresses.
    ///   - length: octets of TCP or UDP, header and payload.
    static func pseudoHeader(_ ip: UnsafeRawPointer, isIPv6: Bool, protocol number: UInt8, length: Int) -> UInt64 {
        var sum = UInt64(number) &+ UInt64(truncatingIfNeeded: length)
        // A number of 32 bits counts as the sum of its halves.
        let (first, end) = isIPv6 ? (8, 40) : (12, 20)
        var offset = first
        while offset < end {
            sum &+= UInt64(ip.loadBig(UInt32.self, at: offset))
            offset &+= 4
        }
        return sum
    }

    /// Writes the checksum over `count` octets into the two of them at `offset`.
    ///
    /// - Parameter initial: the sum over what counts and stands elsewhere.
    static func write(to base: UnsafeMutableRawPointer, _ count: Int, at offset: Int, initial: UInt64 = 0) {
        base.storeBig(UInt16(0), at: offset)
        base.storeBig(~folded(initial &+ sum(base, count)), at: offset)
    }

    /// The checksum for a sum: its complement, which UDP does not send as zero (RFC 768).
    static func transmitted(_ sum: UInt64, isUDP: Bool) -> UInt16 {
        let checksum = ~folded(sum)
        return isUDP && checksum == 0 ? 0xffff : checksum
    }

    /// Completes the checksum of a packet of which the kernel has left it to us; false if the header points elsewhere.
    static func complete(_ packet: UnsafeMutableRawBufferPointer, _ header: VirtioHeader) -> Bool {
        let start = Int(header.checksumStart)
        let field = start + Int(header.checksumOffset)
        guard let base = packet.baseAddress, start < packet.count, field + 2 <= packet.count else { return false }
        // The field holds the sum over the pseudo-header, so that it is summed with the rest.
        let sum = sum(base + start, packet.count - start)
        base.storeBig(transmitted(sum, isUDP: header.checksumOffset == 6), at: field)
        return true
    }
}

/// Arithmetic of the Internet checksum where a field changes and the rest is known to stay (RFC 1624).
package enum InternetChecksum {
    /// The checksum after one 16-bit field changed, all in host order.
    ///
    /// Equation 3 of RFC 1624, HC' = ~(~HC + ~m + m'), the one form that is right for every value.
    package static func updated(_ checksum: UInt16, replacing old: UInt16, with new: UInt16) -> UInt16 {
        var sum = UInt32(~checksum) + UInt32(~old) + UInt32(new)
        sum = (sum & 0xffff) + (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16)
        return ~UInt16(truncatingIfNeeded: sum)
    }
}

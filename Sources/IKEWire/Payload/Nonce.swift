/// The random octets of one side (RFC 7296 section 3.9).
package enum Nonce {
    /// How many octets a nonce may have.
    package static let lengths = 16...256
}

// MARK: - Octets

extension Nonce {
    static func octets(from reader: inout Reader) throws(WireError) -> [UInt8] {
        try checkLength(reader.remaining, at: reader.offset)
        return reader.rest()
    }

    static func write(_ octets: [UInt8], to writer: inout Writer) throws(WireError) {
        try checkLength(octets.count, at: writer.offset)
        writer.octets(octets)
    }

    private static func checkLength(_ length: Int, at offset: Int) throws(WireError) {
        guard lengths.contains(length) else {
            throw WireError(offset, .nonce, .outOfRange(value: length, allowed: lengths))
        }
    }
}

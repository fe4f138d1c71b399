/// The keys that solve a puzzle (RFC 8019 section 8.2).
///
///     | four keys of one size ...                                    |
package struct PuzzleSolution: Hashable, Sendable {
    /// Several keys rather than one, so that luck counts for less (RFC 8019 section 4.4).
    package static let keyCount = 4
    /// Octets of one key: no PRF prefers a longer one than HMAC-SHA2-512.
    package static let keyLengths = 1...64

    /// Four keys of the same length.
    package var keys: [[UInt8]]

    package init(keys: [[UInt8]]) { self.keys = keys }
}

// MARK: - Octets

extension PuzzleSolution {
    init(from reader: inout Reader) throws(WireError) {
        let offset = reader.offset
        let (length, rest) = reader.remaining.quotientAndRemainder(dividingBy: Self.keyCount)
        guard rest == 0 else {
            throw WireError(offset, .puzzleSolution, .mismatch(value: rest, expected: 0))
        }
        try Self.checkLength(length, at: offset)
        keys = []
        for _ in 0..<Self.keyCount { keys.append(try reader.octets(length, .puzzleSolution)) }
    }

    func write(to writer: inout Writer) throws(WireError) {
        guard keys.count == Self.keyCount, let length = keys.first?.count else {
            throw WireError(writer.offset, .puzzleSolution, .mismatch(value: keys.count, expected: Self.keyCount))
        }
        try Self.checkLength(length, at: writer.offset)
        for key in keys {
            guard key.count == length else {
                throw WireError(writer.offset, .puzzleSolution, .mismatch(value: key.count, expected: length))
            }
            writer.octets(key)
        }
    }

    private static func checkLength(_ length: Int, at offset: Int) throws(WireError) {
        guard keyLengths.contains(length) else {
            throw WireError(offset, .puzzleSolution, .outOfRange(value: length, allowed: keyLengths))
        }
    }
}

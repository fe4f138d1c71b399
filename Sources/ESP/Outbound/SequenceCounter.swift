/// The sequence numbers of an outbound SA: 1, 2, 3 ... and never one twice (RFC 4303 section 3.3.3).
///
/// The IVs of counter modes are made from them, so a repeated number would not only look like a replay: it would give
/// the plaintext away. There is therefore no way to let the counter wrap, not even where the peer checks no replays.
package struct SequenceCounter: Hashable, Sendable {
    /// The last number that was used; 0 before the first packet.
    package private(set) var last: UInt64
    /// The highest number there is: 2^32 - 1, or 2^64 - 1 with extended sequence numbers.
    package let limit: UInt64

    /// A counter for an SA that has used the numbers up to `last`.
    package init(isExtended: Bool, last: UInt64 = 0) {
        self.last = last
        limit = isExtended ? .max : UInt64(UInt32.max)
    }

    /// How many packets can still be sent.
    package var remaining: UInt64 { last < limit ? limit - last : 0 }

    /// Uses up the next number; nil if there is none left.
    package mutating func next() -> UInt64? {
        guard last < limit else { return nil }
        last += 1
        return last
    }
}

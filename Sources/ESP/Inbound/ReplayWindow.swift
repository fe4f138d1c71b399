/// Which sequence numbers of an inbound SA have been seen: the anti-replay window of RFC 4303 section 3.4.3.
///
/// The window is asked twice for each packet: `check` before the cipher runs, so that a duplicate costs nothing, and
/// `commit` after the packet has been authenticated, because a number that a forger wrote must not move the window.
///
/// The bits live in a ring of 64-bit words that is never shifted (RFC 6479). A sequence number has a fixed place: its
/// low six bits choose the bit, the bits above them the word. Moving ahead clears the words that are entered anew.
/// The ring holds at least one word more than the window spans, so the clearing never touches a bit still in use:
///
///       cleared when `highest` enters it
///      +--------+--------+--------+--------+
///      |xxxxxxww|wwwwwwww|wwwwwwww|wwwww...|      w  in the window     x  forgotten     .  not reached yet
///      +--------+--------+--------+--------+
///             ^                         ^
///             highest - size + 1        highest
///
/// Sequence numbers are 64 bits wide throughout; an SA without extended sequence numbers uses the low 32 of them.
package struct ReplayWindow: Sendable {
    /// The sizes a window may have, in packets, beside 0 for none. RFC 4303 asks for 32 at least; beyond some
    /// thousand packets a late one is no longer of use to anybody.
    package static let sizes = 32...4096

    /// What the window says about a sequence number.
    package enum Verdict: Hashable, Sendable {
        /// Not seen yet, and not too old to know.
        case acceptable
        /// In the window and marked.
        case duplicate
        /// Left of the window: perhaps late, perhaps a replay. Also 0, which no sender uses.
        case tooOld
    }

    /// How many packets late a packet may be; 0 switches the service off.
    package let size: Int
    /// The highest sequence number that has been committed: the right edge.
    package private(set) var highest: UInt64
    /// One bit for each sequence number, in a number of words that is a power of two.
    private var ring: [UInt64]

    /// A window for an SA whose packets up to `highest` are gone: none of them is acceptable any more.
    ///
    /// Nil if the size is neither 0 nor one of `sizes`.
    package init?(size: Int, highest: UInt64 = 0) {
        guard size == 0 || Self.sizes.contains(size) else { return nil }
        self.size = size
        self.highest = highest
        let spannedWords = size == 0 ? 0 : (size + 62) / 64 + 1
        var words = 1
        while words < spannedWords { words *= 2 }
        self.ring = Array(repeating: .max, count: words)
        // What lies ahead of `highest` in its own word is not entered anew and has to be clear already.
        self.ring[place(highest).word] = .max >> (63 - (highest & 63))
    }

    /// What is known of a sequence number; changes nothing.
    package func check(_ sequence: UInt64) -> Verdict {
        guard sequence != 0 else { return .tooOld }
        guard size != 0, sequence <= highest else { return .acceptable }
        guard highest - sequence < UInt64(size) else { return .tooOld }
        let (word, bit) = place(sequence)
        return ring[word] & bit == 0 ? .acceptable : .duplicate
    }

    /// Marks the sequence number of an authenticated packet as seen and moves the window if it is the highest.
    ///
    /// Returns false, and changes nothing, if the number is not acceptable: packets that were all checked before the
    /// first of them was committed may be duplicates of one another.
    package mutating func commit(_ sequence: UInt64) -> Bool {
        guard check(sequence) == .acceptable else { return false }
        if sequence > highest {
            let entered = Int(min((sequence >> 6) - (highest >> 6), UInt64(ring.count)))
            for step in 0..<entered {
                ring[place(sequence &- UInt64(step) &* 64).word] = 0
            }
            highest = sequence
        }
        let (word, bit) = place(sequence)
        ring[word] |= bit
        return true
    }

    /// Where the ring keeps a sequence number. The mask keeps the index inside the ring whatever the number.
    private func place(_ sequence: UInt64) -> (word: Int, bit: UInt64) {
        (Int(truncatingIfNeeded: sequence >> 6) & (ring.count - 1), 1 << (sequence & 63))
    }
}

// MARK: - Extended sequence numbers

extension ReplayWindow {
    /// How late a packet may be for its high half to be found when there is no window: as far as RFC 4303 appendix A2
    /// allows.
    private static let reachWithoutWindow: UInt64 = 1 << 31

    /// The 64-bit sequence number of which a packet carries the low half (RFC 4303 appendix A2.2).
    ///
    /// There is exactly one such number in the 2^32 numbers that begin at the left edge B of the window; it is taken.
    ///
    ///         B                          B + 2^32
    ///     ----[=======T**********************]----     = window   T highest   * ahead
    ///
    /// Where the window lies inside one subspace of 2^32 numbers, this is case A of the RFC: below Bl means the next
    /// subspace. Where it lies across two, it is case B: at or above Bl means the former subspace.
    ///
    /// Nil where no such number exists: the subspace before the first one and the one after the last. Those packets can
    /// only be forged.
    package func extendedSequence(low: UInt32) -> UInt64? {
        let reach = size == 0 ? Self.reachWithoutWindow : UInt64(size)
        // The left edge may lie below zero, as it does for a new SA; a number that is found above zero again counts.
        let (bottom, isBelowZero) = highest.subtractingReportingOverflow(reach - 1)
        let distance = low &- UInt32(truncatingIfNeeded: bottom)
        let (sequence, wrapped) = bottom.addingReportingOverflow(UInt64(distance))
        return wrapped == isBelowZero ? sequence : nil
    }
}

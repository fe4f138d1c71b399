/// The work that a responder under attack asks for, which the notification PUZZLE carries (RFC 8019 section 8.1).
///
///     | PRF                           | difficulty    |
package struct Puzzle: Hashable, Sendable {
    /// The function of which outputs with zeros at their end are sought.
    package var prf: PRFAlgorithm
    /// How many bits at the end of each output must be zero; 0 leaves that to whoever solves it.
    package var difficulty: UInt8

    package init(prf: PRFAlgorithm, difficulty: UInt8) {
        self.prf = prf
        self.difficulty = difficulty
    }

    /// Nil for a notification of another type, or with data of another length.
    package init?(_ notify: Notify) {
        guard notify.type == .puzzle, notify.data.count == 3 else { return nil }
        prf = PRFAlgorithm(rawValue: UInt16(notify.data[0]) << 8 | UInt16(notify.data[1]))
        difficulty = notify.data[2]
    }

    package var notify: Notify {
        Notify(.puzzle, data: [UInt8(prf.rawValue >> 8), UInt8(truncatingIfNeeded: prf.rawValue), difficulty])
    }
}

extension Puzzle: CustomStringConvertible {
    package var description: String { difficulty == 0 ? "\(prf), any difficulty" : "\(prf), \(difficulty) bits" }
}

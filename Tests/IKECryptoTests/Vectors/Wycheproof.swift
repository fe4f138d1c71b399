import IKECrypto
import Support
import Testing

/// A file in the form of C2SP/wycheproof, which Intel's vectors share. Groups say what sizes their cases have; the
/// cases say it too, by their length.
struct WycheproofFile<Case: Decodable>: Decodable {
    let numberOfTests: Int
    let testGroups: [Group]

    struct Group: Decodable {
        let tests: [Case]
    }

    var cases: [Case] { testGroups.flatMap(\.tests) }

    static func read(_ path: String) throws -> WycheproofFile { try Vectors.json(path) }
}

enum WycheproofResult: String, Decodable {
    /// Must be accepted.
    case valid
    /// Must be refused.
    case invalid
    /// May be either: legal, but weak or unusual.
    case acceptable
}

/// What became of the cases of a file: each was run or was left out for a reason, none is forgotten.
struct Tally {
    private(set) var ran = 0
    private(set) var skipped: [String: Int] = [:]

    mutating func run() { ran += 1 }
    mutating func skip(_ reason: String) { skipped[reason, default: 0] += 1 }

    /// Asserts how many cases ran, how many were skipped for each reason, and that this is all of them.
    func expect(
        ran: Int,
        skipped: [String: Int] = [:],
        of total: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(self.ran == ran, sourceLocation: sourceLocation)
        #expect(self.skipped == skipped, sourceLocation: sourceLocation)
        #expect(self.ran + self.skipped.values.reduce(0, +) == total, sourceLocation: sourceLocation)
    }
}

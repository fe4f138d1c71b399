package import IKECrypto
package import IKEWire

// Puzzles of RFC 8019: four different keys of one size are sought under which the PRF's output over a given string ends in as many
// zero bits as the difficulty says (section 7.1.3).
//
// Only those of IKE_SA_INIT are given and solved. A puzzle in IKE_AUTH (section 7.2) defends responders that put off the
// Diffie-Hellman computation until IKE_AUTH, which we do not: the keys of a half-open SA exist, so an IKE_AUTH request of arbitrary
// octets costs one integrity check, and `Strangers.forgeries` bounds how many. The RFC lets a responder do without them. A responder
// that gives one all the same will not answer our IKE_AUTH; the log says why.

extension Puzzle {
    /// The number of zero bits at the end of the worst of the four outputs; nil for what is no solution: keys that repeat, or are
    /// longer than the PRF prefers (RFC 8019 sections 7.1.4 and 8.2).
    package func zeroBits(of solution: PuzzleSolution, over string: [UInt8]) -> Int? {
        guard let prf = try? PRF(prf), Set(solution.keys).count == PuzzleSolution.keyCount,
            solution.keys.allSatisfy({ (1...prf.keyLength).contains($0.count) })
        else { return nil }
        var least = Int.max
        for key in solution.keys {
            guard let bits = try? prf.zeroBits(key: key, string) else { return nil }
            least = min(least, bits)
        }
        return least
    }
}

extension PRF {
    /// The number of zero bits at the end of prf(key, string).
    fileprivate func zeroBits(key: [UInt8], _ string: [UInt8]) throws(CryptoError) -> Int {
        try compute(key: SecretBytes(copying: key), string).withUnsafeBytes { output in
            var bits = 0
            for octet in output.reversed() {
                bits += octet.trailingZeroBitCount
                if octet != 0 { break }
            }
            return bits
        }
    }
}

/// The search for the keys that solve a puzzle, in portions, so that nothing else waits for its end.
package struct PuzzleSearch {
    /// Harder puzzles are not solved: this one takes some 17 million computations of the PRF, about half a minute.
    package static let mostDifficulty: UInt8 = 22
    /// What we solve for when the responder leaves the difficulty to us: a quarter of a million computations, below a second.
    package static let ownChoice: UInt8 = 16
    /// Computations of the PRF in one call of the engine: one or two milliseconds.
    package static let triesPerTurn = 1024
    /// The pause for everything else after a portion.
    static let pause: Duration = .milliseconds(1)

    /// What the responder asks for.
    package let puzzle: Puzzle
    /// When the search goes on.
    private(set) var resumesAt: Instant
    private let string: [UInt8]
    private let prf: PRF
    private let wanted: Int
    private var next: UInt32 = 0
    private var found: [[UInt8]] = []

    /// - Parameter string: what the PRF is computed over: the cookie that came with the puzzle.
    package init(_ puzzle: Puzzle, over string: [UInt8], now: Instant) throws(CryptoError) {
        self.puzzle = puzzle
        self.string = string
        prf = try PRF(puzzle.prf)
        wanted = Int(puzzle.difficulty == 0 ? Self.ownChoice : puzzle.difficulty)
        resumesAt = now
    }

    /// Tries more keys, as many as `tries` allows; returns the solution once it is complete.
    package mutating func advance(tries: inout Int, now: Instant) throws(CryptoError) -> PuzzleSolution? {
        while tries > 0, next < .max {
            let key = next.bigEndianBytes
            next += 1
            tries -= 1
            guard try prf.zeroBits(key: key, string) >= wanted else { continue }
            found.append(key)
            if found.count == PuzzleSolution.keyCount { return PuzzleSolution(keys: found) }
        }
        resumesAt = now + Self.pause
        return nil
    }
}

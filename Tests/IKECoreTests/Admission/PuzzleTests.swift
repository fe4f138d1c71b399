import IKECrypto
import IKEWire
import Inet
import Support
import Testing

@testable import IKECore

/// Puzzles as the initiator solves them and the responder checks them (RFC 8019 section 7.1).
@Suite struct PuzzleTests {
    /// The cookie of the examples of section 4.4. (The keys that stand there do not go with it; these were found with
    /// another implementation of HMAC.)
    private let cookie: Hex = "739ae7492d8a810cf5e8dc0f9626c9dda773c5a3"
    private let keys: [[UInt8]] = [[0, 0, 0, 0xdf], [0, 0, 0x28, 0xb7], [0, 0, 0x2e, 0xd1], [0, 0, 0x34, 0x0a]]
    private let now = Instant(nanoseconds: 1)

    private func search(_ puzzle: Puzzle) throws -> PuzzleSolution {
        var search = try PuzzleSearch(puzzle, over: cookie.bytes, now: now)
        var tries = Int.max
        return try #require(try search.advance(tries: &tries, now: now))
    }

    @Test func theFirstFourKeysThatServeAreFound() throws {
        #expect(try search(Puzzle(prf: .hmacSHA2_256, difficulty: 12)) == PuzzleSolution(keys: keys))
    }

    @Test func aSolutionIsWorthItsWorstKey() {
        let puzzle = Puzzle(prf: .hmacSHA2_256, difficulty: 12)
        #expect(puzzle.zeroBits(of: PuzzleSolution(keys: keys), over: cookie.bytes) == 12)
        let spoiled = PuzzleSolution(keys: Array(keys.prefix(3)) + [[0, 0, 0, 0]])
        #expect(puzzle.zeroBits(of: spoiled, over: cookie.bytes) ?? 12 < 12)
        #expect(puzzle.zeroBits(of: PuzzleSolution(keys: keys), over: cookie.bytes + [0]) ?? 12 < 12)
    }

    @Test func keysThatRepeatOrAreTooLongAreNoSolution() {
        let puzzle = Puzzle(prf: .hmacSHA2_256, difficulty: 12)
        let repeated = PuzzleSolution(keys: Array(repeating: keys[0], count: 4))
        #expect(puzzle.zeroBits(of: repeated, over: cookie.bytes) == nil)
        let long = (0..<4).map { [UInt8](repeating: $0, count: 33) }
        #expect(puzzle.zeroBits(of: PuzzleSolution(keys: long), over: cookie.bytes) == nil)
        #expect(
            Puzzle(prf: PRFAlgorithm(rawValue: 1000), difficulty: 8)
                .zeroBits(of: PuzzleSolution(keys: keys), over: cookie.bytes) == nil
        )
    }

    @Test(arguments: [
        PRFAlgorithm.hmacSHA1, .hmacSHA2_256, .hmacSHA2_384, .hmacSHA2_512, .aes128XCBC, .aes128CMAC,
    ])
    func everyPRFServes(prf: PRFAlgorithm) throws {
        let puzzle = Puzzle(prf: prf, difficulty: 8)
        #expect(try #require(puzzle.zeroBits(of: try search(puzzle), over: cookie.bytes)) >= 8)
    }

    @Test func aDifficultyLeftToTheSolverIsHisOwnChoice() throws {
        let puzzle = Puzzle(prf: .hmacSHA2_256, difficulty: 0)
        let bits = try #require(puzzle.zeroBits(of: try search(puzzle), over: cookie.bytes))
        #expect(bits >= Int(PuzzleSearch.ownChoice))
    }

    @Test func theSearchStopsWhereItsTriesEndAndGoesOnLater() throws {
        var search = try PuzzleSearch(Puzzle(prf: .hmacSHA2_256, difficulty: 12), over: cookie.bytes, now: now)
        var portions = 0
        var solution: PuzzleSolution?
        while solution == nil {
            var tries = 1000
            solution = try search.advance(tries: &tries, now: now)
            portions += 1
            if solution == nil { #expect(tries == 0 && search.resumesAt > now) }
        }
        #expect(portions == 0x340a / 1000 + 1)
        #expect(solution?.keys == keys)
    }

    // MARK: - In an exchange

    private var cookieNotify: Notify { Notify(.cookie, data: cookie.bytes) }

    @Test func anInitiatorSolvesThePuzzleAndSendsItsRequestAgainWithTheSolution() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        let first = try peer.nextRequest(.ikeSAInit)
        let puzzle = Puzzle(prf: .hmacSHA2_256, difficulty: 12)
        try peer.refuseInit(first, cookieNotify, puzzle.notify)
        #expect(peer.isQuiet)
        peer.pass(.seconds(1))
        let second = try peer.nextRequest(.ikeSAInit)
        #expect(peer.isQuiet)
        #expect(second.payloads.map(\.type).prefix(3) == [.notify, .puzzleSolution, .securityAssociation])
        #expect(second.payloads.notify(.cookie) == cookieNotify)
        let solution = try #require(second.payloads.puzzleSolution)
        #expect(try #require(puzzle.zeroBits(of: solution, over: cookie.bytes)) >= 12)
        // Nothing else of the request changes.
        #expect(second.payloads.nonce == first.payloads.nonce)
        #expect(second.payloads.keyExchange == first.payloads.keyExchange)
        try peer.answerInit(second)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.succeeded(id))
    }

    /// The engine does everything else between two portions of the work, and only as much as one portion at a time.
    @Test func solvingTakesTurnsWithEverythingElse() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        let puzzle = Puzzle(prf: .hmacSHA2_256, difficulty: 12)
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), cookieNotify, puzzle.notify)
        for _ in 0..<100 { peer.deliver([0]) }
        #expect(peer.isQuiet)
        var calls = 0
        while peer.isQuiet {
            peer.pass(.milliseconds(1))
            calls += 1
        }
        #expect((12...16).contains(calls))
        #expect(0x340a / PuzzleSearch.triesPerTurn == 13)
    }

    @Test func aPuzzleWithoutACookieIsIgnored() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        let first = try peer.nextRequest(.ikeSAInit)
        try peer.refuseInit(first, Puzzle(prf: .hmacSHA2_256, difficulty: 8).notify)
        #expect(peer.isQuiet)
        peer.pass(.seconds(4))
        #expect(try peer.nextRequest(.ikeSAInit).bytes == first.bytes)
        #expect(peer.isQuiet)
    }

    @Test(arguments: [
        Puzzle(prf: .hmacSHA2_256, difficulty: PuzzleSearch.mostDifficulty + 1),
        Puzzle(prf: .hmacSHA1, difficulty: 8),
    ])
    func aPuzzleThatIsTooHardOrNotOfferedIsAnsweredWithTheCookieAloneAndSaid(puzzle: Puzzle) throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), cookieNotify, puzzle.notify)
        let second = try peer.nextRequest(.ikeSAInit)
        #expect(second.payloads.notify(.cookie) == cookieNotify)
        #expect(second.payloads.puzzleSolution == nil)
        #expect(peer.logs.contains { $0.level == .warning && $0.message.contains("puzzle") })
    }

    @Test func anInitiatorThatIsGivenUpStopsSolving() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        let puzzle = Puzzle(prf: .hmacSHA2_256, difficulty: PuzzleSearch.mostDifficulty)
        try peer.refuseInit(try peer.nextRequest(.ikeSAInit), cookieNotify, puzzle.notify)
        peer.command(.shutDown)
        peer.pass(.seconds(60))
        #expect(peer.isQuiet)
        #expect(peer.engine.load == (0, 0, 0, 0))
    }
}

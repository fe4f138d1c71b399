import IKECrypto
import IKEWire
import Inet

/// Decides which IKE_SA_INIT requests are worth the work and the memory of an answer.
///
/// What an unknown initiator must bring rises with the load (RFC 8019 section 6):
///
///     few half-open SAs             nothing
///     cookie_threshold, or          the cookie that was sent to its address (RFC 7296 section 2.6)
///     cookie_threshold_ip of its own
///     puzzleThreshold               the solution of a puzzle, the harder the more half-open SAs there are; or luck (RFC 8019)
///     block_threshold of its own,   it is turned away without a word
///     init_limit_half_open
///
/// A request without a solution takes part in a lottery, since few initiators solve puzzles; its chance shrinks with the load, and the
/// last quarter of all places is for those who solved. Nothing is kept of a request before it is admitted: the cookie says
/// what was asked for. Cookies are asked for until `calmDown` after the last sign of an attack, and half-open SAs then have less time.
struct Admission {
    /// How long cookies are asked for after the number of half-open SAs has last reached the threshold.
    static let calmDown: Duration = .seconds(10)
    /// What a half-open SA gets for its IKE_AUTH under attack: time for the first of the usual retransmissions (RFC 8019 section 4.1).
    static let hurriedTimeout: Duration = .seconds(10)
    /// The easiest puzzle that is given.
    static let leastDifficulty: UInt8 = 12
    /// A second puzzle of a row counts as if its solution had so many more bits, and so on: whoever goes on gets in.
    static let bitsForEachRound = 2

    enum Verdict {
        /// Answer it. Once that has made an SA, `admitted` is to be called.
        case welcome(Ticket)
        /// Answer it with these, and forget it.
        case challenged([Notify])
        case turnedAway
    }

    struct Ticket {
        /// How long the SA may stay half-open.
        let timeout: Duration
        /// The cookie whose puzzle was solved for it.
        fileprivate let spent: [UInt8]?
    }

    private(set) var table = HalfOpenTable()
    private var cookies: CookieJar
    private let random: any RandomSource
    /// Requests are refused at some cost, too, and leave no half-open SA behind that could tell of an attack.
    private var refusals = RateLimit(burst: 30, interval: .milliseconds(100))
    /// Until when cookies are asked for.
    private(set) var alarmedUntil: Instant?
    private var atAlarm = DropCounters()

    init(random: any RandomSource, now: Instant) {
        self.random = random
        cookies = CookieJar(random: random, now: now)
    }

    // MARK: - Judging

    mutating func judge(_ request: Message, from remote: SocketAddress, _ turn: Turn) -> Verdict {
        let settings = turn.settings
        let peer = PeerBlock(remote.address)
        guard table.count < settings.halfOpenLimit else {
            turn.strangers.drops.overLimit += 1
            return .turnedAway
        }
        guard table.count(of: peer) < settings.blockThreshold else {
            turn.strangers.drops.overPeerLimit += 1
            turn.log(
                .refusedRequest,
                LogRecord(
                    .warning,
                    "turned away: \(settings.blockThreshold) of its IKE SAs are half-open or have just failed (block_threshold)",
                    peer: remote
                )
            )
            return .turnedAway
        }
        if table.count >= settings.cookieThreshold { alarm(turn) }
        let isSuspect = table.count(of: peer) >= settings.cookieThresholdPerPeer
        guard alarmedUntil != nil || isSuspect else { return welcome(turn) }
        guard let nonce = request.payloads.nonce else {
            turn.strangers.drops.malformed += 1
            return .turnedAway
        }
        return judge(request, of: Newcomer(nonce: nonce, remote: remote, spiI: request.header.initiatorSPI), turn)
    }

    /// The request must bring a cookie, and more if the pressure is high (RFC 8019 section 7.1.4).
    private mutating func judge(_ request: Message, of newcomer: Newcomer, _ turn: Turn) -> Verdict {
        let need = need(request, turn.settings)
        guard let cookie = request.payloads.notify(.cookie)?.data,
            let met = cookies.challenge(of: cookie, for: newcomer, turn.now)
        else { return challenge(newcomer, need?.puzzle(round: 1), turn) }
        guard let need else { return welcome(turn, spending: met.puzzle == nil ? nil : cookie) }
        var round: UInt8 = 1
        if let (puzzle, solvedRound) = met.puzzle, let solution = request.payloads.puzzleSolution,
            let bits = puzzle.zeroBits(of: solution, over: cookie), bits >= Int(puzzle.difficulty)
        {
            let worth = bits + Int(solvedRound - 1) * Self.bitsForEachRound
            if worth >= Int(need.difficulty) { return welcome(turn, spending: cookie) }
            round = solvedRound < .max ? solvedRound + 1 : .max
        }
        if Double(random.uint32()) / Double(UInt32.max) >= need.pressure { return welcome(turn) }
        return challenge(newcomer, need.puzzle(round: round), turn)
    }

    private func welcome(_ turn: Turn, spending cookie: [UInt8]? = nil) -> Verdict {
        let usual = turn.settings.halfOpenTimeout
        let timeout = alarmedUntil == nil ? usual : min(usual, Self.hurriedTimeout)
        return .welcome(Ticket(timeout: timeout, spent: cookie))
    }

    private mutating func challenge(_ newcomer: Newcomer, _ puzzle: (Puzzle, round: UInt8)?, _ turn: Turn) -> Verdict {
        guard let cookie = cookies.cookie(for: newcomer, Challenge(puzzle: puzzle), turn.now) else {
            return .turnedAway
        }
        if puzzle == nil { turn.strangers.drops.cookiesAsked += 1 } else { turn.strangers.drops.puzzlesAsked += 1 }
        return .challenged([Notify(.cookie, data: cookie)] + (puzzle.map { [$0.0.notify] } ?? []))
    }

    // MARK: - Puzzles

    /// What is asked for beyond a cookie.
    private struct Need {
        let prf: PRFAlgorithm
        let difficulty: UInt8
        /// From 0, where puzzles begin, to 1, where nobody gets in without a solution.
        let pressure: Double

        /// While the pressure is low the initiator chooses the difficulty, and more bits give it a better chance; those who
        /// have chosen too little are told what is needed (RFC 8019 sections 7.1.1.1 and 7.1.5).
        func puzzle(round: UInt8) -> (Puzzle, round: UInt8) {
            let isFree = pressure < 0.25 && round == 1
            return (Puzzle(prf: prf, difficulty: isFree ? 0 : difficulty), round: round)
        }
    }

    /// Nil where a cookie is enough: because there is little pressure, or since the request offers no PRF that we know and will
    /// be refused for that (RFC 8019 section 7.1.1.2).
    private func need(_ request: Message, _ settings: Settings) -> Need? {
        let most = settings.puzzleDifficulty
        guard most > 0, table.count >= settings.puzzleThreshold, let prf = Self.prf(for: request) else { return nil }
        let reserve = settings.halfOpenLimit / 4
        let room = max(1, settings.halfOpenLimit - reserve - settings.puzzleThreshold)
        let pressure = min(1, Double(table.count - settings.puzzleThreshold) / Double(room))
        let least = min(most, Self.leastDifficulty)
        let difficulty = least + UInt8((Double(most - least) * pressure).rounded())
        return Need(prf: prf, difficulty: difficulty, pressure: pressure)
    }

    /// HMAC-SHA2-256 where it is offered, which costs us the least for its strength; else the first one that we know.
    private static func prf(for request: Message) -> PRFAlgorithm? {
        let offered = (request.payloads.securityAssociation ?? []).flatMap { $0.transforms(of: .prf) }
            .map { PRFAlgorithm(rawValue: $0.id) }
        if offered.contains(.hmacSHA2_256) { return .hmacSHA2_256 }
        return offered.first { (try? PRF($0)) != nil }
    }

    // MARK: - What became of it

    /// An SA came of a request that was welcome.
    mutating func admitted(_ sa: IKESA, _ ticket: Ticket, now: Instant) {
        if let cookie = ticket.spent { cookies.spend(cookie) }
        table.note(sa, now: now)
    }

    /// A request that was welcome had to be refused: many of them are an attack as well.
    mutating func refused(_ turn: Turn) {
        if !refusals.take(turn.now), turn.settings.cookieThreshold < .max { alarm(turn) }
    }

    mutating func note(_ sa: IKESA, now: Instant) { table.note(sa, now: now) }

    // MARK: - Alarm

    private mutating func alarm(_ turn: Turn) {
        if alarmedUntil == nil {
            atAlarm = turn.strangers.drops
            turn.log(
                LogRecord(
                    .warning,
                    "\(table.count) IKE SAs are half-open: from now on initiators must return a cookie "
                        + "(cookie_threshold = \(turn.settings.cookieThreshold))"
                )
            )
        }
        alarmedUntil = turn.now + Self.calmDown
    }

    /// Ends the alarm when nothing has called for it for a while, and says what there was.
    mutating func timePassed(_ turn: Turn) {
        guard let until = alarmedUntil, until <= turn.now else { return }
        alarmedUntil = nil
        let drops = turn.strangers.drops
        turn.log(
            LogRecord(
                .info,
                "initiators need no cookie any more; there were \(drops.cookiesAsked - atAlarm.cookiesAsked) requests without one, "
                    + "\(drops.puzzlesAsked - atAlarm.puzzlesAsked) puzzles were given, "
                    + "\(drops.overLimit + drops.overPeerLimit - atAlarm.overLimit - atAlarm.overPeerLimit) requests turned away"
            )
        )
    }
}

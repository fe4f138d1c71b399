import IKEWire

/// The message IDs of one IKE SA in both directions, with what reliable exchanges need (RFC 7296 sections 2.1 to 2.3).
///
///     our requests    0 1 [2] 3 [4]      2 and 4 are outstanding: sent again until their response or the end of our patience;
///                                        with a window of three, 5 has to wait for the answer to 2
///     their requests  0 1 (2) 3          2 is expected, 3 came before it; what was answered may come again and gets the
///                                        very same answer
///
/// Each direction has its window: how many requests may be under way, which is for the receiver of the requests to say
/// (SET_WINDOW_SIZE) and is one until then. Requests are processed as they come, also out of order.
///
/// Exchanges only build and process messages; when to send, send again, answer from the cache or drop is decided here.
struct ExchangeWindow {
    /// A request without its response.
    struct Outstanding {
        let messageID: UInt32
        let exchangeType: ExchangeType
        /// The identical octets are sent each time (RFC 7296 section 2.1); several where the message is in fragments, and others
        /// only when it is divided anew.
        var datagrams: [[UInt8]]
        /// What a message in fragments holds; empty for one in one piece.
        let payloads: [Payload]
        /// It tries what the path takes, and may be too long for it: a matter of moments, not of patience.
        var isProbe = false
        /// The datagrams are the same request in several sizes, each of which may be the one that the peer has taken.
        var isInSeveralSizes = false
        var attempt = 0
        var deadline: Instant

        /// Every other time the shortest goes first: a path that loses in a rhythm shall not always lose the same.
        fileprivate var datagramsInTurn: [[UInt8]] {
            isInSeveralSizes && !attempt.isMultiple(of: 2) ? datagrams.reversed() : datagrams
        }
    }

    /// What to do with a request that has arrived.
    enum Verdict: Equatable {
        case new
        /// Seen before: send this answer again.
        case answered([[UInt8]])
        /// Beyond the window, or so old that its answer is forgotten: dropped (RFC 7296 section 2.3).
        case outside
    }

    /// What the passing of time asks for.
    enum Due: Equatable {
        case resend([[UInt8]], attempt: Int, isProbe: Bool)
        case giveUp(attempts: Int)
    }

    /// More requests than this are never under way, whatever the peer allows.
    static let most: UInt32 = 64

    private(set) var nextRequestID: UInt32
    /// The lowest message ID that no request of the peer has had.
    private(set) var nextExpectedID: UInt32
    /// In the order of their message IDs.
    private(set) var outstanding: [Outstanding] = []
    private(set) var retransmissions = 0
    /// How many requests the peer takes at a time.
    private(set) var peerSize: UInt32 = 1
    /// How many requests of the peer are taken at a time; as many answers are kept.
    private(set) var ownSize: UInt32 = 1
    private var answers: [UInt32: [[UInt8]]] = [:]

    init(nextRequestID: UInt32 = 0, nextExpectedID: UInt32 = 0) {
        self.nextRequestID = nextRequestID
        self.nextExpectedID = nextExpectedID
    }

    // MARK: - Sizes

    /// The peer has said how many requests it takes. A window never shrinks (RFC 7296 section 2.3).
    mutating func widen(forOurRequests size: UInt32) { peerSize = max(peerSize, min(size, Self.most)) }

    /// The peer is being told how many of its requests we take.
    mutating func widen(forTheirRequests size: UInt32) { ownSize = max(ownSize, min(size, Self.most)) }

    // MARK: - Our requests

    /// Whether another request may be sent: none that is `peerSize` before it lacks its response.
    var canSend: Bool {
        guard nextRequestID < .max else { return false }
        return outstanding.first.map { nextRequestID - $0.messageID < peerSize } ?? true
    }

    /// When the first of the requests is to be sent again.
    var nextDeadline: Instant? { outstanding.map(\.deadline).min() }

    /// How long a probe waits for its answer, and twice that when it was sent again: enough for the way over a satellite.
    private static let probeWait: Duration = .milliseconds(500)
    /// How often it is sent again at least, before something shorter is.
    private static let probeTries = 2

    private static func wait(_ attempt: Int, isProbe: Bool, _ policy: RetransmissionPolicy) -> Duration {
        let wait = policy.wait(afterAttempt: attempt)
        return isProbe ? min(wait, probeWait * (attempt + 1)) : wait
    }

    /// Takes the next message ID for a request, and begins its retransmission.
    mutating func open(
        _ exchangeType: ExchangeType,
        datagrams: [[UInt8]],
        payloads: [Payload] = [],
        isProbe: Bool = false,
        policy: RetransmissionPolicy,
        now: Instant
    ) {
        outstanding.append(
            Outstanding(
                messageID: nextRequestID,
                exchangeType: exchangeType,
                datagrams: datagrams,
                payloads: datagrams.count > 1 ? payloads : [],
                isProbe: isProbe,
                deadline: now + Self.wait(0, isProbe: isProbe, policy)
            )
        )
        nextRequestID += nextRequestID < .max ? 1 : 0
    }

    /// Whether a response belongs to an outstanding request; no state changes before it is authenticated.
    func awaits(_ messageID: UInt32, _ exchangeType: ExchangeType) -> Bool {
        outstanding.contains { $0.messageID == messageID && $0.exchangeType == exchangeType }
    }

    /// The response to a request is there and genuine.
    mutating func close(_ messageID: UInt32) { outstanding.removeAll { $0.messageID == messageID } }

    /// No response is waited for any more.
    mutating func closeAll() { outstanding = [] }

    /// Responses are waited for, but no request of this kind is sent again.
    mutating func fallSilent(_ exchangeType: ExchangeType) {
        for index in outstanding.indices where outstanding[index].exchangeType == exchangeType {
            outstanding[index].deadline = .distantFuture
        }
    }

    /// Begins anew with message ID 0, for an IKE_SA_INIT that is retried with a cookie or another key exchange
    /// (RFC 7296 sections 1.2 and 2.6).
    mutating func restart() {
        outstanding = []
        nextRequestID = 0
    }

    /// What is to be done about requests that have waited long enough; nothing more after the first that is given up.
    mutating func due(_ now: Instant, policy: RetransmissionPolicy) -> [Due] {
        var due: [Due] = []
        for index in outstanding.indices where outstanding[index].deadline <= now {
            let (attempt, isProbe) = (outstanding[index].attempt + 1, outstanding[index].isProbe)
            let tries = isProbe ? max(policy.tries, Self.probeTries) : policy.tries
            guard attempt <= tries else { return [.giveUp(attempts: attempt)] }
            outstanding[index].attempt = attempt
            outstanding[index].deadline = now + Self.wait(attempt, isProbe: isProbe, policy)
            retransmissions += isProbe ? 0 : 1
            due.append(.resend(outstanding[index].datagramsInTurn, attempt: attempt, isProbe: isProbe))
        }
        return due
    }

    /// The request goes in other datagrams from now on, and patience begins anew.
    mutating func replace(_ messageID: UInt32, with datagrams: [[UInt8]]) {
        guard let index = outstanding.firstIndex(where: { $0.messageID == messageID }) else { return }
        outstanding[index].datagrams = datagrams
        outstanding[index].attempt = 0
    }

    /// The request goes in a shorter datagram as well, and patience begins anew.
    mutating func add(_ shorter: [[UInt8]], to messageID: UInt32, isProbe: Bool) {
        guard let index = outstanding.firstIndex(where: { $0.messageID == messageID }) else { return }
        outstanding[index].datagrams += shorter
        outstanding[index].attempt = 0
        outstanding[index].isProbe = isProbe
        outstanding[index].isInSeveralSizes = true
    }

    /// The path is another one: what waits for a response is sent again at once, and patience begins anew.
    mutating func beginAgain(policy: RetransmissionPolicy, now: Instant) -> [[[UInt8]]] {
        for index in outstanding.indices {
            outstanding[index].attempt = 0
            outstanding[index].deadline = now + policy.wait(afterAttempt: 0)
        }
        return outstanding.map(\.datagrams)
    }

    // MARK: - Their requests

    func verdict(onRequest messageID: UInt32) -> Verdict {
        if let datagrams = answers[messageID] { return .answered(datagrams) }
        guard messageID >= nextExpectedID, messageID - nextExpectedID < ownSize else { return .outside }
        return .new
    }

    /// The answers that the peer may still want, oldest first.
    var keptAnswers: [[[UInt8]]] { answers.sorted { $0.key < $1.key }.map(\.value) }

    /// Keeps the answer to a request for when it comes again. Who sends a request has the answer to the one that is a
    /// window before it, so that one is forgotten (RFC 7296 section 2.1).
    mutating func answered(_ messageID: UInt32, with datagrams: [[UInt8]]) {
        answers[messageID] = datagrams
        while answers[nextExpectedID] != nil && nextExpectedID < .max { nextExpectedID += 1 }
        let newest = answers.keys.max() ?? messageID
        answers = answers.filter { newest - $0.key < ownSize }
    }
}

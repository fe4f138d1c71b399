import IKEWire

/// The message IDs of one IKE SA in both directions, with what reliable exchanges need (RFC 7296 sections 2.1 to 2.3).
///
///     our requests    0 1 2 [3]          3 is outstanding: sent again until its response or the end of our patience
///     their requests  0 1 (2)            2 is expected; 1 may come again and gets the very same answer
///
/// The window is one message in each direction, the default of RFC 7296: nothing is sent before the answer to the
/// last request is there. Exchanges only build and process messages; when to send, send again, answer from the cache
/// or drop is decided here.
struct ExchangeWindow {
    /// A request without its response.
    struct Outstanding {
        let messageID: UInt32
        let exchangeType: ExchangeType
        /// The identical octets are sent each time (RFC 7296 section 2.1); several where the message is in fragments.
        let datagrams: [[UInt8]]
        var attempt = 0
        var deadline: Instant
    }

    /// What to do with a request that has arrived.
    enum Verdict: Equatable {
        case new
        /// Seen before: send this answer again.
        case answered([[UInt8]])
        /// Neither expected nor the last one: dropped (RFC 7296 section 2.3).
        case outside
    }

    /// What the passing of time asks for.
    enum Due: Equatable {
        case nothing
        case resend([[UInt8]], attempt: Int)
        case giveUp(attempts: Int)
    }

    private(set) var nextRequestID: UInt32
    private(set) var nextExpectedID: UInt32
    private(set) var outstanding: Outstanding?
    private(set) var retransmissions = 0
    private var lastAnswer: (messageID: UInt32, datagrams: [[UInt8]])?

    init(nextRequestID: UInt32 = 0, nextExpectedID: UInt32 = 0) {
        self.nextRequestID = nextRequestID
        self.nextExpectedID = nextExpectedID
    }

    var canSend: Bool { outstanding == nil && nextRequestID < .max }

    // MARK: - Our requests

    /// Takes the next message ID for a request, and begins its retransmission.
    mutating func open(
        _ exchangeType: ExchangeType,
        datagrams: [[UInt8]],
        policy: RetransmissionPolicy,
        now: Instant
    ) {
        outstanding = Outstanding(
            messageID: nextRequestID,
            exchangeType: exchangeType,
            datagrams: datagrams,
            deadline: now + policy.wait(afterAttempt: 0)
        )
        nextRequestID += nextRequestID < .max ? 1 : 0
    }

    /// Whether a response belongs to the outstanding request; no state changes before it is authenticated.
    func awaits(_ messageID: UInt32, _ exchangeType: ExchangeType) -> Bool {
        outstanding.map { $0.messageID == messageID && $0.exchangeType == exchangeType } ?? false
    }

    /// The response is there and genuine.
    mutating func close() { outstanding = nil }

    /// Begins anew with message ID 0, for an IKE_SA_INIT that is retried with a cookie or another key exchange
    /// (RFC 7296 sections 1.2 and 2.6).
    mutating func restart() {
        outstanding = nil
        nextRequestID = 0
    }

    mutating func due(_ now: Instant, policy: RetransmissionPolicy) -> Due {
        guard var request = outstanding, request.deadline <= now else { return .nothing }
        guard request.attempt < policy.tries else { return .giveUp(attempts: request.attempt + 1) }
        request.attempt += 1
        request.deadline = now + policy.wait(afterAttempt: request.attempt)
        outstanding = request
        retransmissions += 1
        return .resend(request.datagrams, attempt: request.attempt)
    }

    // MARK: - Their requests

    func verdict(onRequest messageID: UInt32) -> Verdict {
        if messageID == nextExpectedID { return .new }
        if let lastAnswer, lastAnswer.messageID == messageID { return .answered(lastAnswer.datagrams) }
        return .outside
    }

    /// Keeps the answer to the expected request and expects the next one.
    mutating func answered(_ messageID: UInt32, with datagrams: [[UInt8]]) {
        lastAnswer = (messageID, datagrams)
        nextExpectedID = messageID < .max ? messageID + 1 : .max
    }
}

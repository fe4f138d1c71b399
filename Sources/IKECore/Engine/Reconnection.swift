import IKECrypto
import IKEWire
import Inet

// Beginning again (`keyingtries`, `retry_initiate_interval`).
//
// A negotiation that nobody answers is begun as often as `keyingtries` says. For a CHILD SA that is meant to be up
// (`start_action`, `dpd_action` or `close_action` = start) a refusal counts as a try, too: the other side may be repaired
// while nobody is watching this one. Between two tries there is a pause that doubles up to a limit, less a random part, so
// that a peer that comes back is not overrun by all that wait for it.

/// Negotiations that wait for their next try.
struct RetryQueue {
    /// No pause is longer, however often it has been tried: the peer should not be back for long before we notice.
    static let longestPause: Duration = .seconds(300)

    private struct Retry {
        let at: Instant
        let initiation: Initiation
    }

    private var waiting: [Retry] = []

    /// When the next one is due.
    var next: Instant? { waiting.map(\.at).min() }

    /// When the first of a connection is due, and for which time it is tried.
    func next(of connection: String) -> (at: Instant, number: Int)? {
        waiting.filter { $0.initiation.connection.name == connection }.min { $0.at < $1.at }
            .map { ($0.at, $0.initiation.tries + 1) }
    }

    /// One for each connection and child; an earlier one for the same gives way.
    ///
    /// - Returns: the one that gave way.
    mutating func add(_ initiation: Initiation, at instant: Instant) -> Initiation? {
        let index = waiting.firstIndex { $0.initiation.wantsTheSame(as: initiation) }
        let former = index.map { waiting.remove(at: $0).initiation }
        waiting.append(Retry(at: instant, initiation: initiation))
        return former
    }

    mutating func takeDue(_ now: Instant) -> [Initiation] {
        let due = waiting.filter { $0.at <= now }.map(\.initiation)
        if !due.isEmpty { waiting.removeAll { $0.at <= now } }
        return due
    }

    mutating func removeAll() -> [Initiation] {
        defer { waiting = [] }
        return waiting.map(\.initiation)
    }
}

extension Initiation {
    fileprivate func wantsTheSame(as other: Initiation) -> Bool {
        connection.name == other.connection.name
            && children.map { $0.policy?.name } == other.children.map { $0.policy?.name }
    }

    /// Some of what it is for is meant to be up whatever happens.
    var isMeantToBeUp: Bool { children.contains { $0.policy?.isMeantToBeUp ?? false } }

    var mayTryAgain: Bool {
        guard let limit = connection.keyingTries else { return true }
        // Each try is for all the addresses that the peer may have.
        let (most, overflow) = limit.multipliedReportingOverflow(by: max(1, connection.namedRemotes.count))
        return overflow || tries + 1 < most
    }

    /// The same once more, for nobody's command.
    func again(_ children: [ChildRequest]? = nil) -> Initiation {
        var again = self
        again.children = (children ?? self.children).map { ChildRequest(policy: $0.policy, command: nil) }
        again.tries += 1
        return again
    }
}

extension Endpoint {
    /// Begins again after a pause; the first one is `retryInterval`, and none without it.
    func retry(_ initiation: Initiation, _ turn: Turn) {
        guard !isShuttingDown else {
            abandon(initiation, turn)
            return
        }
        let pause = settings.retryInterval.map { first in
            let pause = GrowingPause(first: first, longest: RetryQueue.longestPause).after(tries: initiation.tries)
            return pause - pause / 4 * (Double(turn.random.uint32()) / Double(UInt32.max))
        }
        turn.log(
            LogRecord(
                .info,
                "trying again in \(pause?.wholeSeconds ?? 0) s, for the \(initiation.tries + 1). time",
                connection: initiation.connection.name,
                peer: initiation.remote
            )
        )
        if let former = retries.add(initiation, at: turn.now + (pause ?? .zero)) { abandon(former, turn) }
    }

    /// Begins what has waited long enough, unless the configuration has changed its mind or the peer was faster.
    func resumeRetries(_ turn: Turn) {
        for initiation in retries.takeDue(turn.now) {
            guard let connection = turn.policy.connection(named: initiation.connection.name) else {
                abandon(initiation, turn)
                continue
            }
            if let again = initiation.following(connection, turn) { bringUp(again, isAgain: true, turn) }
        }
    }

    /// Nobody shall wait for what will not be tried again.
    func abandon(_ initiation: Initiation, _ turn: Turn) {
        for request in initiation.children {
            turn.finish(request.command, NegotiationFailure(.closed, "the negotiation was given up"))
        }
    }
}

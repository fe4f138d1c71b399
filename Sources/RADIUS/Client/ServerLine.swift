import Inet

/// A request that no server has answered yet.
struct PendingRequest {
    let id: RequestID
    let attributes: [Attribute]
    /// Servers that are left for it.
    var candidates: ArraySlice<RADIUSClient.ServerIndex>
    /// Why others have not answered, each in words that begin with the server's name.
    var failures: [String] = []
}

/// A request on its way to one server.
struct Transmission {
    let request: PendingRequest
    let signed: SignedRequest
    /// Where it went, and where its answer comes from.
    let address: SocketAddress
    /// How long its last transmission waits.
    var wait: Duration
    /// When it is repeated or given up.
    var nextAt: Duration
    /// How often it has been sent.
    var sent = 1
}

/// What is under way to one server.
struct ServerLine {
    /// By identifier: as many requests as it can tell apart (RFC 2865 section 3).
    var inFlight: [UInt8: Transmission] = [:]
    /// In the order in which they came.
    var waiting: [PendingRequest] = []
    /// Set when it has left a request unanswered, until it answers one.
    var death: Death?
    private var lastIdentifier = UInt8.max

    /// That it does not answer.
    struct Death {
        /// When it left a request unanswered for the first time, and for the last.
        let since, noticed: Duration
        /// When this is forgotten.
        let until: Duration
    }

    func isDead(_ now: Duration) -> Bool { death.map { $0.until > now } ?? false }

    /// Whether a request is to find out if it still does not answer.
    func isToBeTried(_ now: Duration, pause: Duration) -> Bool {
        guard inFlight.isEmpty, waiting.isEmpty else { return false }
        return death.map { now >= $0.noticed + pause } ?? true
    }

    /// The next identifier that is not in use, going round: a late answer then meets no request that it could be taken for.
    mutating func freeIdentifier() -> UInt8? {
        for step in UInt8.min...UInt8.max {
            let identifier = lastIdentifier &+ 1 &+ step
            if inFlight[identifier] == nil {
                lastIdentifier = identifier
                return identifier
            }
        }
        return nil
    }

    /// The request that waits longest, if there is an identifier for it.
    mutating func takeWaiting() -> PendingRequest? {
        guard !waiting.isEmpty, inFlight.count <= Int(UInt8.max) else { return nil }
        return waiting.removeFirst()
    }

    mutating func remove(_ id: RequestID) {
        inFlight = inFlight.filter { $0.value.request.id != id }
        waiting.removeAll { $0.id == id }
    }

    var nextDeadline: Duration? { inFlight.values.map(\.nextAt).min() }

    /// Identifiers of what has waited long enough, in an order that does not depend on chance.
    func overdue(_ now: Duration) -> [UInt8] { inFlight.filter { $0.value.nextAt <= now }.keys.sorted() }
}

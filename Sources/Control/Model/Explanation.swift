import VICI

/// Why a connection is not up, or what went wrong with any, as the daemon's `explain` tells it.
struct Explanation {
    /// A negotiation that failed.
    struct Failure {
        /// Nil where no connection was found for the peer.
        var connection: String?
        /// The CHILD SA that was refused; empty where the peer's request fits none.
        var child: String?
        /// `initiator` or `responder`: what we were.
        var role: String
        /// Seconds since it failed the last time.
        var age: Int
        /// How often it failed so without success in between.
        var count: Int
        /// Nil where it is not known where the peer is.
        var local: String?
        var remote: String?
        /// A word for scripts: `no-proposal-chosen`.
        var reason: String
        /// In whole sentences.
        var message: String
        var configured: [String]
        var offered: [String]
        /// Which setting it points to, and what to do about it.
        var setting: String?
        var advice: String?
    }

    /// How the last IKE SA ended.
    struct Ending {
        var age: Int
        var reason: String
    }

    /// When the daemon tries again.
    struct NextTry {
        /// Seconds.
        var wait: Int
        var number: Int
    }

    /// The latest first.
    var failures: [Failure]
    var closed: Ending?
    var nextTry: NextTry?

    init(_ message: VICIMessage) {
        failures = message.section("failures")?.sections.map { Failure($0.section) } ?? []
        closed = message.section("closed").map {
            Ending(age: $0.number("ago") ?? 0, reason: $0["reason"] ?? "the daemon does not say why")
        }
        nextTry = message.section("next-try").map {
            NextTry(wait: $0.number("in") ?? 0, number: $0.number("number") ?? 1)
        }
    }
}

extension Explanation.Failure {
    init(_ message: VICIMessage) {
        connection = message["connection"]
        child = message["child"]
        role = message["role"] ?? "initiator"
        age = message.number("ago") ?? 0
        count = message.number("count") ?? 1
        local = IKESAStatus.End(message, .local).address
        remote = IKESAStatus.End(message, .remote).address
        reason = message["reason"] ?? "unknown"
        self.message = message["msg"] ?? "the daemon does not say why"
        configured = message.list("configured") ?? []
        offered = message.list("offered") ?? []
        setting = message["setting"]
        advice = message["advice"]
    }
}

// MARK: - JSON

extension Explanation.Failure {
    var json: JSON {
        .object([
            ("connection", .text(connection)), ("child", .text(child)), ("role", .string(role)),
            ("age", .integer(age)), ("count", .integer(count)), ("local", .text(local)), ("remote", .text(remote)),
            ("reason", .string(reason)), ("message", .string(message)), ("configured", .texts(configured)),
            ("offered", .texts(offered)), ("setting", .text(setting)), ("advice", .text(advice)),
        ])
    }
}

extension Explanation {
    var json: JSON {
        .object([
            ("failures", .array(failures.map(\.json))),
            (
                "closed",
                closed.map { .object([("age", .integer($0.age)), ("reason", .string($0.reason))]) } ?? .null
            ),
            (
                "next_try",
                nextTry.map { .object([("in", .integer($0.wait)), ("number", .integer($0.number))]) } ?? .null
            ),
        ])
    }
}

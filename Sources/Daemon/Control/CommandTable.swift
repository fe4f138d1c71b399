import IKECore

/// Commands that the engine works on, and the clients that wait for their outcome.
struct CommandTable {
    /// What a client waits for.
    struct Waiting {
        enum Kind {
            case initiate
            /// `matches` SAs were meant.
            case terminate(matches: Int)
            case ping(IKESASummary)
        }

        let client: ControlServer.ClientID
        let kind: Kind
        /// Log lines up to this of charon's levels are told meanwhile.
        let logLevel: Int
        let deadline: Instant?
    }

    /// The end of this command ends the daemon.
    var shutdown: CommandID?
    private var waiting: [CommandID: Waiting] = [:]
    private var last: UInt64 = 0

    mutating func nextID() -> CommandID {
        last += 1
        return CommandID(rawValue: last)
    }

    mutating func wait(_ id: CommandID, _ command: Waiting) { waiting[id] = command }

    mutating func take(_ id: CommandID) -> Waiting? { waiting.removeValue(forKey: id) }

    /// The client is gone; its commands go on without it.
    mutating func forget(_ client: ControlServer.ClientID) {
        waiting = waiting.filter { $0.value.client != client }
    }

    /// Clients that hear what happens while their command runs, with the level that they asked for.
    var listeners: [(client: ControlServer.ClientID, level: Int)] {
        waiting.values.map { ($0.client, $0.logLevel) }
    }

    var nextDeadline: Instant? { waiting.values.compactMap(\.deadline).min() }

    /// Commands whose clients asked not to wait longer.
    func takeOverdue(_ now: Instant) -> [CommandID] {
        waiting.filter { $0.value.deadline.map { $0 <= now } ?? false }.map(\.key)
    }
}

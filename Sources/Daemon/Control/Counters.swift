import IKECore
import IKEWire
import VICI

// `get-counters` and `reset-counters`: how many IKE messages and rekeyings there were, of all connections and of each, by
// strongSwan's names for them.

/// Rekeyings, of all together and by connection; the engine counts messages itself.
struct RekeyCounters {
    struct Counts: Hashable {
        var ikeInitiated = 0
        var ikeAnswered = 0
        var child = 0
    }

    private(set) var all = Counts()
    private(set) var connections: [String: Counts] = [:]

    mutating func count(_ event: Event) {
        switch event {
        case .ikeRekeyed(_, let new):
            add(new.connection) { counts in
                switch new.role {
                case .initiator: counts.ikeInitiated += 1
                case .responder: counts.ikeAnswered += 1
                }
            }
        case .childRekeyed(_, let new, _): add(new.connection) { $0.child += 1 }
        default: break
        }
    }

    private mutating func add(_ connection: String?, _ change: (inout Counts) -> Void) {
        change(&all)
        if let connection { change(&connections[connection, default: Counts()]) }
    }

    /// Begins anew, for one connection or, with nil, for all together.
    mutating func reset(_ connection: String?) {
        if let connection { connections[connection] = nil } else { all = Counts() }
    }

    mutating func resetConnections() { connections = [:] }

    mutating func forget(except names: [String]) {
        let names = Set(names)
        connections = connections.filter { names.contains($0.key) }
    }
}

/// The counters of one connection, or of all together.
struct CounterSection {
    var rekeyings = RekeyCounters.Counts()
    var messages: [MessageCounters.Kind: UInt64] = [:]
    /// Of messages that belong to no connection.
    var invalid = 0
    var invalidSPI = 0

    var message: VICIMessage {
        var message: VICIMessage = [
            "ike-rekey-init": .number(rekeyings.ikeInitiated),
            "ike-rekey-resp": .number(rekeyings.ikeAnswered),
            "child-rekey": .number(rekeyings.child),
            "invalid": .number(invalid),
            "invalid-spi": .number(invalidSPI),
        ]
        for (name, exchange) in Self.exchanges {
            for (direction, word) in [(TracedMessage.Direction.received, "in"), (.sent, "out")] {
                for (isResponse, kind) in [(false, "req"), (true, "resp")] {
                    let count = messages[MessageCounters.Kind(direction, exchange, isResponse: isResponse)] ?? 0
                    message.append("\(name)-\(word)-\(kind)", .number(count))
                }
            }
        }
        return message
    }

    private static let exchanges: [(String, ExchangeType)] = [
        ("ike-init", .ikeSAInit), ("ike-auth", .ikeAuth), ("create-child", .createChildSA), ("info", .informational),
    ]
}

extension Daemon {
    /// Those of one connection (`name`), of each that has any (`all`), or of all together.
    func countersMessage(_ request: VICIMessage) -> VICIMessage {
        let messages = endpoint.messageCounters
        let counted = Set(messages.connections.keys).union(counters.connections.keys)
        var sections: [VICIMessage.Entry] = []
        if request.flag("all") {
            sections = counted.sorted().map { entry($0, messages) }
        } else if let name = request["name"] {
            guard counted.contains(name) || store.connection(named: name) != nil else {
                return .failure("there is no connection '\(name)'")
            }
            sections = [entry(name, messages)]
        } else {
            let drops = endpoint.drops
            let section = CounterSection(
                rekeyings: counters.all,
                messages: messages.all,
                invalid: max(0, drops.malformed - countedBefore.malformed),
                invalidSPI: max(0, drops.unknownSPI - countedBefore.unknownSPI)
            )
            sections = [VICIMessage.Entry("", .section(section.message))]
        }
        return ["counters": .section(VICIMessage(entries: sections)), "success": "yes"]
    }

    private func entry(_ name: String, _ messages: MessageCounters) -> VICIMessage.Entry {
        let section = CounterSection(
            rekeyings: counters.connections[name] ?? RekeyCounters.Counts(),
            messages: messages.connections[name] ?? [:]
        )
        return VICIMessage.Entry(name, .section(section.message))
    }

    func resetCounters(_ request: VICIMessage) -> VICIMessage {
        if request.flag("all") {
            counters.resetConnections()
            endpoint.resetConnectionCounters()
            return .success
        }
        if let name = request["name"], store.connection(named: name) == nil {
            return .failure("there is no connection '\(name)'")
        }
        counters.reset(request["name"])
        endpoint.resetMessageCounters(of: request["name"])
        if request["name"] == nil { countedBefore = endpoint.drops }
        return .success
    }
}

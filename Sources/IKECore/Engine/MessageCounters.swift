package import IKEWire

/// How many IKE messages of each exchange came and went; one that is sent again is counted once.
package struct MessageCounters: Sendable {
    /// What is counted by itself.
    package struct Kind: Hashable, Sendable {
        package let direction: TracedMessage.Direction
        package let exchange: ExchangeType
        package let isResponse: Bool

        package init(_ direction: TracedMessage.Direction, _ exchange: ExchangeType, isResponse: Bool) {
            self.direction = direction
            self.exchange = exchange
            self.isResponse = isResponse
        }
    }

    /// Of all IKE SAs together, also of those whose connection nobody knows yet.
    package private(set) var all: [Kind: UInt64] = [:]
    /// By the names of connections.
    package private(set) var connections: [String: [Kind: UInt64]] = [:]

    package init() {}

    mutating func count(_ kind: Kind, of connection: String?) {
        all[kind, default: 0] += 1
        if let connection { connections[connection, default: [:]][kind, default: 0] += 1 }
    }

    /// Begins anew, for one connection or, with nil, for all together.
    mutating func reset(_ connection: String?) {
        if let connection { connections[connection] = nil } else { all = [:] }
    }

    /// Begins anew for every connection.
    mutating func resetConnections() { connections = [:] }

    /// Connections that are not configured any more are not counted.
    mutating func forget(except names: Set<String>) { connections = connections.filter { names.contains($0.key) } }
}

/// Where the SAs of an engine count their messages.
final class MessageLedger {
    var counters = MessageCounters()
}

extension Endpoint {
    package var messageCounters: MessageCounters { messages.counters }

    /// Begins to count anew, for one connection or, with nil, for all together.
    package func resetMessageCounters(of connection: String?) { messages.counters.reset(connection) }

    /// Begins to count anew for each connection.
    package func resetConnectionCounters() { messages.counters.resetConnections() }
}

extension IKESA {
    func count(_ direction: TracedMessage.Direction, _ exchange: ExchangeType, isResponse: Bool, _ turn: Turn) {
        turn.messages.counters.count(
            MessageCounters.Kind(direction, exchange, isResponse: isResponse),
            of: connection?.name
        )
    }
}

// Which connections are shown, and in which order.

extension StatusReport {
    /// What `--sort` takes.
    enum Order: String, CaseIterable {
        case name
        /// What needs a look goes first: down, partly up, connecting, waiting, up.
        case state
        /// The busiest first: octets in a second with `--watch`, octets in all without.
        case traffic
        /// The youngest IKE SA first.
        case age
    }

    /// The connections of which a name, an identity, an address or the state has this text in it, whatever its case.
    func matching(_ text: String) -> StatusReport {
        let text = text.lowercased()
        var report = self
        report.connections.removeAll { connection in
            !connection.words.contains { $0.lowercased().contains(text) }
        }
        return report
    }

    /// - Parameter traffic: how much a connection carries, in whatever unit.
    func sorted(by order: Order, traffic: (Connection) -> Double) -> StatusReport {
        var report = self
        let indexed = report.connections.enumerated()
        func sorted<Key: Comparable>(_ key: (Connection) -> Key) -> [Connection] {
            // What is equal stays as it was.
            indexed.map { (key: key($0.element), index: $0.offset, connection: $0.element) }
                .sorted { ($0.key, $0.index) < ($1.key, $1.index) }.map(\.connection)
        }
        switch order {
        case .name: report.connections = sorted(\.name)
        case .state: report.connections = sorted(\.urgency)
        case .traffic: report.connections = sorted { -traffic($0) }
        case .age: report.connections = sorted { $0.ikeSAs.compactMap(\.age).min() ?? .max }
        }
        return report
    }
}

extension StatusReport.Connection {
    /// Octets of all its CHILD SAs.
    var octets: Double {
        ikeSAs.flatMap(\.children).reduce(0) { $0 + Double($1.inbound.bytes) + Double($1.outbound.bytes) }
    }

    fileprivate var urgency: Int {
        switch liveness {
        case .down: 0
        case .partial: 1
        case .connecting: 2
        case .waiting: 3
        case .up: 4
        }
    }

    fileprivate var words: [String] {
        let ends = ikeSAs.flatMap { [$0.local, $0.remote] }
        return [name, liveness.rawValue] + childNames + (configuration?.remoteAddresses ?? [])
            + ends.compactMap(\.identity) + ends.compactMap(\.host)
    }
}

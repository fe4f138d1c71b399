import VICI

/// Everything `ikectl status` shows: what the daemon is, what it is configured to do, and what of that is up.
struct StatusReport {
    /// How a configured connection stands.
    enum Liveness: String, CaseIterable {
        /// An IKE SA stands, and all children that ought to be up are.
        case up
        /// An IKE SA stands, but a child is missing.
        case partial
        /// The negotiation runs.
        case connecting
        case down
        /// Down, and waiting for a peer or for traffic to bring it up.
        case waiting
    }

    /// One connection with its IKE SAs; after rekeying or with many peers there are several.
    struct Connection {
        var name: String
        /// Nil when the SAs outlived their configuration.
        var configuration: ConfiguredConnection?
        var ikeSAs: [IKESAStatus]

        var liveness: Liveness {
            if ikeSAs.contains(where: \.isUp) { return missingChildren.isEmpty ? .up : .partial }
            if !ikeSAs.isEmpty { return .connecting }
            guard let configuration else { return .down }
            let children = configuration.children
            let waitsForTraffic = !children.isEmpty && children.allSatisfy(\.isTrapped)
            return configuration.waitsForPeers || waitsForTraffic ? .waiting : .down
        }

        /// The configured children that have no SA although an IKE SA stands, and that no traffic will bring up. Peers that
        /// call ask for the children that they want, so none is missing there.
        var missingChildren: [ConfiguredConnection.Child] {
            guard let configuration, !configuration.waitsForPeers else { return [] }
            return childrenWithoutSA.filter { !$0.isTrapped }
        }

        /// The configured children that have no SA although an IKE SA stands, and that a packet will bring up.
        var waitingChildren: [ConfiguredConnection.Child] { childrenWithoutSA.filter(\.isTrapped) }

        private var childrenWithoutSA: [ConfiguredConnection.Child] {
            guard let configuration, ikeSAs.contains(where: \.isUp) else { return [] }
            return configuration.children.filter { child in
                !ikeSAs.contains { $0.children.contains { $0.name == child.name } }
            }
        }
    }

    /// How many packets went the kernel's short ways for many at once.
    struct Offloads {
        /// Super-packets out of and into the TUN device.
        var read: UInt64?
        var written: UInt64?
        /// ESP packets that left joined, and that came merged.
        var joined: UInt64?
        var merged: UInt64?
        /// How often the kernel refused, so that packets went one by one.
        var refused: UInt64?
    }

    var daemon: String
    var version: String?
    /// Seconds.
    var uptime: Int?
    var offloads: Offloads
    /// In the order of the configuration; SAs without one come last.
    var connections: [Connection]

    var ikeSACount: Int { connections.reduce(0) { $0 + $1.ikeSAs.count } }
    var childSACount: Int { connections.reduce(0) { $1.ikeSAs.reduce($0) { $0 + $1.children.count } } }

    /// How many connections stand how.
    var tally: [Liveness: Int] {
        connections.reduce(into: [:]) { tally, connection in tally[connection.liveness, default: 0] += 1 }
    }
}

extension StatusReport.Connection {
    /// Adds an IKE SA, or further children to the last one.
    fileprivate mutating func add(_ ikeSA: IKESAStatus) {
        if let last = ikeSAs.indices.last, ikeSA.uniqueID != nil, ikeSAs[last].uniqueID == ikeSA.uniqueID {
            ikeSAs[last].children += ikeSA.children
        } else {
            ikeSAs.append(ikeSA)
        }
    }

    fileprivate mutating func noteTrap(of child: String?) {
        for index in (configuration?.children ?? []).indices where configuration?.children[index].name == child {
            configuration?.children[index].isTrapped = true
        }
    }
}

// MARK: - Asking the daemon

extension StatusReport.Offloads {
    fileprivate init(_ section: VICIMessage?) {
        read = section?.number("tun-super-packets-read")
        written = section?.number("tun-super-packets-written")
        joined = section?.number("udp-packets-joined")
        merged = section?.number("udp-packets-merged")
        refused = section?.number("refused")
    }
}

extension StatusReport {
    /// What a person needs to know who calls a tunnel by a name, whatever `tunnels(named:)` says that it means. Most names are
    /// those of connections, and the daemon is asked for no other then.
    static func about(
        _ name: String,
        from daemon: inout DaemonConnection,
        withSAs: Bool = true
    ) throws(Failure) -> StatusReport {
        let connections = [name[...]] + name.split(separator: "/", maxSplits: 1).dropLast()
        for connection in connections {
            let report = try StatusReport(from: &daemon, connection: String(connection), withSAs: withSAs)
            if !report.tunnels(named: name).isEmpty { return report }
        }
        // It may be one that has SAs and no configuration any more.
        return try StatusReport(from: &daemon)
    }

    /// The connections that a name means, by themselves or by a child; without a name all of them.
    static func limited(
        to name: String?,
        from daemon: inout DaemonConnection,
        withSAs: Bool = true
    ) throws(Failure) -> StatusReport {
        guard let name else { return try StatusReport(from: &daemon, withSAs: withSAs) }
        var report = try about(name, from: &daemon, withSAs: withSAs)
        let named = Set(report.tunnels(named: name).map(\.connection))
        guard !named.isEmpty else { throw report.unknown(name) }
        report.connections.removeAll { !named.contains($0.name) }
        return report
    }

    /// - Parameters:
    ///   - connection: the only one to ask for; nil: all.
    ///   - withSAs: whether it is of interest what stands, besides what is configured.
    init(
        from daemon: inout DaemonConnection,
        connection: String? = nil,
        withSAs: Bool = true
    ) throws(Failure) {
        var filter: VICIMessage = [:]
        if let connection { filter.append("ike", text: connection) }
        let version = try daemon.call("version")
        let statistics = try daemon.call("stats")
        var connections: [Connection] = []
        // What has very many children comes in several events, one after the other.
        try daemon.call("list-conns", filter, events: ["list-conn"]) { _, message in
            for (name, section) in message.sections {
                let configuration = ConfiguredConnection(name: name, section)
                if let last = connections.indices.last, connections[last].name == name {
                    connections[last].configuration?.children += configuration.children
                } else {
                    connections.append(Connection(name: name, configuration: configuration, ikeSAs: []))
                }
            }
        }
        var positions: [String: Int] = [:]
        for (position, connection) in connections.enumerated() { positions[connection.name] = position }
        var traps = filter
        traps.append("trap", text: "yes")
        try daemon.call("list-policies", traps, events: ["list-policy"]) { _, message in
            for (_, policy) in message.sections {
                guard let position = policy["ike"].flatMap({ positions[$0] }) else { continue }
                connections[position].noteTrap(of: policy["child"])
            }
        }
        if withSAs {
            try daemon.call("list-sas", filter, events: ["list-sa"]) { _, message in
                for (name, section) in message.sections {
                    let ikeSA = IKESAStatus(connection: name, section)
                    if let position = positions[name] {
                        connections[position].add(ikeSA)
                    } else {
                        positions[name] = connections.count
                        connections.append(Connection(name: name, configuration: nil, ikeSAs: [ikeSA]))
                    }
                }
            }
        }
        self.init(
            daemon: version["daemon"] ?? "daemon",
            version: version["version"],
            uptime: statistics.section("uptime")?.number("seconds"),
            offloads: Offloads(statistics.section("offloads")),
            connections: connections
        )
    }
}

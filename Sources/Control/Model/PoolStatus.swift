import VICI

/// A pool of addresses and its leases, as the daemon's `get-pools` tells them.
struct PoolStatus {
    /// An address and whose it is.
    struct Lease {
        var address: String
        var identity: String
        var isOnline: Bool
        /// Seconds for which it has been so.
        var since: Int?
    }

    var name: String
    /// The first address.
    var base: String?
    /// How many addresses there are, in decimal digits: of IPv6 there may be more than 64 bits count.
    var size: String?
    var online: Int
    var offline: Int
    /// Sorted by address; nil where they were not asked for.
    var leases: [Lease]?

    init(name: String, _ message: VICIMessage) {
        self.name = name
        base = message["base"]
        size = message["size"]
        online = message.number("online") ?? 0
        offline = message.number("offline") ?? 0
        leases = message.section("leases").map { Self.leases($0) }
    }

    private static func leases(_ section: VICIMessage) -> [Lease] {
        section.sections.map { _, lease in
            Lease(
                address: lease["address"] ?? "",
                identity: lease["identity"] ?? "",
                isOnline: lease["status"] == "online",
                since: lease.number("since")
            )
        }
    }

    // MARK: - Asking

    /// All pools, or those of a name, with their leases if they are wanted.
    static func all(
        of daemon: inout DaemonConnection,
        named name: String?,
        withLeases: Bool
    ) throws(Failure) -> [PoolStatus] {
        var request: VICIMessage = [:]
        if let name { request.append("name", .text(name)) }
        var pools = try daemon.call("get-pools", request).sections.map { PoolStatus(name: $0.name, $0.section) }
        guard withLeases else { return pools }
        for index in pools.indices { pools[index].leases = try leases(of: pools[index].name, &daemon) }
        return pools
    }

    /// An answer holds some thousands of leases, so that there may be several.
    private static func leases(of pool: String, _ daemon: inout DaemonConnection) throws(Failure) -> [Lease] {
        var leases: [Lease] = []
        while true {
            let request: VICIMessage = ["name": .text(pool), "leases": "yes", "from": .number(leases.count)]
            // The pool may be gone meanwhile.
            guard let section = try daemon.call("get-pools", request).section(pool) else { return leases }
            let more = Self.leases(section.section("leases") ?? [:])
            leases += more
            guard !more.isEmpty, section.number("leases-left") ?? 0 > 0 else { return leases }
        }
    }
}

// MARK: - JSON

extension PoolStatus {
    /// An element of `ikectl pools --json`; `Sources/Control/README.md` describes it.
    var json: JSON {
        .object(
            [
                ("name", .string(name)), ("base", .text(base)), ("size", size.map { .number($0) } ?? .null),
                ("online", .integer(online)), ("offline", .integer(offline)),
            ] + (leases.map { [("leases", .array($0.map(\.json)))] } ?? [])
        )
    }
}

extension PoolStatus.Lease {
    fileprivate var json: JSON {
        .object([
            ("address", .string(address)), ("identity", .string(identity)), ("online", .bool(isOnline)),
            ("since", .integer(since)),
        ])
    }
}

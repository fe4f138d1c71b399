import IKECrypto
import IKEWire
import Inet

/// Who has which address of which pool.
final class LeaseTable {
    private let calendar: @Sendable () -> UnixTime
    private var pools: [String: PoolLeases] = [:]
    /// What each lineage of IKE SAs uses.
    private var held: [UInt32: [(pool: PoolLeases, address: IPAddress)]] = [:]
    /// Counts what has changed, so that whoever keeps leases knows when there is something to keep.
    private(set) var changes: UInt64 = 0

    init(calendar: @escaping @Sendable () -> UnixTime) { self.calendar = calendar }

    /// The pools from now on. Leases of others are kept: theirs may come back.
    func configure(_ configured: [AddressPool]) {
        for pool in configured { leases(of: pool.name).configure(pool) }
    }

    /// An address of the pool for an IKE SA with this identity; nil if none is left.
    ///
    /// - Parameters:
    ///   - wanted: what the peer would like to have, such as what it had before.
    ///   - takesOver: the SAs that the identity has will end, so that their address goes on to this one.
    ///   - lineage: of the IKE SA.
    func assign(
        from pool: AddressPool,
        to identity: Identification,
        wanted: IPAddress?,
        takesOver: Bool,
        lineage: UInt32
    ) -> IPAddress? {
        guard let leases = pools[pool.name] else { return nil }
        let address = leases.assign(
            to: identity.normalized,
            wanted: wanted,
            takesOver: takesOver,
            lineage: lineage,
            now: calendar()
        )
        guard let address else { return nil }
        held[lineage, default: []].append((leases, address))
        changes += 1
        return address
    }

    /// The IKE SA is over.
    func release(_ lineage: UInt32) {
        guard let addresses = held.removeValue(forKey: lineage) else { return }
        let now = calendar()
        for (pool, address) in addresses { pool.release(address, lineage, now: now) }
        changes += 1
    }

    func isHolding(_ lineage: UInt32) -> Bool { held[lineage] != nil }

    func usage(of pool: String) -> (online: Int, offline: Int) {
        pools[pool].map { ($0.online, $0.offline) } ?? (0, 0)
    }

    // MARK: - Keeping

    /// The leases of every pool, of each the longest gone first and those in use last.
    var all: [Lease] { pools.sorted { $0.key < $1.key }.flatMap(\.value.all) }

    func all(of pool: String) -> [Lease] { pools[pool]?.all ?? [] }

    /// Takes up again what `all` said before.
    func restore(_ leases: [Lease]) {
        let now = calendar()
        for lease in leases { self.leases(of: lease.pool).restore(lease, now: now) }
    }

    private func leases(of pool: String) -> PoolLeases {
        if let known = pools[pool] { return known }
        let new = PoolLeases(name: pool)
        pools[pool] = new
        return new
    }
}

import IKEWire
import Inet

/// Who has which address of a pool.
///
/// An address stays with the identity that had it: who comes back gets the same, as long as no other one needs it. Only when
/// every address has been somebody's, those of peers that are gone are given away, the longest gone first.
final class LeaseTable {
    /// An address of a pool and whose it is.
    private struct Lease {
        let address: IPAddress
        let identity: Identification
        /// The lineages of the IKE SAs that use it; empty: its holder is gone.
        var holders: Set<UInt32>
    }

    private struct Pool {
        /// Those of holders that are gone stand in the order in which they went, before the others.
        var leases: [Lease] = []
        /// The next address that was never anybody's; nil: each was.
        var fresh: IPAddress?
        var range: ClosedRange<IPAddress>

        init(_ range: ClosedRange<IPAddress>) {
            self.range = range
            fresh = range.lowerBound
        }
    }

    /// What a pool has given out.
    struct Usage {
        var online = 0
        var offline = 0
    }

    private var pools: [String: Pool] = [:]

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
        let identity = identity.normalized
        var state = pools[pool.name] ?? Pool(pool.addresses)
        if state.range != pool.addresses { state = moved(state, to: pool.addresses) }
        defer { pools[pool.name] = state }
        let own = state.leases.indices.filter { state.leases[$0].identity == identity }
        let mayHave =
            own.first { state.leases[$0].address == wanted }
            ?? own.first { state.leases[$0].holders.isEmpty || takesOver }
        if let index = mayHave {
            var lease = state.leases.remove(at: index)
            lease.holders.insert(lineage)
            state.leases.append(lease)
            return lease.address
        }
        guard let address = free(&state, wanted: wanted) else { return nil }
        state.leases.append(Lease(address: address, identity: identity, holders: [lineage]))
        return address
    }

    /// The IKE SA is over.
    func release(_ lineage: UInt32) {
        for name in pools.keys {
            guard var state = pools[name] else { continue }
            for index in state.leases.indices.reversed() where state.leases[index].holders.contains(lineage) {
                state.leases[index].holders.remove(lineage)
                guard state.leases[index].holders.isEmpty else { continue }
                let lease = state.leases.remove(at: index)
                let place = state.leases.firstIndex { !$0.holders.isEmpty } ?? state.leases.endIndex
                state.leases.insert(lease, at: place)
            }
            pools[name] = state
        }
    }

    func isHolding(_ lineage: UInt32) -> Bool {
        pools.values.contains { $0.leases.contains { $0.holders.contains(lineage) } }
    }

    func usage(of pool: String) -> Usage {
        (pools[pool]?.leases ?? []).reduce(into: Usage()) { usage, lease in
            if lease.holders.isEmpty { usage.offline += 1 } else { usage.online += 1 }
        }
    }

    // MARK: -

    private func free(_ state: inout Pool, wanted: IPAddress?) -> IPAddress? {
        let taken = Set(state.leases.map(\.address))
        if let wanted, state.range.contains(wanted), wanted.family == state.range.lowerBound.family,
            !taken.contains(wanted)
        {
            return wanted
        }
        while let address = state.fresh {
            state.fresh = address == state.range.upperBound ? nil : address.successor
            if !taken.contains(address) { return address }
        }
        guard let index = state.leases.firstIndex(where: { $0.holders.isEmpty }) else { return nil }
        return state.leases.remove(at: index).address
    }

    /// The pool is configured anew: what is outside of it now is nobody's, once its holder is gone.
    private func moved(_ state: Pool, to range: ClosedRange<IPAddress>) -> Pool {
        var new = Pool(range)
        new.leases = state.leases.filter { lease in
            !lease.holders.isEmpty || range.contains(lease.address)
        }
        return new
    }
}

import IKECrypto
import IKEWire
import Inet

/// Who has which address of one pool.
///
/// An address stays with the identity that had it: who comes back gets the same, as long as no other one needs it. Only when
/// every address has been somebody's, those of peers that are gone are given away, the longest gone first. Nothing is
/// searched for: with however many leases, one is given and taken back in about the same time.
final class PoolLeases {
    private struct Entry {
        let identity: Identification
        /// The lineages of the IKE SAs that use the address; empty: its holder is gone.
        var holders: Set<UInt32> = []
        /// Since when it is used, or is not.
        var since: UnixTime
        /// Of the holder's departure.
        var ticket: Departures.Ticket?
    }

    /// Addresses that are kept for peers that are gone; of a pool of IPv6 there would be no end.
    static let mostKept = 1 << 16

    private let name: String
    private let mostKept: Int
    /// Nil: there are leases of a pool that is not configured, or not yet.
    private var pool: AddressPool?
    private var entries: [IPAddress: Entry] = [:]
    /// In the order in which the identity got them.
    private var addresses: [Identification: [IPAddress]] = [:]
    private var departures = Departures()
    /// The next address that was never anybody's; nil: each was.
    private var fresh: IPAddress?
    /// Whether there may be addresses in front of `fresh` that are nobody's.
    private var mayHaveGaps = false
    private(set) var online = 0

    var offline: Int { entries.count - online }

    init(name: String, mostKept: Int = PoolLeases.mostKept) {
        self.name = name
        self.mostKept = mostKept
    }

    /// The pool is configured, or anew: what it may not give any longer is nobody's, once its holder is gone.
    func configure(_ new: AddressPool) {
        guard new != pool else { return }
        pool = new
        fresh = new.addresses.lowerBound
        mayHaveGaps = false
        let lost = entries.filter { $1.holders.isEmpty && !new.mayGive($0, to: $1.identity) }
        for address in lost.keys { forget(address) }
    }

    // MARK: - Giving and taking back

    /// An address for an IKE SA with this identity; nil if none is left.
    ///
    /// - Parameters:
    ///   - identity: normalized.
    ///   - wanted: what the peer would like to have, such as what it had before.
    ///   - takesOver: the SAs that the identity has will end, so that their address goes on to this one.
    ///   - lineage: of the IKE SA.
    func assign(
        to identity: Identification,
        wanted: IPAddress?,
        takesOver: Bool,
        lineage: UInt32,
        now: UnixTime
    ) -> IPAddress? {
        guard let pool else { return nil }
        let own = (addresses[identity] ?? []).filter { pool.mayGive($0, to: identity) }
        let address =
            own.first { $0 == wanted }
            ?? fixedAddress(of: identity, in: pool, takesOver: takesOver)
            ?? own.first { takesOver || entries[$0]?.holders.isEmpty == true }
            ?? free(for: identity, in: pool, wanted: wanted)
        guard let address else { return nil }
        if entries[address] == nil {
            entries[address] = Entry(identity: identity, since: now)
            addresses[identity, default: []].append(address)
        }
        hold(address, lineage, now)
        return address
    }

    private func hold(_ address: IPAddress, _ lineage: UInt32, _ now: UnixTime) {
        guard var entry = entries[address] else { return }
        if entry.holders.isEmpty {
            online += 1
            entry.since = now
            entry.ticket = nil
        }
        entry.holders.insert(lineage)
        entries[address] = entry
    }

    /// An IKE SA uses the address no longer.
    func release(_ address: IPAddress, _ lineage: UInt32, now: UnixTime) {
        guard var entry = entries[address], entry.holders.remove(lineage) != nil else { return }
        if entry.holders.isEmpty {
            online -= 1
            entry.since = now
            entry.ticket = departures.append(address)
        }
        entries[address] = entry
        guard entry.holders.isEmpty else { return }
        if let pool, !pool.mayGive(address, to: entry.identity) { forget(address) }
        forgetSurplus()
        departures.tidy(valid: offline, isValid)
    }

    // MARK: - Keeping

    /// Every lease: first those of peers that are gone, the longest gone first.
    var all: [Lease] {
        let present = entries.filter { !$1.holders.isEmpty }.map(\.key).sorted()
        return (departures.addresses(isValid) + present).compactMap { address in
            entries[address].map {
                Lease(
                    pool: name,
                    address: address,
                    identity: $0.identity,
                    isOnline: !$0.holders.isEmpty,
                    since: $0.since
                )
            }
        }
    }

    /// Takes up again what was kept from before; its holder is gone.
    func restore(_ lease: Lease, now: UnixTime) {
        let identity = lease.identity.normalized
        guard entries[lease.address] == nil, pool?.mayGive(lease.address, to: identity) ?? true else { return }
        var entry = Entry(identity: identity, since: lease.isOnline ? now : lease.since)
        entry.ticket = departures.append(lease.address)
        entries[lease.address] = entry
        addresses[identity, default: []].append(lease.address)
        forgetSurplus()
    }

    // MARK: - Free addresses

    /// The address that is for the identity alone, unless an IKE SA has it.
    private func fixedAddress(of identity: Identification, in pool: AddressPool, takesOver: Bool) -> IPAddress? {
        guard let address = pool.fixedAddress(of: identity) else { return nil }
        guard let entry = entries[address] else { return address }
        if entry.identity == identity { return entry.holders.isEmpty || takesOver ? address : nil }
        // It was given to another one before it was meant for this one.
        guard entry.holders.isEmpty else { return nil }
        forget(address)
        return address
    }

    private func free(for identity: Identification, in pool: AddressPool, wanted: IPAddress?) -> IPAddress? {
        if let wanted, entries[wanted] == nil, pool.mayGive(wanted, to: identity) { return wanted }
        if let address = nextFresh(for: identity, in: pool) { return address }
        while let address = departures.popFirst(isValid) {
            forget(address)
            if pool.mayGive(address, to: identity) { return address }
        }
        guard mayHaveGaps else { return nil }
        mayHaveGaps = false
        fresh = pool.addresses.lowerBound
        return nextFresh(for: identity, in: pool)
    }

    private func nextFresh(for identity: Identification, in pool: AddressPool) -> IPAddress? {
        while let address = fresh {
            fresh = address == pool.addresses.upperBound ? nil : address.successor
            if entries[address] == nil, pool.mayGive(address, to: identity) { return address }
        }
        return nil
    }

    private func forgetSurplus() {
        while offline > mostKept, let address = departures.popFirst(isValid) { forget(address) }
    }

    private func forget(_ address: IPAddress) {
        guard let entry = entries.removeValue(forKey: address) else { return }
        mayHaveGaps = true
        let others = (addresses[entry.identity] ?? []).filter { $0 != address }
        addresses[entry.identity] = others.isEmpty ? nil : others
    }

    private func isValid(_ ticket: Departures.Ticket) -> Bool { entries[ticket.address]?.ticket == ticket }
}

package import ESP
package import IKEWire
import Inet

// Which SA carries a packet
// =========================
//
// The outbound side of the SPD (RFC 4301 section 4.4.1) holds, for each CHILD SA and each trap, pairs of a local and a remote traffic
// selector. Where several pairs fit a packet, the closest one decides:
//
//   1. the longest remote prefix, as in any routing table;
//   2. of these the longest local prefix;
//   3. of these one that names a protocol before one that does not, and the one with fewer ports;
//   4. of these an SA before a trap, which asks for an SA only where none is as close;
//   5. of these one that is the worker's own before one that is for all;
//   6. of these the latest that was installed, so that the SA of a rekeying takes over the moment it is there.
//
// The table is a tuple space: all pairs with the same two prefix lengths share one hash table keyed by the two
// prefixes. A look-up walks the few combinations of lengths that occur, the most specific first, and hashes once for each;
// a gateway with 100,000 road warriors of one /32 each asks one hash table. A range that is no prefix stands under the
// smallest prefix around it, and counts as that long; the selectors themselves are compared in the end. So a pair of
// selectors is one entry, whatever a peer has proposed.

/// The outbound policies and what each leads to. A plain value; looking up allocates nothing.
package struct PolicyTable<Target> {
    private var v4: [Tuple] = []
    private var v6: [Tuple] = []
    /// What an owner has entries for, for removing them. The memory of the selectors is that of who knows them as well.
    private var selectors: [PolicyOwner: (local: [TrafficSelector], remote: [TrafficSelector])] = [:]
    /// How many entries there are: pairs of selectors.
    package private(set) var count = 0
    private var nextOrder: UInt64 = 0
    /// What was found for the last of many packets.
    private var latest: (flow: Flow, target: Target?)?

    package init() {}

    /// The same as `target(for:)` for the next of many packets, which is quicker if it is of the flow of the one before.
    package mutating func target(forNext packet: InnerPacket) -> Target? {
        guard let flow = Flow(of: packet) else { return target(for: packet) }
        if let latest, latest.flow == flow { return latest.target }
        let target = target(for: packet)
        latest = (flow, target)
        return target
    }

    /// The target of the closest policy that fits `packet`; nil if none does.
    package func target(for packet: InnerPacket) -> Target? {
        switch packet.family {
        case .v4: Self.target(for: packet, in: v4)
        case .v6: Self.target(for: packet, in: v6)
        }
    }

    /// The same among the targets that fit only.
    package func target(for packet: InnerPacket, where fits: (Target) -> Bool) -> Target? {
        let tuples =
            switch packet.family {
            case .v4: v4
            case .v6: v6
            }
        for tuple in tuples {
            let key = tuple.masks.key(local: packet.source, remote: packet.destination)
            let entry = tuple.entries[key]?.first { fits($0.target) && $0.admits(packet) }
            if let entry { return entry.target }
        }
        return nil
    }

    private static func target(for packet: InnerPacket, in tuples: [Tuple]) -> Target? {
        for index in tuples.indices {
            let key = tuples[index].masks.key(local: packet.source, remote: packet.destination)
            guard let entries = tuples[index].entries[key] else { continue }
            for index in entries.indices where entries[index].admits(packet) { return entries[index].target }
        }
        return nil
    }
}

// MARK: - Changes

extension PolicyTable {
    /// Adds the policies of an SA or a trap: every pair of a local and a remote selector that can fit one packet.
    ///
    /// - Parameter isOwn: whether the SA is for nobody but who has this table.
    package mutating func insert(
        _ target: Target,
        for owner: PolicyOwner,
        isOwn: Bool = false,
        local: [TrafficSelector],
        remote: [TrafficSelector]
    ) {
        Self.forEachPair(local, remote) { insert(target, owner, isOwn, $0, $1) }
        selectors[owner] = (local, remote)
        nextOrder &+= 1
        latest = nil
    }

    /// Removes all policies of an SA or a trap.
    package mutating func remove(_ owner: PolicyOwner) {
        latest = nil
        guard let (local, remote) = selectors.removeValue(forKey: owner) else { return }
        Self.forEachPair(local, remote) { local, remote in
            let place = Place(local, remote)
            switch place.family {
            case .v4: count -= Self.remove(owner, place, from: &v4)
            case .v6: count -= Self.remove(owner, place, from: &v6)
            }
        }
    }

    /// Every pair that can fit one packet.
    private static func forEachPair(
        _ local: [TrafficSelector],
        _ remote: [TrafficSelector],
        _ body: (TrafficSelector, TrafficSelector) -> Void
    ) {
        for localSelector in local {
            for remoteSelector in remote where localSelector.canMeet(remoteSelector) {
                body(localSelector, remoteSelector)
            }
        }
    }

    private mutating func insert(
        _ target: Target,
        _ owner: PolicyOwner,
        _ isOwn: Bool,
        _ local: TrafficSelector,
        _ remote: TrafficSelector
    ) {
        let entry = Entry(
            rank: Rank(local, remote, isTrap: owner.isTrap, isOwn: isOwn, order: nextOrder),
            owner: owner,
            condition: local.isPrefix && remote.isPrefix
                ? .none : .selectors(SelectorPair(source: local, destination: remote)),
            target: target
        )
        let place = Place(local, remote)
        switch place.family {
        case .v4: Self.insert(entry, place, into: &v4)
        case .v6: Self.insert(entry, place, into: &v6)
        }
        count += 1
    }

    private static func insert(_ entry: Entry, _ place: Place, into tuples: inout [Tuple]) {
        let position = tuples.firstIndex { $0.lengths <= place.lengths } ?? tuples.endIndex
        if position == tuples.endIndex || tuples[position].lengths != place.lengths {
            tuples.insert(Tuple(lengths: place.lengths, masks: place.masks), at: position)
        }
        tuples[position].insert(entry, at: place.key)
    }

    /// - Returns: how many entries the owner had there.
    private static func remove(_ owner: PolicyOwner, _ place: Place, from tuples: inout [Tuple]) -> Int {
        guard let position = tuples.firstIndex(where: { $0.lengths == place.lengths }) else { return 0 }
        let removed = tuples[position].remove(owner, at: place.key)
        if tuples[position].entries.isEmpty { tuples.remove(at: position) }
        return removed
    }
}

// MARK: - Parts

/// Whose policies they are.
package enum PolicyOwner: Hashable, Sendable {
    case child(ChildID)
    case trap(TrapID)

    fileprivate var isTrap: Bool {
        switch self {
        case .child: false
        case .trap: true
        }
    }
}

/// All that selectors see of a whole packet, as numbers that are quick to compare.
private struct Flow: Equatable {
    private let source: (high: UInt64, low: UInt64)
    private let destination: (high: UInt64, low: UInt64)
    /// Version, protocol, what stands for ports, and whether each is there.
    private let rest: UInt64

    /// Nil for a fragment, which may go another way than the others of its packet.
    init?(of packet: InnerPacket) {
        guard packet.fragment == nil else { return nil }
        source = (packet.source.high, packet.source.low)
        destination = (packet.destination.high, packet.destination.low)
        let version: UInt64 =
            switch packet.family {
            case .v4: 4
            case .v6: 6
            }
        let nextLayer = packet.nextLayer.map { UInt64($0.rawValue) | 0x100 } ?? 0
        let ports: UInt64 =
            switch packet.ports {
            case .pair(let source, let destination): 1 << 32 | UInt64(source) << 16 | UInt64(destination)
            case .messageType(let type): 2 << 32 | UInt64(type)
            case nil: 0
            }
        rest = version << 56 | nextLayer << 40 | ports
    }

    static func == (left: Flow, right: Flow) -> Bool {
        left.source == right.source && left.destination == right.destination && left.rest == right.rest
    }
}

extension PolicyTable {
    /// One pair of selectors under one pair of prefixes.
    private struct Entry {
        let rank: Rank
        let owner: PolicyOwner
        let condition: Condition
        let target: Target

        @inline(__always)
        func admits(_ packet: InnerPacket) -> Bool {
            switch condition {
            case .none: true
            case .selectors(let selectors): selectors.admits(packet)
            }
        }
    }

    /// What a packet of the prefixes must fit besides.
    private enum Condition {
        /// The selectors are the prefixes.
        case none
        indirect case selectors(SelectorPair)
    }

    /// All entries whose prefixes have the same lengths.
    private struct Tuple {
        let lengths: PrefixLengths
        let masks: PrefixMasks
        /// The entries for a pair of prefixes, the closest first.
        private(set) var entries: [PrefixKey: [Entry]] = [:]

        init(lengths: PrefixLengths, masks: PrefixMasks) {
            self.lengths = lengths
            self.masks = masks
        }

        mutating func insert(_ entry: Entry, at key: PrefixKey) {
            let list = entries[key, default: []]
            let position = list.firstIndex { $0.rank < entry.rank } ?? list.endIndex
            entries[key, default: []].insert(entry, at: position)
        }

        /// - Returns: how many entries that were.
        mutating func remove(_ owner: PolicyOwner, at key: PrefixKey) -> Int {
            let before = entries[key]?.count ?? 0
            entries[key]?.removeAll { $0.owner == owner }
            let after = entries[key]?.count ?? 0
            if after == 0 { entries[key] = nil }
            return before - after
        }
    }

    /// Where the entry for a pair of selectors stands.
    private struct Place {
        let family: IPAddress.Family
        let lengths: PrefixLengths
        let masks: PrefixMasks
        let key: PrefixKey

        init(_ local: TrafficSelector, _ remote: TrafficSelector) {
            family = local.family
            lengths = PrefixLengths(local: local.commonLength, remote: remote.commonLength)
            masks = PrefixMasks(lengths, family)
            key = masks.key(local: local.addresses.lowerBound, remote: remote.addresses.lowerBound)
        }
    }
}

extension TrafficSelector {
    /// Whether a packet can fit this selector with one side and `other` with its other side.
    fileprivate func canMeet(_ other: TrafficSelector) -> Bool {
        family == other.family
            && (protocolID == other.protocolID || protocolID == .any || other.protocolID == .any)
    }

    /// Whether it admits all packets of the smallest prefix around it.
    fileprivate var isPrefix: Bool {
        IPPrefix(addresses.lowerBound, length: commonLength).map { TrafficSelector($0) == self } ?? false
    }

    /// How many leading bits all addresses of the selector share.
    fileprivate var commonLength: Int {
        let (first, last) = (addresses.lowerBound, addresses.upperBound)
        let difference = UInt128(first.high ^ last.high) << 64 | UInt128(first.low ^ last.low)
        return difference.leadingZeroBitCount - (128 - family.bitWidth)
    }
}

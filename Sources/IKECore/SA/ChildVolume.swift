import IKECrypto
import IKEWire
import Inet

// CHILD SAs are renewed by what they carry as well (RFC 4301 section 4.4.2.1), and before their sequence numbers run out
// (RFC 4303 section 3.3.3).

/// What a CHILD SA has carried so far, as the data plane counts it.
package struct ChildUsage: Hashable, Sendable {
    /// When an authentic packet came in last; nil: never.
    package var lastInbound: Instant?
    /// When a packet went out last; nil: never.
    package var lastOutbound: Instant?
    package var octetsIn: UInt64
    package var octetsOut: UInt64
    package var packetsIn: UInt64
    package var packetsOut: UInt64

    package init(
        lastInbound: Instant? = nil,
        lastOutbound: Instant? = nil,
        octetsIn: UInt64 = 0,
        octetsOut: UInt64 = 0,
        packetsIn: UInt64 = 0,
        packetsOut: UInt64 = 0
    ) {
        self.lastInbound = lastInbound
        self.lastOutbound = lastOutbound
        self.octetsIn = octetsIn
        self.octetsOut = octetsOut
        self.packetsIn = packetsIn
        self.packetsOut = packetsOut
    }
}

extension VolumeLimit {
    /// Sequence numbers of 32 bits last for this many packets, of which the last sixteenth is left for the rekeying to
    /// succeed in.
    static let standardSequenceNumbers = VolumeLimit(
        rekey: UInt64(UInt32.max) / 16 * 15,
        jitter: UInt64(UInt32.max) / 16,
        hard: UInt64(UInt32.max)
    )

    /// The limit with a random part of the jitter taken off.
    func drawn(_ random: any RandomSource) -> VolumeLimit {
        let part = Double(random.uint32()) / Double(UInt32.max)
        let taken = UInt64(Double(jitter) * part)
        return VolumeLimit(rekey: rekey.map { $0 > taken ? $0 - taken : 1 }, hard: hard)
    }

    /// The lower of both limits in each respect.
    func combined(with other: VolumeLimit) -> VolumeLimit {
        VolumeLimit(
            rekey: [rekey, other.rekey].compactMap { $0 }.min(),
            hard: [hard, other.hard].compactMap { $0 }.min()
        )
    }
}

extension IKESA {
    /// When the counters of the CHILD SAs are wanted next; nil while there are none.
    ///
    /// Every second where a volume was configured, else so that traffic without an answer is seen soon. Sequence numbers take
    /// minutes to run out on the fastest links.
    var usageWantedAt: Instant? {
        var interval: Duration?
        for entry in children where entry.state == .installed {
            let isLimited = entry.policy.octetLimit.isSet || entry.policy.packetLimit.isSet
            let wanted: Duration = isLimited ? .seconds(1) : .seconds(5)
            interval = interval.map { min($0, wanted) } ?? wanted
        }
        return interval.map { usageNotedAt + $0 }
    }

    /// Whether the counters are those of a CHILD SA of this IKE SA, too.
    func isTold(by usage: [UInt32: ChildUsage]) -> Bool {
        children.contains { usage[$0.childSA.id] != nil }
    }

    /// Acts on what CHILD SAs have carried.
    func noteUsage(_ usage: [UInt32: ChildUsage], _ turn: Turn) {
        usageNotedAt = turn.now
        var expired: [ChildEntry] = []
        for entry in children {
            let id = entry.childSA.id
            guard let used = usage[id] else { continue }
            if let sent = used.lastOutbound { lastSent = max(lastSent, sent) }
            guard entry.state == .installed else { continue }
            if let lastInbound = used.lastInbound { lastHeard = max(lastHeard, lastInbound) }
            let (octets, packets) = (max(used.octetsIn, used.octetsOut), max(used.packetsIn, used.packetsOut))
            let (octetLimit, packetLimit) = (entry.childSA.octets, entry.childSA.packets)
            if Self.exceeds(octets, octetLimit.hard) || Self.exceeds(packets, packetLimit.hard) {
                expired.append(entry)
            } else if Self.exceeds(octets, octetLimit.rekey) || Self.exceeds(packets, packetLimit.rekey),
                entry.childSA.rekeyAt.map({ $0 > turn.now }) ?? true, !isRekeyingPending(id)
            {
                pending.append(.rekeyChild(id: id, nil))
            }
        }
        for entry in expired { expire(entry, "it has carried as much as it may", turn) }
        sendWhereThePeerDoes(usage, turn)
        watchDirections(usage, turn)
        startPending(turn)
    }

    private static func exceeds(_ used: UInt64, _ limit: UInt64?) -> Bool { limit.map { used >= $0 } ?? false }

    private func isRekeyingPending(_ id: UInt32) -> Bool {
        (pending + postponed.map(\.exchange)).contains { exchange in
            guard case .rekeyChild(id, _) = exchange else { return false }
            return true
        }
    }
}

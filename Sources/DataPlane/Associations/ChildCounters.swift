import ESP

/// What has passed through one CHILD SA so far. Octets are those of inner packets; times are of `MonotonicClock`.
package struct ChildCounters: Hashable, Sendable {
    /// One direction's traffic.
    package struct Traffic: Hashable, Sendable {
        package var packets: UInt64 = 0
        package var octets: UInt64 = 0
        /// When a packet passed last, in nanoseconds; 0: never.
        package var lastUse: UInt64 = 0

        package init() {}
    }

    package var inbound = Traffic()
    package var outbound = Traffic()
    /// Packets of the peer that carry nothing, and hide when it sends something (RFC 4303 section 2.6); discarded.
    package var dummies: UInt64 = 0
    /// Packets that were not let in, and why.
    package var inboundDrops = InboundDrops()
    /// Packets that were not sent, and why.
    package var outboundDrops = OutboundDrops()
    /// Octets of the largest inner packet that the SA sends in one piece, by what is known of its path now; 0 before an
    /// outbound SA is installed.
    package var innerMTU: Int = 0
    /// Octets of the largest outer packet, by what is known of the path now; 0 before an outbound SA is installed.
    package var pathMTU: Int = 0

    package init() {}

    package struct InboundDrops: Hashable, Sendable {
        /// Seen before, or left of the replay window.
        package var replayed: UInt64 = 0
        /// The integrity check failed.
        package var unauthentic: UInt64 = 0
        /// Of an impossible length, or authentic with content that no peer should send.
        package var malformed: UInt64 = 0
        /// Authentic, but outside of the traffic selectors.
        package var selectorMismatches: UInt64 = 0
        /// Lost to tell of congestion (RFC 6040).
        package var congestion: UInt64 = 0
        /// The crypto library failed.
        package var cipherFailures: UInt64 = 0

        package init() {}
    }

    package struct OutboundDrops: Hashable, Sendable {
        /// Too large for the path; the sender was told if it may be told.
        package var tooBig: UInt64 = 0
        /// The SA has no sequence number left and waits to be replaced.
        package var sequenceExhausted: UInt64 = 0
        /// The cipher or the socket refused the packet.
        package var failures: UInt64 = 0

        package init() {}
    }
}

/// The counters of one CHILD SA where the workers write and everybody reads them.
///
/// Each direction's are an object of their own, so that its workers never write to the same cache line.
struct ChildTallies: Sendable {
    let inbound = InboundTallies()
    let outbound = OutboundTallies()

    var snapshot: ChildCounters {
        var snapshot = ChildCounters()
        inbound.write(to: &snapshot)
        outbound.write(to: &snapshot)
        return snapshot
    }
}

/// What has come in through a CHILD SA. Counts that the SA keeps itself are copied here; who has the SA in hands is the only
/// writer.
final class InboundTallies: Sendable {
    private let packets = Tally()
    private let octets = Tally()
    private let lastUse = Tally()
    private let dummies = Tally()
    private let replayed = Tally()
    private let unauthentic = Tally()
    private let malformed = Tally()
    private let selectorMismatches = Tally()
    private let congestion = Tally()
    private let cipherFailures = Tally()

    /// Packets have been opened.
    func received(_ counters: InboundCounters) {
        packets.set(counters.packets)
        octets.set(counters.octets)
        dummies.set(counters.dummies)
    }

    /// One of them has shown that the peer reaches us.
    func heard(at now: UInt64) { lastUse.set(now) }

    /// A packet has been refused.
    func refused(_ counters: InboundCounters) {
        replayed.set(counters.replayed)
        unauthentic.set(counters.unauthentic)
        malformed.set(counters.malformed &+ counters.malformedContent)
        selectorMismatches.set(counters.selectorMismatches)
        congestion.set(counters.congestionLosses)
        cipherFailures.set(counters.cipherFailures)
    }

    fileprivate func write(to snapshot: inout ChildCounters) {
        snapshot.inbound.packets = packets.value
        snapshot.inbound.octets = octets.value
        snapshot.inbound.lastUse = lastUse.value
        snapshot.dummies = dummies.value
        snapshot.inboundDrops.replayed = replayed.value
        snapshot.inboundDrops.unauthentic = unauthentic.value
        snapshot.inboundDrops.malformed = malformed.value
        snapshot.inboundDrops.selectorMismatches = selectorMismatches.value
        snapshot.inboundDrops.congestion = congestion.value
        snapshot.inboundDrops.cipherFailures = cipherFailures.value
    }
}

/// What has gone out through a CHILD SA; who has the SA in hands is the only writer.
final class OutboundTallies: Sendable {
    private let packets = Tally()
    private let octets = Tally()
    private let lastUse = Tally()
    let tooBig = Tally()
    let sequenceExhausted = Tally()
    let failures = Tally()
    let innerMTU = Tally()
    let pathMTU = Tally()

    /// Packets have been sealed, the last of them at this time, if there are any new ones.
    func sent(_ counters: OutboundSA.Counters, at now: UInt64) {
        guard counters.packets != packets.value else { return }
        packets.set(counters.packets)
        octets.set(counters.octets)
        lastUse.set(now)
    }

    fileprivate func write(to snapshot: inout ChildCounters) {
        snapshot.outbound.packets = packets.value
        snapshot.outbound.octets = octets.value
        snapshot.outbound.lastUse = lastUse.value
        snapshot.outboundDrops.tooBig = tooBig.value
        snapshot.outboundDrops.sequenceExhausted = sequenceExhausted.value
        snapshot.outboundDrops.failures = failures.value
        snapshot.innerMTU = Int(clamping: innerMTU.value)
        snapshot.pathMTU = Int(clamping: pathMTU.value)
    }
}

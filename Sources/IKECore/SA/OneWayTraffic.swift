import IKEWire
import Inet

// A tunnel that stands and carries traffic one way only is the trouble that people report most: a firewall, a filter or a
// route is missing at one end. The data plane's counters show it, and so we say what to look at.

/// Watches whether the traffic of a CHILD SA goes both ways.
struct OneWayTraffic {
    enum Direction: Hashable {
        case out, `in`
    }

    /// Packets went one way, and none the other way.
    struct Finding: Hashable {
        let direction: Direction
        let packets: UInt64
        let since: Instant
    }

    /// How long one direction must be alone, and with how many packets, before that is worth a word.
    private static let patience: Duration = .seconds(30)
    private static let leastPackets: UInt64 = 10

    private var packetsIn: UInt64 = 0
    private var packetsOut: UInt64 = 0
    /// Since when one direction is alone, and where its counter stood then.
    private var alone: (direction: Direction, since: Instant, from: UInt64)?
    private var isSaid = false

    /// Takes the counters of an SA; returns what is to be said about them, once in its life.
    mutating func note(_ used: ChildUsage, _ now: Instant) -> Finding? {
        let moved = (in: used.packetsIn > packetsIn, out: used.packetsOut > packetsOut)
        if moved.out && !moved.in {
            begin(.out, now, packetsOut)
        } else if moved.in && !moved.out {
            begin(.in, now, packetsIn)
        } else if moved.in && moved.out {
            alone = nil
        }
        packetsIn = used.packetsIn
        packetsOut = used.packetsOut
        guard !isSaid, let alone, alone.since + Self.patience <= now else { return nil }
        let counter = alone.direction == .out ? packetsOut : packetsIn
        let packets = max(counter, alone.from) - alone.from
        guard packets >= Self.leastPackets else { return nil }
        isSaid = true
        return Finding(direction: alone.direction, packets: packets, since: alone.since)
    }

    private mutating func begin(_ direction: Direction, _ now: Instant, _ from: UInt64) {
        if alone?.direction != direction { alone = (direction, now, from) }
    }
}

extension IKESA {
    /// Traffic that goes out unanswered for this long is reason to ask whether the peer lives, whatever `dpd_delay` says
    /// (RFC 7296 section 2.4).
    private static let unansweredLimit: Duration = .seconds(10)

    /// Warns of traffic that goes one way only, and asks for a sign of life when nothing comes back.
    func watchDirections(_ usage: [UInt32: ChildUsage], _ turn: Turn) {
        for entry in children where entry.state == .installed {
            guard let used = commonUsage(of: entry, usage), let finding = entry.oneWayTraffic.note(used, turn.now)
            else { continue }
            log(.warning, warning(finding, entry.childSA, turn), turn)
        }
        let sent = children.lazy.compactMap { usage[$0.childSA.id]?.lastOutbound }.max()
        if let since = unansweredSince, since <= lastHeard { unansweredSince = nil }
        if let sent, sent > lastHeard, unansweredSince == nil { unansweredSince = sent }
        guard let since = unansweredSince, since + Self.unansweredLimit <= turn.now, window.outstanding.isEmpty,
            pending.isEmpty
        else { return }
        pending.append(.liveness)
    }

    private func warning(_ finding: OneWayTraffic.Finding, _ childSA: ChildSA, _ turn: Turn) -> String {
        let seconds = (turn.now - finding.since).components.seconds
        switch finding.direction {
        case .out:
            let carrier = childSA.usesUDP ? "UDP \(remote.port)" : "ESP (IP protocol 50)"
            return
                "traffic of CHILD SA \(childSA.logName) goes one way: \(finding.packets) packets went out in \(seconds) s "
                + "and nothing came in. Does a firewall on the way drop \(carrier)? Has the peer's network a route back to "
                + "\(TrafficSelectorNarrowing.list(childSA.localSelectors)), does the peer forward, and what do its "
                + "counters, its rp_filter and its selectors say?"
        case .in:
            return
                "traffic of CHILD SA \(childSA.logName) goes one way: \(finding.packets) packets came in in \(seconds) s "
                + "and nothing went out. Do the packets reach the host that they are for (net.ipv4.ip_forward, rp_filter, "
                + "firewall), and has it a route back to "
                + "\(TrafficSelectorNarrowing.list(childSA.remoteSelectors)) through this one?"
        }
    }
}

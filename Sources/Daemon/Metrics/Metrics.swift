import DataPlane
import IKECore
import IKEWire

/// What is counted from the engine's events, as nothing else remembers it.
struct Metrics {
    /// Failed negotiations by our role and the reason.
    struct Failure: Hashable, Comparable {
        let role: Role
        let reason: NegotiationFailure.Reason

        static func < (left: Failure, right: Failure) -> Bool {
            (left.role.rawValue, left.reason.rawValue) < (right.role.rawValue, right.reason.rawValue)
        }
    }

    private(set) var established: [Role: Int] = [.initiator: 0, .responder: 0]
    private(set) var failures: [Failure: Int] = [:]
    private(set) var negotiations: [Role: Histogram] = [
        .initiator: Histogram(bounds: Metrics.negotiationBounds),
        .responder: Histogram(bounds: Metrics.negotiationBounds),
    ]
    private(set) var ikeRekeyings = 0
    private(set) var childRekeyings = 0
    private(set) var retransmissions = 0
    /// What CHILD SAs have carried and dropped that are gone.
    private(set) var closedChildren = ChildCounters()

    /// Seconds: a round trip in a data centre, one around the world, and retransmissions.
    private static let negotiationBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    mutating func count(_ event: Event) {
        switch event {
        case .ikeEstablished(let sa):
            established[sa.role, default: 0] += 1
            if let time = sa.negotiationTime { negotiations[sa.role]?.observe(time) }
        case .ikeFailed(let failed):
            failures[Failure(role: failed.role, reason: failed.failure.reason), default: 0] += 1
        case .ikeRekeyed: ikeRekeyings += 1
        case .childRekeyed: childRekeyings += 1
        case .retransmitted: retransmissions += 1
        case .ikeClosed, .childEstablished, .childFailed, .childClosed, .childTrapped, .ikeMoving, .answered, .traced,
            .commandFinished:
            break
        }
    }

    /// Takes over the counters of a CHILD SA that is about to be removed.
    mutating func retire(_ counters: ChildCounters) { closedChildren += counters }
}

extension ChildCounters {
    static func += (sum: inout ChildCounters, other: ChildCounters) {
        sum.inbound.packets &+= other.inbound.packets
        sum.inbound.octets &+= other.inbound.octets
        sum.outbound.packets &+= other.outbound.packets
        sum.outbound.octets &+= other.outbound.octets
        sum.dummies &+= other.dummies
        sum.inboundDrops.replayed &+= other.inboundDrops.replayed
        sum.inboundDrops.unauthentic &+= other.inboundDrops.unauthentic
        sum.inboundDrops.malformed &+= other.inboundDrops.malformed
        sum.inboundDrops.selectorMismatches &+= other.inboundDrops.selectorMismatches
        sum.inboundDrops.congestion &+= other.inboundDrops.congestion
        sum.inboundDrops.cipherFailures &+= other.inboundDrops.cipherFailures
        sum.outboundDrops.tooBig &+= other.outboundDrops.tooBig
        sum.outboundDrops.sequenceExhausted &+= other.outboundDrops.sequenceExhausted
        sum.outboundDrops.failures &+= other.outboundDrops.failures
    }
}

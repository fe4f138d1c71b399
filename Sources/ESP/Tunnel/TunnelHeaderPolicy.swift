package import Inet

/// What passes between the inner and the outer IP header of a tunnel: `copy_dscp`, `copy_ecn` and `copy_df` of a CHILD
/// SA.
///
/// Everything copied outwards can be read, and everything copied inwards can be written, by the network between the
/// peers; RFC 4301 section 5.1.2 therefore makes each an option. The defaults are those of swanctl and of the RFC.
package struct TunnelHeaderPolicy: Hashable, Sendable {
    /// The directions in which the DSCP is copied, in the words of `copy_dscp`.
    package enum DSCPCopy: Hashable, Sendable {
        /// From the inner to the outer header when sending.
        case out
        /// From the outer to the inner header when receiving.
        case `in`
        /// Both.
        case yes
        /// Neither: outer packets carry DSCP 0.
        case no
    }

    /// Whether the DSCP passes; outwards only unless said otherwise.
    package var copyDSCP: DSCPCopy
    /// Whether congestion marks pass both ways by RFC 6040. If not, outer packets are Not-ECT and inner marks are left
    /// alone.
    package var copyECN: Bool
    /// Whether an IPv4 outer header inherits Don't Fragment.
    package var copyDF: Bool

    package init(copyDSCP: DSCPCopy = .out, copyECN: Bool = true, copyDF: Bool = true) {
        self.copyDSCP = copyDSCP
        self.copyECN = copyECN
        self.copyDF = copyDF
    }
}

// MARK: - Entering the tunnel

extension TunnelHeaderPolicy {
    /// The traffic class of the outer header around a packet with this one (RFC 6040 section 4.1, normal mode).
    package func outerTrafficClass(inner: TrafficClass) -> TrafficClass {
        TrafficClass(
            dscp: copyDSCP == .out || copyDSCP == .yes ? inner.dscp : 0,
            ecn: copyECN ? inner.ecn : .notECT
        )
    }

    /// Whether the outer header is to have Don't Fragment set (RFC 4301 section 8.1).
    ///
    /// An inner IPv6 packet counts as one with DF: no router may fragment it, so the routers of the tunnel must not
    /// either. An outer IPv6 header has no such bit; never set.
    package func outerDontFragment(inner: InnerPacket, outerFamily: IPAddress.Family) -> Bool {
        switch outerFamily {
        case .v4: copyDF && inner.dontFragment
        case .v6: false
        }
    }
}

// MARK: - Leaving the tunnel

extension TunnelHeaderPolicy {
    /// The traffic class of an inner header after decapsulation.
    package enum Decapsulation: Hashable, Sendable {
        /// `isUnexpected`: RFC 6040 asks that this pair of congestion marks be noticed.
        case forward(TrafficClass, isUnexpected: Bool)
        case drop
    }

    /// The inner traffic class after the outer header is gone (RFC 6040 section 4.2 and RFC 4301 section 5.1.2.2, note
    /// 9).
    package func decapsulated(inner: TrafficClass, outer: TrafficClass) -> Decapsulation {
        let dscp = copyDSCP == .in || copyDSCP == .yes ? outer.dscp : inner.dscp
        guard copyECN else { return .forward(TrafficClass(dscp: dscp, ecn: inner.ecn), isUnexpected: false) }
        switch inner.ecn.decapsulated(outer: outer.ecn) {
        case .forward(let ecn): return .forward(TrafficClass(dscp: dscp, ecn: ecn), isUnexpected: false)
        case .forwardUnexpected(let ecn): return .forward(TrafficClass(dscp: dscp, ecn: ecn), isUnexpected: true)
        case .drop: return .drop
        }
    }
}

/// The octet that IPv4 calls Type of Service and IPv6 Traffic Class: six bits of DSCP (RFC 2474), two of ECN (RFC
/// 3168).
package struct TrafficClass: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// From a Differentiated Services codepoint, of which the low six bits count, and a congestion mark.
    package init(dscp: UInt8, ecn: ECN) {
        self.rawValue = dscp << 2 | ecn.rawValue
    }

    /// The Differentiated Services codepoint, 0...63.
    package var dscp: UInt8 { rawValue >> 2 }
    /// The congestion mark.
    package var ecn: ECN { ECN(truncating: rawValue) }
}

/// Explicit Congestion Notification: the low two bits of the traffic class (RFC 3168 section 5).
package enum ECN: UInt8, Hashable, Sendable, CaseIterable {
    /// The transport does not understand marks; congestion is told by dropping.
    case notECT = 0b00
    case ect1 = 0b01
    case ect0 = 0b10
    /// Congestion experienced.
    case ce = 0b11

    /// From the low two bits of an octet.
    package init(truncating octet: UInt8) {
        switch octet & 0b11 {
        case 0b00: self = .notECT
        case 0b01: self = .ect1
        case 0b10: self = .ect0
        default: self = .ce
        }
    }
}

// MARK: - Leaving a tunnel

extension ECN {
    /// What becomes of the inner mark where a tunnel ends.
    package enum Decapsulation: Hashable, Sendable {
        /// The packet goes on with this mark.
        case forward(ECN)
        /// The same, but no conforming network makes this pair of marks: counted, so that an operator can see it.
        case forwardUnexpected(ECN)
        /// The network saw congestion and the transport cannot be told by a mark: the packet has to be lost.
        case drop
    }

    /// The inner mark after decapsulation (RFC 6040 section 4.2, figure 4; self is the arriving inner mark).
    ///
    ///      inner \ outer   Not-ECT    ECT(0)       ECT(1)       CE
    ///      Not-ECT         Not-ECT    Not-ECT (!)  Not-ECT (!)  drop (!)
    ///      ECT(0)          ECT(0)     ECT(0)       ECT(1)       CE
    ///      ECT(1)          ECT(1)     ECT(1) (!)   ECT(1)       CE
    ///      CE              CE         CE           CE (!)       CE
    package func decapsulated(outer: ECN) -> Decapsulation {
        switch (self, outer) {
        case (.notECT, .notECT): .forward(.notECT)
        case (.notECT, .ect0), (.notECT, .ect1): .forwardUnexpected(.notECT)
        case (.notECT, .ce): .drop
        case (.ect0, .notECT), (.ect0, .ect0): .forward(.ect0)
        case (.ect0, .ect1): .forward(.ect1)
        case (.ect1, .notECT), (.ect1, .ect1): .forward(.ect1)
        case (.ect1, .ect0): .forwardUnexpected(.ect1)
        case (.ect0, .ce), (.ect1, .ce): .forward(.ce)
        case (.ce, .notECT), (.ce, .ect0), (.ce, .ce): .forward(.ce)
        case (.ce, .ect1): .forwardUnexpected(.ce)
        }
    }
}

/// What became of the packets that arrived on an inbound SA. Each packet is in exactly one of the counts, except that
/// `octets` and `unexpectedMarks` tell more about `packets`.
package struct InboundCounters: Hashable, Sendable {
    /// Inner packets handed on.
    package internal(set) var packets: UInt64 = 0
    /// Octets of these, without padding and ESP.
    package internal(set) var octets: UInt64 = 0
    /// Of these, packets whose pair of congestion marks no conforming network makes (RFC 6040 section 4.2).
    package internal(set) var unexpectedMarks: UInt64 = 0
    /// Dummy packets, which hide that there is nothing to send.
    package internal(set) var dummies: UInt64 = 0
    /// Of a length that no packet of the suite has.
    package internal(set) var malformed: UInt64 = 0
    /// Received before, or too late to know.
    package internal(set) var replayed: UInt64 = 0
    /// With a wrong integrity check value: forged, or damaged on the way.
    package internal(set) var unauthentic: UInt64 = 0
    /// Authentic, but with padding, a next header or inner lengths that a peer should not send.
    package internal(set) var malformedContent: UInt64 = 0
    /// Authentic, but not for the addresses, protocols and ports of the SA.
    package internal(set) var selectorMismatches: UInt64 = 0
    /// Lost so that the sender learns of congestion (RFC 6040 section 4.2).
    package internal(set) var congestionLosses: UInt64 = 0
    /// Lost because the crypto library failed.
    package internal(set) var cipherFailures: UInt64 = 0

    /// Counts a packet that was not opened.
    mutating func count(_ error: ESPError) {
        switch error {
        case .malformedLength: malformed &+= 1
        case .duplicate, .tooOld: replayed &+= 1
        case .authenticationFailed: unauthentic &+= 1
        case .invalidPadding, .unsupportedNextHeader, .malformedInner: malformedContent &+= 1
        case .selectorMismatch: selectorMismatches &+= 1
        case .congestionLoss: congestionLosses &+= 1
        // The last two are errors of sealing only.
        case .cipherFailure, .sequenceExhausted, .outputTooSmall: cipherFailures &+= 1
        }
    }
}

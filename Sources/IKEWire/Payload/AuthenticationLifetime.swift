// AUTH_LIFETIME (RFC 4478 section 3): within how many seconds the responder wants to see the initiator authenticate
// again; 4 octets in network order.

extension Notify {
    package static func authenticationLifetime(_ seconds: UInt32) -> Notify {
        Notify(.authLifetime, data: (0..<4).map { UInt8(truncatingIfNeeded: seconds >> (24 - 8 * $0)) })
    }

    /// Seconds; nil for another type or another length.
    package var authenticationLifetime: UInt32? {
        guard type == .authLifetime, data.count == 4 else { return nil }
        return data.reduce(0) { $0 << 8 | UInt32($1) }
    }
}

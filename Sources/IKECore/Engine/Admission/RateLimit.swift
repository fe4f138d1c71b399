package import Inet

/// Lets `burst` events happen at once, and in the long run one in each `interval`: a token bucket.
///
/// One number is its whole state: when the bucket will be full again if nothing happens until then.
package struct RateLimit: Hashable, Sendable {
    package let burst: Int
    package let interval: Duration
    private var fullAt = Instant(nanoseconds: 0)

    package init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
    }

    /// Whether an event may happen now.
    package func hasRoom(_ now: Instant) -> Bool { fullAt - now <= interval * (burst - 1) }

    /// Counts an event; false, and it does not count, if it may not happen now.
    package mutating func take(_ now: Instant) -> Bool {
        guard hasRoom(now) else { return false }
        fullAt = max(fullAt, now) + interval
        return true
    }
}

/// A rate for each peer, in memory that does not grow with their number: peers share the slots of a table.
///
/// Which slot a peer has depends on a secret, so that nobody can choose an address that shares somebody's slot.
package struct PeerRateLimit: Sendable {
    /// With 65,536 addresses in play some 16 share a slot.
    package static let slots = 4096

    private var limits: [RateLimit]
    private let secret: UInt64

    package init(burst: Int, interval: Duration, secret: UInt64) {
        limits = Array(repeating: RateLimit(burst: burst, interval: interval), count: Self.slots)
        self.secret = secret
    }

    package mutating func take(_ peer: PeerBlock, _ now: Instant) -> Bool {
        limits[Int(truncatingIfNeeded: peer.mixed(with: secret) % UInt64(Self.slots))].take(now)
    }
}

/// The addresses that one stranger is taken to have: one of IPv4, or a block of 64 bits of IPv6, which is the least that a
/// subscriber gets (RFC 8019 section 4.2).
package struct PeerBlock: Hashable, Sendable {
    private let first: IPAddress

    package init(_ address: IPAddress) {
        first = address.family == .v4 ? address : IPAddress(v6High: address.high, low: 0)
    }

    /// A number that depends on every bit of the block and of `secret`, and the same in every process.
    func mixed(with secret: UInt64) -> UInt64 {
        var number = secret
        for part in [first.high, first.low] {
            number = (number ^ part) &* 0x9e37_79b9_7f4a_7c15
            number ^= number >> 32
            number = number &* 0xd6e8_feb8_6659_fd93
            number ^= number >> 29
        }
        return number
    }
}

import Inet

/// The lengths of the two prefixes of a policy, which order the look-up: the longest remote prefix first, then the
/// longest local one.
struct PrefixLengths: Comparable {
    let local: UInt8
    let remote: UInt8

    /// Of addresses that share so many leading bits, at most 128.
    init(local: Int, remote: Int) {
        self.local = UInt8(clamping: local)
        self.remote = UInt8(clamping: remote)
    }

    static func < (left: PrefixLengths, right: PrefixLengths) -> Bool {
        (left.remote, left.local) < (right.remote, right.local)
    }
}

/// Ones where the network parts of a local and a remote address are.
struct PrefixMasks {
    private let local: (high: UInt64, low: UInt64)
    private let remote: (high: UInt64, low: UInt64)

    init(_ lengths: PrefixLengths, _ family: IPAddress.Family) {
        local = Self.mask(Int(lengths.local), family)
        remote = Self.mask(Int(lengths.remote), family)
    }

    /// Under which key a pair of addresses is found.
    func key(local: IPAddress, remote: IPAddress) -> PrefixKey {
        PrefixKey(
            localHigh: local.high & self.local.high,
            localLow: local.low & self.local.low,
            remoteHigh: remote.high & self.remote.high,
            remoteLow: remote.low & self.remote.low
        )
    }

    /// An IPv4 address stands in the low 32 bits.
    private static func mask(_ length: Int, _ family: IPAddress.Family) -> (high: UInt64, low: UInt64) {
        // Shifts by the full width or more yield zero.
        let ones = ~(UInt128.max >> (length + 128 - family.bitWidth))
        return (UInt64(truncatingIfNeeded: ones >> 64), UInt64(truncatingIfNeeded: ones))
    }
}

/// The network parts of a local and a remote address.
struct PrefixKey: Hashable {
    let localHigh: UInt64
    let localLow: UInt64
    let remoteHigh: UInt64
    let remoteLow: UInt64
}

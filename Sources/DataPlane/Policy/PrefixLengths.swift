import Inet

/// The lengths of the two prefixes of a policy, which order the look-up: the longest remote prefix first, then the
/// longest local one.
struct PrefixLengths: Comparable {
    let local: Int
    let remote: Int
    private let localMask: (high: UInt64, low: UInt64)
    private let remoteMask: (high: UInt64, low: UInt64)

    init(local: Int, remote: Int, family: IPAddress.Family) {
        self.local = local
        self.remote = remote
        localMask = Self.mask(local, family)
        remoteMask = Self.mask(remote, family)
    }

    static func == (left: PrefixLengths, right: PrefixLengths) -> Bool {
        left.remote == right.remote && left.local == right.local
    }

    static func < (left: PrefixLengths, right: PrefixLengths) -> Bool {
        (left.remote, left.local) < (right.remote, right.local)
    }

    /// Under which key a pair of addresses is found.
    func key(local: IPAddress, remote: IPAddress) -> PrefixKey {
        PrefixKey(
            localHigh: local.high & localMask.high,
            localLow: local.low & localMask.low,
            remoteHigh: remote.high & remoteMask.high,
            remoteLow: remote.low & remoteMask.low
        )
    }

    /// Ones where the network part is. An IPv4 address stands in the low 32 bits.
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

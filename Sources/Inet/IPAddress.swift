/// An IPv4 or IPv6 address as a number, so that ranges, prefixes and comparisons need no octet arrays.
///
/// The order is the one traffic selectors use: every IPv4 address before every IPv6 address, then by number.
package struct IPAddress: Hashable, Sendable {
    /// The two versions of the Internet Protocol.
    package enum Family: Hashable, Sendable {
        case v4
        case v6

        /// The number of bits of an address: 32 or 128.
        package var bitWidth: Int {
            switch self {
            case .v4: 32
            case .v6: 128
            }
        }
    }

    // The family last: what follows an address in a larger value then stands beside it.
    /// The upper 64 bits of an IPv6 address in host order; zero for IPv4.
    package let high: UInt64
    /// The lower 64 bits of an IPv6 address, or an IPv4 address in the low 32 bits; host order.
    package let low: UInt64
    /// IPv4 or IPv6.
    package let family: Family

    /// An IPv4 address from its number, for example `0x7f000001` for 127.0.0.1.
    @inlinable package init(v4: UInt32) {
        self.family = .v4
        self.high = 0
        self.low = UInt64(v4)
    }

    /// An IPv6 address from its two halves in host order.
    @inlinable package init(v6High: UInt64, low: UInt64) {
        self.family = .v6
        self.high = v6High
        self.low = low
    }

    /// An address from its octets in network order: 4 for IPv4, 16 for IPv6, nil for any other count.
    package init?(bytes: some Collection<UInt8>) {
        let value = bytes.prefix(16).reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        switch bytes.count {
        case 4: self.init(family: .v4, value: value)
        case 16: self.init(family: .v6, value: value)
        default: return nil
        }
    }

    /// The octets in network order: 4 or 16.
    package var bytes: [UInt8] {
        let value = value
        return stride(from: family.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        if left.family != right.family { return left.family == .v4 }
        return left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

// MARK: - Arithmetic on the number

extension IPAddress {
    /// The address as one number; an IPv4 address never exceeds 32 bits.
    var value: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// The address with this number; bits beyond the family's width are dropped.
    init(family: Family, value: UInt128) {
        switch family {
        case .v4: self.init(v4: UInt32(truncatingIfNeeded: value))
        case .v6: self.init(v6High: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
        }
    }

    /// The next address, or nil after the last one of the family.
    package var successor: IPAddress? {
        self == .last(of: family) ? nil : IPAddress(family: family, value: value &+ 1)
    }

    /// The address before this one, or nil before the first one of the family.
    package var predecessor: IPAddress? {
        value == 0 ? nil : IPAddress(family: family, value: value &- 1)
    }
}

// MARK: - Addresses with a meaning

extension IPAddress {
    /// 0.0.0.0
    package static let anyV4 = IPAddress(v4: 0)
    /// ::
    package static let anyV6 = IPAddress(v6High: 0, low: 0)

    /// The first address of a family: 0.0.0.0 or ::
    package static func unspecified(_ family: Family) -> IPAddress {
        IPAddress(family: family, value: 0)
    }

    /// The last address of a family: 255.255.255.255 or ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff.
    package static func last(of family: Family) -> IPAddress {
        IPAddress(family: family, value: .max)
    }

    /// 0.0.0.0 or ::
    package var isUnspecified: Bool { value == 0 }

    /// In 127.0.0.0/8, or ::1.
    package var isLoopback: Bool {
        switch family {
        case .v4: low >> 24 == 127
        case .v6: high == 0 && low == 1
        }
    }

    /// In 224.0.0.0/4 or ff00::/8.
    package var isMulticast: Bool {
        switch family {
        case .v4: low >> 28 == 0xe
        case .v6: high >> 56 == 0xff
        }
    }

    /// In 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291).
    package var isLinkLocal: Bool {
        switch family {
        case .v4: low >> 16 == 0xa9fe
        case .v6: high >> 54 == 0xfe80 >> 6
        }
    }

    /// One that no router passes on: link-local, or a group of one link, in 224.0.0.0/24 (RFC 5771 section 4) or ff02::/16
    /// (RFC 4291 section 2.7).
    package var isLinkScoped: Bool {
        switch family {
        case .v4: isLinkLocal || low >> 8 == 0xe00000
        case .v6: isLinkLocal || high >> 48 & 0xff0f == 0xff02
        }
    }
}

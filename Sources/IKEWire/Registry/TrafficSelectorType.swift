/// The form of one traffic selector (RFC 7296 section 3.13.1; IANA "IKEv2 Traffic Selector Types").
package struct TrafficSelectorType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let ipv4AddressRange = Self(rawValue: 7)
    package static let ipv6AddressRange = Self(rawValue: 8)
    /// RFC 4595.
    package static let fibreChannelAddressRange = Self(rawValue: 9)
    /// RFC 9478.
    package static let securityLabel = Self(rawValue: 10)
}

extension TrafficSelectorType: CustomStringConvertible {
    /// The registered name; a number for what is not registered.
    package var description: String {
        switch self {
        case .ipv4AddressRange: "TS_IPV4_ADDR_RANGE"
        case .ipv6AddressRange: "TS_IPV6_ADDR_RANGE"
        case .fibreChannelAddressRange: "TS_FC_ADDR_RANGE"
        case .securityLabel: "TS_SECLABEL"
        default: "traffic selector type \(rawValue)"
        }
    }
}

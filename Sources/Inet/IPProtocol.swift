/// The protocol inside an IP packet: IPv4's Protocol field, IPv6's Next Header (IANA "Protocol Numbers").
package struct IPProtocol: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    @inlinable package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// In a traffic selector: every protocol (RFC 7296 section 3.13.1). In a packet 0 is IPv6's hop-by-hop header.
    package static let any = Self(rawValue: 0)
    package static let icmp = Self(rawValue: 1)
    package static let igmp = Self(rawValue: 2)
    package static let ipv4 = Self(rawValue: 4)
    package static let tcp = Self(rawValue: 6)
    package static let udp = Self(rawValue: 17)
    package static let dccp = Self(rawValue: 33)
    package static let ipv6 = Self(rawValue: 41)
    package static let ipv6Routing = Self(rawValue: 43)
    package static let ipv6Fragment = Self(rawValue: 44)
    package static let gre = Self(rawValue: 47)
    package static let esp = Self(rawValue: 50)
    package static let ah = Self(rawValue: 51)
    package static let icmpV6 = Self(rawValue: 58)
    package static let ipv6NoNextHeader = Self(rawValue: 59)
    package static let ipv6DestinationOptions = Self(rawValue: 60)
    package static let ospf = Self(rawValue: 89)
    package static let ipComp = Self(rawValue: 108)
    package static let vrrp = Self(rawValue: 112)
    package static let l2tp = Self(rawValue: 115)
    package static let sctp = Self(rawValue: 132)
    package static let mobility = Self(rawValue: 135)
    package static let udpLite = Self(rawValue: 136)
    /// Aggregated and fragmented payloads inside ESP (RFC 9347).
    package static let aggfrag = Self(rawValue: 144)
}

// MARK: - Names

extension IPProtocol: CustomStringConvertible {
    /// The names of `/etc/protocols`, which `swanctl.conf` uses in selectors; the first one is printed.
    private static let names: [(IPProtocol, [String])] = [
        (.any, ["any"]),
        (.icmp, ["icmp"]),
        (.igmp, ["igmp"]),
        (.ipv4, ["ipv4", "ipencap", "ipip"]),
        (.tcp, ["tcp"]),
        (.udp, ["udp"]),
        (.dccp, ["dccp"]),
        (.ipv6, ["ipv6"]),
        (.ipv6Routing, ["ipv6-route"]),
        (.ipv6Fragment, ["ipv6-frag"]),
        (.gre, ["gre"]),
        (.esp, ["esp"]),
        (.ah, ["ah"]),
        (.icmpV6, ["ipv6-icmp", "icmpv6", "icmp6"]),
        (.ipv6NoNextHeader, ["ipv6-nonxt"]),
        (.ipv6DestinationOptions, ["ipv6-opts"]),
        (.ospf, ["ospf"]),
        (.ipComp, ["ipcomp"]),
        (.vrrp, ["vrrp"]),
        (.l2tp, ["l2tp"]),
        (.sctp, ["sctp"]),
        (.mobility, ["mobility-header", "ipv6-mh"]),
        (.udpLite, ["udplite"]),
        (.aggfrag, ["aggfrag"]),
    ]

    /// The protocol with this name, in any case: "tcp", "UDP", "ipv6-icmp".
    package init?(name: String) {
        let wanted = name.lowercased()
        guard let entry = Self.names.first(where: { $0.1.contains(wanted) }) else { return nil }
        self = entry.0
    }

    /// The name if there is one, else the number.
    package var description: String {
        Self.names.first { $0.0 == self }?.1.first ?? "\(rawValue)"
    }
}

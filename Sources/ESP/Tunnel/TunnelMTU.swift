package import Inet

/// The lengths that a path leaves to what travels through a tunnel.
package enum TunnelMTU {
    /// An outer IPv4 header; options are never sent.
    package static let ipv4HeaderLength = 20
    /// An outer IPv6 header; extension headers are never sent.
    package static let ipv6HeaderLength = 40
    /// The UDP header of UDP-encapsulated ESP (RFC 3948 section 2.1).
    package static let udpHeaderLength = 8

    /// What every router and host forwards or reassembles; the least a tunnel's IPv6 side must offer (RFC 8200 section
    /// 5).
    package static let minimumIPv6 = 1280

    /// The longest ESP packet that goes out unfragmented where the path to the peer carries IP packets of `path`
    /// octets.
    ///
    /// Beside the path, the 16-bit length fields of IP and UDP set a limit: a loopback device has an MTU of 65,536.
    package static func espLength(path: Int, outerFamily: IPAddress.Family, udpEncapsulated: Bool) -> Int {
        let udp = udpEncapsulated ? udpHeaderLength : 0
        switch outerFamily {
        // The IPv4 length counts the header, the IPv6 one does not.
        case .v4: return min(max(path, 0), 65_535) - ipv4HeaderLength - udp
        case .v6: return min(max(path, 0) - ipv6HeaderLength, 65_535) - udp
        }
    }

    /// The MTU of a tunnel: the longest inner packet that leaves as one outer packet.
    ///
    /// Nil if the path is too narrow for any. The answer may lie below `minimumIPv6`: then no IPv6 may be sent through
    /// the tunnel without fragmenting outside.
    package static func inner(
        path: Int,
        outerFamily: IPAddress.Family,
        udpEncapsulated: Bool,
        layout: PacketLayout
    ) -> Int? {
        let espLength = espLength(path: path, outerFamily: outerFamily, udpEncapsulated: udpEncapsulated)
        return layout.maximumInnerLength(forESPLength: espLength)
    }
}

import CLinux
import Glibc
package import Inet

/// What the kernel would do with a packet: where it leaves, with which source address, and how large it may be.
package struct RouteLookup: Hashable, Sendable {
    package let interface: UInt32
    /// The source address that the kernel would choose; nil if the route names none (an IPv6 lookup for a source).
    package let preferredSource: IPAddress?
    package let gateway: IPAddress?
    /// Octets of the largest packet: what is known of the path, else the route's, else the interface's limit.
    package let mtu: Int
}

extension Netlink {
    /// Asks the kernel for the way to `destination`, for packets from `source` (nil: not chosen yet) with firewall mark
    /// `mark`. ENETUNREACH or EHOSTUNREACH if there is none.
    package mutating func route(
        to destination: IPAddress,
        from source: IPAddress? = nil,
        mark: UInt32 = 0
    ) throws(Errno) -> RouteLookup {
        var header = rtmsg()
        header.rtm_family = UInt8(truncatingIfNeeded: destination.domain)
        header.rtm_dst_len = UInt8(clamping: destination.family.bitWidth)
        let source = source.flatMap { $0.family == destination.family && !$0.isUnspecified ? $0 : nil }
        header.rtm_src_len = source == nil ? 0 : header.rtm_dst_len
        let operation = "find route to \(destination)"
        var request = NetlinkRequest(operation, type: RTM_GETROUTE, body: NetlinkBody(header))
        request.append(Int(RTA_DST.rawValue), destination)
        if let source { request.append(Int(RTA_SRC.rawValue), source) }
        if mark != 0 { request.append(Int(RTA_MARK.rawValue), mark) }
        let reply = try query(request)
        let attributes = reply.attributes(after: MemoryLayout<rtmsg>.size)
        guard let interface = attributes.uint32(Int(RTA_OIF.rawValue)) else {
            throw Errno(operation, code: EHOSTUNREACH)
        }
        let metric = attributes.nested(Int(RTA_METRICS.rawValue))?.uint32(Int(RTAX_MTU)) ?? 0
        let mtu: Int
        if metric != 0 { mtu = Int(metric) } else { mtu = try link(index: interface).mtu }
        return RouteLookup(
            interface: interface,
            preferredSource: attributes.address(Int(RTA_PREFSRC.rawValue)),
            gateway: attributes.address(Int(RTA_GATEWAY.rawValue)),
            mtu: mtu
        )
    }
}

import CLinux
import Glibc
import Inet

/// A network interface as the kernel describes it.
package struct Link: Hashable, Sendable {
    package let index: UInt32
    package let name: String
    /// Octets of the largest IP packet.
    package let mtu: Int
    package let isUp: Bool
    /// Up, and with a carrier: packets can leave.
    package let isRunning: Bool
    package let isLoopback: Bool
}

extension Netlink {
    /// The interface with this name; ENODEV if there is none.
    package mutating func link(named name: String) throws(Errno) -> Link {
        let index = if_nametoindex(name)
        guard index != 0 else { throw Errno("interface \(name)", code: ENODEV) }
        return try link(index: index)
    }

    /// The interface with this number; ENODEV if there is none.
    package mutating func link(index: UInt32) throws(Errno) -> Link {
        let operation = "read interface \(index)"
        let request = NetlinkRequest(operation, type: RTM_GETLINK, body: NetlinkBody(Self.linkHeader(index)))
        let reply = try query(request)
        guard let link = Link(reply) else { throw Errno(operation, code: EBADMSG) }
        return link
    }

    /// All interfaces.
    package mutating func links() throws(Errno) -> [Link] {
        try dump(NetlinkRequest("list interfaces", type: RTM_GETLINK, body: NetlinkBody(Self.linkHeader(0))))
            .compactMap { Link($0) }
    }

    /// Brings an interface up or down. Down, it loses its routes.
    package mutating func setLink(index: UInt32, up: Bool) throws(Errno) {
        var header = Self.linkHeader(index)
        header.ifi_flags = up ? UInt32(IFF_UP) : 0
        header.ifi_change = UInt32(IFF_UP)
        let operation = "set interface \(index) \(up ? "up" : "down")"
        try change(NetlinkRequest(operation, type: RTM_NEWLINK, body: NetlinkBody(header)))
    }

    /// Sets the largest IP packet that an interface takes, in octets. IPv6 needs 1,280.
    package mutating func setMTU(_ mtu: Int, index: UInt32) throws(Errno) {
        var request = NetlinkRequest(
            "set MTU \(mtu) of interface \(index)",
            type: RTM_NEWLINK,
            body: NetlinkBody(Self.linkHeader(index))
        )
        request.append(Int(IFLA_MTU), UInt32(clamping: mtu))
        try change(request)
    }

    /// Deletes an interface, as `ip link del` does.
    package mutating func removeLink(index: UInt32) throws(Errno) {
        try change(
            NetlinkRequest("delete interface \(index)", type: RTM_DELLINK, body: NetlinkBody(Self.linkHeader(index)))
        )
    }

    private static func linkHeader(_ index: UInt32) -> ifinfomsg {
        var header = ifinfomsg()
        header.ifi_family = UInt8(AF_UNSPEC)
        header.ifi_index = Int32(truncatingIfNeeded: index)
        return header
    }
}

extension Link {
    fileprivate init?(_ reply: NetlinkReply) {
        guard let header = reply.payload.structure(ifinfomsg.self) else { return nil }
        let attributes = reply.attributes(after: MemoryLayout<ifinfomsg>.size)
        let flags = header.ifi_flags
        index = UInt32(bitPattern: header.ifi_index)
        name = attributes.text(Int(IFLA_IFNAME)) ?? ""
        mtu = Int(attributes.uint32(Int(IFLA_MTU)) ?? 0)
        isUp = flags & UInt32(IFF_UP) != 0
        isRunning = isUp && flags & UInt32(IFF_RUNNING) != 0
        isLoopback = flags & UInt32(IFF_LOOPBACK) != 0
    }
}

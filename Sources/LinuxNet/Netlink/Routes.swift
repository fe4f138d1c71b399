import CLinux
import Glibc
package import Inet

/// An entry of a routing table.
package struct Route: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Out through an interface, or to a gateway.
        case unicast
        /// The search goes on with the next rule, as if this table had nothing.
        case `throw`
        /// The sender gets EHOSTUNREACH and an ICMP error.
        case unreachable
        /// The packet vanishes.
        case blackhole
        /// A kind that this type does not make, as listed by the kernel (RTN_*).
        case other(UInt8)
    }

    /// Who has made a route or rule (rtm_protocol, FRA_PROTOCOL), so that a later start finds what a crash has left.
    package enum Origin {
        /// Ours: 50, IP's number for ESP, which no routing daemon of iproute2's table has.
        package static let ike: UInt8 = 50
    }

    package static let mainTable: UInt32 = 254
    /// Where the kernel keeps the host's own addresses.
    package static let localTable: UInt32 = 255

    package var destination: IPPrefix
    package var kind: Kind
    /// The number of the interface; nil for the kinds that lead nowhere.
    package var interface: UInt32?
    package var gateway: IPAddress?
    package var table: UInt32
    /// The route's rank among those for the same destination, the lowest wins; nil: the kernel's default.
    package var priority: UInt32?
    /// The source address of packets that do not choose one.
    package var preferredSource: IPAddress?
    /// Octets of the largest packet over this route; nil: the interface's.
    package var mtu: Int?
    package var origin: UInt8

    package init(
        to destination: IPPrefix,
        kind: Kind = .unicast,
        interface: UInt32? = nil,
        gateway: IPAddress? = nil,
        table: UInt32 = Route.mainTable,
        priority: UInt32? = nil,
        preferredSource: IPAddress? = nil,
        mtu: Int? = nil,
        origin: UInt8 = Origin.ike
    ) {
        self.destination = destination
        self.kind = kind
        self.interface = interface
        self.gateway = gateway
        self.table = table
        self.priority = priority
        self.preferredSource = preferredSource
        self.mtu = mtu
        self.origin = origin
    }
}

extension Netlink {
    /// Adds a route; EEXIST if there is one with the same destination and priority.
    package mutating func addRoute(_ route: Route) throws(Errno) {
        try change(route.request("add", RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL))
    }

    /// Adds a route or replaces the one with the same destination and priority.
    package mutating func replaceRoute(_ route: Route) throws(Errno) {
        try change(route.request("replace", RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE))
    }

    /// Removes the route that matches all that is set; ESRCH if there is none.
    package mutating func removeRoute(_ route: Route) throws(Errno) {
        try change(route.request("remove", RTM_DELROUTE, flags: 0))
    }

    /// The routes of a table, or of all tables, in one family or both.
    package mutating func routes(table: UInt32? = nil, family: IPAddress.Family? = nil) throws(Errno) -> [Route] {
        var routes: [Route] = []
        for family in family.map({ [$0] }) ?? [.v4, .v6] {
            var header = rtmsg()
            header.rtm_family = UInt8(truncatingIfNeeded: family.domain)
            let request = NetlinkRequest("list routes", type: RTM_GETROUTE, body: NetlinkBody(header))
            for reply in try dump(request) {
                guard let route = Route(reply, family), table == nil || route.table == table else { continue }
                routes.append(route)
            }
        }
        return routes
    }
}

// MARK: - The kernel's form

extension Route {
    fileprivate func request(_ verb: String, _ type: Int, flags: Int32) -> NetlinkRequest {
        var header = rtmsg()
        header.rtm_family = UInt8(truncatingIfNeeded: destination.address.domain)
        header.rtm_dst_len = UInt8(clamping: destination.length)
        header.rtm_table = UInt8(RT_TABLE_UNSPEC.rawValue)
        header.rtm_protocol = origin
        header.rtm_type = kind.number
        header.rtm_scope = UInt8(scope.rawValue)
        var request = NetlinkRequest(
            "\(verb) route \(destination) in table \(table)",
            type: type,
            flags: flags,
            body: NetlinkBody(header)
        )
        request.append(Int(RTA_DST.rawValue), destination.address)
        request.append(Int(RTA_TABLE.rawValue), table)
        if let interface { request.append(Int(RTA_OIF.rawValue), interface) }
        if let gateway { request.append(Int(RTA_GATEWAY.rawValue), gateway) }
        if let priority { request.append(Int(RTA_PRIORITY.rawValue), priority) }
        if let preferredSource { request.append(Int(RTA_PREFSRC.rawValue), preferredSource) }
        if let mtu {
            request.append(Int(RTA_METRICS.rawValue), nested: (Int(RTAX_MTU), UInt32(clamping: mtu)))
        }
        return request
    }

    /// An IPv4 route to a neighbour has link scope; everything else is global.
    private var scope: rt_scope_t {
        kind == .unicast && gateway == nil && destination.family == .v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
    }

    fileprivate init?(_ reply: NetlinkReply, _ family: IPAddress.Family) {
        guard let header = reply.payload.structure(rtmsg.self) else { return nil }
        let attributes = reply.attributes(after: MemoryLayout<rtmsg>.size)
        let address = attributes.address(Int(RTA_DST.rawValue)) ?? .unspecified(family)
        guard address.family == family, let destination = IPPrefix(address, length: Int(header.rtm_dst_len)) else {
            return nil
        }
        let kind = Kind(number: header.rtm_type)
        self.init(
            to: destination,
            kind: kind,
            // IPv6 lists the loopback interface for routes that lead nowhere.
            interface: kind == .unicast ? attributes.uint32(Int(RTA_OIF.rawValue)) : nil,
            gateway: attributes.address(Int(RTA_GATEWAY.rawValue)),
            table: attributes.uint32(Int(RTA_TABLE.rawValue)) ?? UInt32(header.rtm_table),
            priority: attributes.uint32(Int(RTA_PRIORITY.rawValue)),
            preferredSource: attributes.address(Int(RTA_PREFSRC.rawValue)),
            mtu: attributes.nested(Int(RTA_METRICS.rawValue))?.uint32(Int(RTAX_MTU)).map(Int.init),
            origin: header.rtm_protocol
        )
    }
}

extension Route.Kind {
    fileprivate var number: UInt8 {
        switch self {
        case .unicast: UInt8(RTN_UNICAST)
        case .throw: UInt8(RTN_THROW)
        case .unreachable: UInt8(RTN_UNREACHABLE)
        case .blackhole: UInt8(RTN_BLACKHOLE)
        case .other(let number): number
        }
    }

    fileprivate init(number: UInt8) {
        switch Int(number) {
        case Int(RTN_UNICAST): self = .unicast
        case Int(RTN_THROW): self = .throw
        case Int(RTN_UNREACHABLE): self = .unreachable
        case Int(RTN_BLACKHOLE): self = .blackhole
        default: self = .other(number)
        }
    }
}

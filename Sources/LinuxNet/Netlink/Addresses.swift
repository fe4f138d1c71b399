import CLinux
import Glibc
package import Inet

/// An address of an interface with the length of its network's prefix.
package struct InterfaceAddress: Hashable, Sendable {
    package let address: IPAddress
    package let prefixLength: Int
    /// The number of the interface.
    package let interface: UInt32

    /// `prefixLength` nil: the address alone (/32 or /128), which adds no route to a network.
    package init(_ address: IPAddress, prefixLength: Int? = nil, interface: UInt32) {
        self.address = address
        self.prefixLength = prefixLength ?? address.family.bitWidth
        self.interface = interface
    }
}

extension Netlink {
    /// Gives an interface an address; EEXIST if it has it already. On return the address can be used, for instance as
    /// the preferred source of a route.
    package mutating func addAddress(_ address: InterfaceAddress) throws(Errno) {
        var request = Self.addressRequest("add", RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, address)
        guard address.address.family == .v6 else {
            try change(request)
            return
        }
        // Duplicate address detection has nobody to ask on a TUN device.
        request.append(Int(IFA_FLAGS), UInt32(IFA_F_NODAD))
        try change(request)
        // Even so, the kernel leaves the rest to a thread of its own: until that has run, packets to and from the
        // address vanish.
        for _ in 0..<Self.addressAttempts {
            if try isLocal(address.address) { return }
            usleep(Self.addressInterval)
        }
    }

    /// A loaded machine may need some milliseconds; after a second, something else is wrong and will say so itself.
    private static let addressAttempts = 1000
    /// In microseconds.
    private static let addressInterval: UInt32 = 1000

    /// Whether packets to an address are delivered on this host. However many addresses the host has, this takes no longer.
    package mutating func isLocal(_ address: IPAddress) throws(Errno) -> Bool {
        var header = rtmsg()
        header.rtm_family = UInt8(truncatingIfNeeded: address.domain)
        header.rtm_dst_len = UInt8(clamping: address.family.bitWidth)
        var request = NetlinkRequest("find \(address)", type: RTM_GETROUTE, body: NetlinkBody(header))
        request.append(Int(RTA_DST.rawValue), address)
        do {
            return try query(request).payload.structure(rtmsg.self)?.rtm_type == UInt8(RTN_LOCAL)
        } catch let error where [ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL].contains(error.code) {
            // No route, or one that refuses (EACCES) or swallows (EINVAL).
            return false
        }
    }

    /// Takes an address away; EADDRNOTAVAIL if the interface does not have it.
    package mutating func removeAddress(_ address: InterfaceAddress) throws(Errno) {
        try change(Self.addressRequest("remove", RTM_DELADDR, flags: 0, address))
    }

    /// All addresses of the host, or of one interface.
    package mutating func addresses(of interface: UInt32? = nil) throws(Errno) -> [InterfaceAddress] {
        var header = ifaddrmsg()
        header.ifa_index = interface ?? 0
        let request = NetlinkRequest("list addresses", type: RTM_GETADDR, body: NetlinkBody(header))
        return try dump(request).compactMap { reply in
            guard let header = reply.payload.structure(ifaddrmsg.self) else { return nil }
            if let interface, header.ifa_index != interface { return nil }
            let attributes = reply.attributes(after: MemoryLayout<ifaddrmsg>.size)
            // Of a point-to-point link, IFA_ADDRESS is the other end.
            guard let address = attributes.address(Int(IFA_LOCAL)) ?? attributes.address(Int(IFA_ADDRESS)) else {
                return nil
            }
            return InterfaceAddress(address, prefixLength: Int(header.ifa_prefixlen), interface: header.ifa_index)
        }
    }

    private static func addressRequest(
        _ verb: String,
        _ type: Int,
        flags: Int32,
        _ address: InterfaceAddress
    ) -> NetlinkRequest {
        var header = ifaddrmsg()
        header.ifa_family = UInt8(truncatingIfNeeded: address.address.domain)
        header.ifa_prefixlen = UInt8(clamping: address.prefixLength)
        header.ifa_index = address.interface
        var request = NetlinkRequest(
            "\(verb) address \(address.address)/\(address.prefixLength)",
            type: type,
            flags: flags,
            body: NetlinkBody(header)
        )
        request.append(Int(IFA_LOCAL), address.address)
        request.append(Int(IFA_ADDRESS), address.address)
        return request
    }
}

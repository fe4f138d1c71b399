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
    /// Gives an interface an address; EEXIST if it has it already.
    ///
    /// IPv6 addresses do not wait for duplicate address detection, which has nobody to ask on a TUN device; still the
    /// kernel makes their local routes a moment after this call.
    package mutating func addAddress(_ address: InterfaceAddress) throws(Errno) {
        var request = Self.addressRequest("add", RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, address)
        if address.address.family == .v6 { request.append(Int(IFA_FLAGS), UInt32(IFA_F_NODAD)) }
        try change(request)
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

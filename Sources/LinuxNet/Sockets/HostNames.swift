import CLinux
import Glibc
package import Inet

/// Host names, by the system's resolver: /etc/hosts, DNS, or whatever nsswitch.conf names.
package enum HostNames {
    /// Why a name has no address.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// The addresses of a host, in the order in which the resolver would have them tried; never empty.
    ///
    /// It waits for servers, half a minute if need be, so that no event loop may call it.
    package static func addresses(of name: String) throws(Failure) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { throw Failure(description: "\(name): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            guard let address = IPAddress(entry.pointee), !addresses.contains(address) else { continue }
            addresses.append(address)
        }
        guard !addresses.isEmpty else { throw Failure(description: "\(name) has no address") }
        return addresses
    }
}

extension IPAddress {
    /// Nil for another family, or an IPv6 address that means nothing without its interface.
    fileprivate init?(_ entry: addrinfo) {
        guard let raw = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
            self.init(loading: raw + 4, family: .v4)
        case AF_INET6 where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
            guard raw.loadUnaligned(fromByteOffset: 24, as: UInt32.self) == 0 else { return nil }
            self.init(loading: raw + 8, family: .v6)
        default: return nil
        }
    }
}

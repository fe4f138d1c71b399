import CLinux
import Glibc
import Inet

// Addresses between their numeric form and the kernel's, in place and without allocation.

extension IPAddress {
    /// Octets that the address takes in network order: 4 or 16.
    var octetCount: Int { family == .v4 ? 4 : 16 }

    /// Writes the address in network order to `pointer`, which has room for `octetCount` octets.
    func store(to pointer: UnsafeMutableRawPointer) {
        switch family {
        case .v4:
            pointer.storeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian, as: UInt32.self)
        case .v6:
            pointer.storeBytes(of: high.bigEndian, as: UInt64.self)
            (pointer + 8).storeBytes(of: low.bigEndian, as: UInt64.self)
        }
    }

    /// Reads the address that `store(to:)` writes.
    init(loading pointer: UnsafeRawPointer, family: Family) {
        switch family {
        case .v4:
            self.init(v4: UInt32(bigEndian: pointer.loadUnaligned(as: UInt32.self)))
        case .v6:
            self.init(
                v6High: UInt64(bigEndian: pointer.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// The family's number in the socket interface.
    var domain: Int32 { family.domain }
}

extension IPAddress.Family {
    /// AF_INET or AF_INET6.
    var domain: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }
}

extension SocketAddress {
    private static let portOffset = 2
    private static let v4Offset = 4
    private static let v6Offset = 8

    /// Writes a sockaddr_in or sockaddr_in6 to `storage` and returns its length.
    func store(to storage: UnsafeMutablePointer<sockaddr_storage>) -> socklen_t {
        let raw = UnsafeMutableRawPointer(storage)
        raw.storeBytes(of: sa_family_t(address.domain), as: sa_family_t.self)
        (raw + Self.portOffset).storeBytes(of: port.bigEndian, as: UInt16.self)
        switch address.family {
        case .v4:
            address.store(to: raw + Self.v4Offset)
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        case .v6:
            // Flow label and scope: none.
            (raw + 4).storeBytes(of: 0, as: UInt32.self)
            address.store(to: raw + Self.v6Offset)
            (raw + 24).storeBytes(of: 0, as: UInt32.self)
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
    }

    /// Reads what the kernel has written; nil for a family other than IPv4 and IPv6.
    init?(loading storage: UnsafePointer<sockaddr_storage>) {
        let raw = UnsafeRawPointer(storage)
        let port = UInt16(bigEndian: raw.load(fromByteOffset: Self.portOffset, as: UInt16.self))
        switch Int32(storage.pointee.ss_family) {
        case AF_INET: self.init(address: IPAddress(loading: raw + Self.v4Offset, family: .v4), port: port)
        case AF_INET6: self.init(address: IPAddress(loading: raw + Self.v6Offset, family: .v6), port: port)
        default: return nil
        }
    }
}

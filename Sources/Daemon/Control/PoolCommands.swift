import Glibc
import IKECore
import IKECrypto
import IKEWire
import Inet
import SwanConf
import VICI

// Pools of addresses over the control socket.

extension Daemon {
    /// What `get-pools` answers: a section for each pool.
    ///
    /// - Parameter request: `name` for one pool alone, `leases` for its leases as well. Those that do not fit into the answer
    ///   are counted in `leases-left`; a request with `from` goes on there.
    func poolsMessage(_ request: VICIMessage) -> VICIMessage {
        var room = Self.leaseOctets
        let first = max(0, request.number("from") ?? 0)
        let pools = store.pools.filter { pool in request["name"].map { $0 == pool.name } ?? true }
        return VICIMessage(
            entries: pools.map { pool in
                let usage = endpoint.usage(of: pool.name)
                var section: VICIMessage = [
                    "base": .text(pool.addresses.lowerBound.description),
                    "size": .text(pool.size),
                    "online": .number(usage.online),
                    "offline": .number(usage.offline),
                ]
                if request.flag("leases") {
                    let leases = endpoint.leases(of: pool.name).sorted { $0.address < $1.address }
                    section.append(leases, from: first, now: Int64(time(nil)), room: &room)
                }
                return VICIMessage.Entry(pool.name, .section(section))
            }
        )
    }

    /// Octets of leases in one answer, half of what a packet may have.
    private static let leaseOctets = 256 * 1024

    func loadPool(_ message: VICIMessage) -> VICIMessage {
        var loaded: [String] = []
        for (name, section) in message.sections {
            do throws(ConfigurationError) {
                store.load(try PoolConfiguration(name: name, section: Section(name: name, section)))
                loaded.append(name)
            } catch {
                return .failure(error.summary)
            }
        }
        guard !loaded.isEmpty else { return .failure("load-pool brings no pool") }
        policyChanged("loaded pool \(loaded.joined(separator: ", "))")
        return .success
    }

    func unloadPool(_ message: VICIMessage) -> VICIMessage {
        guard let name = message["name"], store.unload(pool: name) else {
            return .failure("there is no pool '\(message["name"] ?? "")' from the control socket")
        }
        policyChanged("unloaded pool \(name)")
        return .success
    }
}

extension PoolConfiguration {
    /// How many addresses there are, as a number; a pool of IPv6 may have more than 64 bits count.
    fileprivate var size: String {
        var difference: UInt128 = 0
        for (last, first) in zip(addresses.upperBound.bytes, addresses.lowerBound.bytes) {
            difference = difference &* 256 &+ UInt128(last) &- UInt128(first)
        }
        return String(difference &+ 1)
    }
}

extension VICIMessage {
    /// Adds `leases`, as many as there is room for, and how many are left.
    fileprivate mutating func append(_ leases: [Lease], from first: Int, now: Int64, room: inout Int) {
        var section: VICIMessage = [:]
        var next = first
        for lease in leases.dropFirst(first) {
            let identity = lease.identity.description
            room -= identity.utf8.count + Self.octetsOfLease
            guard room > 0 else { break }
            section.append(
                String(next),
                [
                    "address": .text(lease.address.description),
                    "identity": .text(identity),
                    "status": lease.isOnline ? "online" : "offline",
                    // The clock may have been set back since.
                    "since": .number(max(0, now.subtractingReportingOverflow(lease.since.seconds).partialValue)),
                ]
            )
            next += 1
        }
        self.append("leases", .section(section))
        if next < leases.count { self.append("leases-left", .number(leases.count - next)) }
    }

    /// Names, address, numbers and lengths of a lease in a message.
    private static let octetsOfLease = 128
}

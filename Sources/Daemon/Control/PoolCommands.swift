import IKECore
import Inet
import SwanConf
import VICI

// Pools of addresses over the control socket.

extension Daemon {
    /// What `get-pools` answers: a section for each pool.
    var poolsMessage: VICIMessage {
        VICIMessage(
            entries: store.pools.map { pool in
                let leases = endpoint.usage(of: pool.name)
                let section: VICIMessage = [
                    "base": .text(pool.addresses.lowerBound.description),
                    "size": .text(pool.size),
                    "online": .number(leases.online),
                    "offline": .number(leases.offline),
                ]
                return VICIMessage.Entry(pool.name, .section(section))
            }
        )
    }

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

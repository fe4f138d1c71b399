import CLinux
import Glibc

/// A privilege of the calling thread (capabilities(7)).
package struct Capability: Hashable, Sendable, CustomStringConvertible {
    package let number: Int
    package let description: String

    /// TUN devices, addresses, routes, rules and socket marks.
    package static let netAdmin = Capability(number: Int(CAP_NET_ADMIN), description: "CAP_NET_ADMIN")
    /// Raw sockets, which ESP without UDP encapsulation needs.
    package static let netRaw = Capability(number: Int(CAP_NET_RAW), description: "CAP_NET_RAW")
    /// Ports below 1024: IKE's port 500.
    package static let netBindService = Capability(
        number: Int(CAP_NET_BIND_SERVICE),
        description: "CAP_NET_BIND_SERVICE"
    )

    /// Whether the calling thread may use it right now.
    package var isEffective: Bool {
        var effective: UInt64 = 0
        return clinux_effective_capabilities(&effective) == 0 && effective >> number & 1 == 1
    }

    /// Gives up, for the calling thread and those that it starts from now on, every capability but these.
    ///
    /// Those of them that are permitted become effective, so that a program file may carry capabilities which not every
    /// container grants (`setcap ...+p`).
    package static func keepOnly(_ kept: [Capability]) throws(Errno) {
        let mask = kept.reduce(into: UInt64(0)) { $0 |= 1 << UInt64($1.number) }
        try checked("give up capabilities") { clinux_limit_capabilities(mask) }
    }

    /// Throws an error that names the capabilities which are missing and where they come from.
    package static func require(_ needed: [Capability]) throws(Errno) {
        let missing = needed.filter { !$0.isEffective }
        guard !missing.isEmpty else { return }
        let names = missing.map(\.description).joined(separator: ", ")
        throw Errno(
            "missing capability \(names)",
            code: EPERM,
            advice: "run as root, set AmbientCapabilities= in the systemd unit or give the container --cap-add"
        )
    }
}

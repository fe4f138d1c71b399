package import Inet

/// What the host knows of its own ways into the network.
package struct LocalNetwork: Hashable, Sendable {
    /// The addresses that packets may leave from now, the preferred ones first.
    package var addresses: [IPAddress]
    /// Addresses that may be used where they are in use, but are not chosen: those of the loopback device.
    package var passive: Set<IPAddress>
    /// By the address of a peer: the source that the host's routing would choose.
    package var sources: [IPAddress: IPAddress]
    /// Peers to which there is no route.
    package var unreachable: Set<IPAddress>

    package init(
        addresses: [IPAddress] = [],
        passive: Set<IPAddress> = [],
        sources: [IPAddress: IPAddress] = [:],
        unreachable: Set<IPAddress> = []
    ) {
        self.addresses = addresses
        self.passive = passive
        self.sources = sources
        self.unreachable = unreachable
    }

    /// Whether packets can leave from `local` to `remote`, as far as is known.
    func admits(_ local: IPAddress, _ remote: IPAddress) -> Bool {
        (addresses.contains(local) || passive.contains(local)) && !unreachable.contains(remote)
    }

    /// Our addresses for packets to `remote`, the best first; those that nobody has asked the routing about count as
    /// reachable from every address of their family.
    func sources(for remote: IPAddress) -> [IPAddress] {
        guard !unreachable.contains(remote) else { return [] }
        let fitting = addresses.filter { $0.family == remote.family }
        guard let best = sources[remote], fitting.contains(best) else { return fitting }
        return [best] + fitting.filter { $0 != best }
    }
}

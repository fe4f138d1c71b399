import IKECore

/// Both ends of a CHILD SA have the same keys, each direction's with the right direction, and mean the same by it.
package final class KeysAgree: StateProperty {
    package static let name = "keys-agree"
    private var checked = -1

    package init() {}

    package func check(_ network: Network) -> String? {
        let generation = network.dataPlaneGeneration
        guard generation != checked else { return nil }
        checked = generation
        for host in network.hosts {
            for sa in host.dataPlane.sas {
                for other in network.hosts where other !== host {
                    for twin in other.dataPlane.sas where twin.isTwin(of: sa) {
                        if let story = disagreement(sa, twin) { return "\(host.name) and \(other.name): \(story)" }
                    }
                }
            }
        }
        return nil
    }

    private func disagreement(_ sa: InstalledSA, _ twin: InstalledSA) -> String? {
        let (one, other) = (sa.childSA, twin.childSA)
        if sa.outboundKey != twin.inboundKey { return "\(one.story): what one seals the other cannot open" }
        if one.suite != other.suite { return "\(one.story): \(one.suite) and \(other.suite)" }
        if one.usesESN != other.usesESN { return "\(one.story): only one side uses ESN" }
        if one.localSelectors != other.remoteSelectors { return "\(one.story): selectors differ" }
        return nil
    }
}

/// Each side's CHILD SAs have their twin on the other side, or get it, or go, within the grace.
package final class EverySAHasItsTwin: StateProperty {
    private struct Lone: Hashable {
        let host: String
        let restarts: Int
        let id: UInt32
    }

    package static let name = "twins"
    private var since: [Lone: Instant] = [:]
    private var checked = -1
    private var deadline = Instant.distantFuture

    package init() {}

    package func check(_ network: Network) -> String? {
        // What is overdue by now is so whether it has changed since or not.
        if network.now >= deadline { return overdue(network) }
        let generation = network.dataPlaneGeneration
        guard generation != checked else { return nil }
        checked = generation
        note(network)
        return nil
    }

    package func finish(_ network: Network) -> String? {
        guard let lone = since.keys.min(by: { ($0.host, $0.id) < ($1.host, $1.id) }) else { return nil }
        return "at the end CHILD SA {\(lone.id)} of \(lone.host) has no twin"
    }

    private func note(_ network: Network) {
        var now: [Lone: Instant] = [:]
        for host in network.hosts {
            for sa in host.dataPlane.sas where !hasTwin(sa, of: host, network) {
                let lone = Lone(host: host.name, restarts: host.restarts, id: sa.id)
                now[lone] = since[lone] ?? network.now
            }
        }
        since = now
        deadline = since.values.min().map { $0 + network.expectations.grace } ?? .distantFuture
    }

    private func hasTwin(_ sa: InstalledSA, of host: Host, _ network: Network) -> Bool {
        network.hosts.contains { $0 !== host && $0.dataPlane.sas.contains { $0.isTwin(of: sa) } }
    }

    private func overdue(_ network: Network) -> String? {
        since.filter { $0.value + network.expectations.grace <= network.now }
            .min { ($0.value, $0.key.id) < ($1.value, $1.key.id) }
            .map { "CHILD SA {\($0.key.id)} of \($0.key.host) has had no twin since \(Journal.clock($0.value))" }
    }
}

import IKECore

/// What an engine holds stays within limits at all times.
package final class StateIsBounded: StateProperty {
    package static let name = "state-bounded"

    package init() {}

    package func check(_ network: Network) -> String? {
        for host in network.hosts {
            let load = host.endpoint.load
            if load.ikeSAs > network.expectations.mostIKESAs { return "\(host.name) holds \(load.ikeSAs) IKE SAs" }
            if load.espSPIs > network.expectations.mostESPSPIs { return "\(host.name) holds \(load.espSPIs) ESP SPIs" }
            if load.deadlines > load.ikeSAs {
                return "\(host.name) has \(load.deadlines) deadlines for \(load.ikeSAs) IKE SAs"
            }
        }
        return nil
    }
}

/// Each command is reported as finished, and once.
package final class CommandsEnd: EngineProperty {
    package static let name = "commands-end"
    private var open: [CommandID: String] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        switch happening {
        case .commanded(let id, _, let host):
            open[id] = host.name
            return nil
        case .restarted(let host):
            // Whoever waited learns from the end of the process.
            open = open.filter { $0.value != host.name }
            return nil
        case .event(.commandFinished(let id, _), let host):
            return open.removeValue(forKey: id) == nil ? "\(host.name) ends command \(id.rawValue) twice" : nil
        default: return nil
        }
    }

    package func finish(_ network: Network) -> String? {
        guard let first = open.keys.min(by: { $0.rawValue < $1.rawValue }), let host = open[first] else { return nil }
        return "\(host) never ends command \(first.rawValue)"
    }
}

/// At the end every engine holds established SAs and nothing else, and both sides hold the same.
package final class EverythingComesToRest: Property {
    package static let name = "comes-to-rest"

    package init() {}

    package func finish(_ network: Network) -> String? {
        for host in network.hosts {
            let sas = host.endpoint.summaries(now: network.now)
            if let story = unrest(host, sas, network.now) { return "\(host.name): \(story)" }
            for sa in sas {
                let peers = network.hosts.filter { $0 !== host }
                let hasTwin = peers.contains { peer in
                    peer.endpoint.summaries(now: network.now).contains { $0.spiI == sa.spiI && $0.spiR == sa.spiR }
                }
                if !hasTwin { return "\(host.name): no peer has IKE SA {\(sa.id)}" }
            }
            if network.expectations.endsWithOneOfEach, let story = surplus(sas) { return "\(host.name): \(story)" }
        }
        return nil
    }

    private func unrest(_ host: Host, _ sas: [IKESASummary], _ now: Instant) -> String? {
        for sa in sas {
            if sa.state != .established { return "IKE SA {\(sa.id)} is \(sa.state.rawValue) for ever" }
            for child in sa.children where child.state != "INSTALLED" {
                return "CHILD SA \(child.childSA.story) is \(child.state) for ever"
            }
        }
        let load = host.endpoint.load
        let children = sas.map(\.children.count).reduce(0, +)
        // Where lifetimes are short, one that was replaced always lingers somewhere.
        let overdue = host.endpoint.overdue(at: now)
        if overdue > 0 { return "\(overdue) closed IKE SAs are held, \(sas.count) stand" }
        if load.espSPIs != children { return "\(load.espSPIs) ESP SPIs are held for \(children) CHILD SAs" }
        if load.halfOpen != 0 { return "\(load.halfOpen) IKE SAs stay half open" }
        let installed = host.dataPlane.sas
        if installed.count != children {
            return "the data plane has \(installed.count) CHILD SAs, the engine \(children)"
        }
        if let sa = installed.first(where: { !$0.acceptsInbound || $0.outboundRank == nil }) {
            return "CHILD SA \(sa.childSA.story) works one way only"
        }
        return nil
    }

    private func surplus(_ sas: [IKESASummary]) -> String? {
        var seen: Set<String> = []
        for sa in sas {
            let connection = sa.connection ?? ""
            if !seen.insert(connection).inserted { return "there are two IKE SAs of \(connection)" }
            for child in sa.children.map(\.childSA)
            where !child.isOfOneResource && !seen.insert("\(connection)/\(child.name)").inserted {
                return "there are two CHILD SAs \(child.name) of \(connection)"
            }
        }
        return nil
    }
}

import IKECore
import IKEWire
import Inet

/// Both sides of a standing connection begin something at about the same time (RFC 7296 section 2.25).
package struct Interleaving: Sendable, CustomStringConvertible {
    /// What a side begins.
    package enum Act: String, CaseIterable, Sendable {
        case rekeyChild, rekeyIKE, createChild, deleteChild, deleteIKE, probe
        /// Loses the address in use, and goes on with its other one (MOBIKE, RFC 4555).
        case move
    }

    package let left: Act
    package let right: Act
    /// What happens to their messages.
    package let conditions: Network.Conditions
    /// How much later the right side begins, in seconds.
    package let delay: Double
    package let seed: UInt64

    package var description: String {
        "\(left) and \(right) after \(delay) s, latency \(conditions.latency), loss \(conditions.loss), seed \(seed)"
    }

    /// Every pair of acts over a fast, an uneven, a slow and a lossy network, the right side beginning at once and half a
    /// latency later.
    package static func all(seeds: ClosedRange<UInt64> = 1...1) -> [Interleaving] {
        let networks = [
            Network.Conditions(latency: 0.020...0.020), Network.Conditions(latency: 0.005...0.300),
            Network.Conditions(latency: 0.500...2.500),
            Network.Conditions(loss: 0.2, duplication: 0.2, latency: 0.005...0.300),
        ]
        var all: [Interleaving] = []
        for seed in seeds {
            for conditions in networks {
                for delay in [0, conditions.latency.upperBound / 2] {
                    for left in Act.allCases {
                        all += Act.allCases.map {
                            Interleaving(left: left, right: $0, conditions: conditions, delay: delay, seed: seed)
                        }
                    }
                }
            }
        }
        return all
    }

    /// Runs it until everything has come to rest. The network tells what was violated.
    package func run(keepsLog: Bool = false) -> Network {
        var settings = Settings()
        settings.exportsKeys = keepsLog
        // The connection comes up undisturbed.
        let latency = conditions.latency
        let pair = Pair(
            sites,
            others: acts.contains(.move) ? [Self.leftToo, Self.rightToo] : [],
            seed: seed,
            conditions: Network.Conditions(latency: latency),
            settings: settings
        )
        let network = pair.network
        network.keepsHistory = false
        network.journal.isKept = keepsLog
        network.dataConditions = Network.Conditions(latency: latency.lowerBound...latency.lowerBound)
        network.properties = allProperties()
        network.expectations = expectations
        pair.up(children: .only("net"), within: .seconds(15))
        startTraffic(pair)
        let moment = beginning(pair)
        network.conditions = conditions
        network.at(moment) { _ in begin(left, pair.left, pair.right, network) }
        network.at(moment + .seconds(delay)) { _ in begin(right, pair.right, pair.left, network) }
        network.run(until: moment + .seconds(30))
        network.conditions = Network.Conditions(latency: latency)
        network.settle(within: .seconds(900))
        return network
    }

    private var acts: [Act] { [left, right] }

    private var sites: TwoSites {
        var sites = TwoSites()
        sites.left.connections[0].children.append(TwoSites.child("voice", local: "10.3.0.0/16", remote: "10.4.0.0/16"))
        sites.right.connections[0].children.append(TwoSites.child("voice", local: "10.4.0.0/16", remote: "10.3.0.0/16"))
        if acts.contains(.move) { sites.change { $0.isMobile = true } }
        if left == .probe { sites.left.connections[0].livenessDelay = Self.probeDelay }
        if right == .probe { sites.right.connections[0].livenessDelay = Self.probeDelay }
        return sites
    }

    private var expectations: Expectations {
        var expectations = Expectations()
        let deletesNothing = !acts.contains { $0 == .deleteChild || $0 == .deleteIKE }
        expectations.grace = conditions.isLossless ? .seconds(120) : .seconds(600)
        // What is on its way to an address that is gone is lost.
        expectations.losesNoPacket = deletesNothing && !acts.contains(.move)
        expectations.keepsEverySA = deletesNothing
        // Both sides may make a CHILD SA of the same kind, and begin anew if a peer seems dead.
        expectations.endsWithOneOfEach =
            deletesNothing && acts != [.createChild, .createChild] && conditions.isLossless
        return expectations
    }

    /// Traffic proves that the peer lives, so there is none where it is to be probed.
    private func startTraffic(_ pair: Pair) {
        guard !acts.contains(.probe) else { return }
        let end = pair.network.now + .seconds(30)
        let there = pair.network.flow(from: pair.left, "10.1.0.1", to: pair.right, "10.2.0.1")
        let back = pair.network.flow(from: pair.right, "10.2.0.1", to: pair.left, "10.1.0.1")
        for flow in [there, back] { pair.network.start(flow, every: .seconds(1), until: end) }
        pair.network.run(for: .seconds(5))
    }

    /// A moment later, or when a side is going to probe.
    private func beginning(_ pair: Pair) -> Instant {
        let hosts = zip(acts, [pair.left, pair.right])
        let probe = hosts.first { $0.0 == .probe }?.1.endpoint.nextDeadline
        return probe ?? pair.network.now + .seconds(1)
    }

    private func begin(_ act: Act, _ host: Host, _ peer: Host, _ network: Network) {
        guard let sa = host.endpoint.summaries(now: network.now).first(where: { $0.state == .established }) else {
            return
        }
        let child = sa.children.first.map { SAReference.childSA(id: $0.childSA.id) }
        switch act {
        case .rekeyChild: child.map { _ = network.command(host, .rekey([$0])) }
        case .rekeyIKE: network.command(host, .rekey([.ikeSA(id: sa.id)]))
        case .createChild: network.initiate(host, "site", children: .only("voice"), to: peer)
        case .deleteChild: child.map { _ = network.command(host, .terminate([$0])) }
        case .deleteIKE: network.command(host, .terminate([.ikeSA(id: sa.id)]))
        case .probe: break
        case .move: network.readdress(host, to: Array(host.interfaces.dropFirst()))
        }
    }

    private static let leftToo = "192.0.2.99"
    private static let rightToo = "198.51.100.99"

    private static let probeDelay: Duration = .seconds(20)
}

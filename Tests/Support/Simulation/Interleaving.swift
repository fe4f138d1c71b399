import IKECore
import IKEWire
import Inet

/// Both sides of a standing connection begin something at about the same time (RFC 7296 section 2.25).
package struct Interleaving: Sendable, CustomStringConvertible {
    /// What a side begins.
    package enum Act: String, CaseIterable, Sendable {
        case rekeyChild, rekeyIKE, createChild, deleteChild, deleteIKE, probe
    }

    package let left: Act
    package let right: Act
    /// How long messages travel, in seconds.
    package let latency: ClosedRange<Double>
    /// How much later the right side begins, in seconds.
    package let delay: Double
    package let seed: UInt64

    package init(_ left: Act, _ right: Act, latency: ClosedRange<Double>, delay: Double, seed: UInt64 = 1) {
        self.left = left
        self.right = right
        self.latency = latency
        self.delay = delay
        self.seed = seed
    }

    package var description: String { "\(left) and \(right) after \(delay) s, latency \(latency), seed \(seed)" }

    /// Every pair of acts over networks of three kinds, the right side beginning at once and half a latency later.
    package static var all: [Interleaving] {
        var all: [Interleaving] = []
        for latency in [0.020...0.020, 0.005...0.300, 0.500...2.500] {
            for delay in [0, latency.upperBound / 2] {
                for left in Act.allCases {
                    for right in Act.allCases { all.append(Interleaving(left, right, latency: latency, delay: delay)) }
                }
            }
        }
        return all
    }

    /// Runs it until everything has come to rest. The network tells what was violated.
    ///
    /// - Parameter reportsClosing: whether an SA that ends otherwise than by rekeying is a violation where nothing is deleted.
    package func run(keepsLog: Bool = false, reportsClosing: Bool = true) -> Network {
        let pair = Pair(sites, seed: seed, conditions: Network.Conditions(latency: latency), settings: settings)
        let network = pair.network
        network.journal.isKept = keepsLog
        network.dataConditions = Network.Conditions(latency: latency.lowerBound...latency.lowerBound)
        network.properties = allProperties()
        network.expectations = expectations
        if !reportsClosing { network.expectations.keepsEverySA = false }
        pair.up(children: .only("net"), within: .seconds(15))
        startTraffic(pair)
        let moment = beginning(pair)
        network.at(moment) { _ in begin(left, pair.left, pair.right, network) }
        network.at(moment + .seconds(delay)) { _ in begin(right, pair.right, pair.left, network) }
        network.run(until: moment + .seconds(150))
        network.settle(within: .seconds(600))
        return network
    }

    private var acts: [Act] { [left, right] }

    private var sites: TwoSites {
        var sites = TwoSites()
        sites.left.connections[0].children.append(TwoSites.child("voice", local: "10.3.0.0/16", remote: "10.4.0.0/16"))
        sites.right.connections[0].children.append(TwoSites.child("voice", local: "10.4.0.0/16", remote: "10.3.0.0/16"))
        if left == .probe { sites.left.connections[0].livenessDelay = Self.probeDelay }
        if right == .probe { sites.right.connections[0].livenessDelay = Self.probeDelay }
        return sites
    }

    private var settings: Settings {
        var settings = Settings()
        settings.exportsKeys = true
        return settings
    }

    private var expectations: Expectations {
        var expectations = Expectations()
        let isOnlyRekeying = !acts.contains { $0 == .deleteChild || $0 == .deleteIKE }
        expectations.grace = .seconds(120)
        expectations.losesNoPacket = isOnlyRekeying
        expectations.keepsEverySA = isOnlyRekeying
        // Both sides may make a CHILD SA of the same kind.
        expectations.endsWithOneOfEach = isOnlyRekeying && acts != [.createChild, .createChild]
        return expectations
    }

    /// Traffic proves that the peer lives, so there is none where it is to be probed.
    private func startTraffic(_ pair: Pair) {
        guard !acts.contains(.probe) else { return }
        let end = pair.network.now + .seconds(30)
        let there = pair.network.flow(from: pair.left, "10.1.0.1", to: pair.right, "10.2.0.1")
        let back = pair.network.flow(from: pair.right, "10.2.0.1", to: pair.left, "10.1.0.1")
        for flow in [there, back] { pair.network.start(flow, every: .milliseconds(100), until: end) }
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
        }
    }

    private static let probeDelay: Duration = .seconds(20)
}

import IKECore
import IKECrypto
import IKEWire
import Inet

/// One run of a whole network, determined by its seed: the plan is drawn, carried out, and then everything gets the time to
/// come to rest.
package final class Schedule {
    /// What a run came to.
    package struct Outcome: Sendable {
        package let seed: UInt64
        package let violations: [Violation]
        /// Virtual time.
        package let duration: Duration
        package let packets: Int
        /// The last lines of the message log; empty unless it was kept.
        package let log: [String]
    }

    package let seed: UInt64
    package let network: Network
    private let plan: Plan
    private var policies: [Policy]
    private let nat = NATBox(PlannedPolicies.natAddress)

    /// - Parameters:
    ///   - hours: how long commands and traffic go on; nil for some minutes, as the seed says.
    ///   - fault: what is broken on purpose in the first host.
    package init(seed: UInt64, hours: Double? = nil, keepsLog: Bool = false, fault: PlantedFault? = nil) {
        self.seed = seed
        let random = SeededRandom(seed: seed &* 0x2545_F491_4F6C_DD1D)
        plan = Plan(random: random, hours: hours)
        var planned = PlannedPolicies(plan, random: random).policies
        // Drawn apart, so that schedules without it stay what they were.
        let workers = SeededRandom(seed: seed &+ 9611).element([1, 1, 1, 2, 3])
        if workers > 1 { Self.makePerResource(&planned, seed: seed) }
        policies = planned
        network = Network(seed: random.uint64(), conditions: plan.conditions)
        network.dataConditions = plan.dataConditions
        network.keepsHistory = false
        network.journal.isKept = keepsLog
        network.properties = allProperties()
        network.expectations = Self.expectations(plan)
        for (index, policy) in policies.enumerated() {
            let isNatted = index == plan.natted
            var settings = plan.settings
            settings.exportsKeys = keepsLog
            if index == 0 { fault?.impair(&settings) }
            let host = network.host(
                "h\(index)",
                isNatted ? "10.99.0.2" : PlannedPolicies.address(index),
                behind: isNatted ? nat : nil,
                policy: policy,
                settings: settings
            )
            host.dataPlane.workers = workers
            if index == 0 { fault?.plant(in: host) }
        }
    }

    /// Threads of most hosts may have SAs of their own; some hosts know nothing of it.
    private static func makePerResource(_ policies: inout [Policy], seed: UInt64) {
        let random = SeededRandom(seed: seed &+ 9612)
        for host in policies.indices where random.chance(0.8) {
            for connection in policies[host].connections.indices {
                for child in policies[host].connections[connection].children.indices {
                    policies[host].connections[connection].children[child].isPerResource = true
                }
            }
        }
    }

    private static func expectations(_ plan: Plan) -> Expectations {
        var expectations = Expectations()
        let isRekeying = plan.kind == .rekeying
        expectations.keepsEverySA = isRekeying
        expectations.losesNoPacket = isRekeying
        expectations.endsWithOneOfEach = isRekeying && plan.conditions.isLossless
        // A peer that is gone is noticed by a probe and its repetitions, or when the SA is rekeyed. Exchanges wait for each
        // other, and an SA that was rekeyed for its Delete.
        let patience = plan.settings.retransmission.patience
        expectations.grace =
            isRekeying && plan.conditions.isLossless ? .seconds(120) : .seconds(150) + patience * 3
        return expectations
    }

    /// Carries the plan out.
    package func run() -> Outcome {
        let start = network.now
        bringUp()
        for step in plan.steps {
            network.at(start + step.at) { [self] _ in perform(step.action) }
        }
        network.run(for: plan.activity)
        calmDown()
        network.settle(within: network.expectations.grace + .seconds(900))
        return Outcome(
            seed: seed,
            violations: network.violations,
            duration: network.now - start,
            packets: network.flows.map(\.delivered).reduce(0, +),
            log: network.journal.lines()
        )
    }

    private func bringUp() {
        let end = network.now + plan.activity
        for link in plan.links {
            let (initiator, responder) = (network.hosts[link.initiator], network.hosts[link.responder])
            network.initiate(initiator, link.name, to: responder)
            if link.isBroughtUpByBoth { network.initiate(responder, link.name, to: initiator) }
            for isVoice in link.hasVoice ? [false, true] : [false] {
                let near = PlannedPolicies.network(link.initiator, towards: link.responder, isVoice: isVoice) + ".1"
                let far = PlannedPolicies.network(link.responder, towards: link.initiator, isVoice: isVoice) + ".1"
                network.start(
                    network.flow(from: initiator, near, to: responder, far),
                    every: plan.packetInterval,
                    until: end
                )
                network.start(
                    network.flow(from: responder, far, to: initiator, near),
                    every: plan.packetInterval,
                    until: end
                )
            }
        }
    }

    /// From now on the network loses nothing. It becomes no faster than packets are that still travel.
    private func calmDown() {
        let fastest = plan.conditions.latency.lowerBound
        network.conditions = Network.Conditions(latency: fastest...fastest + 0.040)
        network.endOutages()
    }

    // MARK: - Steps

    private func perform(_ action: Plan.Action) {
        switch action {
        case .rekeyChild(let host, let pick): child(host, pick) { .rekey([$0]) }
        case .rekeyIKE(let host, let pick): ikeSA(host, pick) { .rekey([$0]) }
        case .deleteChild(let host, let pick): child(host, pick) { .terminate([$0]) }
        case .deleteIKE(let host, let pick): ikeSA(host, pick) { .terminate([$0]) }
        case .initiate(let index, let byResponder, let voiceOnly):
            let link = plan.links[index]
            let (from, to) = byResponder ? (link.responder, link.initiator) : (link.initiator, link.responder)
            let children: ChildChoice = voiceOnly && link.hasVoice ? .only("voice") : .all
            network.initiate(network.hosts[from], link.name, children: children, to: network.hosts[to])
        case .restart(let host): network.restart(network.hosts[host], policy: policies[host])
        case .silence(let host, let duration): network.silence(network.hosts[host], for: duration)
        case .cut(let link, let duration):
            let link = plan.links[link]
            network.cut(network.hosts[link.initiator], network.hosts[link.responder], for: duration)
        case .rebind: nat.rebind()
        case .reload(let host, let pick): reload(host, pick)
        }
    }

    /// Settings change that are ours alone, that rekeying brings about, or that both ends have agreed on.
    private func reload(_ index: Int, _ pick: Int) {
        for connection in policies[index].connections.indices {
            switch pick / 2 % 3 {
            case 0: policies[index].connections[connection].livenessDelay = .seconds(20 + pick % 20)
            case 1: policies[index].connections[connection].acceptsFragments.toggle()
            default: policies[index].connections[connection].children[0].options.replayWindow = 64 + pick % 64
            }
        }
        let host = network.hosts[index]
        network.feed(host, .policy(policies[index]))
        network.command(host, .follow(Set(policies[index].connections.map(\.name))))
    }

    private func child(_ host: Int, _ pick: Int, _ command: (SAReference) -> Command) {
        let host = network.hosts[host]
        let children = host.endpoint.summaries(now: network.now).flatMap(\.children)
        guard !children.isEmpty else { return }
        network.command(host, command(.childSA(id: children[pick % children.count].childSA.id)))
    }

    private func ikeSA(_ host: Int, _ pick: Int, _ command: (SAReference) -> Command) {
        let host = network.hosts[host]
        let sas = host.endpoint.summaries(now: network.now).filter { $0.state != .connecting }
        guard !sas.isEmpty else { return }
        network.command(host, command(.ikeSA(id: sas[pick % sas.count].id)))
    }
}

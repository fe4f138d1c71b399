import IKECore
import IKEWire
import Inet

/// What a schedule does, drawn from its seed: who talks to whom, over what network, with which lifetimes, and what is asked
/// of the hosts at which moments. Drawing it does not run anything.
struct Plan {
    enum Kind {
        /// Nothing but rekeying after the connections are up: nothing may be lost by it.
        case rekeying
        /// Everything that can happen.
        case anything
    }

    /// Two hosts that have a connection.
    struct Link {
        let initiator: Int
        let responder: Int
        let hasVoice: Bool
        /// Both sides bring it up, which may make two IKE SAs.
        let isBroughtUpByBoth: Bool

        var name: String { "h\(initiator)-h\(responder)" }
    }

    struct Step {
        let at: Duration
        let action: Action
    }

    /// `pick` chooses among the SAs that exist at that moment.
    enum Action {
        case rekeyChild(host: Int, pick: Int)
        case rekeyIKE(host: Int, pick: Int)
        case deleteChild(host: Int, pick: Int)
        case deleteIKE(host: Int, pick: Int)
        case initiate(link: Int, byResponder: Bool, voiceOnly: Bool)
        case restart(host: Int)
        case silence(host: Int, Duration)
        case cut(link: Int, Duration)
        case rebind
        /// Another configuration is read, which the SAs follow.
        case reload(host: Int, pick: Int)
    }

    let kind: Kind
    let hostCount: Int
    /// The host behind a NAT, if there is one. It can only be reached once it has called.
    let natted: Int?
    let links: [Link]
    let conditions: Network.Conditions
    let dataConditions: Network.Conditions
    let settings: Settings
    let steps: [Step]
    /// How long there are commands and traffic.
    let activity: Duration
    /// The pause between packets where nothing changes.
    let packetInterval: Duration

    init(random: SeededRandom, hours: Double?) {
        kind = random.chance(0.5) ? .rekeying : .anything
        hostCount = random.element([2, 2, 2, 2, 3, 3, 4])
        let natted = random.chance(0.2) ? random.below(hostCount) : nil
        self.natted = natted
        links = Self.links(hostCount, natted: natted, kind, random)
        conditions = Self.ikeConditions(random)
        dataConditions = Self.dataConditions(kind, conditions, random)
        var settings = Settings()
        settings.retransmission.timeout = .seconds(random.element([1, 2, 4]))
        activity = hours.map { .seconds($0 * 3600) } ?? .seconds(60 + random.below(340))
        packetInterval = hours == nil ? .milliseconds(random.element([500, 2000, 8000])) : .seconds(5)
        let count = hours.map { Int($0 * 40) } ?? 2 + random.below(10)
        steps = Self.steps(max(2, count), kind, hostCount, links, natted, activity, random)
        settings.windowSize = random.element([1, 1, 2, 8])
        self.settings = settings
    }

    private static func links(_ hostCount: Int, natted: Int?, _ kind: Kind, _ random: SeededRandom) -> [Link] {
        var links: [Link] = []
        for later in 1..<hostCount {
            for earlier in 0..<later where earlier == later - 1 || random.chance(0.3) {
                var ends = random.chance(0.5) ? (earlier, later) : (later, earlier)
                if ends.1 == natted { ends = (ends.1, ends.0) }
                links.append(
                    Link(
                        initiator: ends.0,
                        responder: ends.1,
                        hasVoice: random.chance(0.4),
                        isBroughtUpByBoth: kind == .anything && ends.0 != natted && random.chance(0.2)
                    )
                )
            }
        }
        return links
    }

    private static func ikeConditions(_ random: SeededRandom) -> Network.Conditions {
        random.element([
            Network.Conditions(latency: 0.010...0.050),
            Network.Conditions(duplication: 0.1, latency: 0.005...0.400),
            Network.Conditions(latency: 0.500...2.500),
            Network.Conditions(loss: 0.1, duplication: 0.1, latency: 0.010...0.600),
            Network.Conditions(loss: 0.25, duplication: 0.2, corruption: 0.02, latency: 0.010...0.900),
        ])
    }

    /// While nothing but rekeying happens the data path loses nothing, and keeps its order: no packet arrives later than an
    /// IKE message that was sent after it.
    private static func dataConditions(
        _ kind: Kind,
        _ ike: Network.Conditions,
        _ random: SeededRandom
    ) -> Network.Conditions {
        switch kind {
        case .rekeying:
            Network.Conditions(
                duplication: random.element([0, 0.1]),
                latency: ike.latency.lowerBound...ike.latency.lowerBound
            )
        case .anything:
            Network.Conditions(
                loss: random.element([0, 0.05]),
                duplication: random.element([0, 0.1]),
                latency: ike.latency
            )
        }
    }

    private static func steps(
        _ count: Int,
        _ kind: Kind,
        _ hostCount: Int,
        _ links: [Link],
        _ natted: Int?,
        _ activity: Duration,
        _ random: SeededRandom
    ) -> [Step] {
        var steps: [Step] = []
        var at = Duration.zero
        let pause = activity / Double(count)
        for _ in 0..<count {
            // Half of them come close upon the one before: most trouble is made by two things at once.
            at += random.chance(0.5) ? .seconds(random.fraction() * 0.5) : pause * (0.5 + 1.5 * random.fraction())
            let host = random.below(hostCount)
            let pick = random.below(1000)
            let link = random.below(links.count)
            let duration = Duration.seconds(random.element([5, 30, 200]))
            let isReachable = links[link].initiator != natted
            let action: Action
            switch random.below(kind == .rekeying ? 10 : 24) {
            case 0..<6: action = .rekeyChild(host: host, pick: pick)
            case 6..<10: action = .rekeyIKE(host: host, pick: pick)
            case 10..<13: action = .deleteChild(host: host, pick: pick)
            case 13..<15: action = .deleteIKE(host: host, pick: pick)
            case 15..<20:
                action = .initiate(link: link, byResponder: isReachable && pick % 2 == 0, voiceOnly: pick % 3 == 0)
            case 20: action = .restart(host: host)
            case 21: action = .silence(host: host, duration)
            case 22: action = .cut(link: link, duration)
            default: action = pick % 2 == 0 ? .rebind : .reload(host: host, pick: pick)
            }
            steps.append(Step(at: at, action: action))
        }
        return steps.filter { $0.at <= activity }
    }
}

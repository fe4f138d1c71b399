package import IKECore
import IKECrypto
import IKEWire
package import Inet

/// Hosts that run the IKE engine, joined by a network in virtual time: it delays, loses and duplicates as its seed says.
///
/// Nothing here waits: time jumps to the next delivery or deadline, and the same seed gives the same run.
package final class Network {
    /// What the network does to a datagram.
    package struct Conditions: Sendable {
        package var loss = 0.0
        package var duplication = 0.0
        package var latency: ClosedRange<Double> = 0.010...0.010

        package init(loss: Double = 0, duplication: Double = 0, latency: ClosedRange<Double> = 0.010...0.010) {
            self.loss = loss
            self.duplication = duplication
            self.latency = latency
        }
    }

    /// A datagram on its way, as a test may look at it or change it.
    package struct Transit {
        package var datagram: Datagram
        package let sender: String
    }

    private struct Delivery {
        let at: Instant
        let order: Int
        let datagram: Datagram
    }

    package private(set) var now = Instant(nanoseconds: 1_000_000_000)
    package private(set) var hosts: [Host] = []
    package var conditions: Conditions
    /// Sees each datagram before the network does; returning nil drops it.
    package var tap: ((Transit) -> Datagram?)?
    /// Every datagram that was sent, in order.
    package private(set) var sent: [Transit] = []
    private let random: SeededRandom
    private var inFlight: [Delivery] = []
    private var counter = 0

    package init(seed: UInt64 = 1, conditions: Conditions = Conditions()) {
        random = SeededRandom(seed: seed)
        self.conditions = conditions
    }

    @discardableResult
    package func host(
        _ name: String,
        _ address: String,
        policy: Policy,
        settings: Settings = Settings()
    ) -> Host {
        guard let address = IPAddress(address) else { preconditionFailure("not an address: \(address)") }
        let endpoint = Endpoint(
            settings: settings,
            policy: policy,
            random: SeededRandom(seed: random.uint64()),
            now: now
        )
        let host = Host(name: name, address: address, endpoint: endpoint)
        hosts.append(host)
        return host
    }

    /// Replaces a host by one that has forgotten everything.
    @discardableResult
    package func restart(_ old: Host, policy: Policy, settings: Settings = Settings()) -> Host {
        hosts.removeAll { $0 === old }
        return host(old.name, old.address.description, policy: policy, settings: settings)
    }

    // MARK: - Acting

    /// Gives a command to a host at the present time.
    @discardableResult
    package func command(_ host: Host, _ command: Command) -> CommandID {
        counter += 1
        let id = CommandID(rawValue: UInt64(counter))
        feed(host, .command(command, id))
        return id
    }

    /// Has `host` bring `connection` up towards `peer`.
    @discardableResult
    package func initiate(_ host: Host, _ connection: String, children: ChildChoice = .all, to peer: Host) -> CommandID
    {
        command(
            host,
            .initiate(
                connection: connection,
                children,
                local: SocketAddress(address: host.address, port: 500),
                remote: SocketAddress(address: peer.address, port: 500)
            )
        )
    }

    package func feed(_ host: Host, _ input: Input) {
        host.endpoint.handle(input, now: now)
        drain(host)
    }

    /// Puts a datagram on the network that no host sent.
    package func inject(_ datagram: Datagram) { schedule(datagram) }

    /// Lets virtual time pass.
    package func run(for duration: Duration) { run(until: now + duration) }

    package func run(until end: Instant) {
        while let next = nextMoment(), next <= end {
            now = max(now, next)
            step()
        }
        now = max(now, end)
    }

    private func nextMoment() -> Instant? {
        let delivery = inFlight.map(\.at).min()
        let deadline = hosts.compactMap(\.endpoint.nextDeadline).min()
        return [delivery, deadline].compactMap { $0 }.min()
    }

    private func step() {
        let due = inFlight.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
        inFlight.removeAll { $0.at <= now }
        for delivery in due { deliver(delivery.datagram) }
        for host in hosts where host.endpoint.nextDeadline.map({ $0 <= now }) ?? false { feed(host, .timer) }
    }

    private func deliver(_ datagram: Datagram) {
        guard let host = hosts.first(where: { $0.address == datagram.remote.address }) else { return }
        feed(host, .datagram(Datagram(local: datagram.remote, remote: datagram.local, bytes: datagram.bytes)))
    }

    private func drain(_ host: Host) {
        while let output = host.endpoint.poll() {
            if case .send(let datagram) = output { send(Transit(datagram: datagram, sender: host.name)) }
            host.note(output)
        }
    }

    private func send(_ transit: Transit) {
        sent.append(transit)
        var datagram = transit.datagram
        if let tap {
            guard let passed = tap(transit) else { return }
            datagram = passed
        }
        guard !random.chance(conditions.loss) else { return }
        schedule(datagram)
        if random.chance(conditions.duplication) { schedule(datagram) }
    }

    private func schedule(_ datagram: Datagram) {
        counter += 1
        let range = conditions.latency
        let delay = range.lowerBound + (range.upperBound - range.lowerBound) * random.fraction()
        inFlight.append(Delivery(at: now + .seconds(delay), order: counter, datagram: datagram))
    }
}

/// A host of the network with what its engine has told it so far.
package final class Host {
    package let name: String
    package let address: IPAddress
    package let endpoint: Endpoint
    /// CHILD SAs that the data plane would accept on, by id.
    package private(set) var inbound: [UInt32: ChildSA] = [:]
    /// CHILD SAs that the data plane would send on, the latest last.
    package private(set) var outbound: [ChildSA] = []
    package private(set) var events: [Event] = []
    package private(set) var logs: [LogRecord] = []
    package private(set) var outcomes: [CommandID: CommandOutcome] = [:]
    package private(set) var keepalives = 0

    init(name: String, address: IPAddress, endpoint: Endpoint) {
        self.name = name
        self.address = address
        self.endpoint = endpoint
    }

    func note(_ output: Output) {
        switch output {
        case .send, .keys: break
        case .sendKeepalive: keepalives += 1
        case .installInbound(let childSA): inbound[childSA.id] = childSA
        case .installOutbound(let childSA):
            outbound.removeAll { $0.id == childSA.id }
            outbound.append(childSA)
        case .removeChild(let childSA):
            inbound[childSA.id] = nil
            outbound.removeAll { $0.id == childSA.id }
        case .event(.commandFinished(let id, let outcome)): outcomes[id] = outcome
        case .event(let event): events.append(event)
        case .log(let record): logs.append(record)
        }
    }

    /// The failure of a command, if it has failed.
    package func failure(of id: CommandID) -> NegotiationFailure? {
        guard case .failed(let failure)? = outcomes[id] else { return nil }
        return failure
    }

    package func succeeded(_ id: CommandID) -> Bool {
        guard case .done? = outcomes[id] else { return false }
        return true
    }
}

extension SeededRandom {
    /// A number from 0 up to but not including 1.
    package func fraction() -> Double { Double(uint32()) / Double(1 << 32) }

    /// True in `probability` of the cases.
    package func chance(_ probability: Double) -> Bool { fraction() < probability }
}

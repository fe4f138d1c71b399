package import IKECore
package import IKECrypto
import IKEWire
package import Inet

/// Hosts that run the IKE engine, joined by a network in virtual time: it delays, loses, duplicates and corrupts as its
/// seed says.
///
/// Nothing here waits: time jumps to the next delivery or deadline, and the same seed gives the same run.
package final class Network {
    enum Occurrence {
        case arrival(Parcel)
        /// The next packet of a flow, unless another time has been set for it since.
        case packet(Flow, due: Instant)
        case act((Network) -> Void)
    }

    package private(set) var now = Instant(nanoseconds: 1_000_000_000)
    package private(set) var hosts: [Host] = []
    /// What happens to IKE messages.
    package var conditions: Conditions
    /// What happens to user packets.
    package var dataConditions = Conditions()
    /// Sees each datagram before the network does; returning nil drops it.
    package var tap: ((Transit) -> Datagram?)?
    /// Every datagram that was sent, in order; left empty where histories are not kept.
    package private(set) var sent: [Transit] = []
    /// Whether `sent` and the hosts' events and logs are kept.
    package var keepsHistory = true
    /// What hosts believe that every path takes, in octets of an IP packet; nil: they know nothing. Of those made after it is set.
    package var believedPathMTU: Int?
    package internal(set) var flows: [Flow] = []
    package let journal = Journal()
    /// What must hold.
    package var properties: [any Property] = [] {
        didSet {
            engineProperties = properties.compactMap { $0 as? any EngineProperty }
            packetProperties = properties.compactMap { $0 as? any PacketProperty }
            stateProperties = properties.compactMap { $0 as? any StateProperty }
        }
    }
    private var engineProperties: [any EngineProperty] = []
    private var packetProperties: [any PacketProperty] = []
    private var stateProperties: [any StateProperty] = []
    /// Whether an engine was called since the state was looked at.
    private var hasStateChanged = false
    /// What the properties may take for granted.
    package var expectations = Expectations()
    package private(set) var violations: [Violation] = []
    /// When the conditions last kept a datagram from arriving as it was sent.
    package private(set) var lastLoss: Instant?
    /// User packets have their own randomness, so that they do not change what happens to IKE messages.
    let dataRandom: SeededRandom
    private let random: SeededRandom
    private var queue = EventQueue<Occurrence>()
    private var outages: [Outage] = []
    private var lastCommand: UInt64 = 0
    private var stepsAtOnce = 0

    package init(seed: UInt64 = 1, conditions: Conditions = Conditions()) {
        random = SeededRandom(seed: seed)
        dataRandom = SeededRandom(seed: ~seed)
        self.conditions = conditions
    }

    @discardableResult
    package func host(
        _ name: String,
        _ address: String,
        behind nat: NATBox? = nil,
        policy: Policy,
        settings: Settings = Settings(),
        crashSecret: SecretBytes? = nil
    ) -> Host {
        self.host(
            name,
            [Host.Interface(address, behind: nat)],
            policy: policy,
            settings: settings,
            crashSecret: crashSecret
        )
    }

    /// A host with several addresses, of which its engine is told.
    @discardableResult
    package func host(
        _ name: String,
        _ interfaces: [Host.Interface],
        policy: Policy,
        settings: Settings = Settings(),
        crashSecret: SecretBytes? = nil
    ) -> Host {
        let host = Host(
            name: name,
            interfaces: interfaces,
            settings: settings,
            crashSecret: crashSecret,
            endpoint: engine(settings, policy, crashSecret)
        )
        hosts.append(host)
        if interfaces.count > 1 { feed(host, .network(host.network)) }
        return host
    }

    private func engine(_ settings: Settings, _ policy: Policy, _ crashSecret: SecretBytes?) -> Endpoint {
        let believed = believedPathMTU
        return Endpoint(
            settings: settings,
            policy: policy,
            random: SeededRandom(seed: random.uint64()),
            crashSecret: crashSecret,
            calendar: { Fixture.today },
            pathMTU: { _ in believed },
            now: now
        )
    }

    // MARK: - Acting

    /// Gives a command to a host at the present time.
    @discardableResult
    package func command(_ host: Host, _ command: Command) -> CommandID {
        lastCommand += 1
        let id = CommandID(rawValue: lastCommand)
        journal.note(now, "\(host.name) is told to \(command.story)")
        observe(.commanded(id, command, host))
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
                remote: SocketAddress(address: peer.outerAddress, port: 500)
            )
        )
    }

    package func feed(_ host: Host, _ input: Input) {
        host.endpoint.handle(input, now: now)
        drain(host)
    }

    /// Puts a datagram on the network that no host sent.
    package func inject(_ datagram: Datagram) {
        schedule(
            Parcel(source: datagram.local, destination: datagram.remote, content: .ike(datagram.bytes)),
            conditions,
            random
        )
    }

    /// Puts an ESP packet on the network that no host sent.
    package func inject(_ packet: ESPPacket, from source: SocketAddress, to destination: SocketAddress) {
        schedule(
            Parcel(source: source, destination: destination, content: .esp(packet)),
            dataConditions,
            dataRandom
        )
    }

    func schedule(_ flow: Flow, due: Instant) { queue.schedule(.packet(flow, due: due), at: due) }

    /// Has something happen at a later time.
    package func at(_ instant: Instant, _ action: @escaping (Network) -> Void) {
        queue.schedule(.act(action), at: instant)
    }

    /// Replaces a host's engine: all its state is lost, and nobody is told.
    @discardableResult
    package func restart(_ host: Host, policy: Policy) -> Host {
        journal.note(now, "\(host.name) starts anew and has lost everything")
        host.restart(engine(host.settings, policy, host.crashSecret))
        hasStateChanged = true
        observe(.restarted(host))
        return host
    }

    /// Lets nothing from or to a host through for a while.
    package func silence(_ host: Host, for duration: Duration) {
        journal.note(now, "\(host.name) is cut off for \(duration)")
        outages.append(Outage(scope: .host(host.outerAddress), until: now + duration))
    }

    /// Gives a host other addresses, and tells its engine.
    package func readdress(_ host: Host, to interfaces: [Host.Interface]) {
        journal.note(now, "\(host.name) has the addresses \(interfaces.map(\.address)) now")
        host.change(interfaces)
        feed(host, .network(host.network))
    }

    /// Lets nothing between two outer addresses through for a while.
    package func cut(_ one: IPAddress, _ other: IPAddress, for duration: Duration) {
        journal.note(now, "the path between \(one) and \(other) is cut for \(duration)")
        outages.append(Outage(scope: .path(one, other), until: now + duration))
    }

    /// Lets nothing between two hosts through for a while.
    package func cut(_ one: Host, _ other: Host, for duration: Duration) {
        journal.note(now, "the path between \(one.name) and \(other.name) is cut for \(duration)")
        outages.append(Outage(scope: .path(one.outerAddress, other.outerAddress), until: now + duration))
    }

    /// Ends whatever keeps datagrams from getting through.
    package func endOutages() { outages = [] }

    // MARK: - Time

    /// Lets virtual time pass; ends early once a property is violated.
    package func run(for duration: Duration) { run(until: now + duration) }

    package func run(until end: Instant) {
        while violations.isEmpty, let next = nextMoment(), next <= end {
            stepsAtOnce = next > now ? 0 : stepsAtOnce + 1
            guard stepsAtOnce < Self.mostStepsAtOnce else {
                report("time-moves-on", "\(Self.mostStepsAtOnce) steps without time passing: a deadline is never met")
                return
            }
            now = max(now, next)
            step()
            guard hasStateChanged else { continue }
            hasStateChanged = false
            for property in stateProperties { report(property, property.check(self)) }
        }
        if violations.isEmpty { now = max(now, end) }
    }

    /// Changes whenever a data plane does.
    var dataPlaneGeneration: Int { hosts.reduce(0) { $0 + $1.dataPlane.generation } }

    /// Asks every property for its last word, once nothing more is to happen.
    package func finish() {
        for property in properties { report(property, property.finish(self)) }
    }

    /// More than any burst needs: an engine that wants to be called again and again at the same instant never ends.
    private static let mostStepsAtOnce = 10_000

    private func nextMoment() -> Instant? {
        var moment = queue.next ?? .distantFuture
        for host in hosts where !(host.fault?.forgetsTimers ?? false) {
            if let deadline = host.nextDeadline, deadline < moment { moment = deadline }
        }
        return moment == .distantFuture ? nil : moment
    }

    private func step() {
        while let occurrence = queue.popDue(now) {
            switch occurrence {
            case .arrival(let parcel): deliver(parcel)
            case .packet(let flow, let due): proceed(flow, due)
            case .act(let action): action(self)
            }
        }
        for host in hosts
        where !(host.fault?.forgetsTimers ?? false) && host.nextDeadline.map({ $0 <= now }) ?? false {
            feed(host, .timer)
        }
    }

    // MARK: - Outputs

    private func drain(_ host: Host) {
        while let output = host.endpoint.poll() {
            if let fault = host.fault {
                for output in fault.perform(output, of: host, in: self) { perform(output, of: host) }
            } else {
                perform(output, of: host)
            }
        }
        host.noteDeadline()
        hasStateChanged = true
    }

    private func perform(_ output: Output, of host: Host) {
        host.note(output, keepsHistory: keepsHistory)
        switch output {
        case .send(let datagram):
            if let message = SentMessage(datagram.bytes, host) { observe(.sent(message, host)) }
            send(datagram, from: host)
        case .sendKeepalive(let local, let remote):
            dispatch(
                Parcel(source: local, destination: remote, content: .keepalive),
                from: host,
                conditions,
                dataRandom
            )
        case .lookUp(_, let id): host.endpoint.handle(.lookedUp(id, host.ends), now: now)
        case .inquire(let inquiry):
            if let evidence = host.findOut(inquiry) {
                host.endpoint.handle(.inquiryAnswered(inquiry.id, evidence), now: now)
            }
        case .fetch(let inquiry):
            if let result = host.fetch(inquiry) {
                host.endpoint.handle(.certificatesFetched(inquiry.id, result), now: now)
            }
        case .keys(let keys): journal.learn(keys)
        case .event(let event):
            observe(.event(event, host))
            journal.note(now, host.name, event)
        case .log(let record): journal.note(now, host.name, record)
        case .installInbound(let childSA), .installOutbound(let childSA), .updateChild(let childSA),
            .removeOutbound(let childSA), .removeChild(let childSA):
            quicken(flowsOf: host, on: childSA)
        case .addAddress, .removeAddress, .askServer, .endConversation: break
        }
    }

    private func send(_ datagram: Datagram, from host: Host) {
        let transit = Transit(datagram: datagram, sender: host.name)
        if keepsHistory { sent.append(transit) }
        var datagram = datagram
        if let tap {
            guard let passed = tap(transit) else {
                journal.note(now, host.name, transit.datagram, fate: "dropped by the tap")
                return
            }
            datagram = passed
        }
        let parcel = Parcel(source: datagram.local, destination: datagram.remote, content: .ike(datagram.bytes))
        dispatch(parcel, from: host, conditions, random)
    }

    // MARK: - On the wire

    /// Sends a parcel on its way, past the NAT in front of its sender and through what the network does to it.
    func dispatch(_ parcel: Parcel, from host: Host, _ conditions: Conditions, _ random: SeededRandom) {
        var parcel = parcel
        guard let interface = host.interface(at: parcel.source.address) else {
            note(parcel, from: host, fate: "cannot leave: the host has not this address")
            return
        }
        if let nat = interface.nat, parcel.hasPorts {
            parcel.source = nat.outward(parcel.source, to: parcel.destination.address, now: now)
        }
        guard !random.chance(conditions.loss) else {
            lastLoss = now
            note(parcel, from: host, fate: "lost")
            return
        }
        if conditions.corruption > 0, random.chance(conditions.corruption) {
            guard case .ike(let bytes) = parcel.content, !bytes.isEmpty else { return }
            var corrupted = bytes
            corrupted[Int(random.uint32()) % bytes.count] ^= UInt8(1 << (random.uint32() % 8))
            lastLoss = now
            note(parcel, from: host, fate: "corrupted")
            parcel.content = .ike(corrupted)
            schedule(parcel, conditions, random)
            return
        }
        let arrival = schedule(parcel, conditions, random)
        let second = random.chance(conditions.duplication) ? schedule(parcel, conditions, random) : nil
        note(
            parcel,
            from: host,
            fate: "arrives at \(Journal.clock(arrival))\(second.map { " and \(Journal.clock($0))" } ?? "")"
        )
    }

    private func note(_ parcel: Parcel, from host: Host, fate: @autoclosure () -> String) {
        guard journal.isKept, case .ike(let bytes) = parcel.content else { return }
        journal.note(
            now,
            host.name,
            Datagram(local: parcel.source, remote: parcel.destination, bytes: bytes),
            fate: fate()
        )
    }

    @discardableResult
    private func schedule(_ parcel: Parcel, _ conditions: Conditions, _ random: SeededRandom) -> Instant {
        let range = conditions.latency
        let delay = range.lowerBound + (range.upperBound - range.lowerBound) * random.fraction()
        let arrival = Instant(nanoseconds: now.nanoseconds + UInt64(delay * 1_000_000_000))
        queue.schedule(.arrival(parcel), at: arrival)
        return arrival
    }

    private func deliver(_ parcel: Parcel) {
        outages.removeAll { $0.until < now }
        guard !outages.contains(where: { $0.stops(parcel) }) else { return }
        guard let (host, local) = addressee(of: parcel) else {
            if case .esp(let packet) = parcel.content {
                observe(.lost(packet, "no host or NAT mapping at \(parcel.destination)"))
            }
            return
        }
        switch parcel.content {
        case .ike(let bytes): feed(host, .datagram(Datagram(local: local, remote: parcel.source, bytes: bytes)))
        case .esp(let packet): receive(packet, at: host, from: Path(local: local, remote: parcel.source))
        case .keepalive: break
        }
    }

    private func addressee(of parcel: Parcel) -> (Host, SocketAddress)? {
        let destination = parcel.destination
        for host in hosts {
            for interface in host.interfaces {
                guard let nat = interface.nat else {
                    if interface.address == destination.address { return (host, destination) }
                    continue
                }
                guard nat.address == destination.address, parcel.hasPorts,
                    let inside = nat.inward(destination, from: parcel.source.address, now: now),
                    inside.address == interface.address
                else { continue }
                return (host, inside)
            }
        }
        return nil
    }

    // MARK: - Properties

    func observe(_ happening: @autoclosure () -> Happening) {
        guard !engineProperties.isEmpty else { return }
        let happening = happening()
        for property in engineProperties { report(property, property.observe(happening, in: self)) }
    }

    func observe(_ fate: @autoclosure () -> PacketFate) {
        guard !packetProperties.isEmpty else { return }
        let fate = fate()
        for property in packetProperties { report(property, property.observe(fate, in: self)) }
    }

    private func report(_ property: any Property, _ story: String?) {
        if let story { report(type(of: property).name, story) }
    }

    private func report(_ property: String, _ story: String) {
        violations.append(Violation(property: property, at: now, story: story))
        journal.note(now, "VIOLATION of \(property): \(story)")
    }
}

extension SeededRandom {
    /// A number from 0 up to but not including 1.
    package func fraction() -> Double { Double(uint32()) / Double(1 << 32) }

    /// True in `probability` of the cases.
    package func chance(_ probability: Double) -> Bool { fraction() < probability }

    /// A number from 0 up to but not including `count`, which is at least 1.
    package func below(_ count: Int) -> Int { Int(uint32()) % count }

    package func element<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}

import DataPlane
import Glibc
import IKECore
import IKECrypto
import Inet
import LinuxNet
import SwanConf
import VICI

/// The daemon: joins the IKE engine to sockets, timers, the data plane and the control socket.
///
/// One thread runs the event loop and everything here; the data plane has its own. The engine is asked for its outputs after
/// every input, and the timer is set to its next deadline:
///
///     IKE datagrams  --+                      +--> sockets
///     timer          --+--> Endpoint --outputs+--> data plane and routes
///     VICI, signals  --+                      +--> events, logs, answers to commands
package final class Daemon {
    /// Marks what the daemon sends, so that no route into a tunnel takes it ("ike" in ASCII).
    static let socketMark: UInt32 = 0x69_6B65
    /// IKE datagrams that are handled before timers, signals and the control socket get their turn again: some milliseconds.
    static let datagramsInOneTurn = 64
    /// With many SAs timers are due all the time, and each telling looks at all of them.
    static let usagePause: Duration = .milliseconds(100)
    /// How long SIGTERM waits for the peers to confirm.
    static let shutdownGrace: Duration = .seconds(3)

    let options: Options
    let loop: EventLoop
    let control: ControlServer
    let endpoint: Endpoint
    let tunnels: Tunnels
    let resolver: HostResolver
    let startedAt: Instant
    let startedOn: Int
    var store: ConfigurationStore
    var logger = Logger()
    var commands = CommandTable()
    var traps = Traps()
    var traffic = DatagramCounters()
    var notifier: ServiceNotifier
    var metrics = Metrics()
    var counters = RekeyCounters()
    /// What had been dropped when the counters were last reset.
    var countedBefore = DropCounters()
    var history = NegotiationHistory()
    /// Nil where no servers are configured.
    let radius: RADIUSService?
    let revocation: RevocationService
    let certificates: CertificateService
    /// Nil: nothing that is configured needs it, or it could not be started.
    var hooks: Hooks?
    var hooked = HookedSAs()
    /// The command lines that the hook runner was told of when it started, and runs alone.
    let permittedHooks: Set<String>
    private let metricsServer: MetricsServer?
    private let network: NetworkWatch
    private var sendFailures = LogLimit()
    private let timer: TimerFD
    private let signals: SignalFD
    private let keyLog: KeyLog?
    private let leaseStore: LeaseStore
    private var stopAt: Instant?
    /// When the engine was last told what CHILD SAs have carried.
    private var usageTold: Instant?
    private var postponed: [PostponedBeginning] = []
    private var isPerforming = false

    /// Why the daemon cannot start: what to change, for the person who called it.
    package struct StartupError: Error, CustomStringConvertible {
        package let description: String
    }

    /// Starts everything, in an order that touches the network last.
    package init(_ options: Options) throws(StartupError) {
        self.options = options
        FreedMemory.goesBack()
        let configuration: Configuration
        // It has what an updown script may need, and what the daemon gives up next.
        let (runner, runnerFailure) = Self.startHooks()
        do {
            try Confinement.begin()
            configuration = try Configuration.load(path: options.configurationPath)
        } catch {
            throw StartupError(description: "\(error)")
        }
        permittedHooks = configuration.needsHooks ? Set(configuration.hookCommands) : []
        if configuration.needsHooks {
            hooks = runner
            _ = runner?.submit(.permit(configuration.hookCommands))
        } else {
            _ = runner?.finish(limit: .seconds(1))
        }
        let settings = configuration.daemon
        logger = Logger(settings)
        do {
            store = try ConfigurationStore(file: configuration, path: options.configurationPath)
        } catch {
            throw StartupError(description: "\(error)")
        }
        startedAt = Instant(nanoseconds: MonotonicClock.nanoseconds)
        startedOn = time(nil)
        notifier = ServiceNotifier(
            environment: { getenv($0).map { String(cString: $0) } },
            process: getpid(),
            now: startedAt
        )
        let (crashSecret, crashWarning) = Self.crashSecret(settings, options)
        leaseStore = LeaseStore(directory: options.stateDirectory)
        do {
            if let directory = settings.keyLog { keyLog = try KeyLog(directory: directory) } else { keyLog = nil }
            try Capability.require([.netAdmin])
            loop = try EventLoop()
            timer = try TimerFD()
            signals = try SignalFD([SIGTERM, SIGINT, SIGHUP])
            resolver = try HostResolver(loop: loop)
            revocation = try RevocationService(
                loop: loop,
                mark: Self.socketMark,
                clock: { Instant(nanoseconds: MonotonicClock.nanoseconds) },
                calendar: { UnixTime(seconds: Int64(time(nil))) }
            )
            certificates = try CertificateService(
                loop: loop,
                mark: Self.socketMark,
                clock: { Instant(nanoseconds: MonotonicClock.nanoseconds) }
            )
            control = try ControlServer(path: options.socketPath, loop: loop)
            metricsServer = try Self.metricsServer(settings, loop)
            tunnels = try Self.openTunnels(settings)
            network = try NetworkWatch(tunnel: tunnels.dataPlane.deviceIndex, mark: Self.socketMark)
        } catch {
            throw StartupError(description: "\(error)")
        }
        radius = Self.radius(settings, loop, resolver, tunnels)
        store.isConfinedToUDP = !tunnels.dataPlane.carriesRawESP
        endpoint = Endpoint(
            settings: Settings(settings),
            policy: store.policy,
            random: SystemRandom(),
            crashSecret: crashSecret,
            calendar: { UnixTime(seconds: Int64(time(nil))) },
            pathMTU: { Tunnels.knownPathMTU($0) },
            now: startedAt
        )
        do {
            try connectSources()
        } catch {
            throw StartupError(description: "\(error)")
        }
        if let crashWarning { log(.warning, crashWarning) }
        if let runnerFailure, configuration.needsHooks { log(.warning, runnerFailure) }
        let (leases, leaseWarning) = leaseStore.load()
        endpoint.restore(leases)
        if let leaseWarning { log(.warning, leaseWarning) }
        confine()
        announceStart(configuration)
    }

    private func connectSources() throws(Errno) {
        try loop.watch(tunnels.dataPlane.eventDescriptor, .readable) { [weak self] _ in self?.collectFromDataPlane() }
        try loop.watch(network.descriptor, .readable) { [weak self] _ in self?.networkChanged() }
        try loop.watch(timer.raw, .readable) { [weak self] _ in self?.timerFired() }
        try loop.watch(signals.raw, .readable) { [weak self] _ in self?.readSignals() }
        if let hooks {
            try loop.watch(hooks.raw, .readable) { [weak self] in self?.collectFromHooks($0) }
        }
        control.handle = { [weak self] client, request in self?.perform(request, for: client) }
        control.registrationsChanged = { [weak self] in self?.noteRegistrations() }
        metricsServer?.page = { [weak self] in self?.metricsPage ?? "" }
        metricsServer?.deadlineChanged = { [weak self] in self?.setTimer() }
        radius?.answered = { [weak self] conversation, answer in self?.feed(.serverAnswered(conversation, answer)) }
        radius?.log = { [weak self] record in self?.log(record) }
        radius?.lost = { [weak self] text in self?.raise(.radiusNotResponding, text) }
        radius?.deadlineChanged = { [weak self] in self?.setTimer() }
        revocation.answered = { [weak self] id, evidence in self?.feed(.inquiryAnswered(id, evidence)) }
        revocation.log = { [weak self] record in self?.log(record) }
        revocation.deadlineChanged = { [weak self] in self?.setTimer() }
        revocation.ownChanged = { [weak self] in self?.noteOwnStatus() }
        certificates.answered = { [weak self] id, answer in self?.feed(.certificatesFetched(id, answer)) }
        certificates.deadlineChanged = { [weak self] in self?.setTimer() }
        control.forget = { [weak self] client in self?.commands.forget(client) }
    }

    /// A kernel without filters is no reason not to start.
    private func confine() {
        do throws(Errno) {
            try Confinement.complete()
        } catch {
            log(.warning, "system calls that the daemon does not need stay open to it: \(error)")
        }
    }

    private func announceStart(_ configuration: Configuration) {
        for warning in configuration.warnings { log(.warning, warning.summary, .cfg) }
        for warning in store.warnings { log(.warning, warning, .cfg) }
        if store.isConfinedToUDP {
            log(
                .warning,
                "without CAP_NET_RAW ESP goes in UDP only: every connection works as with encap = yes, and peers without NAT "
                    + "traversal are refused"
            )
        }
        let (workers, wanted) = (tunnels.dataPlane.workers, Self.workers(configuration.daemon))
        if workers < wanted {
            log(
                .warning,
                "the kernel gives the device \(tunnels.dataPlane.deviceName) \(workers) of the \(wanted) queues asked for: "
                    + "packets are moved by \(workers) pairs of threads"
            )
        }
        if let keyLog {
            log(.warning, "keys of all SAs are written to \(keyLog.directory): whoever reads them can read the traffic")
        }
        if let servers = configuration.daemon.radius?.servers {
            log(.info, "RADIUS servers: \(servers.map { "\($0.name) (\($0.host))" }.joined(separator: ", "))")
        }
        if let address = configuration.daemon.metricsListen { log(.info, "metrics are served at \(address)") }
        log(
            .info,
            "iked \(Software.version) is ready: device \(tunnels.dataPlane.deviceName), "
                + "control socket \(options.socketPath), \(store.connectionNames.count) connections"
        )
    }

    // MARK: - Running

    /// Runs until a signal ends it; then no SA, route, rule or device is left.
    package func run() throws(StartupError) {
        lookAtNetwork()
        revocation.keep(own: store.certificatesWithStatus)
        renewTraps(store.connections.map(\.name))
        initiateAtStart(store.connections.map(\.name))
        notifier.ready(words, now: now)
        setTimer()
        do throws(Errno) {
            try loop.run()
        } catch {
            finishHooks()
            tunnels.close()
            throw StartupError(description: "the event loop failed: \(error)")
        }
        finishHooks()
        tunnels.close()
        if let failure = leaseStore.finish({ endpoint.allLeases }) { log(.warning, failure) }
        log(.info, "iked has ended")
    }

    /// What the daemon does, in a line for the service manager.
    var words: String {
        "\(endpoint.established) IKE SAs up, \(store.connectionNames.count) connections"
    }

    var now: Instant { Instant(nanoseconds: MonotonicClock.nanoseconds) }

    func log(
        _ level: LogRecord.Level,
        _ message: String,
        connection: String? = nil,
        _ subsystem: LogRecord.Subsystem = .dmn
    ) {
        log(LogRecord(level, message, connection: connection, subsystem: subsystem))
    }

    func log(_ record: LogRecord) {
        logger.write(record)
        guard logger.levels.admits(record) else { return }
        control.broadcast("log") { record.message(name: "log") }
        for (client, limit) in commands.listeners where record.level.viciLevel <= limit {
            control.event(client, "control-log", record.message(name: "control-log"))
        }
    }

    /// Gives the engine something and does what it asks for.
    func feed(_ input: Input) {
        endpoint.handle(input, now: now)
        // An output may lead to another input; the outer call then takes its outputs as well, in order.
        guard !isPerforming else { return }
        isPerforming = true
        while let output = endpoint.poll() { perform(output) }
        isPerforming = false
        leaseStore.noteChanges(endpoint.leaseChanges, now)
        setTimer()
    }

    private func perform(_ output: Output) {
        switch output {
        case .send(let datagram): send(datagram)
        case .sendKeepalive(let local, let remote):
            // What a keepalive cannot do the next one may.
            try? tunnels.dataPlane.transport.sendKeepalive(from: local, to: remote)
        case .installInbound(let childSA): report(tunnels.installInbound(childSA), childSA)
        case .installOutbound(let childSA): report(tunnels.installOutbound(childSA), childSA)
        case .updateChild(let childSA):
            if let failure = tunnels.update(childSA) { log(.warning, failure, connection: childSA.connection, .esp) }
        case .removeOutbound(let childSA):
            for failure in tunnels.removeOutbound(childSA) {
                log(.warning, failure, connection: childSA.connection, .esp)
            }
        case .removeChild(let childSA):
            if let counters = tunnels.dataPlane.counters(for: childSA.dataPlaneID) {
                metrics.retire(counters)
                radius?.retire(childSA, counters)
            }
            for failure in tunnels.remove(childSA) { log(.warning, failure, connection: childSA.connection, .esp) }
        case .addAddress(let address, let connection):
            if let failure = tunnels.addAddress(address) { log(.error, failure, connection: connection, .net) }
        case .removeAddress(let address):
            if let failure = tunnels.removeAddress(address) { log(.warning, failure, .net) }
        case .lookUp(let connection, let id): lookUp(connection, id)
        case .askServer(let question): ask(question)
        case .endConversation(let conversation): radius?.end(conversation)
        case .inquire(let inquiry): revocation.find(inquiry)
        case .fetch(let inquiry): certificates.fetch(inquiry)
        case .event(let event): announce(event)
        case .log(let record): log(record)
        case .keys(let keys):
            if let failure = keyLog?.write(keys) { log(.error, failure) }
        }
    }

    /// What responders say of our own certificates has changed.
    private func noteOwnStatus() {
        guard store.ownStatus != revocation.ownResponses else { return }
        store.ownStatus = revocation.ownResponses
        feed(.policy(store.policy))
    }

    private func ask(_ question: ServerQuestion) {
        if let radius {
            radius.ask(question)
        } else {
            let reason =
                "connection \(question.connection) has auth = eap-radius, and no server is configured (iked.radius.servers)"
            feed(.serverAnswered(question.conversation, .unreachable(reason: reason)))
        }
    }

    private func send(_ datagram: Datagram) {
        do throws(Errno) {
            try tunnels.dataPlane.transport.send(
                datagram.bytes,
                from: datagram.local,
                to: datagram.remote,
                mayBeFragmented: datagram.mayBeFragmented
            )
            traffic.sent += 1
        } catch let error where error.code == EMSGSIZE && !datagram.mayBeFragmented {
            // What was to be found out: the host knows meanwhile that the path takes less.
        } catch {
            traffic.sendFailures += 1
            let record = sendFailures.admit(now) {
                LogRecord(.warning, "could not send: \(error)", peer: datagram.remote, subsystem: .net)
            }
            if let record { log(record) }
        }
    }

    /// A CHILD SA that the data plane refuses is of no use: it is deleted with the peer.
    private func report(_ failure: String?, _ childSA: ChildSA) {
        guard let failure else { return }
        log(.error, failure, connection: childSA.connection, .esp)
        raise(.installChildSAFailed, failure, connection: childSA.connection)
        feed(.command(.terminate([.childSA(id: childSA.id)]), commands.nextID()))
    }

    private func collectFromDataPlane() {
        let events = tunnels.dataPlane.collectEvents(limit: Self.datagramsInOneTurn)
        for datagram in events.datagrams {
            traffic.received += 1
            feed(.datagram(Datagram(local: datagram.local, remote: datagram.remote, bytes: datagram.bytes)))
        }
        for (child, arrival) in events.strays {
            feed(.childArrival(id: child.rawValue, Path(local: arrival.local, remote: arrival.remote)))
        }
        for wish in events.wishes { feed(.resourceWanted(childSA: wish.child.rawValue, number: wish.worker)) }
        for wanted in events.acquires { acquire(wanted) }
        for failure in tunnels.followPath(of: events.resized) { log(.warning, failure, .net) }
        for refusal in events.refusals { feed(.strayPacket(StrayPacket(refusal))) }
        if let failure = events.deviceFailure {
            log(.error, "the device \(tunnels.dataPlane.deviceName) is gone: \(failure); ending")
            shutDown()
        }
    }

    // MARK: - Time

    private func timerFired() {
        timer.clear()
        if let stopAt, stopAt <= now {
            log(.warning, "not every peer confirmed the deletion in time")
            loop.stop()
            return
        }
        for id in commands.takeOverdue(now) {
            answer(id, .failed(NegotiationFailure(.peerUnreachable, "no result yet; the negotiation goes on")))
        }
        notifier.timePassed(now) { words }
        metricsServer?.timePassed(now)
        if let failure = leaseStore.timePassed(now, leases: { endpoint.allLeases }) { log(.warning, failure) }
        radius?.timePassed(now)
        revocation.timePassed(now)
        certificates.timePassed(now)
        if let deadline = network.deadline, deadline <= now { lookAtNetwork() }
        beginPostponed()
        if usageTold.map({ now - $0 >= Self.usagePause }) ?? true {
            usageTold = now
            feed(.childUsage(tunnels.usage))
        }
        feed(.timer)
    }

    private func networkChanged() {
        network.noteChanges(now)
        setTimer()
    }

    private func lookAtNetwork() {
        do throws(Errno) {
            if let seen = try network.look(towards: endpoint.mobilePeers, now) { feed(.network(seen)) }
        } catch {
            log(.warning, "the addresses of this host could not be read: \(error)", .net)
        }
    }

    /// Begins something later.
    func postpone(_ beginning: PostponedBeginning) {
        postponed.append(beginning)
        setTimer()
    }

    /// When a beginning of the connection that was postponed is tried again, and for which time.
    func nextPostponed(of connection: String) -> (at: Instant, number: Int)? {
        postponed.filter { $0.connection == connection }.min { $0.at < $1.at }.map { ($0.at, Int($0.tries) + 1) }
    }

    /// What was postponed until now.
    func takePostponed(_ now: Instant) -> [PostponedBeginning] {
        defer { postponed.removeAll { $0.at <= now } }
        return postponed.filter { $0.at <= now }
    }

    private func setTimer() {
        let deadlines = [
            endpoint.nextDeadline, network.deadline, stopAt, commands.nextDeadline, postponed.map(\.at).min(),
            notifier.nextDeadline, metricsServer?.nextDeadline, leaseStore.deadline, radius?.nextDeadline,
            revocation.nextDeadline,
            certificates.nextDeadline,
        ]
        let deadline = deadlines.compactMap { $0 }.min()
        try? timer.set(at: deadline?.nanoseconds)
    }

    // MARK: - Signals

    private func readSignals() {
        while let signal = try? signals.next() {
            switch signal {
            case SIGHUP: _ = reload()
            default: shutDown()
            }
        }
    }

    /// Deletes all SAs with their peers, and ends when they confirm or the time is up.
    private func shutDown() {
        guard stopAt == nil else { return }
        log(.info, "ending: deleting all SAs")
        raise(.shutdownSignal, "iked ends and deletes all SAs")
        notifier.stopping("deleting all SAs", now: now)
        stopAt = now + Self.shutdownGrace
        let id = commands.nextID()
        commands.shutdown = id
        feed(.command(.shutDown, id))
    }
}

/// What passed the IKE sockets.
struct DatagramCounters {
    var received = 0
    var sent = 0
    var sendFailures = 0
}

import Glibc
package import IKEWire
import Inet
package import LinuxNet
import Synchronization

// The data plane
// ==============
//
//              control plane (IKE)                      worker threads, two or more
//                                                    ┌───────────────────────────┐
//    install, remove         ──> CommandMailbox  ──> │ InboundWorker             │
//    IKE datagrams, events   <── EventMailbox   <──  │   SPITable: inbound SAs   │──> queue of the TUN device
//                                     sockets    ──> │                           │
//                                (500, 4500, raw)    ├───────────────────────────┤
//    IKETransport            ──>      sockets   <──  │ OutboundWorker            │
//    install, remove         ──> CommandMailbox  ──> │   PolicyTable: outbound   │<── queue of the TUN device
//    events                  <── EventMailbox   <──  │   SAs and traps           │
//    counters                <── tallies        <──  └───────────────────────────┘
//
// A worker for each direction, with a thread of its own so that one tunnel uses two processors; and as many such pairs as the
// device has queues. Unless both directions are busy, the inbound thread of a pair runs both workers (`OutboundTurns`). Each worker
// owns its tables, mailbox, sockets for ESP, queue and buffers. Only the SAs are common to the workers of one direction, and each is in the hands
// of one at a time (`Custody`), for a batch. Inbound the kernel gives all packets of an SA to one worker
// (`spreadBySPI`); outbound it gives each flow to one, and flows of one SA meet, unless each worker has an SA of its own. Nothing is allocated or locked for a
// packet in the steady state; the mailboxes are touched for IKE datagrams and commands only.
//
// Order. A command that was posted before a datagram or packet came into being is applied before that datagram or
// packet is looked up, since a worker looks into its mailbox after each receive call and before each look-up of
// what it brought. So an inbound SA is ready once `install` has returned and before the peer can know of it, and a
// removed SA carries nothing that arrives later; packets that a worker is handling in that moment may still pass. Between the
// directions there is no other order than that: an answer is opened by the SA that was installed before the question
// was sent.

/// A running data plane. Every function may be called from any thread.
package final class DataPlane: Sendable {
    /// Sends IKE messages through the plane's sockets.
    package let transport: IKETransport
    /// The name of the TUN device and its number for routes.
    package let deviceName: String
    package let deviceIndex: UInt32

    /// Whether ESP can go outside of UDP: not without CAP_NET_RAW.
    package var carriesRawESP: Bool { sockets.carriesRawESP }
    /// How many threads each direction has.
    package var workers: Int { inbound.count }

    /// Those of the first worker, whose places are those of all.
    private let sockets: PlaneSockets
    /// One for each worker of a direction.
    private let inbound: [CommandMailbox<InboundCommand>]
    private let outbound: [CommandMailbox<OutboundCommand>]
    private let events: EventMailbox
    /// One for each worker of both directions.
    private let tallies: [PlaneTallies]
    private let mark: UInt32
    private let registry = Mutex(Registry())
    private let threads = Mutex<[NativeThread]>([])

    /// The control plane's own view of what is installed.
    private struct Registry {
        /// A CHILD SA, of which one direction may not be there yet, or any more.
        struct Child {
            let tallies = ChildTallies()
            var inbound: InboundChild?
            var outbound: OutboundChild?
            /// How many directions are installed or about to be.
            var directions = 0
        }

        var inbound: [ESPSPI: ChildID] = [:]
        var outbound: Set<ChildID> = []
        var children: [ChildID: Child] = [:]

        /// The counters for one more direction of a child.
        mutating func addDirection(of id: ChildID) -> ChildTallies {
            var child = children[id] ?? Child()
            child.directions += 1
            children[id] = child
            return child.tallies
        }

        /// Forgets the child, and the counters, with the last direction.
        mutating func removeDirection(of id: ChildID) {
            guard var child = children[id] else { return }
            child.directions -= 1
            children[id] = child.directions > 0 ? child : nil
        }
    }

    /// Opens the sockets and starts the workers, which take over the device, two for each of its queues. The calling thread's
    /// network namespace is the one that counts.
    package static func start(
        _ configuration: DataPlaneConfiguration,
        device: TUNDevice
    ) throws(Errno) -> DataPlane {
        try DataPlane(configuration, device)
    }

    private init(_ configuration: DataPlaneConfiguration, _ device: TUNDevice) throws(Errno) {
        let all = try PlaneSockets.open(configuration, workers: device.queues.count)
        guard let first = all.first else { throw Errno("start without a queue of the device", code: EINVAL) }
        sockets = first
        var inbound: [CommandMailbox<InboundCommand>] = []
        var outbound: [CommandMailbox<OutboundCommand>] = []
        for _ in all {
            inbound.append(try CommandMailbox())
            outbound.append(try CommandMailbox())
        }
        self.inbound = inbound
        self.outbound = outbound
        events = try EventMailbox(capacity: configuration.ikeCapacity)
        tallies = (0..<(2 * all.count)).map { _ in PlaneTallies() }
        deviceName = device.name
        deviceIndex = device.index
        mark = configuration.mark
        transport = IKETransport(first)
        for (number, queue) in device.queues.enumerated() {
            let inboundEpoll = try Epoll()
            let sealing = try startSealing(number, queue, all[number], configuration, inboundEpoll)
            try startOpening(number, queue, all[number], configuration, sealing, inboundEpoll)
        }
    }

    private func startOpening(
        _ number: Int,
        _ queue: TUNQueue,
        _ sockets: PlaneSockets,
        _ configuration: DataPlaneConfiguration,
        _ sealing: OutboundTurns,
        _ epoll: Epoll
    ) throws(Errno) {
        let opening = Handover(
            try InboundWorker(
                number: UInt32(number),
                queue: queue,
                sockets: sockets,
                commands: inbound[number],
                events: events,
                tallies: tallies[2 * number],
                mergesForDevice: configuration.offloads.mergesForDevice,
                sealing: sealing,
                epoll: epoll
            )
        )
        try startThread("iked-in", number, configuration.processor(of: 2 * number)) {
            var worker = opening.take()
            worker?.run()
        }
    }

    private func startSealing(
        _ number: Int,
        _ queue: TUNQueue,
        _ sockets: PlaneSockets,
        _ configuration: DataPlaneConfiguration,
        _ inboundEpoll: Epoll
    ) throws(Errno) -> OutboundTurns {
        let epoll = try Epoll()
        let worker = try OutboundWorker(
            number: UInt32(number),
            queue: queue,
            sockets: sockets,
            commands: outbound[number],
            events: events,
            tallies: tallies[2 * number + 1],
            mark: mark,
            joinsSends: configuration.offloads.joinsSends,
            epoll: epoll
        )
        let sealing = try OutboundTurns(
            worker,
            queue: queue,
            events: events,
            epoll: epoll,
            inboundEpoll: inboundEpoll
        )
        try startThread("iked-out", number, configuration.processor(of: 2 * number + 1)) { sealing.run() }
        return sealing
    }

    private func startThread(
        _ name: String,
        _ number: Int,
        _ processor: Int?,
        _ body: @escaping @Sendable () -> Void
    ) throws(Errno) {
        let name = workers > 1 ? "\(name)-\(number)" : name
        let thread = try NativeThread(name: name, processor: processor, body)
        threads.withLock { $0.append(thread) }
    }

    deinit { stop() }

    /// Ends the workers and waits for them. The device is gone with them; the sockets close with the plane.
    package func stop() {
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        guard !running.isEmpty else { return }
        for mailbox in inbound { mailbox.post(.stop) }
        for mailbox in outbound { mailbox.post(.stop) }
        for thread in running { thread.join() }
    }
}

// MARK: - SAs

extension DataPlane {
    /// Pairs of a local and a remote selector that one SA may have. A payload holds up to 255 selectors a side, and a peer
    /// may choose them all: this keeps what one SA costs in memory and in look-ups small.
    package static let maximumPolicies = 4096

    /// Installs an inbound SA. On return, every packet that the peer sends from now on is opened.
    package func install(inbound parameters: InboundParameters) throws(InstallError) {
        let tallies = try registry.withLock { (registry) throws(InstallError) in
            guard registry.inbound[parameters.spi] == nil else { throw .spiInUse(parameters.spi) }
            registry.inbound[parameters.spi] = parameters.child
            return registry.addDirection(of: parameters.child)
        }
        do throws(InstallError) {
            let child = try InboundChild(parameters, tallies: tallies.inbound)
            registry.withLock { $0.children[child.id]?.inbound = child }
            for mailbox in inbound { mailbox.post(.install(child)) }
        } catch {
            forgetInbound(parameters.spi)
            throw error
        }
    }

    /// Installs an outbound SA with its policies. On return, every packet that the device yields from now on is subject to
    /// them. Returns the tunnel's MTU in octets: the longest inner packet that leaves in one piece.
    ///
    /// Policies of a later SA go before equal ones of an earlier SA, which can be removed afterwards; for a worker those of its own
    /// go first.
    @discardableResult
    package func install(outbound parameters: OutboundParameters) throws(InstallError) -> Int {
        let (policies, overflow) = parameters.local.count.multipliedReportingOverflow(by: parameters.remote.count)
        guard !overflow, policies <= Self.maximumPolicies else { throw .tooManyPolicies(policies) }
        let path = try path(parameters.encapsulation, mtu: parameters.pathMTU)
        let tallies = try registry.withLock { (registry) throws(InstallError) in
            guard registry.outbound.insert(parameters.child).inserted else { throw .childInUse(parameters.child) }
            return registry.addDirection(of: parameters.child)
        }
        do throws(InstallError) {
            let child = try OutboundChild(parameters, path, tallies: tallies.outbound, workers: outbound.count)
            let innerMTU = child.innerMTU
            registry.withLock { $0.children[child.id]?.outbound = child }
            let (local, remote) = (parameters.local, parameters.remote)
            switch parameters.sender {
            case .all, .fallback: post(.install(child, isOwn: false, local: local, remote: remote))
            case .one(let worker):
                let mailbox = outbound.dropFirst(Int(worker)).first
                mailbox?.post(.install(child, isOwn: true, local: local, remote: remote))
            }
            return innerMTU
        } catch {
            forgetOutbound(parameters.child)
            throw error
        }
    }

    /// Removes an inbound SA; packets for it count as unknown from now on. Nothing happens if there is none.
    package func removeInbound(_ spi: ESPSPI) {
        forgetInbound(spi)
        for mailbox in inbound { mailbox.post(.remove(spi)) }
    }

    /// Removes an outbound SA and its policies. Nothing happens if there is none.
    package func removeOutbound(_ child: ChildID) {
        forgetOutbound(child)
        post(.remove(child))
    }

    /// Sends along another path from now on, and expects the peer's packets along it: the peer or we have another address or
    /// port, or there is a NAT now, or the path's MTU (nil: what the kernel knows) has changed. The kernel is asked for the
    /// tunnel's MTU; if it becomes another one, that is an event.
    package func updateEncapsulation(
        _ child: ChildID,
        to encapsulation: Encapsulation,
        pathMTU: Int? = nil
    ) throws(InstallError) {
        guard let known = registry.withLock({ $0.children[child] }) else { throw .unknownChild(child) }
        let path = try path(encapsulation, mtu: pathMTU, without: Self.leastMTU)
        if let inbound = known.inbound { inbound.custody.whileHeld { inbound.expect(encapsulation) } }
        if let outbound = known.outbound, outbound.custody.whileHeld({ outbound.follow(path) }) {
            events.postResized(child)
        }
    }

    /// The least that IPv6 asks of a path (RFC 8200 section 5), for one that the kernel cannot tell of yet: on a host that moves,
    /// the new route may come after the new address.
    private static let leastMTU = 1280

    /// - Parameter fallback: the MTU where the kernel has no route; nil: that is an error.
    private func path(
        _ encapsulation: Encapsulation,
        mtu: Int?,
        without fallback: Int? = nil
    ) throws(InstallError) -> OuterPath {
        let role: PlaneSocket.Role = encapsulation.isUDP ? .natTraversal : .rawESP
        guard let socket = sockets.index(role, local: encapsulation.local) else {
            throw .network(Errno("send ESP from \(encapsulation.local)", code: EADDRNOTAVAIL))
        }
        do throws(Errno) {
            let (remote, local) = (encapsulation.remote, encapsulation.local.address)
            let mtu = if let mtu { mtu } else { try PathMTU.known(to: remote, from: local, mark: mark) }
            return OuterPath(encapsulation: encapsulation, socket: socket, mtu: mtu)
        } catch {
            guard let fallback else { throw .network(error) }
            return OuterPath(encapsulation: encapsulation, socket: socket, mtu: fallback)
        }
    }

    private func forgetInbound(_ spi: ESPSPI) {
        registry.withLock { registry in
            guard let child = registry.inbound.removeValue(forKey: spi) else { return }
            registry.children[child]?.inbound = nil
            registry.removeDirection(of: child)
        }
    }

    private func forgetOutbound(_ child: ChildID) {
        registry.withLock { registry in
            guard registry.outbound.remove(child) != nil else { return }
            registry.children[child]?.outbound = nil
            registry.removeDirection(of: child)
        }
    }

    /// Every worker has the policies.
    private func post(_ command: OutboundCommand) {
        for mailbox in outbound { mailbox.post(command) }
    }
}

// MARK: - Traps

extension DataPlane {
    /// Traps a policy: a packet that fits it, and that no SA as close carries, is held while an SA is asked for, once
    /// (`DataPlaneEvents.acquires`). Setting a trap again changes its selectors.
    package func setTrap(
        _ trap: TrapID,
        local: [TrafficSelector],
        remote: [TrafficSelector]
    ) throws(InstallError) {
        let (policies, overflow) = local.count.multipliedReportingOverflow(by: remote.count)
        guard !overflow, policies <= Self.maximumPolicies else { throw .tooManyPolicies(policies) }
        post(.setTrap(trap, local: local, remote: remote))
    }

    /// Removes a trap and drops what it holds. Nothing happens if there is none.
    package func removeTrap(_ trap: TrapID) {
        events.conclude(trap)
        post(.removeTrap(trap))
    }

    /// The negotiation that a trap asked for has ended. What an SA carries now is sent; after a failure the rest is dropped,
    /// and for a while nothing is asked for.
    package func concludeAcquire(_ trap: TrapID, succeeded: Bool) {
        events.conclude(trap)
        post(.concludeAcquire(trap, succeeded: succeeded))
    }
}

// MARK: - What has happened

extension DataPlane {
    /// For an epoll set: readable while there is something to collect.
    package var eventDescriptor: Int32 { events.bell.raw }

    /// What the workers have had for the control plane since the last call. With a limit for the datagrams, the descriptor stays
    /// readable while more of them wait.
    package func collectEvents(limit: Int = .max) -> DataPlaneEvents { events.collect(limit: limit) }

    /// The counters of a CHILD SA; nil when neither direction is installed any more, so to be read before removing.
    package func counters(for child: ChildID) -> ChildCounters? {
        registry.withLock { $0.children[child]?.tallies }?.snapshot
    }

    /// Hands over the counters of all CHILD SAs, one after the other.
    package func forEachCounters(_ body: (ChildID, ChildCounters) -> Void) {
        for (id, child) in registry.withLock({ $0.children }) { body(id, child.tallies.snapshot) }
    }

    /// The counters of all CHILD SAs.
    package var allCounters: [ChildID: ChildCounters] {
        var all: [ChildID: ChildCounters] = [:]
        forEachCounters { all[$0] = $1 }
        return all
    }

    /// The processor time that each worker has used, by the thread's name.
    package var processorTimes: [(name: String, time: Duration)] {
        threads.withLock { threads in threads.compactMap { thread in thread.processorTime.map { (thread.name, $0) } } }
    }

    /// The counters of what belongs to no CHILD SA.
    package var planeCounters: PlaneCounters {
        var sum = PlaneCounters()
        for worker in tallies { worker.add(to: &sum) }
        return sum
    }
}

extension DataPlaneConfiguration {
    fileprivate func processor(of thread: Int) -> Int? {
        processors.isEmpty ? nil : processors[thread % processors.count]
    }
}

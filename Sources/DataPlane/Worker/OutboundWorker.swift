import ESP
import Glibc
import IKEWire
import Inet
import LinuxNet

/// Moves packets from its queue of the device to its sockets, in turns. It has policies and traps of its own.
///
/// There may be several, to each of which the kernel gives other flows. An SA carries what all of them send, unless each gets one of its
/// own from the control plane; a worker keeps it in hands until what it has sealed is sent, since the peer's replay window wants the sequence numbers in order.
///
/// One turn handles a bounded number of packets, so that commands are never kept waiting. Everything a packet needs is allocated
/// in `init`.
struct OutboundWorker: ~Copyable {
    /// Packets read from the device in one turn.
    static let deviceBudget = 64

    let number: UInt32
    let queue: TUNQueue
    let sockets: PlaneSockets
    let commands: CommandMailbox<OutboundCommand>
    let events: EventMailbox
    let tallies: PlaneTallies
    let mark: UInt32

    var policies = PolicyTable<OutboundTarget>()
    /// The SAs that are in hands.
    var taken: [OutboundChild] = []
    var traps: [TrapID: Trap] = [:]
    var held = HeldPackets()
    /// There is an SA that may let held packets go.
    var mayRelease = false

    /// The headers of the super-packet that is taken apart.
    let headerTemplate = UnsafeMutableRawBufferPointer.allocate(byteCount: SuperPacket.longestHeaders, alignment: 8)
    var deviceBuffer = DeviceBuffer()
    /// One for each socket, in the same order.
    let lanes: [SendLane]
    /// Answers to senders of packets that are too large, on their way back.
    var answers: Coalescer
    /// Room for one datagram or packet that goes its own way.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 64)

    /// Monotonic time of this turn, in nanoseconds.
    var now: UInt64 = 0
    /// How many packets this turn has sealed.
    var packetsOfTurn = 0
    /// Whether the device is not read because a lane is blocked: its queue then fills, and the senders slow down.
    var isDevicePaused = false
    private var isDeviceLost = false
    private var isStopping = false

    /// What a turn is waited for with.
    private let epoll: Epoll

    private static let mailboxToken: UInt64 = 0
    static let deviceToken: UInt64 = 1
    private static let firstSocketToken: UInt64 = 2

    init(
        number: UInt32,
        queue: TUNQueue,
        sockets: PlaneSockets,
        commands: CommandMailbox<OutboundCommand>,
        events: EventMailbox,
        tallies: PlaneTallies,
        mark: UInt32,
        joinsSends: Bool,
        epoll: Epoll
    ) throws(Errno) {
        try epoll.add(commands.bell.raw, .readable, token: Self.mailboxToken)
        self.epoll = epoll
        answers = Coalescer(merges: false, hasVirtioHeader: queue.hasVirtioHeader)
        self.number = number
        self.queue = queue
        self.sockets = sockets
        self.commands = commands
        self.events = events
        self.tallies = tallies
        self.mark = mark
        lanes = sockets.all.map { SendLane($0, joins: joinsSends) }
        taken.reserveCapacity(Self.deviceBudget)
    }

    deinit {
        scratch.deallocate()
        headerTemplate.deallocate()
    }

    /// Handles what has been waited for under this token. Returns false when told to stop.
    ///
    /// - Parameter now: monotonic time in nanoseconds.
    mutating func turn(for token: UInt64, at now: UInt64) -> Bool {
        self.now = now
        packetsOfTurn = 0
        switch token {
        case Self.mailboxToken: applyCommands()
        case Self.deviceToken: readDevice()
        default: resume(Int(truncatingIfNeeded: token &- Self.firstSocketToken))
        }
        if mayRelease { readDevice() }
        letGo()
        return !isStopping
    }
}

// MARK: - Commands

extension OutboundWorker {
    /// Applies what the control plane has posted; cheap if it has posted nothing.
    mutating func applyCommands() {
        guard commands.hasCommands else { return }
        for command in commands.take() {
            switch command {
            case .install(let child, let isOwn, let local, let remote):
                policies.insert(.child(child), for: .child(child.id), isOwn: isOwn, local: local, remote: remote)
                mayRelease = !held.isEmpty
            case .remove(let id): policies.remove(.child(id))
            case .setTrap(let id, let local, let remote):
                let trap = traps[id] ?? Trap(id)
                traps[id] = trap
                policies.remove(.trap(id))
                policies.insert(.trap(trap), for: .trap(id), local: local, remote: remote)
            case .removeTrap(let id):
                traps[id] = nil
                policies.remove(.trap(id))
                tallies.trapDrops.add(UInt64(held.drop(id)))
            case .concludeAcquire(let id, let succeeded):
                if let trap = traps[id] { conclude(trap, succeeded: succeeded) }
            case .stop: isStopping = true
            }
        }
    }
}

// MARK: - SAs in hands

extension OutboundWorker {
    /// Takes an SA, to be kept until what is sealed with it has been sent.
    mutating func take(_ child: OutboundChild) {
        guard !takeAtOnce(child) else { return }
        // Whoever waits must have nothing that another one waits for.
        for index in lanes.indices { flush(index) }
        letGo()
        child.custody.take(number)
        noteTaken(child)
    }

    /// Whether the SA could be taken without waiting, or has been before.
    mutating func takeAtOnce(_ child: OutboundChild) -> Bool {
        if child.custody.isHeld(by: number) { return true }
        guard child.custody.takeAtOnce(number) else { return false }
        noteTaken(child)
        return true
    }

    private mutating func noteTaken(_ child: OutboundChild) {
        taken.append(child)
        if child.shouldGiveWay(to: number, at: now) { events.post(WorkerWish(child: child.id, worker: number)) }
    }

    /// Gives all SAs back. What a full socket has left in a lane is sent later, and may then be late.
    mutating func letGo() {
        for index in taken.indices {
            taken[index].publishCounts(at: now)
            taken[index].custody.letGo()
        }
        taken.removeAll(keepingCapacity: true)
    }
}

// MARK: - What is waited for

extension OutboundWorker {
    /// Stops reading the device until the lane's socket takes datagrams again. Only then the socket is in the epoll set.
    mutating func pause(for index: Int) {
        // It is in the set already if its lane was blocked before.
        try? epoll.add(sockets.all[index].socket.raw, .writable, token: Self.firstSocketToken + UInt64(index))
        if !isDevicePaused {
            isDevicePaused = true
            waitForDevice([])
        }
    }

    /// Goes on with a lane whose socket is writable, and with the device when no lane is blocked any more.
    private mutating func resume(_ index: Int) {
        flush(index)
        guard !lanes[index].isBlocked else { return }
        try? epoll.remove(sockets.all[index].socket.raw)
        if isDevicePaused, !isDeviceLost, !lanes.contains(where: \.isBlocked) {
            isDevicePaused = false
            waitForDevice(.readable)
        }
    }

    /// Says that the device is gone, and waits for it no longer: it would report its end for ever.
    mutating func loseDevice(_ error: Errno) {
        events.postDeviceFailure(error)
        isDevicePaused = true
        isDeviceLost = true
        try? epoll.remove(queue.raw)
    }

    /// Waits for the device here from now on. False where the kernel has no memory for that.
    func watchDevice() -> Bool {
        guard !isDeviceLost else { return true }
        do {
            try epoll.add(queue.raw, isDevicePaused ? [] : .readable, token: Self.deviceToken)
            return true
        } catch {
            return false
        }
    }

    /// Waits for the device no longer; that cannot fail for a descriptor that is in the set.
    func forgoDevice() {
        try? epoll.remove(queue.raw)
    }

    /// A change of interest in a descriptor that is in the set cannot fail.
    private func waitForDevice(_ events: Epoll.Events) {
        try? epoll.modify(queue.raw, events, token: Self.deviceToken)
    }
}

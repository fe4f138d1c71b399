import ESP
import IKEWire
import Inet
import LinuxNet

/// The thread that moves packets. It alone touches the SAs, the policies and the device.
///
/// One turn: wait, then for each ready descriptor handle a bounded number of packets, so that no source starves another.
/// Everything a packet needs is allocated in `init`.
struct Worker: ~Copyable {
    /// Packets read from the device in one turn.
    static let deviceBudget = 64
    /// Datagrams received from one socket in one turn; each may be many that the kernel has merged.
    static let socketBudget = 32

    let device: TUNDevice
    let sockets: PlaneSockets
    let commands: CommandMailbox
    let events: EventMailbox
    let tallies: PlaneTallies
    let mark: UInt32

    var associations = SPITable<InboundChild>()
    var inbound: [ChildID: InboundChild] = [:]
    var policies = PolicyTable<OutboundTarget>()
    var outbound: [ChildID: OutboundChild] = [:]
    var traps: [TrapID: Trap] = [:]
    var held = HeldPackets()
    /// There is an SA that may let held packets go.
    var mayRelease = false

    var received = ReceiveBatch(capacity: socketBudget)
    /// What was opened, on its way to the device.
    var coalescer: Coalescer
    /// The headers of the super-packet that is taken apart.
    let headerTemplate = UnsafeMutableRawBufferPointer.allocate(byteCount: SuperPacket.longestHeaders, alignment: 8)
    var deviceBuffer = DeviceBuffer()
    /// One for each socket, in the same order.
    let lanes: [SendLane]
    /// Room for one datagram or packet that goes its own way.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 64)
    /// Which refused packets the control plane hears of.
    var unknownSPIReports = RefusalReports()
    var selectorReports = RefusalReports()
    /// IKE datagrams of one receive call.
    var ike: [IKEDatagram] = []

    /// Monotonic time of this turn, in nanoseconds.
    var now: UInt64 = 0
    /// Whether the device is not read because a lane is blocked: its queue then fills, and the senders slow down.
    var isDevicePaused = false
    private var isDeviceLost = false
    private var isStopping = false

    private let epoll: Epoll
    private var ready = Epoll.EventBuffer()

    private static let mailboxToken: UInt64 = 0
    private static let deviceToken: UInt64 = 1
    private static let firstSocketToken: UInt64 = 2

    init(
        device: consuming TUNDevice,
        sockets: PlaneSockets,
        commands: CommandMailbox,
        events: EventMailbox,
        tallies: PlaneTallies,
        mark: UInt32,
        offloads: DataPlaneConfiguration.Offloads
    ) throws(Errno) {
        let epoll = try Epoll()
        try epoll.add(commands.bell.raw, .readable, token: Self.mailboxToken)
        try epoll.add(device.raw, .readable, token: Self.deviceToken)
        for (index, socket) in sockets.all.enumerated() {
            try epoll.add(socket.socket.raw, .readable, token: Self.firstSocketToken + UInt64(index))
        }
        self.epoll = epoll
        coalescer = Coalescer(
            merges: device.hasVirtioHeader && offloads.mergesForDevice,
            hasVirtioHeader: device.hasVirtioHeader
        )
        self.device = device
        self.sockets = sockets
        self.commands = commands
        self.events = events
        self.tallies = tallies
        self.mark = mark
        lanes = sockets.all.map { SendLane($0, joins: offloads.joinsSends) }
    }

    deinit {
        scratch.deallocate()
        headerTemplate.deallocate()
    }

    /// Works until told to stop.
    mutating func run() {
        while !isStopping {
            do {
                try epoll.wait(into: &ready)
            } catch {
                // Only a broken descriptor set fails, and no packet can be waited for any more.
                events.postDeviceFailure(error)
                return
            }
            now = MonotonicClock.nanoseconds
            for index in 0..<ready.count {
                let event = ready[index]
                handle(event.token, event.events)
            }
            if mayRelease { readDevice() }
        }
    }

    private mutating func handle(_ token: UInt64, _ events: Epoll.Events) {
        switch token {
        case Self.mailboxToken:
            applyCommands()
        case Self.deviceToken:
            readDevice()
        default:
            let index = Int(truncatingIfNeeded: token &- Self.firstSocketToken)
            if events.contains(.writable) { resume(index) }
            if events.contains(.readable) || events.contains(.error) { receive(index) }
        }
    }
}

// MARK: - Commands

extension Worker {
    /// Applies what the control plane has posted; cheap if it has posted nothing.
    mutating func applyCommands() {
        guard commands.hasCommands else { return }
        for command in commands.take() {
            switch command {
            case .installInbound(let child):
                associations[child.sa.spi] = child
                inbound[child.id] = child
            case .installOutbound(let child, let local, let remote):
                outbound[child.id] = child
                policies.insert(.child(child), for: .child(child.id), local: local, remote: remote)
                mayRelease = !held.isEmpty
            case .removeInbound(let spi):
                if let child = associations[spi] { inbound[child.id] = nil }
                associations[spi] = nil
            case .removeOutbound(let id):
                outbound[id] = nil
                policies.remove(.child(id))
            case .updatePath(let id, let path):
                inbound[id]?.expect(path.encapsulation)
                guard let child = outbound[id] else { continue }
                let before = child.innerMTU
                child.follow(path)
                if child.innerMTU != before { events.postResized(id) }
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
            case .stop:
                isStopping = true
            }
        }
    }
}

// MARK: - What is waited for

extension Worker {
    /// Stops reading the device until the lane's socket takes datagrams again.
    mutating func pause(for index: Int) {
        wait(for: [.readable, .writable], of: index)
        if !isDevicePaused {
            isDevicePaused = true
            waitForDevice([])
        }
    }

    /// Goes on with a lane whose socket is writable, and with the device when no lane is blocked any more.
    private mutating func resume(_ index: Int) {
        flush(index)
        guard !lanes[index].isBlocked else { return }
        wait(for: .readable, of: index)
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
        try? epoll.remove(device.raw)
    }

    // A change of interest in a descriptor that is in the set cannot fail.

    private func wait(for events: Epoll.Events, of index: Int) {
        try? epoll.modify(sockets.all[index].socket.raw, events, token: Self.firstSocketToken + UInt64(index))
    }

    private func waitForDevice(_ events: Epoll.Events) {
        try? epoll.modify(device.raw, events, token: Self.deviceToken)
    }
}

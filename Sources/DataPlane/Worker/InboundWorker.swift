import ESP
import IKEWire
import LinuxNet

/// A thread that moves packets from its sockets to its queue of the device.
///
/// There may be several. Each knows all inbound SAs, since what the kernel has merged, or spreads by addresses, may be of any; in
/// general an SA's packets come to one worker.
///
/// One turn: wait, then for each ready socket handle a bounded number of datagrams, so that none starves another. In general the
/// thread works outbound as well (`OutboundTurns`).
/// Everything a packet needs is allocated in `init`.
struct InboundWorker: ~Copyable {
    /// Datagrams received from one socket in one turn; each may be many that the kernel has merged.
    static let socketBudget = 32

    let number: UInt32
    let queue: TUNQueue
    let sockets: PlaneSockets
    let commands: CommandMailbox<InboundCommand>
    let events: EventMailbox
    let tallies: PlaneTallies
    /// The outbound side of the same queue.
    let sealing: OutboundTurns

    var associations = SPITable<InboundChild>()
    /// The SA that is in hands: that of the last packet.
    var taken: InboundChild?
    /// What its packets have shown of where the peer is, as far as it has not been noted.
    var shown = Shown.nothing

    enum Shown {
        case nothing
        /// There was an authentic packet.
        case authentic
        /// There was one, and it was the newest so far.
        case newest
    }

    var received = ReceiveBatch(capacity: socketBudget)
    /// What was opened, on its way to the device.
    var coalescer: Coalescer
    /// Which refused packets the control plane hears of.
    var unknownSPIReports = RefusalReports()
    var selectorReports = RefusalReports()
    /// IKE datagrams of one receive call.
    var ike: [IKEDatagram] = []

    /// Monotonic time of this turn, in nanoseconds.
    var now: UInt64 = 0
    private var isStopping = false

    private let epoll: Epoll
    private var ready = Epoll.EventBuffer()

    private static let mailboxToken: UInt64 = 0
    static let deviceToken: UInt64 = 1
    private static let firstSocketToken: UInt64 = 2

    init(
        number: UInt32,
        queue: TUNQueue,
        sockets: PlaneSockets,
        commands: CommandMailbox<InboundCommand>,
        events: EventMailbox,
        tallies: PlaneTallies,
        mergesForDevice: Bool,
        sealing: OutboundTurns,
        epoll: Epoll
    ) throws(Errno) {
        try epoll.add(commands.bell.raw, .readable, token: Self.mailboxToken)
        // IKE's own port has one socket, which all share.
        for (index, socket) in sockets.all.enumerated() where number == 0 || socket.role != .ike {
            try epoll.add(socket.socket.raw, .readable, token: Self.firstSocketToken + UInt64(index))
        }
        self.epoll = epoll
        let hasVirtioHeader = queue.hasVirtioHeader
        coalescer = Coalescer(merges: hasVirtioHeader && mergesForDevice, hasVirtioHeader: hasVirtioHeader)
        self.number = number
        self.queue = queue
        self.sockets = sockets
        self.commands = commands
        self.events = events
        self.tallies = tallies
        self.sealing = sealing
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
                switch ready[index].token {
                case Self.mailboxToken: applyCommands()
                case Self.deviceToken: sealing.takeTurn(at: now)
                case let token: receive(Int(truncatingIfNeeded: token &- Self.firstSocketToken))
                }
            }
        }
    }

    /// Applies what the control plane has posted; cheap if it has posted nothing.
    mutating func applyCommands() {
        guard commands.hasCommands else { return }
        for command in commands.take() {
            switch command {
            case .install(let child): associations[child.sa.spi] = child
            case .remove(let spi): associations[spi] = nil
            case .stop: isStopping = true
            }
        }
    }
}

// MARK: - SAs in hands

extension InboundWorker {
    /// Takes an SA, in place of the one of the last packet.
    mutating func take(_ child: InboundChild) {
        if child.custody.isHeld(by: number) { return }
        letGo()
        child.custody.take(number)
        taken = child
    }

    mutating func letGo() {
        taken?.publishCounts()
        taken?.custody.letGo()
        taken = nil
    }
}

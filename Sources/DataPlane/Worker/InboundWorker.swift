import ESP
import IKEWire
import LinuxNet

/// The thread that moves packets from the sockets to the device. It alone touches the inbound SAs.
///
/// One turn: wait, then for each ready socket handle a bounded number of datagrams, so that none starves another.
/// Everything a packet needs is allocated in `init`.
struct InboundWorker: ~Copyable {
    /// Datagrams received from one socket in one turn; each may be many that the kernel has merged.
    static let socketBudget = 32

    let device: PlaneDevice
    let sockets: PlaneSockets
    let commands: CommandMailbox<InboundCommand>
    let events: EventMailbox
    let tallies: PlaneTallies

    var associations = SPITable<InboundChild>()
    var inbound: [ChildID: InboundChild] = [:]

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
    private static let firstSocketToken: UInt64 = 1

    init(
        device: PlaneDevice,
        sockets: PlaneSockets,
        commands: CommandMailbox<InboundCommand>,
        events: EventMailbox,
        tallies: PlaneTallies,
        mergesForDevice: Bool
    ) throws(Errno) {
        let epoll = try Epoll()
        try epoll.add(commands.bell.raw, .readable, token: Self.mailboxToken)
        for (index, socket) in sockets.all.enumerated() {
            try epoll.add(socket.socket.raw, .readable, token: Self.firstSocketToken + UInt64(index))
        }
        self.epoll = epoll
        let hasVirtioHeader = device.tun.hasVirtioHeader
        coalescer = Coalescer(merges: hasVirtioHeader && mergesForDevice, hasVirtioHeader: hasVirtioHeader)
        self.device = device
        self.sockets = sockets
        self.commands = commands
        self.events = events
        self.tallies = tallies
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
            case .install(let child):
                associations[child.sa.spi] = child
                inbound[child.id] = child
            case .remove(let spi):
                if let child = associations[spi] { inbound[child.id] = nil }
                associations[spi] = nil
            case .expect(let id, let encapsulation):
                inbound[id]?.expect(encapsulation)
            case .stop:
                isStopping = true
            }
        }
    }
}

import IKECrypto
import IKEWire
import Inet

/// What one call into the engine works with: the time, the policy, randomness; and what it brings about.
///
/// SAs reach the rest of the engine only through it.
final class Turn {
    let now: Instant
    let settings: Settings
    let policy: Policy
    let random: any RandomSource
    /// The date, which certificates are judged by.
    let calendar: @Sendable () -> UnixTime
    /// Octets of the largest IP packet that a path takes as far as the host knows; nil: it knows nothing, and nothing is tried.
    let pathMTU: @Sendable (Path) -> Int?
    let spis: SPIAllocator
    let ledger: CommandLedger
    let messages: MessageLedger
    let network: LocalNetwork
    let strangers: Strangers
    /// Where the datagram came in that the call is about; nil where it is about something else.
    let arrival: Path?
    /// Whether somebody wants to see each message.
    let isTracing: Bool
    /// How many computations are left for the puzzles that responders give us.
    var puzzleTries = 0
    let directory: PeerDirectory
    let crashDetection: CrashDetection?
    /// Addresses that peers have of us, and we of them.
    let leases: LeaseTable
    let assigned: AssignedAddresses
    /// Whether no SA stands, or comes about, with the peer of a connection at an address.
    let isFirstContact: (Connection, SocketAddress) -> Bool
    private(set) var outputs: [Output] = []
    /// IKE SAs that came into being by rekeying.
    private(set) var births: [IKESA] = []
    /// SAs that changed without being called.
    private var touched: [IKESA] = []
    private var newcomers: [AuthenticatedNewcomer] = []
    /// Lineages of SAs that were to be authenticated again.
    private var failedRenewals: [UInt32] = []
    /// Negotiations to begin anew after a pause.
    private var retries: [Initiation] = []
    /// Negotiations to begin anew at once.
    private(set) var restarts: [Initiation] = []

    init(
        now: Instant,
        settings: Settings,
        policy: Policy,
        random: any RandomSource,
        calendar: @escaping @Sendable () -> UnixTime,
        pathMTU: @escaping @Sendable (Path) -> Int?,
        spis: SPIAllocator,
        ledger: CommandLedger,
        messages: MessageLedger,
        network: LocalNetwork,
        strangers: Strangers,
        directory: PeerDirectory,
        crashDetection: CrashDetection?,
        leases: LeaseTable,
        assigned: AssignedAddresses,
        isFirstContact: @escaping (Connection, SocketAddress) -> Bool,
        arrival: Path?,
        isTracing: Bool
    ) {
        self.now = now
        self.settings = settings
        self.policy = policy
        self.random = random
        self.calendar = calendar
        self.pathMTU = pathMTU
        self.spis = spis
        self.ledger = ledger
        self.messages = messages
        self.network = network
        self.strangers = strangers
        self.arrival = arrival
        self.directory = directory
        self.crashDetection = crashDetection
        self.leases = leases
        self.assigned = assigned
        self.isFirstContact = isFirstContact
        self.isTracing = isTracing
    }

    func emit(_ output: Output) { outputs.append(output) }

    func emit(_ event: Event) { outputs.append(.event(event)) }

    func log(_ record: LogRecord) { outputs.append(.log(record)) }

    func export(_ keys: KeyExport) { if settings.exportsKeys { outputs.append(.keys(keys)) } }

    func register(_ sa: IKESA) {
        births.append(sa)
        directory.update(sa)
    }

    /// An SA other than the one that was called has changed.
    func touch(_ sa: IKESA) { touched.append(sa) }

    func noteEstablished(_ newcomer: AuthenticatedNewcomer) { newcomers.append(newcomer) }

    func takeNewcomers() -> [AuthenticatedNewcomer] {
        defer { newcomers = [] }
        return newcomers
    }

    /// The successor of these SAs by authentication could not be had.
    func renewalFailed(_ lineage: UInt32) { failedRenewals.append(lineage) }

    func takeFailedRenewals() -> [UInt32] {
        defer { failedRenewals = [] }
        return failedRenewals
    }

    func takeTouched() -> [IKESA] {
        defer { touched = [] }
        return touched
    }

    func retry(_ initiation: Initiation) { retries.append(initiation) }

    func takeRetries() -> [Initiation] {
        defer { retries = [] }
        return retries
    }

    func restart(_ initiation: Initiation) { restarts.append(initiation) }

    func takeBirths() -> [IKESA] {
        defer { births = [] }
        return births
    }

    func takeRestarts() -> [Initiation] {
        defer { restarts = [] }
        return restarts
    }

    /// Notes how one part of a command ended; the last part ends the command.
    func finish(_ command: CommandID?, _ failure: NegotiationFailure? = nil) {
        guard let command, let outcome = ledger.finish(command, failure) else { return }
        emit(.commandFinished(command, outcome))
    }
}

/// One negotiation to begin: whom to talk to, and which CHILD SAs are wanted.
struct Initiation {
    var connection: Connection
    var children: [ChildRequest]
    var local: SocketAddress
    var remote: SocketAddress
    /// How many times it has been begun before.
    var tries = 0
    /// The lineage of the SA that is authenticated again by this.
    var renews: UInt32?
}

/// A CHILD SA that somebody wants, and the command that waits for it.
struct ChildRequest {
    /// Nil: only the IKE SA is wanted.
    var policy: ChildPolicy?
    let command: CommandID?
    /// The packet that wants it.
    var packet: PacketSelectors?
    /// Another one of its name, made meanwhile, will do.
    var isOnlyIfMissing = false
    /// The CHILD SA whose place it takes, since its selectors are not those of the configuration any more.
    var replaces: UInt32?
    /// It is for one resource beside another one, if that still stands.
    var companion: Companion?
}

extension Connection {
    /// One request for each child that is wanted; one without a child where none is.
    func requests(_ choice: ChildChoice, command: CommandID, packet: PacketSelectors? = nil) -> [ChildRequest] {
        let wanted: [ChildPolicy] =
            switch choice {
            case .all: children
            case .only(let name): children.filter { $0.name == name }
            case .none: []
            }
        guard !wanted.isEmpty else { return [ChildRequest(policy: nil, command: command)] }
        return wanted.map { ChildRequest(policy: $0, command: command, packet: packet) }
    }
}

/// Commands in progress, each with the number of parts that have not ended.
final class CommandLedger {
    private struct Progress {
        var remaining: Int
        var done = 0
        var failure: NegotiationFailure?
    }

    private var commands: [CommandID: Progress] = [:]

    func begin(_ command: CommandID, parts: Int) { commands[command] = Progress(remaining: parts) }

    /// The outcome of the whole command when this was its last part; a single failed part fails it.
    func finish(_ command: CommandID, _ failure: NegotiationFailure?) -> CommandOutcome? {
        guard var progress = commands[command] else { return nil }
        progress.remaining -= 1
        if let failure {
            progress.failure = progress.failure ?? failure
        } else {
            progress.done += 1
        }
        guard progress.remaining <= 0 else {
            commands[command] = progress
            return nil
        }
        commands[command] = nil
        return progress.failure.map { .failed($0) } ?? .done(count: progress.done)
    }
}

/// Hands out SPIs and ids that are not in use in this engine.
final class SPIAllocator {
    private let random: any RandomSource
    private var lastID: UInt32 = 0
    private var esp: Set<ESPSPI> = []

    init(random: any RandomSource) { self.random = random }

    /// An SPI for an IKE SA; 64 random bits do not repeat within the life of a daemon.
    func ikeSPI() -> IKESPI {
        while true {
            let spi = IKESPI(rawValue: random.uint64())
            if spi != .zero { return spi }
        }
    }

    /// An SPI for the inbound side of a CHILD SA, held until it is released.
    func espSPI() -> ESPSPI {
        while true {
            let spi = ESPSPI(rawValue: random.uint32())
            if spi.isUsable && esp.insert(spi).inserted { return spi }
        }
    }

    func release(_ spi: ESPSPI) { esp.remove(spi) }

    var espCount: Int { esp.count }

    /// Ids count up from 1; after 2^32 of them they begin again.
    func nextID() -> UInt32 {
        lastID = lastID == .max ? 1 : lastID + 1
        return lastID
    }
}

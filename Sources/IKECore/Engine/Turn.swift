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
    let spis: SPIAllocator
    let ledger: CommandLedger
    let network: LocalNetwork
    let strangers: Strangers
    /// Where the datagram came in that the call is about; nil where it is about something else.
    let arrival: Path?
    /// How many computations are left for the puzzles that responders give us.
    var puzzleTries = 0
    private(set) var outputs: [Output] = []
    /// IKE SAs that came into being by rekeying.
    private(set) var births: [IKESA] = []
    /// SAs that changed without being called.
    private var touched: [IKESA] = []
    private var initialContacts: [IKESA] = []
    /// Negotiations to begin anew because nobody answered.
    private(set) var restarts: [Initiation] = []

    init(
        now: Instant,
        settings: Settings,
        policy: Policy,
        random: any RandomSource,
        spis: SPIAllocator,
        ledger: CommandLedger,
        network: LocalNetwork,
        strangers: Strangers,
        arrival: Path?
    ) {
        self.now = now
        self.settings = settings
        self.policy = policy
        self.random = random
        self.spis = spis
        self.ledger = ledger
        self.network = network
        self.strangers = strangers
        self.arrival = arrival
    }

    func emit(_ output: Output) { outputs.append(output) }

    func emit(_ event: Event) { outputs.append(.event(event)) }

    func log(_ record: LogRecord) { outputs.append(.log(record)) }

    func export(_ keys: KeyExport) { if settings.exportsKeys { outputs.append(.keys(keys)) } }

    func register(_ sa: IKESA) { births.append(sa) }

    /// An SA other than the one that was called has changed.
    func touch(_ sa: IKESA) { touched.append(sa) }

    /// The peer of this SA knows no other one with us.
    func noteInitialContact(_ sa: IKESA) { initialContacts.append(sa) }

    func takeInitialContacts() -> [IKESA] {
        defer { initialContacts = [] }
        return initialContacts
    }

    func takeTouched() -> [IKESA] {
        defer { touched = [] }
        return touched
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
    let connection: Connection
    var children: [ChildRequest]
    var local: SocketAddress
    var remote: SocketAddress
    /// How many times it has been begun before.
    var tries = 0
    /// No other SA with the peer stands; it is told so (INITIAL_CONTACT).
    var isFirstContact = false
}

/// A CHILD SA that somebody wants, and the command that waits for it.
struct ChildRequest {
    /// Nil: only the IKE SA is wanted.
    let policy: ChildPolicy?
    let command: CommandID?
    /// The packet that wants it.
    var packet: PacketSelectors?
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

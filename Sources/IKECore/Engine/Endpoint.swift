package import IKECrypto
import IKEWire
package import Inet

/// The IKE engine: all IKE SAs of one daemon (or one shard of it), without any I/O.
///
/// The contract: call `handle(_:now:)` with what has happened, then take `poll()` until it returns nil and do what it says
/// in that order; call again with `.timer` at `nextDeadline`. The engine reads no clock and opens nothing. With the same
/// random source, the same calendar and the same inputs it does the same again.
package final class Endpoint {
    let settings: Settings
    private let random: any RandomSource
    private let calendar: @Sendable () -> UnixTime
    private let pathMTU: @Sendable (Path) -> Int?
    let spis: SPIAllocator
    let ledger = CommandLedger()
    let messages = MessageLedger()
    let directory = PeerDirectory()
    let crashDetection: CrashDetection?
    let leases: LeaseTable
    private let assigned = AssignedAddresses()
    private(set) var policy: Policy
    private(set) var network = LocalNetwork()
    private var admission: Admission
    let strangers: Strangers
    private var deadlines = DeadlineQueue()
    private var outputs: [Output] = []
    private var nextOutput = 0
    private(set) var isShuttingDown = false
    /// Whether messages are told as `Event.traced`, which costs nothing while it is off.
    package var isTracing = false
    var retries = RetryQueue()
    /// How often the SAs are searched that an unprotected message may be about.
    var hints = RateLimit(burst: 20, interval: .milliseconds(100))
    /// Negotiations that begin again when it is known where the peer is now.
    var lookUps: [LookUpID: Initiation] = [:]
    var lastLookUp: UInt64 = 0

    /// By the SPI that we chose.
    var sas: [IKESPI: IKESA] = [:]

    /// - Parameters:
    ///   - crashSecret: outlives the engine, so that its peers see that it has crashed (RFC 6290); nil: it gives them no tokens.
    ///   - calendar: what certificates are judged by. Without one there is no date on which any is valid.
    ///   - pathMTU: octets of the largest IP packet that a path takes by what the host knows; nil: unknown, so that none is probed.
    package init(
        settings: Settings,
        policy: Policy,
        random: any RandomSource,
        crashSecret: SecretBytes? = nil,
        calendar: @escaping @Sendable () -> UnixTime = { UnixTime(seconds: .min) },
        pathMTU: @escaping @Sendable (Path) -> Int? = { _ in nil },
        now: Instant
    ) {
        crashDetection = crashSecret.map { CrashDetection(secret: $0) }
        self.settings = settings
        self.policy = policy
        self.random = random
        self.calendar = calendar
        self.pathMTU = pathMTU
        spis = SPIAllocator(random: random)
        leases = LeaseTable(calendar: calendar)
        leases.configure(policy.pools)
        admission = Admission(random: random, now: now)
        strangers = Strangers(random: random)
    }

    // MARK: - In and out

    package func handle(_ input: Input, now: Instant) {
        if case .network(let new) = input { network = new }
        let turn = Turn(
            now: now,
            settings: settings,
            policy: policy,
            random: random,
            calendar: calendar,
            pathMTU: pathMTU,
            spis: spis,
            ledger: ledger,
            messages: messages,
            network: network,
            strangers: strangers,
            directory: directory,
            crashDetection: crashDetection,
            leases: leases,
            assigned: assigned,
            isFirstContact: { [unowned self] in isFirstContact($0, $1) },
            arrival: input.arrival,
            isTracing: isTracing
        )
        switch input {
        case .datagram(let datagram): receive(datagram, turn)
        case .command(let command, let id): perform(command, id, turn)
        case .policy(let new):
            policy = new
            leases.configure(new.pools)
            messages.counters.forget(except: Set(new.connections.map(\.name)))
        case .childUsage(let usage): noteUsage(usage, turn)
        case .network: followNetwork(turn)
        case .childArrival(let id, let path): noteArrival(id, path, turn)
        case .resourceWanted(let id, let number): want(Companion(of: id, number: number), turn)
        case .lookedUp(let id, let ends): lookedUp(id, ends, turn)
        case .strayPacket(let packet): receive(packet, turn)
        case .serverAnswered(let id, let answer): serverAnswered(id, answer, turn)
        case .inquiryAnswered(let id, let evidence): answered(id, .revocation(evidence), turn)
        case .certificatesFetched(let id, let result): answered(id, .certificates(result), turn)
        // Puzzles are solved while nothing else waits to be handled.
        case .timer: turn.puzzleTries = PuzzleSearch.triesPerTurn
        }
        resumeRetries(turn)
        while let spi = deadlines.popDue(now) {
            guard let sa = sas[spi] else { continue }
            sa.timePassed(turn)
            // What is still due after that comes up a moment later, never again within this turn.
            settle(sa, turn, notBefore: now + .milliseconds(1))
        }
        admission.timePassed(turn)
        outputs += turn.outputs
    }

    /// The next thing to do, or nil.
    package func poll() -> Output? {
        guard nextOutput < outputs.count else {
            outputs.removeAll(keepingCapacity: true)
            nextOutput = 0
            return nil
        }
        defer { nextOutput += 1 }
        return outputs[nextOutput]
    }

    /// When to call `handle(.timer, …)` at the latest.
    package var nextDeadline: Instant? {
        [deadlines.next(), retries.next, admission.alarmedUntil].compactMap { $0 }.min()
    }

    // MARK: - Datagrams

    private func receive(_ datagram: Datagram, _ turn: Turn) {
        let message: Message
        do {
            // The header comes first: messages of another version are not to be understood, but answered.
            let bytes = datagram.bytes
            let header = try Header(parsing: bytes.span.bytes)
            guard header.majorVersion == 2 else {
                turn.refuseVersion(datagram, header)
                return
            }
            message = try Message(parsing: bytes)
        } catch {
            strangers.drops.malformed += 1
            turn.log(
                .malformed,
                LogRecord(.debug, "dropped a malformed message: \(error)", peer: datagram.remote)
            )
            return
        }
        let header = message.header
        let sa = sas[header.isFromInitiator ? header.responderSPI : header.initiatorSPI]
        if turn.isTracing, !message.isProtected {
            let (local, remote) = (datagram.local, datagram.remote)
            turn.traceUnprotected(
                .received,
                message,
                octets: datagram.bytes.count,
                local: local,
                remote: remote,
                of: sa
            )
        }
        if let sa {
            sa.receive(datagram, message, turn)
            settle(sa, turn)
        } else if header.exchangeType == .ikeSAInit, !header.isResponse, header.isFromInitiator,
            header.responderSPI == .zero, header.initiatorSPI != .zero, header.messageID == 0
        {
            receiveInitRequest(datagram, message, turn)
        } else {
            receiveOutsideAnySA(datagram, message, turn)
        }
    }

    private func serverAnswered(_ id: ServerConversationID, _ answer: ServerAnswer, _ turn: Turn) {
        guard let sa = sas[IKESPI(rawValue: id.rawValue)] else { return }
        sa.serverAnswered(answer, turn)
        settle(sa, turn)
    }

    private func answered(_ id: InquiryID, _ answer: HeldAnswer, _ turn: Turn) {
        guard let sa = sas[id.spi] else { return }
        sa.answered(id, answer, turn)
        settle(sa, turn)
    }

    private func receiveInitRequest(_ datagram: Datagram, _ message: Message, _ turn: Turn) {
        let known = admission.table.spi(madeBy: message.header.initiatorSPI, from: datagram.remote)
        if let sa = known.flatMap({ sas[$0] }) {
            sa.receive(datagram, message, turn)
            settle(sa, turn)
            return
        }
        guard !isShuttingDown else { return }
        switch admission.judge(message, from: datagram.remote, turn) {
        case .welcome(let ticket): answerInit(datagram, message, ticket, turn)
        case .challenged(let notifies): turn.answerUnprotected(datagram, message.header, notifies)
        case .turnedAway: break
        }
    }

    private func answerInit(_ datagram: Datagram, _ message: Message, _ ticket: Admission.Ticket, _ turn: Turn) {
        let responder = InitResponder(
            spiR: spis.ikeSPI(),
            local: datagram.local,
            remote: datagram.remote,
            candidates: policy.candidates(local: datagram.local.address, remote: datagram.remote.address),
            trust: policy.credentials.trust,
            fetchesCertificates: settings.fetchesCertificates,
            random: random
        )
        do {
            let answer = try responder.answer(message, bytes: datagram.bytes)
            let sa = IKESA.respond(
                to: datagram,
                message,
                answer: answer,
                spiR: responder.spiR,
                timeout: ticket.timeout,
                turn
            )
            sas[sa.ourSPI] = sa
            admission.admitted(sa, ticket, now: turn.now)
            settle(sa, turn)
        } catch {
            admission.refused(turn)
            let ends = (local: datagram.local, remote: datagram.remote)
            turn.emit(.ikeFailed(FailedNegotiation(.responder, local: ends.local, remote: ends.remote, error)))
            let level: LogRecord.Level = error.reason == .invalidKeyExchange ? .info : .error
            turn.log(
                .refusedRequest,
                LogRecord(level, "refused IKE_SA_INIT: \(error.message)", peer: datagram.remote)
            )
            if let notify = error.notify { turn.answerUnprotected(datagram, message.header, [notify]) }
        }
    }

    // MARK: - Bookkeeping

    /// After each call on an SA: takes over what it brought forth, and notes when it wants to be called again.
    func settle(_ sa: IKESA, _ turn: Turn, notBefore earliest: Instant? = nil) {
        directory.update(sa)
        let births = turn.takeBirths()
        for successor in births { sas[successor.ourSPI] = successor }
        for changed in births + turn.takeTouched() {
            changed.startPending(turn)
            settle(changed, turn)
        }
        for initiation in turn.takeRestarts() where !isShuttingDown { beginAgain(initiation, turn) }
        admission.note(sa, now: turn.now)
        for newcomer in turn.takeNewcomers() { admit(newcomer, turn) }
        for initiation in turn.takeRetries() { retry(initiation, turn) }
        for lineage in turn.takeFailedRenewals() { renewalFailed(lineage, turn) }
        if sa.isClosed { releaseAddresses(of: sa, turn) }
        if sa.isOver(turn.now) {
            sas[sa.ourSPI] = nil
            deadlines.schedule(sa.ourSPI, at: nil)
        } else {
            let deadline = sa.nextDeadline(settings)
            deadlines.schedule(sa.ourSPI, at: deadline.map { max($0, earliest ?? $0) })
        }
    }

    /// The last SA of a lineage is over: the addresses that came with it are free.
    private func releaseAddresses(of sa: IKESA, _ turn: Turn) {
        guard let lineage = sa.lineage, leases.isHolding(lineage) || !assigned.addresses(of: lineage).isEmpty,
            directory.family(lineage).isEmpty
        else { return }
        leases.release(lineage)
        for address in assigned.release(lineage) { turn.emit(.removeAddress(address)) }
    }

    private func noteUsage(_ usage: [UInt32: ChildUsage], _ turn: Turn) {
        for sa in sas.values.sorted(by: { $0.id < $1.id }) where sa.isTold(by: usage) {
            sa.noteUsage(usage, turn)
            settle(sa, turn)
        }
    }

    private func followNetwork(_ turn: Turn) {
        for sa in sas.values.sorted(by: { $0.id < $1.id }) {
            sa.networkChanged(turn)
            settle(sa, turn)
        }
    }

    private func noteArrival(_ childID: UInt32, _ path: Path, _ turn: Turn) {
        guard let sa = sas.values.first(where: { $0.children.contains { $0.childSA.id == childID } }) else { return }
        sa.heardESP(from: path, turn)
        settle(sa, turn)
    }

    private func want(_ companion: Companion, _ turn: Turn) {
        guard let sa = sas.values.first(where: { $0.children.contains { $0.childSA.id == companion.of } }) else {
            return
        }
        sa.want(companion, turn)
        settle(sa, turn)
    }

    // MARK: - Commands

    private func perform(_ command: Command, _ id: CommandID, _ turn: Turn) {
        switch command {
        case .initiate(let connection, let children, let local, let remote):
            initiate(connection, children, nil, local: local, remote: remote, id, turn)
        case .acquire(let connection, let child, let packet, let local, let remote):
            initiate(connection, .only(child), packet, local: local, remote: remote, id, turn)
        case .terminate(let references):
            apply(references, id, turn) { childID in
                childID.map { .deleteChild(id: $0, id) } ?? .deleteIKE(reason: Ending.asked, id)
            }
        case .rekey(let references):
            apply(references, id, turn) { childID in childID.map { .rekeyChild(id: $0, id) } ?? .rekeyIKE(id) }
        case .reauthenticate(let references): reauthenticate(references, id, turn)
        case .follow(let connections): follow(connections, id, turn)
        case .ping(let reference): ping(reference, id, turn)
        case .shutDown:
            isShuttingDown = true
            for initiation in retries.removeAll() { abandon(initiation, turn) }
            shutDown(id, turn)
        }
    }

    /// Gives every SA that is meant an exchange to do; for a CHILD SA its id goes with it.
    private func apply(
        _ references: [SAReference],
        _ id: CommandID,
        _ turn: Turn,
        exchange: (UInt32?) -> IKESA.PendingExchange
    ) {
        let matches = live(references)
        ledger.begin(id, parts: max(1, matches.count))
        guard !matches.isEmpty else {
            turn.finish(id, NegotiationFailure(.noSuchSA, "no SA matches"))
            return
        }
        for (sa, childID) in matches {
            if sa.isEstablished {
                sa.enqueue(exchange(childID), turn)
            } else {
                sa.withdraw(for: id, turn)
            }
            settle(sa, turn)
        }
    }

    private func ping(_ reference: SAReference, _ id: CommandID, _ turn: Turn) {
        ledger.begin(id, parts: 1)
        guard let (sa, _) = live([reference]).first, sa.isEstablished else {
            turn.finish(id, NegotiationFailure(.noSuchSA, "no IKE SA stands"))
            return
        }
        sa.enqueue(.ping(id), turn)
        settle(sa, turn)
    }

    /// Has the peers of IKE SAs authenticated again; a CHILD SA stands for its IKE SA.
    private func reauthenticate(_ references: [SAReference], _ id: CommandID, _ turn: Turn) {
        let matches = live(references).map(\.sa).filter(\.isEstablished)
        ledger.begin(id, parts: 1)
        let renewed = renewedLineages
        for sa in matches where !sa.belongs(to: renewed) {
            sa.authenticateAgain(turn)
            sa.startPending(turn)
            settle(sa, turn)
        }
        turn.finish(id, matches.isEmpty ? NegotiationFailure(.noSuchSA, "no IKE SA matches") : nil)
    }

    /// The IKE SAs that references lead to, unless they are on their way out.
    private func live(_ references: [SAReference]) -> [(sa: IKESA, childID: UInt32?)] {
        var (byID, byChild) = ([UInt32: IKESA](), [UInt32: IKESA]())
        for sa in sas.values where !sa.isEnding {
            byID[sa.id] = sa
            for entry in sa.children { byChild[entry.childSA.id] = sa }
        }
        return references.compactMap { reference in
            switch reference {
            case .ikeSA(let id): byID[id].map { ($0, nil) }
            case .childSA(let id): byChild[id].map { ($0, id) }
            }
        }
    }

    private func shutDown(_ id: CommandID, _ turn: Turn) {
        let live = sas.values.filter { !$0.isEnding }.sorted { $0.id < $1.id }
        ledger.begin(id, parts: max(1, live.count))
        if live.isEmpty { turn.finish(id) }
        for sa in live {
            if sa.isEstablished {
                sa.enqueue(.deleteIKE(reason: Ending.shuttingDown, id), turn)
            } else {
                sa.withdraw(for: id, turn)
            }
            settle(sa, turn)
        }
    }

    // MARK: - Looking in

    /// All IKE SAs that are not merely lingering, oldest first.
    ///
    /// - Parameters:
    ///   - id: the only one that is asked for; nil: all.
    ///   - connection: whose SAs are asked for; nil: those of all.
    package func summaries(now: Instant, id: UInt32? = nil, of connection: String? = nil) -> [IKESASummary] {
        var summaries: [IKESASummary] = []
        forEachSummary(now: now, id: id, of: connection) { summaries.append($0) }
        return summaries
    }

    /// The same one by one, so that who tells of them begins before the last one is summed up.
    package func forEachSummary(
        now: Instant,
        id: UInt32? = nil,
        of connection: String? = nil,
        _ body: (IKESASummary) -> Void
    ) {
        let wanted = sas.values.filter { sa in
            !sa.isClosed && (id ?? sa.id) == sa.id && (connection == nil || sa.connection?.name == connection)
        }
        for sa in wanted.sorted(by: { $0.id < $1.id }) { body(sa.summary(now)) }
    }

    /// The peers' addresses that the routing should be asked about for `LocalNetwork`: those of SAs whose path is ours to choose.
    package var mobilePeers: Set<IPAddress> {
        Set(
            sas.values.lazy.filter { $0.mobility.isAgreed && $0.isOriginalInitiator && !$0.isClosed }.flatMap(
                \.peerAddresses
            )
        )
    }

    /// How many IKE SAs both ends have authenticated and neither is ending.
    package var established: Int { sas.values.count { $0.isEstablished } }

    /// How many IKE SAs there are that are not merely lingering.
    package var standing: Int { sas.values.count { !$0.isClosed } }

    /// How many closed IKE SAs should have been forgotten by now; always zero.
    package func overdue(at now: Instant) -> Int { sas.values.count { $0.isOverdue(at: now) } }

    /// How much state is held, that of lingering SAs included; zero everywhere once everything has ended.
    package var load: (ikeSAs: Int, halfOpen: Int, espSPIs: Int, deadlines: Int) {
        (sas.count, admission.table.waiting, spis.espCount, deadlines.count)
    }

    /// When a negotiation of the connection is begun again, and for which time; nil: none waits.
    package func nextTry(of connection: String) -> (at: Instant, number: Int)? { retries.next(of: connection) }

    /// The names of the connections that a peer at `remote` may mean when it talks to us at `local`, the most specific first.
    package func candidates(local: IPAddress, remote: IPAddress) -> [String] {
        policy.candidates(local: local, remote: remote).map(\.name)
    }

    /// What was dropped, and asked of strangers, by cause.
    package var drops: DropCounters { strangers.drops }
}

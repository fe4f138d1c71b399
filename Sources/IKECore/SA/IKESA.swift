import IKECrypto
import IKEWire
import Inet

/// One IKE SA, from its first message to the last answer that it may have to repeat.
///
///                                           +--not wanted any more--> withdrawing --refusal, or Delete--> closed
///                                           |
///     initiator:  connecting --INIT--> authenticating --AUTH--+
///                                                             +--> established --Delete--> deleting --> closed
///     responder:  halfOpen ---------------------------AUTH----+        |
///                                                             |        +--rekeyed by the peer--> superseded --> closed
///     rekeyed by both at once:  contending --the higher nonce-+
///
/// Each state carries what exists in it and nothing else: keys from `halfOpen` and `authenticating` on, an authenticated
/// peer from `established` on. `closed` keeps the last answer for a while, since the peer may not have received it.
///
/// The transitions stand in the files beside this one, by what they are about: `Establishing`, `Admitting`, `AskingByEAP`, `Inquiring`,
/// `Withdrawing`, `ChildLife`, `ChildRekeying`, `PerResource`, `IKELife`, `IKERekeying`, `Reauthentication`, `Following`, `Suspicion`, `Deadlines`, `Moving`, `Mobility`,
/// `AddressUpdates`, `PathProbing`. What is on the wire is the exchanges' business (`Exchanges/`), when it is sent that of
/// `ExchangeWindow`.
final class IKESA {
    enum State {
        /// IKE_SA_INIT is sent.
        case connecting(InitInitiator, Initiation)
        /// IKE_SA_INIT is answered; IKE_AUTH must come before the deadline, and go on before it where it takes longer.
        case halfOpen(KeyAgreement, AuthProgress, until: Instant)
        /// IKE_AUTH is sent.
        case authenticating(AuthInitiator, Initiation)
        /// Nobody wants it any more, but the peer may let us in: its answer to IKE_AUTH is waited for, and that to the Delete which
        /// follows.
        case withdrawing(AuthInitiator, [CommandID], until: Instant)
        /// The peer made it to replace an SA that we are rekeying as well; which of the two new ones stays is open. It
        /// carries nothing yet, and nobody was told of it.
        case contending(Established, for: IKESA)
        case established(Established)
        /// Our Delete is sent; the peer's answer, or its silence, ends the SA.
        case deleting(IKESecurity, Established?, [CommandID])
        /// The peer rekeyed this SA and will delete it.
        case superseded(Established, until: Instant)
        /// Over; kept only to answer repeated requests.
        case closed(IKESecurity?, until: Instant)
    }

    /// A state without what exists in it, which would be copied for whoever asks only for this.
    enum Stage {
        case connecting, halfOpen, authenticating, withdrawing, contending, established, deleting, superseded, closed

        init(_ state: State) {
            self =
                switch state {
                case .connecting: .connecting
                case .halfOpen: .halfOpen
                case .authenticating: .authenticating
                case .withdrawing: .withdrawing
                case .contending: .contending
                case .established: .established
                case .deleting: .deleting
                case .superseded: .superseded
                case .closed: .closed
                }
        }
    }

    /// What an authenticated SA has.
    struct Established {
        let security: IKESecurity
        var peer: AuthenticatedPeer
        let since: Instant
        var origin: Origin
        var rekeyAt: Instant?
        var expiresAt: Instant?
        /// Our requests that wait for their response.
        var ongoing = OngoingExchanges()
        /// Since when the peer has answered nothing but TEMPORARY_FAILURE.
        var putOffSince: Instant?
    }

    /// What an outstanding request is about, and what its response needs.
    indirect enum OngoingExchange {
        case createChild(CreateChildInitiator, ChildRequest)
        case rekeyChild(ChildRekeying)
        case rekeyIKE(IKERekeying)
        case deleteChild(id: UInt32, CommandID?)
        case announceDeletion
        case liveness
        /// A liveness check that somebody asked for, and when it was sent.
        case ping(CommandID, since: Instant)
        /// A liveness check that is as long as packets might be.
        case probePath(PathProbe)
        case addresses(AddressExchange)
    }

    /// An exchange that waits until those before it have their response.
    enum PendingExchange {
        case createChild(ChildRequest)
        case rekeyChild(id: UInt32, CommandID?)
        case rekeyIKE(CommandID?)
        case deleteChild(id: UInt32, CommandID?)
        /// Deletes a CHILD SA that another one has replaced, or one too many.
        case deleteReplaced(id: UInt32, CommandID?)
        /// Tells the peer of a CHILD SA that is gone here already.
        case announceDeletion(ESPSPI)
        case deleteIKE(reason: String, CommandID?)
        case liveness
        case ping(CommandID)
        case probePath
        case addresses(AddressRequest)
        /// Tells the peer that something is wrong with what it sends.
        case report(Notify)
        /// This SA renews others, which can go when it carries what they did.
        case takeOver(lineage: UInt32)
        /// The configuration of its connection has changed.
        case follow
    }

    /// How long a closed SA still repeats its last answer.
    static let lingering: Duration = .seconds(30)
    /// How long the peer may put off what we ask for: "several minutes" (RFC 7296 section 2.25).
    static let putOffLimit: Duration = .seconds(300)
    /// Deletions of CHILD SAs that we do not know yet are remembered up to this number.
    static let mostOvertaking = 16

    let id: UInt32
    let role: Role
    let begunAt: Instant
    let spiI: IKESPI
    var spiR: IKESPI
    var local: SocketAddress
    var remote: SocketAddress
    /// Where the first message came from or went to.
    let firstRemote: SocketAddress
    /// Where we were reached or began.
    let firstLocal: SocketAddress
    var nat = NATStatus()
    /// Whether we sent the very first request; rekeying the IKE SA does not change it.
    var isOriginalInitiator: Bool
    /// What this SA and its successors by rekeying have in common, once a peer has authenticated.
    var lineage: UInt32?
    var mobility = Mobility()
    /// Since a move, when the answers that the peer may lack are sent again; nil: it has them.
    var answersAgain: (at: Instant, attempt: Int)?
    /// When its path last changed; nil: never.
    var movedAt: Instant?
    var window = ExchangeWindow()
    /// Whether the peer has been told how many requests we take.
    var saidWindowSize = false
    var requestFragments = FragmentQueue()
    var responseFragments = FragmentQueue()
    /// Octets of the largest IP packet that a fragment is sent in, where experience says less than the configuration; nil: none.
    var fragmentSize: Int?
    /// What the path takes, and when it is tried next; nil: not before something changes.
    var pathSearch = PathSearch()
    var probeAt: Instant?
    /// Messages that failed their integrity check while nobody has authenticated.
    private var forgeries = Strangers.forgeries
    var state: State {
        didSet { stage = Stage(state) }
    }
    /// Which of the states it is in.
    private(set) var stage: Stage
    var children: [ChildEntry] = []
    /// SPIs of CHILD SAs that the peer deleted before the answer that makes them was here.
    var overtaking: [ESPSPI] = []
    /// CHILD SAs that are replaced and deleted, but may still receive what the network delayed.
    var draining: [(until: Instant, childSA: ChildSA)] = []
    var pending: [PendingExchange] = []
    /// Exchanges that the peer asked us to begin again later.
    var postponed: [(at: Instant, exchange: PendingExchange)] = []
    /// When a message of the peer, or a packet of its CHILD SAs, last proved authentic.
    var lastHeard: Instant
    var lastSent: Instant
    /// Since when packets go out on CHILD SAs and nothing at all comes in; nil: it does.
    var unansweredSince: Instant?
    /// The token by which the peer can prove that it has lost this SA (RFC 6290), and how often one is checked.
    var peerToken: SecretBytes?
    var tokenChecks = RateLimit(burst: 10, interval: .milliseconds(500))
    /// When the peer was last asked, and last told, because something seemed wrong.
    var suspectedAt: Instant?
    var reportedAt: Instant?
    /// When the data plane's counters were last looked at.
    var usageNotedAt: Instant

    init(
        id: UInt32,
        role: Role,
        spiI: IKESPI,
        spiR: IKESPI,
        local: SocketAddress,
        remote: SocketAddress,
        state: State,
        now: Instant
    ) {
        self.id = id
        self.role = role
        self.spiI = spiI
        self.spiR = spiR
        self.local = local
        self.remote = remote
        firstRemote = remote
        firstLocal = local
        isOriginalInitiator = role == .initiator
        self.state = state
        stage = Stage(state)
        begunAt = now
        lastHeard = now
        lastSent = now
        usageNotedAt = now
    }

    /// The SPI by which messages of the peer find this SA.
    var ourSPI: IKESPI { role == .initiator ? spiI : spiR }

    /// The keys, once there are any.
    var security: IKESecurity? {
        switch state {
        case .connecting: nil
        case .halfOpen(let agreement, _, _): agreement.security
        case .authenticating(let exchange, _), .withdrawing(let exchange, _, _): exchange.agreement.security
        case .contending(let established, _): established.security
        case .established(let established): established.security
        case .deleting(let security, _, _): security
        case .superseded(let established, _): established.security
        case .closed(let security, _): security
        }
    }

    var established: Established? {
        switch state {
        case .established(let established), .superseded(let established, _), .contending(let established, _):
            established
        case .deleting(_, let established, _): established
        case .connecting, .halfOpen, .authenticating, .withdrawing, .closed: nil
        }
    }

    var connection: Connection? {
        switch state {
        case .connecting(let exchange, _): exchange.connection
        case .authenticating(let exchange, _), .withdrawing(let exchange, _, _): exchange.connection
        case .halfOpen(_, let progress, _): progress.connection
        default: established?.peer.connection
        }
    }

    var isHalfOpen: Bool { stage == .halfOpen }

    /// Carries CHILD SAs and can be asked for more.
    var isEstablished: Bool { stage == .established }

    /// Waits for the answer to its Delete.
    var isDeleting: Bool { stage == .deleting }

    var childPath: ChildPath {
        ChildPath(
            local: local,
            remote: remote,
            usesUDP: nat.usesEncapsulation,
            inner: established?.peer.inner ?? InnerAddresses()
        )
    }

    // MARK: - Messages in

    /// Takes a message that was found to belong to this SA.
    func receive(_ datagram: Datagram, _ message: Message, _ turn: Turn) {
        if message.header.exchangeType == .ikeSAInit {
            receiveUnprotected(datagram, message, turn)
            return
        }
        guard !isHalfOpen || forgeries.hasRoom(turn.now) else {
            turn.strangers.drops.unchecked += 1
            return
        }
        let payloads: [Payload]
        do {
            guard let opened = try open(datagram.bytes, message, turn) else { return }
            payloads = opened
        } catch {
            traceReceived(datagram, message, [], problem: error.message, turn)
            reject(message.header, error, turn)
            return
        }
        heard(message.header, from: datagram.path, turn)
        traceReceived(datagram, message, payloads, turn)
        if message.header.isResponse {
            receiveResponse(message.header, payloads, turn)
        } else {
            receiveRequest(message.header, payloads, turn)
        }
        startPending(turn)
    }

    private func receiveUnprotected(_ datagram: Datagram, _ message: Message, _ turn: Turn) {
        switch state {
        case .connecting(let exchange, let initiation) where message.header.isResponse && role == .initiator:
            guard window.awaits(message.header.messageID, .ikeSAInit) else { return }
            count(.received, .ikeSAInit, isResponse: true, turn)
            processInitResponse(datagram, message, exchange, initiation, turn)
        case .halfOpen(let agreement, _, _) where !message.header.isResponse:
            guard agreement.requestBytes == datagram.bytes else {
                log(
                    .unknownSA,
                    .debug,
                    "dropped a second IKE_SA_INIT request with the same SPI but other content",
                    turn
                )
                return
            }
            if turn.strangers.mayAnswer(remote, turn.now) { reply([agreement.responseBytes], again: true, turn) }
        default:
            log(.unknownSA, .debug, "dropped an IKE_SA_INIT message that nothing waits for", turn)
        }
    }

    /// A message that does not open: a forgery is dropped, one that is authentic but malformed ends the SA
    /// (RFC 7296 section 2.21).
    private func reject(_ header: Header, _ failure: NegotiationFailure, _ turn: Turn) {
        guard let notify = failure.notify else {
            if isHalfOpen {
                _ = forgeries.take(turn.now)
                turn.strangers.drops.forgeries += 1
            }
            log(.forgery, .debug, "dropped a message: \(failure.message)", turn)
            return
        }
        log(.error, failure.message, turn)
        if !header.isResponse, window.verdict(onRequest: header.messageID) == .new {
            answer(header, [Payload(.notify(notify))], turn)
        }
        close(failure, turn)
    }

    private func receiveRequest(_ header: Header, _ payloads: [Payload], _ turn: Turn) {
        switch window.verdict(onRequest: header.messageID) {
        case .answered where turn.isImpaired(.cachesNoAnswer):
            process(header, payloads, turn)
        case .answered(let datagrams):
            log(.debug, "the peer repeats request \(header.messageID); sending the same answer", turn)
            reply(datagrams, again: true, turn)
        case .outside:
            log(.debug, "dropped request \(header.messageID); expected is \(window.nextExpectedID)", turn)
        case .new:
            count(.received, header.exchangeType, isResponse: false, turn)
            noteWindowSize(payloads)
            process(header, payloads, turn)
        }
    }

    private func process(_ header: Header, _ payloads: [Payload], _ turn: Turn) {
        if let type = payloads.unsupportedCritical, !isHalfOpen {
            answer(header, [Payload(.notify(Notify(.unsupportedCriticalPayload, data: [type.rawValue])))], turn)
            return
        }
        if case .contending(_, let predecessor) = state, !payloads.deletes.contains(where: { $0.protocolID == .ike }) {
            // The peer uses this one: it knows that it stays.
            predecessor.yieldToRival(turn)
        }
        switch (state, header.exchangeType) {
        case (.halfOpen(let agreement, .conversing(let conversation), _), _):
            continueEAP(header, payloads, agreement, conversation, turn)
        case (.halfOpen(let agreement, .awaited, _), .ikeAuth):
            answerAuth(header, payloads, agreement, nil, turn)
        case (.halfOpen(_, .inquiring(let held), _), .ikeAuth) where held.header.messageID == header.messageID:
            log(.debug, "the peer repeats request \(header.messageID), whose answer is on its way", turn)
        case (.established(let established), .createChildSA):
            answerCreateChild(header, payloads, established, turn)
        case (.established, .informational), (.superseded, .informational), (.deleting, .informational),
            (.closed, .informational), (.contending, .informational):
            answerInformational(header, payloads, turn)
        case (.deleting, .createChildSA), (.superseded, .createChildSA), (.closed, .createChildSA):
            answer(header, [Payload(.notify(Notify(.temporaryFailure)))], turn)
        case (.connecting, _), (.authenticating, _), (.withdrawing, _), (.halfOpen, _), (.contending, _):
            log(.debug, "dropped an unexpected \(header.exchangeType) request", turn)
        case (.established, _), (.deleting, _), (.superseded, _), (.closed, _):
            // With keys every request has its answer (RFC 7296 section 2.21.3).
            refuse(header, PayloadRule.unexpected(header.exchangeType), turn)
        }
    }

    private func receiveResponse(_ header: Header, _ payloads: [Payload], _ turn: Turn) {
        guard window.awaits(header.messageID, header.exchangeType) else {
            log(.debug, "dropped a response to request \(header.messageID) that nothing waits for", turn)
            return
        }
        window.close(header.messageID)
        count(.received, header.exchangeType, isResponse: true, turn)
        noteWindowSize(payloads)
        switch state {
        case .authenticating(let exchange, let initiation):
            processAuthResponse(payloads, exchange, initiation, nil, turn)
        case .withdrawing(let exchange, let commands, _):
            processUnwanted(header.exchangeType, payloads, exchange, commands, turn)
        case .established(var established):
            if payloads.notify(.invalidSyntax) != nil {
                close(refusal(Notify(.invalidSyntax), offered: []), turn)
                return
            }
            guard let exchange = established.ongoing.take(header.messageID) else { return }
            if header.exchangeType == .createChildSA, payloads.notify(.temporaryFailure) == nil {
                established.putOffSince = nil
            }
            state = .established(established)
            noteAnswer(to: exchange, turn)
            processResponse(payloads, to: exchange, established, turn)
            deleteOvertaken(turn)
        case .superseded(var established, let until):
            let exchange = established.ongoing.take(header.messageID)
            state = .superseded(established, until: until)
            if case .rekeyIKE(let rekeying)? = exchange { rekeyedInVain(payloads, rekeying, established, turn) }
        case .deleting(let security, let established, let commands):
            for command in commands { turn.finish(command) }
            if established != nil { log(.debug, "the peer confirms the deletion of the IKE SA", turn) }
            state = .closed(security, until: turn.now + Self.lingering)
        case .connecting, .halfOpen, .contending, .closed:
            break
        }
    }

    private func processResponse(
        _ payloads: [Payload],
        to exchange: OngoingExchange,
        _ established: Established,
        _ turn: Turn
    ) {
        switch exchange {
        case .createChild(let creation, let request):
            processCreateChild(payloads, creation, request, established, turn)
        case .rekeyChild(let rekeying):
            processRekeyChild(payloads, rekeying, established, turn)
        case .rekeyIKE(let rekeying):
            processRekeyIKE(payloads, rekeying, established, turn)
        case .deleteChild(let id, let command):
            removeChild(id, reason: "deleted", turn)
            turn.finish(command)
        case .announceDeletion:
            break
        case .liveness:
            processLiveness(payloads, turn)
        case .ping(let command, let since):
            processLiveness(payloads, turn)
            turn.emit(.answered(command, after: turn.now - since))
            turn.finish(command)
        case .probePath(let probe):
            processPathProbe(probe, turn)
        case .addresses(let exchange):
            processAddressExchange(payloads, exchange, turn)
        }
    }

    func log(_ level: LogRecord.Level, _ message: String, _ turn: Turn) {
        turn.log(LogRecord(level, message, connection: connection?.name, ikeSA: id, peer: remote))
    }

    /// Logs what a stranger can cause.
    func log(
        _ topic: Strangers.Topic,
        _ level: LogRecord.Level,
        _ message: @autoclosure () -> String,
        _ turn: Turn
    ) {
        turn.log(topic, LogRecord(level, message(), connection: connection?.name, ikeSA: id, peer: remote))
    }
}

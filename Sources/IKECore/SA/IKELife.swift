import IKECrypto
import IKEWire
import Inet

// The life of an established IKE SA: exchanges taking turns, rekeying, liveness, deletion.

extension IKESA {
    // MARK: - One exchange after the other

    func enqueue(_ exchange: PendingExchange, _ turn: Turn) {
        pending.append(exchange)
        startPending(turn)
    }

    /// Starts the exchanges that wait, as far as the window and those that are under way let them.
    func startPending(_ turn: Turn) {
        while case .established(let established) = state, window.canSend,
            let next = pending.takeNext(beside: established.ongoing)
        {
            switch next {
            case .createChild(let request): startCreateChild(request, turn)
            case .rekeyChild(let id, let command): startRekeyChild(id, command, turn)
            case .rekeyIKE(let command): startRekeyIKE(established, command, turn)
            case .deleteChild(let id, let command): startDeleteChild(id, command, turn)
            case .deleteReplaced(let id, let command): startDeleteReplaced(id, command, turn)
            case .announceDeletion(let spi):
                begin(.announceDeletion, .informational, [Payload(.delete(.esp([spi])))], turn)
            case .deleteIKE(let reason, let command): startDeleteIKE(established, reason, command, turn)
            case .liveness: begin(.liveness, .informational, livenessPayloads(turn), turn)
            case .ping(let command):
                begin(.ping(command, since: turn.now), .informational, livenessPayloads(turn), turn)
            case .probePath: startPathProbe(turn)
            case .addresses(let request): startAddressExchange(request, turn)
            case .takeOver(let lineage): takeOver(lineage, turn)
            case .follow: follow(turn)
            case .report(let notify): begin(.liveness, .informational, [Payload(.notify(notify))], turn)
            }
        }
    }

    /// Sends a request and remembers what it is about.
    func begin(_ exchange: OngoingExchange, _ exchangeType: ExchangeType, _ payloads: [Payload], _ turn: Turn) {
        guard isEstablished else { return }
        updateOngoing { $0.add(exchange, messageID: window.nextRequestID) }
        request(exchangeType, payloads, turn)
    }

    /// Changes what is remembered of the outstanding requests.
    func updateOngoing(_ change: (inout OngoingExchanges) -> Void) {
        guard case .established(var established) = state else { return }
        change(&established.ongoing)
        state = .established(established)
    }

    /// Begins an exchange again a moment later, as TEMPORARY_FAILURE asks for. A peer that says nothing else for minutes is
    /// in another state than we are, and the IKE SA ends (RFC 7296 section 2.25).
    func postpone(_ exchange: PendingExchange, _ turn: Turn) {
        postponed.append((turn.now + Self.retryDelay(turn), exchange))
        guard case .established(var established) = state else { return }
        let since = established.putOffSince ?? turn.now
        established.putOffSince = since
        state = .established(established)
        guard turn.now - since > Self.putOffLimit else { return }
        makeGood(turn) { $0.actionOnDeadPeer }
        let story = "the peer has put off every request for \(turn.now - since) (TEMPORARY_FAILURE)"
        pending.append(.deleteIKE(reason: story, nil))
    }

    /// A moment later, not the same for both sides.
    static func retryDelay(_ turn: Turn) -> Duration { .milliseconds(5000 + Int(turn.random.uint32() % 5000)) }

    // MARK: - INFORMATIONAL

    /// Errors that end an SA without a Delete, when the peer reports them of its own accord (RFC 7296 sections 2.21.2 and
    /// 2.21.3).
    private static let endings: Set<NotifyType> = [.authenticationFailed, .invalidSyntax]

    /// Deletes, liveness requests and notifies of the peer (RFC 7296 section 1.4); every request is answered.
    func answerInformational(_ header: Header, _ payloads: [Payload], _ turn: Turn) {
        do {
            try PayloadRule.informational.check(payloads)
        } catch {
            refuse(header, error, turn)
            return
        }
        if payloads.deletes.contains(where: { $0.protocolID == .ike }) {
            answer(header, [], turn)
            yieldToRival(turn)
            closed(by: Ending.deletedByPeer, turn)
            return
        }
        if let notify = payloads.notifies.first(where: { Self.endings.contains($0.type) }) {
            answer(header, [], turn)
            let story =
                notify.type == .authenticationFailed
                ? "the peer did not accept our authentication (\(notify.type)): check identity and secret"
                : "the peer could not read what we sent (\(notify.type))"
            closed(by: story, turn)
            return
        }
        noteReports(payloads, turn)
        noteAuthenticationLifetime(payloads, turn)
        notePeerToken(payloads)
        let spis = payloads.deletes.filter { $0.protocolID == .esp }.flatMap(\.spis).compactMap { ESPSPI(bytes: $0) }
        answer(header, deleteChildren(spis, turn) + answerAddresses(header, payloads, turn), turn)
    }

    // MARK: - The end

    private func startDeleteIKE(
        _ established: Established,
        _ reason: String,
        _ command: CommandID?,
        _ turn: Turn
    ) {
        let waiting = (pending + postponed.map(\.exchange)).compactMap(\.command)
        pending = []
        postponed = []
        abandonChildren(reason: reason, turn)
        log(.info, "deleting IKE SA: \(reason)", turn)
        if reason != Self.rekeyedReason { turn.emit(.ikeClosed(summary(turn.now), reason: reason)) }
        state = .deleting(established.security, established, (command.map { [$0] } ?? []) + waiting)
        request(.informational, [Payload(.delete(.ike))], turn)
    }

    /// The peer, or a failure, ended the SA: what it carried goes, and who waited learns why.
    func close(_ failure: NegotiationFailure, _ turn: Turn) {
        guard !isClosed else { return }
        if failure.reason == .peerUnreachable { makeGood(turn) { $0.actionOnDeadPeer } }
        if failure.reason == .peerRestarted {
            makeGood(turn) { $0.actionOnDeadPeer == .nothing ? $0.actionOnClose : $0.actionOnDeadPeer }
        }
        noteFailure(failure, turn)
        let commands = waitingCommands
        let keys = security
        log(.error, failure.message, turn)
        abandonOngoing(turn)
        abandonChildren(reason: failure.message, turn)
        if isEstablished { turn.emit(.ikeClosed(summary(turn.now), reason: failure.message)) }
        pending = []
        window.closeAll()
        state = .closed(keys, until: turn.now + Self.lingering)
        for command in commands { turn.finish(command, failure) }
    }

    /// A negotiation of ours has come to nothing: those learn it who watch, or wait for another try.
    func noteFailure(_ failure: NegotiationFailure, _ turn: Turn) {
        guard let initiation else { return }
        turn.emit(.ikeFailed(failed(failure)))
        if failure.reason != .closed { retryIfMeantToBeUp(initiation, initiation.children, turn) }
        if let lineage = initiation.renews { turn.renewalFailed(lineage) }
    }

    private func closed(by reason: String, _ turn: Turn) {
        makeGood(turn) { $0.actionOnClose }
        let commands = waitingCommands
        abandonOngoing(turn)
        abandonChildren(reason: reason, turn)
        if isEstablished {
            log(.info, "IKE SA closed: \(reason)", turn)
            turn.emit(.ikeClosed(summary(turn.now), reason: reason))
        }
        let isOurDeletion = isDeleting
        let keys = security
        pending = []
        window.closeAll()
        state = .closed(keys, until: turn.now + Self.lingering)
        for command in commands {
            turn.finish(command, isOurDeletion ? nil : NegotiationFailure(.closed, "the IKE SA was \(reason)"))
        }
    }

    /// Traps or negotiates anew what the SA carried and the configuration wants back.
    func makeGood(_ turn: Turn, _ action: (ChildPolicy) -> LossAction) {
        guard case .established(let established) = state,
            let connection = turn.policy.connection(named: established.peer.connection.name)
        else { return }
        // What another IKE SA with the peer carries as well is not lost.
        let siblings = turn.directory.siblings(of: self).filter(\.isEstablished)
        let children = children.filter { entry in !siblings.contains { $0.carries(entry.childSA) != nil } }
        let trapped = Set(children.filter { action($0.policy) == .trap }.map(\.childSA.name))
        for child in connection.children where trapped.contains(child.name) { trap(child, turn) }
        let lost = Set(children.filter { action($0.policy) == .restart }.map(\.childSA.name))
        let wanted = connection.children.filter { lost.contains($0.name) }
        guard !wanted.isEmpty else { return }
        log(.info, "beginning anew for CHILD SA \(wanted.map(\.name).joined(separator: ", "))", turn)
        turn.restart(
            Initiation(
                connection: connection,
                children: wanted.map { ChildRequest(policy: $0, command: nil) },
                local: firstLocal,
                remote: firstRemote
            )
        )
    }

    /// Said before the CHILD SA goes, so that no packet finds the way open.
    func trap(_ policy: ChildPolicy, _ turn: Turn) {
        guard let name = connection?.name else { return }
        log(.info, "CHILD SA \(policy.name) is trapped: the next packet that wants it brings it back", turn)
        turn.emit(.childTrapped(connection: name, child: policy.name))
    }

    /// What is meant to be up is tried again although it was refused.
    func retryIfMeantToBeUp(_ initiation: Initiation, _ refused: [ChildRequest], _ turn: Turn) {
        let again = initiation.again(refused)
        guard turn.settings.retryInterval != nil, initiation.renews == nil, initiation.mayTryAgain,
            again.isMeantToBeUp
        else { return }
        turn.retry(again)
    }

    /// On its way out, or out, so that it is too late to ask for its end.
    var isEnding: Bool {
        switch stage {
        case .deleting, .superseded, .closed: true
        case .connecting, .halfOpen, .authenticating, .withdrawing, .contending, .established: false
        }
    }

    /// What an exchange that will not end holds: the SPI that it offered, the peer's new IKE SA that is not needed any more.
    func abandonOngoing(_ turn: Turn) {
        switch state {
        case .authenticating(let exchange, _):
            if let offer = exchange.offer { turn.spis.release(offer.spi) }
        case .established(let established):
            for exchange in established.ongoing.all {
                switch exchange {
                case .createChild(let creation, _): turn.spis.release(creation.offer.spi)
                case .rekeyChild(let rekeying): turn.spis.release(rekeying.exchange.offer.spi)
                case .rekeyIKE(let rekeying): rekeying.rival?.sa.disappear(turn)
                case .deleteChild, .announceDeletion, .liveness, .ping, .probePath, .addresses: break
                }
            }
        case .connecting, .halfOpen, .withdrawing, .contending, .deleting, .superseded, .closed: break
        }
    }

    var isClosed: Bool { stage == .closed }

    /// Whether it has lingered for its time, or would linger for longer.
    func isOverdue(at now: Instant) -> Bool {
        guard case .closed(_, let until) = state else { return false }
        return until <= now || until > now + Self.lingering
    }

    /// The commands that wait for something of this SA.
    var waitingCommands: [CommandID] {
        let queued = (pending + postponed.map(\.exchange)).compactMap(\.command)
        switch state {
        case .connecting(_, let initiation), .authenticating(_, let initiation):
            return queued + initiation.children.compactMap(\.command)
        case .established(let established): return queued + established.ongoing.all.compactMap(\.command)
        case .withdrawing(_, let commands, _), .deleting(_, _, let commands): return queued + commands
        case .halfOpen, .contending, .superseded, .closed: return queued
        }
    }
}

extension IKESA.PendingExchange {
    var command: CommandID? {
        switch self {
        case .createChild(let request): request.command
        case .rekeyChild(_, let command), .rekeyIKE(let command), .deleteChild(_, let command),
            .deleteReplaced(_, let command), .deleteIKE(_, let command):
            command
        case .ping(let command): command
        case .liveness, .announceDeletion, .probePath, .addresses, .report, .takeOver, .follow: nil
        }
    }

    var createsChild: Bool {
        guard case .createChild = self else { return false }
        return true
    }
}

extension IKESA.OngoingExchange {
    var command: CommandID? {
        switch self {
        case .createChild(_, let request): request.command
        case .rekeyChild(let rekeying): rekeying.command
        case .rekeyIKE(let rekeying): rekeying.command
        case .deleteChild(_, let command): command
        case .ping(let command, _): command
        case .announceDeletion, .liveness, .probePath, .addresses: nil
        }
    }
}

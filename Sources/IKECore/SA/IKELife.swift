import IKEWire
import Inet

// The life of an established IKE SA: exchanges taking turns, rekeying, liveness, deletion.

extension IKESA {
    // MARK: - One exchange after the other

    func enqueue(_ exchange: PendingExchange, _ turn: Turn) {
        pending.append(exchange)
        startPending(turn)
    }

    /// Starts the next exchange that waits, if the window is open. A deletion of the IKE SA goes before all others.
    func startPending(_ turn: Turn) {
        while case .established(let established) = state, established.ongoing == nil, window.canSend,
            let next = takePending()
        {
            switch next {
            case .createChild(let request): startCreateChild(request, turn)
            case .rekeyChild(let id, let command): startRekeyChild(id, command, turn)
            case .rekeyIKE(let command): startRekeyIKE(established, command, turn)
            case .deleteChild(let id, let command): startDeleteChild(id, command, turn)
            case .announceDeletion(let spi):
                begin(.liveness, .informational, [Payload(.delete(.esp([spi])))], turn)
            case .deleteIKE(let reason, let command): startDeleteIKE(established, reason, command, turn)
            case .liveness: begin(.liveness, .informational, [], turn)
            }
        }
    }

    private func takePending() -> PendingExchange? {
        let urgent = pending.firstIndex { exchange in
            guard case .deleteIKE = exchange else { return false }
            return true
        }
        return pending.isEmpty ? nil : pending.remove(at: urgent ?? 0)
    }

    /// Sends a request and remembers what it is about.
    func begin(_ ongoing: OngoingExchange, _ exchangeType: ExchangeType, _ payloads: [Payload], _ turn: Turn) {
        guard case .established(var established) = state else { return }
        established.ongoing = ongoing
        state = .established(established)
        request(exchangeType, payloads, turn)
    }

    // MARK: - Rekeying the IKE SA

    private func startRekeyIKE(_ established: Established, _ command: CommandID?, _ turn: Turn) {
        do {
            let exchange = try RekeyIKEInitiator(
                connection: established.peer.connection,
                spiI: turn.spis.ikeSPI(),
                random: turn.random
            )
            log(.info, "rekeying the IKE SA", turn)
            begin(.rekeyIKE(exchange, command), .createChildSA, exchange.request, turn)
        } catch {
            rekeyIKEFailed(error, command, turn)
        }
    }

    func processRekeyIKE(
        _ payloads: [Payload],
        _ exchange: RekeyIKEInitiator,
        _ command: CommandID?,
        _ established: Established,
        _ turn: Turn
    ) {
        do {
            switch try exchange.process(payloads, old: established.security, random: turn.random) {
            case .retry(let retry):
                begin(.rekeyIKE(retry, command), .createChildSA, retry.request, turn)
            case .agreed(let rekeyed):
                succeed(rekeyed, role: .initiator, established, turn)
                turn.finish(command)
                pending = [.deleteIKE(reason: "rekeyed", nil)]
            }
        } catch {
            rekeyIKEFailed(error, command, turn)
        }
    }

    private func rekeyIKEFailed(_ failure: NegotiationFailure, _ command: CommandID?, _ turn: Turn) {
        log(.warning, "rekeying the IKE SA failed: \(failure.message)", turn)
        turn.finish(command, failure)
        guard case .established(var established) = state else { return }
        established.rekeyAt = turn.now + Self.retryDelay(turn)
        state = .established(established)
    }

    func answerRekeyIKE(_ header: Header, _ payloads: [Payload], _ established: Established, _ turn: Turn) {
        do {
            try refuseWhileBusy(established)
            let (rekeyed, answerPayloads) = try RekeyIKEResponder.answer(
                payloads,
                connection: established.peer.connection,
                spiR: turn.spis.ikeSPI(),
                old: established.security,
                random: turn.random
            )
            answer(header, answerPayloads, turn)
            succeed(rekeyed, role: .responder, established, turn)
            state = .superseded(established, until: turn.now + Self.supersededLimit)
        } catch {
            log(error.reason == .temporaryFailure ? .info : .error, error.message, turn)
            answer(header, [Payload(.notify(error.notify ?? Notify(.noProposalChosen)))], turn)
        }
    }

    /// While an exchange of ours about CHILD SAs or the IKE SA is under way, the IKE SA must not be replaced under it
    /// (RFC 7296 section 2.25.2).
    private func refuseWhileBusy(_ established: Established) throws(NegotiationFailure) {
        switch established.ongoing {
        case nil, .liveness: return
        case .createChild, .rekeyChild, .rekeyIKE, .deleteChild:
            throw NegotiationFailure(
                .temporaryFailure,
                "the peer rekeys the IKE SA while an exchange of ours is under way; it may try again",
                notify: Notify(.temporaryFailure)
            )
        }
    }

    /// The new IKE SA takes over the CHILD SAs and what was still to do (RFC 7296 section 2.8).
    private func succeed(_ rekeyed: RekeyedIKE, role: Role, _ established: Established, _ turn: Turn) {
        let lifetime = established.peer.connection.lifetime
        let successor = IKESA(
            id: turn.spis.nextID(),
            role: role,
            spiI: rekeyed.spiI,
            spiR: rekeyed.spiR,
            local: local,
            remote: remote,
            state: .established(
                Established(
                    security: rekeyed.security,
                    peer: established.peer,
                    since: turn.now,
                    rekeyAt: lifetime.rekeyDeadline(from: turn.now, random: turn.random),
                    expiresAt: lifetime.hard.map { turn.now + $0 }
                )
            ),
            now: turn.now
        )
        successor.nat = nat
        successor.children = children
        successor.pending = pending
        children = []
        pending = []
        turn.export(rekeyed.exported)
        turn.register(successor)
        successor.log(.info, "IKE SA {\(id)} rekeyed, \(rekeyed.security.proposal)", turn)
        turn.emit(.ikeRekeyed(old: summary(turn.now), new: successor.summary(turn.now)))
    }

    // MARK: - INFORMATIONAL

    /// Deletes, liveness requests and notifies of the peer (RFC 7296 section 1.4); every request is answered.
    func answerInformational(_ header: Header, _ payloads: [Payload], _ turn: Turn) {
        do {
            try PayloadRule.informational.check(payloads)
        } catch {
            log(.error, error.message, turn)
            answer(header, error.notify.map { [Payload(.notify($0))] } ?? [], turn)
            return
        }
        if payloads.deletes.contains(where: { $0.protocolID == .ike }) {
            answer(header, [], turn)
            closed(by: "deleted by the peer", turn)
            return
        }
        if let notify = payloads.notifies.first(where: { $0.type == .authenticationFailed }) {
            answer(header, [], turn)
            closed(by: "the peer did not accept our authentication (\(notify.type)): check identity and secret", turn)
            return
        }
        let spis = payloads.deletes.filter { $0.protocolID == .esp }.flatMap(\.spis)
        answer(header, deleteChildren(spis, turn), turn)
    }

    // MARK: - The end

    private func startDeleteIKE(
        _ established: Established,
        _ reason: String,
        _ command: CommandID?,
        _ turn: Turn
    ) {
        let waiting = pending.compactMap(\.command)
        pending = []
        abandonChildren(reason: reason, turn)
        log(.info, "deleting IKE SA: \(reason)", turn)
        if reason != "rekeyed" { turn.emit(.ikeClosed(summary(turn.now), reason: reason)) }
        state = .deleting(established.security, established, (command.map { [$0] } ?? []) + waiting)
        request(.informational, [Payload(.delete(.ike))], turn)
    }

    /// The peer, or a failure, ended the SA: what it carried goes, and who waited learns why.
    func close(_ failure: NegotiationFailure, _ turn: Turn) {
        guard !isClosed else { return }
        let commands = waitingCommands
        let keys = security
        log(.error, failure.message, turn)
        releaseOffers(turn)
        abandonChildren(reason: failure.message, turn)
        if isEstablished { turn.emit(.ikeClosed(summary(turn.now), reason: failure.message)) }
        pending = []
        state = .closed(keys, until: turn.now + Self.lingering)
        for command in commands { turn.finish(command, failure) }
        if window.outstanding == nil || keys == nil { window.close() }
    }

    private func closed(by reason: String, _ turn: Turn) {
        let commands = waitingCommands
        releaseOffers(turn)
        abandonChildren(reason: reason, turn)
        if isEstablished {
            log(.info, "IKE SA closed: \(reason)", turn)
            turn.emit(.ikeClosed(summary(turn.now), reason: reason))
        }
        let isOurDeletion: Bool
        if case .deleting = state { isOurDeletion = true } else { isOurDeletion = false }
        let keys = security
        pending = []
        window.close()
        state = .closed(keys, until: turn.now + Self.lingering)
        for command in commands {
            turn.finish(command, isOurDeletion ? nil : NegotiationFailure(.closed, "the IKE SA was \(reason)"))
        }
    }

    /// Ends an SA that does not stand yet, because somebody asked to.
    func abandon(_ turn: Turn) {
        close(NegotiationFailure(.closed, "the negotiation was given up, as asked"), turn)
    }

    /// On its way out, or out.
    var isEnding: Bool {
        switch state {
        case .deleting, .superseded, .closed: true
        case .connecting, .halfOpen, .authenticating, .established: false
        }
    }

    private func abandonChildren(reason: String, _ turn: Turn) {
        for entry in children { removeChild(entry.childSA.id, reason: reason, turn) }
    }

    /// SPIs that were offered in an exchange that will not end.
    private func releaseOffers(_ turn: Turn) {
        switch state {
        case .authenticating(let exchange, _):
            if let offer = exchange.offer { turn.spis.release(offer.spi) }
        case .established(let established):
            switch established.ongoing {
            case .createChild(let exchange, _), .rekeyChild(let exchange, _, _): turn.spis.release(exchange.offer.spi)
            case nil, .rekeyIKE, .deleteChild, .liveness: break
            }
        case .connecting, .halfOpen, .deleting, .superseded, .closed: break
        }
    }

    var isClosed: Bool {
        guard case .closed = state else { return false }
        return true
    }

    /// The commands that wait for something of this SA.
    private var waitingCommands: [CommandID] {
        let queued = pending.compactMap(\.command)
        switch state {
        case .connecting(_, let initiation), .authenticating(_, let initiation):
            return queued + initiation.children.compactMap(\.command)
        case .established(let established): return queued + (established.ongoing?.command.map { [$0] } ?? [])
        case .deleting(_, _, let commands): return queued + commands
        case .halfOpen, .superseded, .closed: return queued
        }
    }
}

extension IKESA.PendingExchange {
    var command: CommandID? {
        switch self {
        case .createChild(let request): request.command
        case .rekeyChild(_, let command), .rekeyIKE(let command), .deleteChild(_, let command),
            .deleteIKE(_, let command):
            command
        case .liveness, .announceDeletion: nil
        }
    }
}

extension IKESA.OngoingExchange {
    var command: CommandID? {
        switch self {
        case .createChild(_, let request): request.command
        case .rekeyChild(_, _, let command), .rekeyIKE(_, let command), .deleteChild(_, let command): command
        case .liveness: nil
        }
    }
}

import IKEWire
import Inet

// What happens to an IKE SA because time passes: retransmissions, limits, probes, keepalives.

extension IKESA {
    /// When this SA next wants to be called.
    func nextDeadline(_ settings: Settings) -> Instant? {
        var deadlines: [Instant?] = [window.nextDeadline, answersAgain?.at, draining.map(\.until).min()]
        switch state {
        case .halfOpen(_, let progress, let until):
            deadlines += [until, progress.conversation?.heldDeadline]
        case .closed(_, let until), .superseded(_, let until): deadlines.append(until)
        case .established(let established):
            deadlines += [established.rekeyAt, established.expiresAt, keepaliveAt(settings)]
            let origin = established.origin
            deadlines += [origin.renewAt, origin.end?.at, origin.staleAt]
            deadlines += postponed.map(\.at)
            deadlines.append(probeAt)
            deadlines.append(usageWantedAt)
            if window.outstanding.isEmpty { deadlines.append(livenessAt) }
            for entry in children {
                deadlines.append(entry.childSA.expiresAt)
                deadlines.append(entry.sendsAt)
                if entry.state == .installed { deadlines.append(entry.childSA.rekeyAt) }
            }
        case .connecting(let exchange, _): deadlines.append(exchange.search?.resumesAt)
        case .authenticating(let exchange, _): deadlines.append(exchange.held?.until)
        case .withdrawing(_, _, let until): deadlines.append(until)
        case .contending, .deleting: break
        }
        return deadlines.compactMap { $0 }.min()
    }

    /// Acts on every deadline that has passed.
    func timePassed(_ turn: Turn) {
        forgetDrained(until: turn.now, turn)
        if let again = answersAgain, again.at <= turn.now { sendAnswersAgain(attempt: again.attempt, turn) }
        divideAnew(turn)
        lowerProbes(turn)
        for due in window.due(turn.now, policy: retransmission(turn.settings)) {
            switch due {
            case .resend(let datagrams, _, isProbe: true):
                sendProbes(datagrams, again: true, turn)
            case .resend(let datagrams, let attempt, isProbe: false):
                log(.debug, "no answer yet; sending request again, attempt \(attempt)", turn)
                turn.emit(.retransmitted)
                send(datagrams, again: true, turn)
                probe(datagrams, attempt: attempt, turn)
            case .giveUp(let attempts): peerIsSilent(attempts: attempts, turn)
            }
        }
        switch state {
        case .connecting(let exchange, let initiation) where exchange.search.map { $0.resumesAt <= turn.now } ?? false:
            solvePuzzle(exchange, initiation, turn)
        case .halfOpen(let agreement, .conversing(let conversation), _)
        where conversation.heldDeadline.map { $0 <= turn.now } ?? false:
            heldLongEnough(conversation, agreement, turn)
        case .halfOpen(let agreement, .inquiring(let held), let until) where until <= turn.now:
            goOn(held, held.reason.tooLate, agreement, turn)
        case .authenticating(let exchange, let initiation):
            guard let held = exchange.held, held.until <= turn.now else { break }
            goOn(held, held.reason.tooLate, exchange, initiation, turn)
        case .withdrawing(let exchange, let commands, let until) where until <= turn.now:
            giveUpWithdrawal(exchange, commands, turn)
        case .halfOpen(_, let progress, let until) where until <= turn.now:
            let story = "the peer did not continue with IKE_AUTH in time (half_open_timeout)"
            log(.abandoned, .info, story, turn)
            if let conversation = progress.conversation { endServerConversation(conversation, turn) }
            turn.emit(.ikeFailed(failed(NegotiationFailure(.peerUnreachable, story))))
            state = .closed(nil, until: turn.now)
        case .superseded(let established, let until) where until <= turn.now:
            state = .closed(established.security, until: turn.now)
        case .established(let established):
            enforceLimits(established, turn)
        default: break
        }
        startPending(turn)
    }

    /// Whether nothing more is to be expected of this SA.
    func isOver(_ now: Instant) -> Bool {
        guard case .closed(_, let until) = state else { return false }
        return until <= now
    }

    // MARK: - Silence

    /// The peer has not answered a request however often it was sent (RFC 7296 section 2.4).
    private func peerIsSilent(attempts: Int, _ turn: Turn) {
        window.closeAll()
        switch state {
        case .connecting(let exchange, _) where exchange.unprotectedRefusal != nil:
            if let failure = exchange.unprotectedRefusal?.failure { close(failure, turn) }
        case .connecting(_, let initiation) where initiation.mayTryAgain:
            log(.warning, "\(remote) does not answer IKE_SA_INIT", turn)
            turn.emit(.ikeFailed(failed(silence(attempts))))
            var again = initiation
            again.tries += 1
            again.remote.address = initiation.connection.remote(after: remote.address)
            turn.retry(again)
            state = .closed(nil, until: turn.now)
        case .withdrawing(let exchange, let commands, _):
            giveUpWithdrawal(exchange, commands, turn)
        case .deleting(let security, _, let commands):
            log(.warning, "the peer did not confirm the deletion of the IKE SA", turn)
            for command in commands { turn.finish(command) }
            state = .closed(security, until: turn.now)
        case .superseded, .closed:
            break
        default:
            close(silence(attempts), turn)
        }
    }

    private func silence(_ attempts: Int) -> NegotiationFailure {
        NegotiationFailure(
            .peerUnreachable,
            "\(remote) did not answer \(attempts) times; is the address right, does the daemon run there, and do "
                + "firewalls let UDP 500 and 4500 through?"
        )
    }

    /// A request that was refused without protection is sent once more only.
    private func retransmission(_ settings: Settings) -> RetransmissionPolicy {
        var policy = settings.retransmission
        if case .connecting(let exchange, _) = state, let refusal = exchange.unprotectedRefusal {
            policy.tries = min(policy.tries, refusal.attempt + 1)
        }
        return policy
    }

    // MARK: - Limits

    private func enforceLimits(_ established: Established, _ turn: Turn) {
        if let expiresAt = established.expiresAt, expiresAt <= turn.now {
            var changed = established
            changed.expiresAt = nil
            state = .established(changed)
            enqueue(.deleteIKE(reason: Ending.lifetimeEnded, nil), turn)
            return
        }
        if let rekeyAt = established.rekeyAt, rekeyAt <= turn.now {
            var changed = established
            changed.rekeyAt = nil
            state = .established(changed)
            pending.append(.rekeyIKE(nil))
        }
        if let end = established.origin.end, end.at <= turn.now {
            changeOrigin { $0.end = nil }
            enqueue(.deleteIKE(reason: end.reason, nil), turn)
            return
        }
        if let staleAt = established.origin.staleAt, staleAt <= turn.now {
            changeOrigin { $0.staleAt = nil }
            let children = turn.policy.connection(named: established.peer.connection.name)?.children ?? []
            let started = Set(children.filter(\.isStarted).map(\.name))
            makeGood(turn) { started.contains($0.name) ? .restart : .nothing }
            enqueue(.deleteIKE(reason: Ending.stale, nil), turn)
            return
        }
        if let renewAt = established.origin.renewAt, renewAt <= turn.now {
            changeOrigin { $0.renewAt = nil }
            renew(established, turn)
        }
        completeOutbound(until: turn.now, turn)
        // Whoever called brought the counters before, if there are any.
        if usageWantedAt.map({ $0 <= turn.now }) ?? false { usageNotedAt = turn.now }
        pending += postponed.filter { $0.at <= turn.now }.map(\.exchange)
        postponed.removeAll { $0.at <= turn.now }
        for entry in children.filter({ isDue($0, turn.now) }) {
            if let expiresAt = entry.childSA.expiresAt, expiresAt <= turn.now {
                expire(entry, "its lifetime ended", turn)
            } else if let rekeyAt = entry.childSA.rekeyAt, rekeyAt <= turn.now, entry.state == .installed {
                entry.childSA.rekeyAt = nil
                pending.append(.rekeyChild(id: entry.childSA.id, nil))
            }
        }
        if let livenessAt, livenessAt <= turn.now, window.outstanding.isEmpty, pending.isEmpty {
            pending.append(.liveness)
        }
        probePathIfDue(turn)
        if let keepaliveAt = keepaliveAt(turn.settings), keepaliveAt <= turn.now {
            lastSent = turn.now
            turn.emit(.sendKeepalive(local: local, remote: remote))
        }
    }

    /// The hard limit: nothing is accepted on the SA from now on, and the peer is told.
    func expire(_ entry: ChildEntry, _ reason: String, _ turn: Turn) {
        let childSA = entry.childSA
        removeChild(childSA.id, reason: reason, turn)
        pending.append(.announceDeletion(childSA.inboundSPI))
    }

    /// Whether a CHILD SA has lived long enough, or too long.
    private func isDue(_ entry: ChildEntry, _ now: Instant) -> Bool {
        let (rekeyAt, expiresAt) = (entry.childSA.rekeyAt, entry.childSA.expiresAt)
        return rekeyAt.map { $0 <= now } ?? false || expiresAt.map { $0 <= now } ?? false
    }

    // MARK: - Liveness

    /// When the peer has been silent long enough to be asked whether it lives (RFC 7296 section 2.4).
    private var livenessAt: Instant? { connection?.livenessDelay.map { lastHeard + $0 } }

    /// When the NAT that we are behind needs a packet to keep its mapping: any packet to the peer does, ESP as well as IKE
    /// (RFC 3948 section 4).
    private func keepaliveAt(_ settings: Settings) -> Instant? {
        guard nat.isLocalBehindNAT, settings.keepaliveInterval > .zero else { return nil }
        return lastSent + settings.keepaliveInterval
    }
}

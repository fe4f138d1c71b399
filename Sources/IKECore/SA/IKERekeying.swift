import IKECrypto
import IKEWire
import Inet

// How the IKE SA is replaced (RFC 7296 sections 2.8.2, 2.18 and 2.25.2).
//
// The new IKE SA takes over the CHILD SAs; the initiator of the exchange deletes the old one. When both sides ask at the
// same time, both answer and two new IKE SAs come into being: the one whose exchange has the lowest of the four nonces is
// deleted by who asked for it, the other takes over the CHILD SAs, and who asked for that one deletes the old SA.
//
// Until our answer is there, the peer's new SA contends: whichever way the nonces point, the peer may know it before us. It
// says so by what it does: it deletes its new SA, or the old one, or begins to use the new one.

/// The peer's new IKE SA for the one that we are rekeying as well.
struct RivalIKE {
    let sa: IKESA
    let lowestNonce: [UInt8]
}

/// A rekeying of ours that waits for its answer.
struct IKERekeying {
    let exchange: RekeyIKEInitiator
    let command: CommandID?
    var rival: RivalIKE?
}

extension IKESA {
    // MARK: - We ask

    func startRekeyIKE(_ established: Established, _ command: CommandID?, _ turn: Turn) {
        do {
            let exchange = try RekeyIKEInitiator(
                connection: established.peer.connection,
                spiI: turn.spis.ikeSPI(),
                random: turn.random
            )
            log(.info, "rekeying the IKE SA", turn)
            let rekeying = IKERekeying(exchange: exchange, command: command)
            begin(.rekeyIKE(rekeying), .createChildSA, exchange.request, turn)
        } catch {
            rekeyIKEFailed(error, command, turn)
        }
    }

    func processRekeyIKE(
        _ payloads: [Payload],
        _ rekeying: IKERekeying,
        _ established: Established,
        _ turn: Turn
    ) {
        do {
            switch try rekeying.exchange.process(payloads, old: established.security, random: turn.random) {
            case .retry(let retry):
                let again = IKERekeying(exchange: retry, command: rekeying.command, rival: rekeying.rival)
                begin(.rekeyIKE(again), .createChildSA, retry.request, turn)
            case .agreed(let rekeyed):
                settle(rekeying, rekeyed, payloads, established, turn)
                if !turn.isImpaired(.forgetsCommands) { turn.finish(rekeying.command) }
            }
        } catch {
            if let rival = rekeying.rival, !rival.sa.isClosed {
                giveWay(to: rival.sa, established, turn)
                turn.finish(rekeying.command)
            } else {
                rekeyIKEFailed(error, rekeying.command, turn)
            }
        }
    }

    /// Our new SA is there. It takes over unless the peer made one as well whose nonces are higher.
    private func settle(
        _ rekeying: IKERekeying,
        _ rekeyed: RekeyedIKE,
        _ payloads: [Payload],
        _ established: Established,
        _ turn: Turn
    ) {
        let ours = successor(rekeyed, role: .initiator, established, turn)
        ours.notePeerToken(payloads)
        turn.register(ours)
        guard let rival = rekeying.rival, !rival.sa.isClosed, isInVain(rekeyed.nonces, against: rival.lowestNonce, turn)
        else {
            if let rival = rekeying.rival {
                log(.info, "both sides rekeyed the IKE SA; ours {\(ours.id)} stays", turn)
                rival.sa.awaitDeletion(turn)
            }
            // The answer brought the peer's token; ours needs an exchange (RFC 6290 section 4.3).
            if let token = ours.crashToken(turn).notify(.quickCrashDetection) { ours.pending = [.report(token)] }
            handOver(to: ours, turn)
            pending = [.deleteIKE(reason: Self.rekeyedReason, nil)]
            return
        }
        log(.info, "both sides rekeyed the IKE SA; the peer's {\(rival.sa.id)} stays", turn)
        ours.pending = [.deleteIKE(reason: Self.rekeyedReason, nil)]
        giveWay(to: rival.sa, established, turn)
    }

    /// The peer's new SA takes over; the peer deletes this one, which answers repeated requests until then.
    private func giveWay(to rival: IKESA, _ established: Established, _ turn: Turn) {
        rival.stay()
        handOver(to: rival, turn)
        state = .superseded(established, until: turn.now + turn.settings.retransmission.patience)
    }

    /// Contends no more: this is the one that takes over.
    private func stay() {
        guard case .contending(let established, _) = state else { return }
        state = .established(established)
    }

    /// The peer asked for this SA and deletes it; unless it never came to know that it exists.
    private func awaitDeletion(_ turn: Turn) {
        guard case .contending(let established, _) = state else { return }
        state = .superseded(established, until: turn.now + turn.settings.retransmission.patience)
        turn.touch(self)
    }

    /// What this SA was to replace has ended, and so does this one, of which nobody has heard.
    func disappear(_ turn: Turn) {
        guard case .contending(let established, _) = state else { return }
        state = .closed(established.security, until: turn.now)
        turn.touch(self)
    }

    /// The peer shows, before our own rekeying has its answer, that the SA that it made takes over. The answer may yet
    /// bring an SA, which is one too many then.
    func yieldToRival(_ turn: Turn) {
        guard case .established(var established) = state, let rekeying = established.ongoing.rekeyIKE,
            let rival = rekeying.rival, !rival.sa.isClosed
        else { return }
        established.ongoing.giveUpRekeyIKE()
        giveWay(to: rival.sa, established, turn)
        turn.finish(rekeying.command)
        turn.touch(self)
    }

    /// The answer to a rekeying of ours after the peer's own has won: the SA that it makes is deleted by us who asked for it.
    func rekeyedInVain(
        _ payloads: [Payload],
        _ rekeying: IKERekeying,
        _ established: Established,
        _ turn: Turn
    ) {
        guard
            case .agreed(let rekeyed)? = try? rekeying.exchange.process(
                payloads,
                old: established.security,
                random: turn.random
            )
        else { return }
        let ours = successor(rekeyed, role: .initiator, established, turn)
        ours.pending = [.deleteIKE(reason: Self.rekeyedReason, nil)]
        turn.register(ours)
    }

    private func rekeyIKEFailed(_ failure: NegotiationFailure, _ command: CommandID?, _ turn: Turn) {
        guard failure.reason != .temporaryFailure else {
            log(.info, "\(failure.message); rekeying the IKE SA again", turn)
            postpone(.rekeyIKE(command), turn)
            return
        }
        log(.warning, "rekeying the IKE SA failed: \(failure.message)", turn)
        turn.finish(command, failure)
        guard case .established(var established) = state else { return }
        established.rekeyAt = turn.now + Self.retryDelay(turn)
        state = .established(established)
    }

    // MARK: - The peer asks

    func answerRekeyIKE(_ header: Header, _ payloads: [Payload], _ established: Established, _ turn: Turn) {
        do {
            if !turn.isImpaired(.rekeysUnderChildExchanges) { try refuseWhileBusy(established) }
            let (rekeyed, answerPayloads) = try RekeyIKEResponder.answer(
                payloads,
                connection: established.peer.connection,
                spiR: turn.spis.ikeSPI(),
                old: established.security,
                random: turn.random
            )
            let theirs = successor(rekeyed, role: .responder, established, turn)
            turn.register(theirs)
            answer(header, answerPayloads + theirs.crashToken(turn), turn)
            if established.ongoing.rekeyIKE != nil {
                theirs.contend(for: self)
                let rival = RivalIKE(sa: theirs, lowestNonce: lowestNonce(rekeyed.nonces))
                updateOngoing { $0.setRival(rival) }
            } else {
                giveWay(to: theirs, established, turn)
            }
        } catch {
            refuse(header, error, turn)
        }
    }

    private func contend(for predecessor: IKESA) {
        guard case .established(let established) = state else { return }
        state = .contending(established, for: predecessor)
    }

    /// While an exchange of ours about CHILD SAs is under way, the IKE SA must not be replaced under it.
    private func refuseWhileBusy(_ established: Established) throws(NegotiationFailure) {
        let hasRival = established.ongoing.rekeyIKE?.rival != nil
        guard established.ongoing.concernChildren || established.ongoing.concernAddresses || hasRival else { return }
        throw NegotiationFailure(
            .temporaryFailure,
            "the peer rekeys the IKE SA while an exchange of ours is under way; it may try again",
            notify: Notify(.temporaryFailure)
        )
    }

    // MARK: - The new SA

    /// Why an SA that has a successor is deleted; nobody needs to hear that it is gone.
    static let rekeyedReason = "rekeyed"

    private func successor(_ rekeyed: RekeyedIKE, role: Role, _ established: Established, _ turn: Turn) -> IKESA {
        let lifetime = established.peer.connection.lifetime
        let new = Established(
            security: rekeyed.security,
            peer: established.peer,
            since: turn.now,
            origin: established.origin,
            rekeyAt: lifetime.rekeyDeadline(from: turn.now, random: turn.random),
            expiresAt: lifetime.hard.map { turn.now + $0 }
        )
        let successor = IKESA(
            id: turn.spis.nextID(),
            role: role,
            spiI: rekeyed.spiI,
            spiR: rekeyed.spiR,
            local: local,
            remote: remote,
            state: .established(new),
            now: turn.now
        )
        successor.nat = nat
        successor.isOriginalInitiator = isOriginalInitiator
        successor.lineage = lineage
        successor.mobility = mobility.inherited
        successor.pathSearch = pathSearch
        // A probe of the old one that is under way tells nothing any more.
        successor.probeAt = turn.pathMTU(path).map { _ in probeAt ?? turn.now }
        successor.movedAt = movedAt
        successor.fragmentSize = fragmentSize
        turn.export(rekeyed.exported)
        return successor
    }

    /// The new IKE SA takes over the CHILD SAs and what was still to do (RFC 7296 section 2.8).
    private func handOver(to successor: IKESA, _ turn: Turn) {
        if !turn.isImpaired(.leavesChildrenBehind) { successor.children += children }
        successor.draining += draining
        successor.pending += pending
        successor.postponed += postponed
        children = []
        draining = []
        pending = []
        postponed = []
        successor.takeOverMobility(of: self, turn)
        turn.touch(successor)
        successor.log(.info, "IKE SA {\(id)} rekeyed", turn)
        turn.emit(.ikeRekeyed(old: summary(turn.now), new: successor.summary(turn.now)))
    }
}

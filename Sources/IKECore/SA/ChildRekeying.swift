import IKECrypto
import IKEWire
import Inet

// How CHILD SAs are replaced (RFC 7296 sections 2.8 and 2.8.1).
//
// Rekeying makes before it breaks. Who asked installs both directions of the new SA as soon as the answer is there, since
// the peer accepts on it already, and deletes the old one. Who answered accepts on the new SA at once but sends on the old
// one until its Delete arrives: by then the other side surely accepts on the new one.
//
// Both sides may ask at the same time. Each answers, so two new SAs come into being, and the one whose exchange has the
// lowest of the four nonces goes: its initiator deletes it, while the initiator of the other deletes the old SA.
//
//     left                                right
//     REKEY_SA, Ni1      -->   <--        REKEY_SA, Ni2         both answer: SA1 with Nr1, SA2 with Nr2
//     min(Ni1, Nr1) < min(Ni2, Nr2):      left deletes SA1, right deletes the old SA, SA2 stays

/// The peer's new CHILD SA for one that we are rekeying as well.
struct RivalChild {
    let id: UInt32
    let lowestNonce: [UInt8]
}

/// A rekeying of ours that waits for its answer.
struct ChildRekeying {
    let exchange: CreateChildInitiator
    /// The CHILD SA that is to be replaced.
    let id: UInt32
    let command: CommandID?
    var rival: RivalChild?
}

extension IKESA {
    // MARK: - We ask

    func startRekeyChild(_ id: UInt32, _ command: CommandID?, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == id }), entry.state == .installed else {
            turn.finish(command)
            return
        }
        let old = entry.childSA
        let spi = turn.isImpaired(.reusesTheOldSPI) ? old.inboundSPI : turn.spis.espSPI()
        let offer = ChildOffer(
            policy: entry.policy,
            spi: spi,
            proposals: Proposal.numbered(entry.policy.proposals, spi: spi.bytes),
            localSelectors: old.localSelectors,
            remoteSelectors: old.remoteSelectors,
            resource: old.resource
        )
        setChildState(id, .rekeying)
        log(.info, "rekeying CHILD SA \(old.logName)", turn)
        start(offer, rekeying: old, turn, failed: { turn.finish(command, $0) }) {
            .rekeyChild(ChildRekeying(exchange: $0, id: id, command: command))
        }
    }

    func processRekeyChild(
        _ payloads: [Payload],
        _ rekeying: ChildRekeying,
        _ established: Established,
        _ turn: Turn
    ) {
        do {
            switch try conclude(payloads, rekeying.exchange, established, turn) {
            case .retry(let retry):
                let again = ChildRekeying(
                    exchange: retry,
                    id: rekeying.id,
                    command: rekeying.command,
                    rival: rekeying.rival
                )
                begin(.rekeyChild(again), .createChildSA, retry.request, turn)
            case .made(let new, let policy, let nonces):
                settle(rekeying, new, policy, nonces, turn)
            }
        } catch {
            failed(rekeying, error, turn)
        }
    }

    /// Our new SA is there. It stays unless the peer made one as well whose nonces are higher.
    private func settle(
        _ rekeying: ChildRekeying,
        _ new: ChildSA,
        _ policy: ChildPolicy,
        _ nonces: [[UInt8]],
        _ turn: Turn
    ) {
        guard let rival = rekeying.rival else {
            win(rekeying, new, policy, turn)
            return
        }
        let isOpen = children.contains { $0.childSA.id == rekeying.id && $0.state == .rekeying }
        let rivalStands = children.contains { $0.childSA.id == rival.id }
        // The peer may have deleted its new SA meanwhile, while the old one stood: then it was that one that was in vain.
        guard isInVain(nonces, against: rival.lowestNonce, turn), rivalStands || !isOpen else {
            log(.info, "both sides rekeyed CHILD SA {\(rekeying.id)}; ours {\(new.id)} stays", turn)
            win(rekeying, new, policy, turn)
            return
        }
        log(.info, "both sides rekeyed CHILD SA {\(rekeying.id)}; the peer's {\(rival.id)} stays", turn)
        add(new, policy, withOutbound: false, turn)
        setChildState(new.id, .redundant)
        yield(rekeying.id, to: rival.id, turn)
        pending.append(.deleteReplaced(id: new.id, rekeying.command))
    }

    private func win(_ rekeying: ChildRekeying, _ new: ChildSA, _ policy: ChildPolicy, _ turn: Turn) {
        add(new, policy, withOutbound: true, turn)
        replaced(rekeying.id, by: new, turn)
        guard !turn.isImpaired(.keepsWhatItReplaced) else { return turn.finish(rekeying.command) }
        pending.append(.deleteReplaced(id: rekeying.id, rekeying.command))
    }

    /// The peer's new SA, until now one of two, replaces an old one of which the peer will send the Delete.
    private func yield(_ id: UInt32, to rival: UInt32, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == rival && $0.state == .redundant }) else { return }
        entry.state = .installed
        replaced(id, by: entry.childSA, turn)
    }

    /// The peer deletes an SA that it rekeyed, before our own rekeying of it has its answer.
    func yieldToSuccessor(_ entry: ChildEntry, _ turn: Turn) {
        guard entry.state == .rekeying, let successor = entry.successor else { return }
        yield(entry.childSA.id, to: successor, turn)
    }

    private func replaced(_ id: UInt32, by new: ChildSA, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == id }) else {
            // The old one has ended meanwhile.
            announce(new, turn)
            return
        }
        let old = entry.childSA
        entry.state = .rekeyed
        entry.successor = new.id
        // Once the new SA is sent on, the old one must not come back to the top, even if it was never sent on itself.
        if children.contains(where: { $0.childSA.id == new.id && $0.hasSent }) { entry.hasSent = true }
        log(.info, "CHILD SA \(old.logName) rekeyed as \(new.logName), \(new.proposal)", turn)
        turn.emit(.childRekeyed(old: old, new: new, summary(turn.now)))
    }

    /// Our request was refused. Where the peer has rekeyed the SA itself there is nothing more to do; an SA that the peer
    /// does not know is replaced by a fresh one; otherwise it stands, and is tried again a moment later
    /// (RFC 7296 section 2.25).
    private func failed(_ rekeying: ChildRekeying, _ failure: NegotiationFailure, _ turn: Turn) {
        if let rival = rekeying.rival, children.contains(where: { $0.childSA.id == rival.id }) {
            yield(rekeying.id, to: rival.id, turn)
            turn.finish(rekeying.command)
            return
        }
        guard let entry = children.first(where: { $0.childSA.id == rekeying.id }) else {
            turn.finish(rekeying.command)
            return
        }
        switch failure.reason {
        case .temporaryFailure:
            log(.info, "CHILD SA \(entry.childSA.logName): \(failure.message); trying again", turn)
            if entry.state == .rekeying { entry.state = .installed }
            postpone(.rekeyChild(id: rekeying.id, rekeying.command), turn)
        case .noSuchSA:
            log(.warning, "rekeying CHILD SA \(entry.childSA.logName) failed: \(failure.message)", turn)
            removeChild(rekeying.id, reason: "the peer does not know it", turn)
            // Who sent on it asks for another one.
            guard !entry.childSA.isOfOneResource else { return turn.finish(rekeying.command) }
            pending.append(.createChild(ChildRequest(policy: entry.policy, command: rekeying.command)))
        default:
            let isMismatch = failure.reason == .noProposalChosen || failure.reason == .invalidKeyExchange
            log(
                .warning,
                "rekeying CHILD SA \(entry.childSA.logName) failed: \(failure.message)"
                    + (isMismatch ? ". Is the key exchange in esp_proposals the same at both ends?" : ""),
                turn
            )
            entry.state = .installed
            entry.childSA.rekeyAt = turn.now + Self.retryDelay(turn)
            turn.finish(rekeying.command, failure)
        }
    }

    // MARK: - The peer asks

    func answerRekeyChild(
        _ header: Header,
        _ payloads: [Payload],
        _ notify: Notify,
        _ established: Established,
        _ turn: Turn
    ) {
        do {
            let old = try childToRekey(notify)
            answerChild(header, payloads, established, replacing: old, turn) { new, policy, nonces in
                self.add(new, policy, withOutbound: turn.isImpaired(.sendsBeforeThePeerAccepts), turn)
                if established.ongoing.rekeys(child: old) {
                    let rival = RivalChild(id: new.id, lowestNonce: lowestNonce(nonces))
                    self.updateOngoing { $0.setRival(rival, ofChild: old) }
                    // Until our answer is there nobody knows which of the two stays.
                    self.setSuccessor(of: old, new.id)
                    self.setChildState(new.id, .redundant)
                } else {
                    self.replaced(old, by: new, turn)
                }
            }
        } catch {
            refuse(header, error, turn)
        }
    }

    /// The CHILD SA that a REKEY_SA notify names by the SPI that the peer receives on (RFC 7296 section 2.8).
    private func childToRekey(_ notify: Notify) throws(NegotiationFailure) -> UInt32 {
        guard let spi = ESPSPI(bytes: notify.spi),
            let entry = children.first(where: { $0.childSA.outboundSPI == spi })
        else {
            guard !isCreatingChild else {
                throw NegotiationFailure(
                    .temporaryFailure,
                    "the peer rekeys a CHILD SA that does not exist here yet; it may try again",
                    notify: Notify(.temporaryFailure)
                )
            }
            throw NegotiationFailure(
                .noSuchSA,
                "the peer rekeys a CHILD SA that does not exist here",
                notify: Notify(.childSANotFound, protocolID: notify.protocolID, spi: notify.spi)
            )
        }
        guard entry.state == .installed || entry.state == .rekeying, entry.successor == nil else {
            throw NegotiationFailure(
                .temporaryFailure,
                "the peer rekeys CHILD SA \(entry.childSA.logName), which is on its way out; it may try again",
                notify: Notify(.temporaryFailure)
            )
        }
        return entry.childSA.id
    }

    private func setSuccessor(of id: UInt32, _ successor: UInt32) {
        children.first { $0.childSA.id == id }?.successor = successor
    }
}

/// The lowest of the nonces of an exchange, compared octet by octet (RFC 7296 section 2.8.1).
func lowestNonce(_ nonces: [[UInt8]]) -> [UInt8] { nonces.min { $0.lexicographicallyPrecedes($1) } ?? [] }

/// Whether an exchange of ours with these nonces was in vain, since the rival's are higher.
func isInVain(_ nonces: [[UInt8]], against rival: [UInt8], _ turn: Turn) -> Bool {
    lowestNonce(nonces).lexicographicallyPrecedes(rival) && !turn.isImpaired(.ignoresTheLowestNonce)
}

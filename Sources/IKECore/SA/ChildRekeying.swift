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
        let spi = turn.spis.espSPI()
        let offer = ChildOffer(
            policy: entry.policy,
            spi: spi,
            proposals: Proposal.numbered(entry.policy.proposals, spi: spi.bytes),
            localSelectors: old.localSelectors,
            remoteSelectors: old.remoteSelectors
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
        guard let rival = rekeying.rival, children.contains(where: { $0.childSA.id == rival.id }) else {
            win(rekeying, new, policy, turn)
            return
        }
        if lowestNonce(nonces).lexicographicallyPrecedes(rival.lowestNonce) {
            log(.info, "both sides rekeyed CHILD SA {\(rekeying.id)}; the peer's {\(rival.id)} stays", turn)
            add(new, policy, withOutbound: false, turn)
            setChildState(new.id, .redundant)
            yield(rekeying.id, to: rival.id, turn)
            pending.append(.deleteChild(id: new.id, rekeying.command))
        } else {
            log(.info, "both sides rekeyed CHILD SA {\(rekeying.id)}; ours {\(new.id)} stays", turn)
            setSuccessor(of: rekeying.id, nil)
            win(rekeying, new, policy, turn)
        }
    }

    private func win(_ rekeying: ChildRekeying, _ new: ChildSA, _ policy: ChildPolicy, _ turn: Turn) {
        add(new, policy, withOutbound: true, turn)
        replaced(rekeying.id, by: new, turn)
        pending.append(.deleteChild(id: rekeying.id, rekeying.command))
    }

    /// The peer's new SA replaces an old one of which the peer will send the Delete.
    private func yield(_ id: UInt32, to rival: UInt32, _ turn: Turn) {
        guard let new = children.first(where: { $0.childSA.id == rival })?.childSA else { return }
        setChildState(rival, .installed)
        setSuccessor(of: id, rival)
        replaced(id, by: new, turn)
    }

    /// The peer deletes an SA that it rekeyed, before our own rekeying of it has its answer.
    func yieldToSuccessor(_ entry: ChildEntry, _ turn: Turn) {
        guard entry.state == .rekeying, let successor = entry.successor else { return }
        yield(entry.childSA.id, to: successor, turn)
    }

    private func replaced(_ id: UInt32, by new: ChildSA, _ turn: Turn) {
        guard let old = children.first(where: { $0.childSA.id == id })?.childSA else { return }
        setChildState(id, .rekeyed)
        log(.info, "CHILD SA \(old.logName) rekeyed as \(new.logName), \(new.proposal)", turn)
        turn.emit(.childRekeyed(old: old, new: new, summary(turn.now)))
    }

    /// Our request was refused. Where the peer has rekeyed the SA itself there is nothing more to do; an SA that the peer
    /// does not know is replaced by a fresh one; otherwise it stands, and is tried again before its hard limit
    /// (RFC 7296 section 2.25.1).
    private func failed(_ rekeying: ChildRekeying, _ failure: NegotiationFailure, _ turn: Turn) {
        guard let index = children.firstIndex(where: { $0.childSA.id == rekeying.id }) else {
            turn.finish(rekeying.command)
            return
        }
        if let rival = rekeying.rival, children.contains(where: { $0.childSA.id == rival.id }) {
            yield(rekeying.id, to: rival.id, turn)
            turn.finish(rekeying.command)
            return
        }
        let entry = children[index]
        log(.warning, "rekeying CHILD SA \(entry.childSA.logName) failed: \(failure.message)", turn)
        if failure.reason == .noSuchSA {
            removeChild(rekeying.id, reason: "the peer does not know it", turn)
            pending.append(.createChild(ChildRequest(policy: entry.policy, command: rekeying.command)))
            return
        }
        children[index].state = .installed
        children[index].childSA.rekeyAt = turn.now + Self.retryDelay(turn)
        turn.finish(rekeying.command, failure)
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
            answerChild(header, payloads, established, turn) { new, policy, nonces in
                self.add(new, policy, withOutbound: false, turn)
                self.setSuccessor(of: old, new.id)
                if established.ongoing.rekeys(child: old) {
                    let rival = RivalChild(id: new.id, lowestNonce: lowestNonce(nonces))
                    self.updateOngoing { $0.setRival(rival, ofChild: old) }
                    // Until our answer is there nobody knows which of the two stays.
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

    private func setSuccessor(of id: UInt32, _ successor: UInt32?) {
        guard let index = children.firstIndex(where: { $0.childSA.id == id }) else { return }
        children[index].successor = successor
    }
}

/// The lowest of the nonces of an exchange, compared octet by octet (RFC 7296 section 2.8.1).
func lowestNonce(_ nonces: [[UInt8]]) -> [UInt8] { nonces.min { $0.lexicographicallyPrecedes($1) } ?? [] }

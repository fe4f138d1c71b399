import IKECrypto
import IKEWire
import Inet

// The life of CHILD SAs within an IKE SA: made, rekeyed and deleted by either side.
//
// Rekeying makes before it breaks (RFC 7296 section 2.8). Who asked installs both directions of the new SA as soon as the
// answer is there, since the peer accepts on it already, and deletes the old one. Who answered accepts on the new SA at
// once but sends on the old one until its Delete arrives: by then the other side surely accepts on the new one.

extension IKESA {
    // MARK: - Installing and removing

    func add(_ childSA: ChildSA, _ policy: ChildPolicy, withOutbound: Bool, _ turn: Turn) {
        children.append(ChildEntry(childSA: childSA, policy: policy))
        turn.export(.esp(childSA))
        turn.emit(.installInbound(childSA))
        if withOutbound { turn.emit(.installOutbound(childSA)) }
    }

    func announce(_ childSA: ChildSA, _ turn: Turn) {
        log(.info, "CHILD SA \(childSA.logName) established: \(childSA.logSelectors), \(childSA.proposal)", turn)
        turn.emit(.childEstablished(childSA, summary(turn.now)))
    }

    func removeChild(_ id: UInt32, reason: String, _ turn: Turn) {
        guard let index = children.firstIndex(where: { $0.childSA.id == id }) else { return }
        let entry = children[index]
        if entry.state != .rekeyed {
            log(.info, "CHILD SA \(entry.childSA.logName) closed: \(reason)", turn)
            turn.emit(.childClosed(entry.childSA, summary(turn.now), reason: reason))
        }
        children.remove(at: index)
        if let successor = entry.successor { switchOutbound(to: successor, turn) }
        turn.spis.release(entry.childSA.inboundSPI)
        turn.emit(.removeChild(entry.childSA))
    }

    private func switchOutbound(to id: UInt32, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == id }) else { return }
        turn.emit(.installOutbound(entry.childSA))
    }

    func setChildState(_ id: UInt32, _ state: ChildEntry.State) {
        guard let index = children.firstIndex(where: { $0.childSA.id == id }) else { return }
        children[index].state = state
    }

    // MARK: - We ask

    func startCreateChild(_ request: ChildRequest, _ turn: Turn) {
        guard let policy = request.policy else {
            turn.finish(request.command)
            return
        }
        let offer = policy.offer(spi: turn.spis.espSPI(), path: childPath, withKeyExchange: true)
        start(offer, rekeying: nil, turn, failed: { turn.finish(request.command, $0) }) {
            .createChild($0, request)
        }
    }

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
        start(offer, rekeying: old, turn, failed: { turn.finish(command, $0) }) { .rekeyChild($0, id: id, command) }
    }

    private func start(
        _ offer: ChildOffer,
        rekeying: ChildSA?,
        _ turn: Turn,
        failed: (NegotiationFailure) -> Void,
        as ongoing: (CreateChildInitiator) -> OngoingExchange
    ) {
        do {
            let exchange = try CreateChildInitiator(offer: offer, rekeying: rekeying, random: turn.random)
            begin(ongoing(exchange), .createChildSA, exchange.request, turn)
        } catch {
            turn.spis.release(offer.spi)
            log(.error, error.message, turn)
            failed(error)
        }
    }

    func processCreateChild(
        _ payloads: [Payload],
        _ exchange: CreateChildInitiator,
        _ request: ChildRequest,
        _ established: Established,
        _ turn: Turn
    ) {
        do {
            switch try exchange.process(payloads, random: turn.random) {
            case .retry(let retry):
                begin(.createChild(retry, request), .createChildSA, retry.request, turn)
            case .agreed(let agreement, let secret, let nonceR):
                let childSA = try agreement.childSA(
                    id: turn.spis.nextID(),
                    connection: established.peer.connection.name,
                    role: .initiator,
                    security: established.security,
                    sharedSecret: secret,
                    nonceI: exchange.nonce,
                    nonceR: nonceR,
                    path: childPath,
                    turn: turn
                )
                add(childSA, agreement.policy, withOutbound: true, turn)
                announce(childSA, turn)
                turn.finish(request.command)
            }
        } catch {
            turn.spis.release(exchange.offer.spi)
            log(.error, error.message, turn)
            turn.finish(request.command, error)
        }
    }

    func processRekeyChild(
        _ payloads: [Payload],
        _ exchange: CreateChildInitiator,
        _ id: UInt32,
        _ command: CommandID?,
        _ established: Established,
        _ turn: Turn
    ) {
        do {
            switch try exchange.process(payloads, random: turn.random) {
            case .retry(let retry):
                begin(.rekeyChild(retry, id: id, command), .createChildSA, retry.request, turn)
            case .agreed(let agreement, let secret, let nonceR):
                let new = try agreement.childSA(
                    id: turn.spis.nextID(),
                    connection: established.peer.connection.name,
                    role: .initiator,
                    security: established.security,
                    sharedSecret: secret,
                    nonceI: exchange.nonce,
                    nonceR: nonceR,
                    path: childPath,
                    turn: turn
                )
                add(new, agreement.policy, withOutbound: true, turn)
                replaced(id, by: new, turn)
                pending.append(.deleteChild(id: id, command))
            }
        } catch {
            turn.spis.release(exchange.offer.spi)
            rekeyChildFailed(id, error, turn)
            turn.finish(command, error)
        }
    }

    private func replaced(_ id: UInt32, by new: ChildSA, _ turn: Turn) {
        guard let old = children.first(where: { $0.childSA.id == id })?.childSA else { return }
        setChildState(id, .rekeyed)
        log(.info, "CHILD SA \(old.logName) rekeyed as \(new.logName), \(new.proposal)", turn)
        turn.emit(.childRekeyed(old: old, new: new, summary(turn.now)))
    }

    /// The old SA stands: it is tried again before its hard limit (RFC 7296 section 2.25).
    private func rekeyChildFailed(_ id: UInt32, _ failure: NegotiationFailure, _ turn: Turn) {
        guard let index = children.firstIndex(where: { $0.childSA.id == id }) else { return }
        children[index].state = .installed
        children[index].childSA.rekeyAt = turn.now + Self.retryDelay(turn)
        log(.warning, "rekeying CHILD SA \(children[index].childSA.logName) failed: \(failure.message)", turn)
    }

    /// A moment later, not the same for both sides.
    static func retryDelay(_ turn: Turn) -> Duration { .milliseconds(5000 + Int(turn.random.uint32() % 5000)) }

    func startDeleteChild(_ id: UInt32, _ command: CommandID?, _ turn: Turn) {
        guard let childSA = children.first(where: { $0.childSA.id == id })?.childSA else {
            turn.finish(command)
            return
        }
        if let entry = children.first(where: { $0.childSA.id == id }), entry.state != .rekeyed {
            setChildState(id, .deleting)
        }
        let payload = Payload(.delete(.esp([childSA.inboundSPI])))
        begin(.deleteChild(id: id, command), .informational, [payload], turn)
    }

    // MARK: - The peer asks

    func answerCreateChild(_ header: Header, _ payloads: [Payload], _ established: Established, _ turn: Turn) {
        if payloads.securityAssociation?.first?.protocolID == .ike {
            answerRekeyIKE(header, payloads, established, turn)
            return
        }
        let spi = turn.spis.espSPI()
        do {
            let old = try childToRekey(payloads, established)
            let outcome = try CreateChildResponder.answer(
                payloads,
                connection: established.peer.connection,
                path: childPath,
                spi: spi,
                random: turn.random
            )
            let new = try outcome.agreement.childSA(
                id: turn.spis.nextID(),
                connection: established.peer.connection.name,
                role: .responder,
                security: established.security,
                sharedSecret: outcome.sharedSecret,
                nonceI: outcome.nonceI,
                nonceR: outcome.nonceR,
                path: childPath,
                turn: turn
            )
            add(new, outcome.agreement.policy, withOutbound: old == nil, turn)
            if let old {
                supersede(old, by: new, turn)
            } else {
                announce(new, turn)
            }
            answer(header, outcome.payloads, turn)
        } catch {
            turn.spis.release(spi)
            log(error.reason == .temporaryFailure ? .info : .error, error.message, turn)
            answer(header, [Payload(.notify(error.notify ?? Notify(.noProposalChosen)))], turn)
        }
    }

    /// The CHILD SA that a REKEY_SA notify names by the SPI that the peer receives on (RFC 7296 section 2.8).
    private func childToRekey(
        _ payloads: [Payload],
        _ established: Established
    ) throws(NegotiationFailure) -> UInt32? {
        guard let notify = payloads.notify(.rekeySA) else { return nil }
        guard let spi = ESPSPI(bytes: notify.spi),
            let entry = children.first(where: { $0.childSA.outboundSPI == spi })
        else {
            throw NegotiationFailure(
                .noSuchSA,
                "the peer rekeys a CHILD SA that does not exist",
                notify: Notify(.childSANotFound, protocolID: notify.protocolID, spi: notify.spi)
            )
        }
        guard entry.state == .installed else {
            throw NegotiationFailure(
                .temporaryFailure,
                "the peer rekeys CHILD SA \(entry.childSA.logName) while it is \(entry.state.rawValue) here",
                notify: Notify(.temporaryFailure)
            )
        }
        return entry.childSA.id
    }

    private func supersede(_ id: UInt32, by new: ChildSA, _ turn: Turn) {
        guard let index = children.firstIndex(where: { $0.childSA.id == id }) else { return }
        children[index].successor = new.id
        replaced(id, by: new, turn)
    }

    /// The peer's Delete of CHILD SAs; the answer deletes the other halves (RFC 7296 section 1.4.1).
    func deleteChildren(_ spis: [[UInt8]], _ turn: Turn) -> [Payload] {
        let entries = spis.compactMap { bytes in
            ESPSPI(bytes: bytes).flatMap { spi in children.first { $0.childSA.outboundSPI == spi } }
        }
        // An SA whose deletion we asked for ourselves is not deleted in the answer: both requests crossed.
        let ours = entries.filter { !isDeletionOutstanding($0.childSA.id) }.map(\.childSA.inboundSPI)
        for entry in entries { removeChild(entry.childSA.id, reason: "deleted by the peer", turn) }
        return ours.isEmpty ? [] : [Payload(.delete(.esp(ours)))]
    }

    private func isDeletionOutstanding(_ id: UInt32) -> Bool {
        guard case .deleteChild(id, _)? = established?.ongoing else { return false }
        return true
    }
}

extension ChildSA {
    /// "net{7}", as it appears in logs and tables.
    package var logName: String { "\(name){\(id)}" }

    var logSelectors: String {
        "\(TrafficSelectorNarrowing.list(localSelectors)) === \(TrafficSelectorNarrowing.list(remoteSelectors)), "
            + "SPIs \(inboundSPI) in, \(outboundSPI) out, \(usesUDP ? "ESP in UDP" : "ESP")"
    }
}

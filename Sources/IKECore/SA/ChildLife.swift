import IKECrypto
import IKEWire
import Inet

// The life of CHILD SAs within an IKE SA: made and deleted by either side. How they are replaced stands in
// `ChildRekeying`.

extension IKESA {
    // MARK: - Installing and removing

    /// - Parameter sendsAt: when it is sent on, where it is not yet.
    func add(
        _ childSA: ChildSA,
        _ policy: ChildPolicy,
        withOutbound: Bool,
        sendsAt: Instant? = nil,
        _ turn: Turn
    ) {
        var childSA = childSA
        childSA.pathMTU = pathSearch.confirmed
        // Most have agreed on the same, which takes memory once then.
        if let like = children.first(where: { $0.childSA.proposal == childSA.proposal }) {
            childSA.proposal = like.childSA.proposal
        }
        children.append(ChildEntry(childSA: childSA, policy: policy, hasSent: withOutbound, sendsAt: sendsAt))
        beginPathSearch(turn)
        turn.export(.esp(childSA))
        turn.emit(.installInbound(childSA))
        if withOutbound { turn.emit(.installOutbound(childSA)) }
    }

    /// Adds a CHILD SA that the peer asked for. It is sent on at once, unless another one carries the same.
    func addAnswered(_ childSA: ChildSA, _ policy: ChildPolicy, _ turn: Turn) {
        var patience = mayBeOutrun(childSA, turn) ? Self.outboundPatience : nil
        // By then the peer has our answer, or is given up.
        if childSA.isOfOneResource { patience = turn.settings.retransmission.patience }
        add(childSA, policy, withOutbound: patience == nil, sendsAt: patience.map { turn.now + $0 }, turn)
        announce(childSA, turn)
    }

    func announce(_ childSA: ChildSA, _ turn: Turn) {
        log(.info, "CHILD SA \(childSA.logName) established: \(childSA.logSelectors), \(childSA.proposal)", turn)
        turn.emit(.childEstablished(childSA, summary(turn.now)))
    }

    func removeChild(_ id: UInt32, reason: String, _ turn: Turn) {
        guard let entry = takeChild(id, reason: reason, turn) else { return }
        deleteAbandonedCompanions()
        let isReplaced = entry.state == .rekeyed || entry.state == .redundant
        guard isReplaced, isEstablished, turn.settings.deleteRekeyedDelay > .zero else {
            forget(entry.childSA, turn)
            return
        }
        draining.append((turn.now + turn.settings.deleteRekeyedDelay, entry.childSA))
    }

    /// Takes a CHILD SA out of the SA and says so; what the data plane has of it stays.
    @discardableResult
    func takeChild(_ id: UInt32, reason: String, _ turn: Turn) -> ChildEntry? {
        guard let index = children.firstIndex(where: { $0.childSA.id == id }) else { return nil }
        let entry = children[index]
        if entry.state != .rekeyed && entry.state != .redundant {
            log(.info, "CHILD SA \(entry.childSA.logName) closed: \(reason)", turn)
            turn.emit(.childClosed(entry.childSA, summary(turn.now), reason: reason))
        }
        children.remove(at: index)
        if let successor = entry.successor { switchOutbound(to: successor, turn) }
        for sibling in turn.directory.siblings(of: self) where sibling.carries(entry.childSA) != nil {
            sibling.completeOutbound(until: .distantFuture, turn)
        }
        return entry
    }

    private func forget(_ childSA: ChildSA, _ turn: Turn) {
        turn.spis.release(childSA.inboundSPI)
        turn.emit(.removeChild(childSA))
    }

    /// Forgets the replaced CHILD SAs that have received long enough.
    func forgetDrained(until now: Instant, _ turn: Turn) {
        for (_, childSA) in draining.filter({ $0.until <= now }) { forget(childSA, turn) }
        draining.removeAll { $0.until <= now }
    }

    func switchOutbound(to id: UInt32, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == id }), !entry.hasSent else { return }
        turn.emit(.installOutbound(entry.childSA))
        entry.hasSent = true
    }

    func setChildState(_ id: UInt32, _ state: ChildEntry.State) {
        children.first { $0.childSA.id == id }?.state = state
    }

    // MARK: - We ask

    func startCreateChild(_ request: ChildRequest, _ turn: Turn) {
        guard let policy = request.policy else {
            turn.finish(request.command)
            return
        }
        if isReplaced(request) {
            concludeReplacement(request, turn)
            return
        }
        if let companion = request.companion {
            startCreate(companion, request, turn)
            return
        }
        // Another negotiation may have brought it meanwhile.
        if request.packet != nil || request.isOnlyIfMissing, hasChild(for: request) {
            turn.finish(request.command)
            return
        }
        let offer = policy.offer(
            spi: turn.spis.espSPI(),
            path: childPath,
            withKeyExchange: true,
            packet: request.packet
        )
        start(offer, rekeying: nil, turn, failed: { refused(request, $0, turn) }) { .createChild($0, request) }
    }

    /// Whether what is asked for stands already.
    func hasChild(for request: ChildRequest) -> Bool {
        children.contains { entry in
            guard entry.childSA.name == request.policy?.name else { return false }
            guard entry.state == .installed || entry.state == .rekeying else { return false }
            guard let packet = request.packet else { return true }
            return entry.childSA.localSelectors.contains { $0.contains(packet.local) }
                && entry.childSA.remoteSelectors.contains { $0.contains(packet.remote) }
        }
    }

    func start(
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
            switch try conclude(payloads, exchange, established, turn) {
            case .retry(let retry):
                begin(.createChild(retry, request), .createChildSA, retry.request, turn)
            case .made(let childSA, let policy, _):
                add(childSA, policy, withOutbound: true, turn)
                announce(childSA, turn)
                if let companion = request.companion { check(companion, childSA, turn) }
                concludeReplacement(request, turn)
                turn.finish(request.command)
            }
        } catch  where error.reason == .temporaryFailure {
            log(.info, "CHILD SA \(exchange.offer.policy.name): \(error.message); trying again", turn)
            postpone(.createChild(request), turn)
        } catch {
            if let companion = request.companion { return refused(companion, error, turn) }
            log(.error, error.message, turn)
            refused(request, error, turn)
        }
    }

    private func refused(_ request: ChildRequest, _ failure: NegotiationFailure, _ turn: Turn) {
        turn.emit(.childFailed(failed(failure, role: .initiator, child: request.policy?.name ?? "")))
        replacementRefused(request, turn)
        turn.finish(request.command, failure)
    }

    /// What the answer to a CREATE_CHILD_SA request of ours leads to.
    enum Conclusion {
        case retry(CreateChildInitiator)
        case made(ChildSA, ChildPolicy, nonces: [[UInt8]])
    }

    func conclude(
        _ payloads: [Payload],
        _ exchange: CreateChildInitiator,
        _ established: Established,
        _ turn: Turn
    ) throws(NegotiationFailure) -> Conclusion {
        do {
            switch try exchange.process(payloads, random: turn.random) {
            case .retry(let retry): return .retry(retry)
            case .agreed(let agreement, let secret, let nonceR):
                var childSA = try agreement.childSA(
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
                // Whatever the answer says of it (RFC 9611 section 4).
                if let old = exchange.rekeying { childSA.resource = old.resource }
                return .made(childSA, agreement.policy, nonces: [exchange.nonce, nonceR])
            }
        } catch {
            disown(exchange.offer, answered: payloads, turn)
            throw error
        }
    }

    /// An offer that came to nothing. If the peer answered with an SA that we cannot accept, it is told that there is none.
    func disown(_ offer: ChildOffer, answered payloads: [Payload], _ turn: Turn) {
        turn.spis.release(offer.spi)
        if payloads.securityAssociation != nil { pending.append(.announceDeletion(offer.spi)) }
    }

    /// Closes a CHILD SA. Where it has been rekeyed since somebody asked to, what took its place is meant.
    func startDeleteChild(_ id: UInt32, _ command: CommandID?, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == id }) else {
            turn.finish(command)
            return
        }
        if entry.state == .rekeyed, let successor = entry.successor {
            pending.append(.deleteChild(id: successor, command))
            return
        }
        if entry.state == .installed || entry.state == .rekeying { setChildState(id, .deleting) }
        startDeleteReplaced(id, command, turn)
    }

    /// Deletes a CHILD SA that another one has replaced, or that was made in vain.
    func startDeleteReplaced(_ id: UInt32, _ command: CommandID?, _ turn: Turn) {
        guard let entry = children.first(where: { $0.childSA.id == id }) else {
            turn.finish(command)
            return
        }
        let payload = Payload(.delete(.esp([entry.childSA.inboundSPI])))
        begin(.deleteChild(id: id, command), .informational, [payload], turn)
    }

    // MARK: - The peer asks

    func answerCreateChild(_ header: Header, _ payloads: [Payload], _ established: Established, _ turn: Turn) {
        if payloads.securityAssociation?.first?.protocolID == .ike {
            answerRekeyIKE(header, payloads, established, turn)
            return
        }
        if let notify = payloads.notify(.rekeySA) {
            answerRekeyChild(header, payloads, notify, established, turn)
            return
        }
        answerChild(header, payloads, established, turn) { new, policy, _ in
            self.addAnswered(new, policy, turn)
        }
    }

    /// Negotiates a CHILD SA that the peer asks for; `install` is called between agreement and answer, so that we accept on
    /// the SA before the peer knows of it.
    func answerChild(
        _ header: Header,
        _ payloads: [Payload],
        _ established: Established,
        replacing old: UInt32? = nil,
        _ turn: Turn,
        install: (_ new: ChildSA, _ policy: ChildPolicy, _ nonces: [[UInt8]]) -> Void
    ) {
        let spi = turn.spis.espSPI()
        do {
            try refuseDuringIKERekeying(established)
            let outcome = try CreateChildResponder.answer(
                payloads,
                connection: established.peer.connection,
                path: childPath,
                spi: spi,
                random: turn.random
            )
            var new = try outcome.agreement.childSA(
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
            new.resource = try resource(of: new, replacing: old, turn)
            install(new, outcome.agreement.policy, [outcome.nonceI, outcome.nonceR])
            answer(header, outcome.payloads, turn)
        } catch {
            turn.spis.release(spi)
            refuse(header, error, turn)
        }
    }

    /// CHILD SAs belong to the IKE SA that takes over, so none is made while that is being negotiated
    /// (RFC 7296 section 2.25.2).
    private func refuseDuringIKERekeying(_ established: Established) throws(NegotiationFailure) {
        guard established.ongoing.rekeyIKE != nil else { return }
        throw NegotiationFailure(
            .temporaryFailure,
            "the peer asks for a CHILD SA while we rekey the IKE SA; it may try again",
            notify: Notify(.temporaryFailure)
        )
    }

    /// Answers a request with the notify of a failure.
    func refuse(_ header: Header, _ failure: NegotiationFailure, _ turn: Turn) {
        answer(header, [Payload(.notify(failure.notify ?? Notify(.noProposalChosen)))], turn)
        if failure.notify?.type == .invalidSyntax {
            // A malformed message ends the SA at both ends without a Delete (RFC 7296 section 2.21.3).
            close(failure, turn)
        } else {
            let isExpected = failure.reason == .temporaryFailure || failure.reason == .enoughSAs
            log(isExpected ? .info : .error, failure.message, turn)
            if header.exchangeType == .createChildSA, !isExpected {
                turn.emit(.childFailed(failed(failure, role: .responder, child: "")))
            }
        }
    }

    /// The peer's Delete of CHILD SAs; the answer deletes the other halves (RFC 7296 section 1.4.1).
    func deleteChildren(_ spis: [ESPSPI], _ turn: Turn) -> [Payload] {
        let entries = spis.compactMap { spi in children.first { $0.childSA.outboundSPI == spi } }
        if isCreatingChild {
            let unknown = spis.filter { spi in !entries.contains { $0.childSA.outboundSPI == spi } }
            overtaking = Array((overtaking + unknown).suffix(Self.mostOvertaking))
        }
        // An SA whose deletion we asked for ourselves is not deleted in the answer: both requests crossed.
        let ours = entries.filter { !isDeletionOutstanding($0.childSA.id) }.map(\.childSA.inboundSPI)
        for entry in entries {
            // Of several for the same traffic it is the fallback SA that matters.
            if entry.state == .installed, !entry.childSA.isOfOneResource {
                switch entry.policy.actionOnClose {
                case .nothing: break
                case .trap: trap(entry.policy, turn)
                case .restart: pending.append(.createChild(ChildRequest(policy: entry.policy, command: nil)))
                }
            }
            yieldToSuccessor(entry, turn)
            removeChild(entry.childSA.id, reason: "deleted by the peer", turn)
        }
        return ours.isEmpty ? [] : [Payload(.delete(.esp(ours)))]
    }

    /// The peer may have deleted a CHILD SA before its answer, by which we come to know of it, was here.
    func deleteOvertaken(_ turn: Turn) {
        let known = overtaking.filter { spi in children.contains { $0.childSA.outboundSPI == spi } }
        overtaking = isCreatingChild ? overtaking.filter { !known.contains($0) } : []
        if !known.isEmpty { _ = deleteChildren(known, turn) }
    }

    /// A CHILD SA that the peer knows already may not be known here yet.
    var isCreatingChild: Bool { established?.ongoing.createChildren ?? false }

    private func isDeletionOutstanding(_ id: UInt32) -> Bool {
        established?.ongoing.deletes(child: id) ?? false
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

import IKECrypto
import IKEWire
import Inet

// From the first message to an authenticated SA: the transitions of IKE_SA_INIT and IKE_AUTH where we begin, and what both ends
// have in common. `Admitting` has those where the peer begins.

extension IKESA {
    // MARK: - Initiator

    /// Begins a negotiation by sending IKE_SA_INIT.
    static func initiate(_ initiation: Initiation, _ turn: Turn) throws(NegotiationFailure) -> IKESA {
        let spi = turn.spis.ikeSPI()
        let exchange = try InitInitiator(connection: initiation.connection, spiI: spi, random: turn.random)
        let sa = IKESA(
            id: turn.spis.nextID(),
            role: .initiator,
            spiI: spi,
            spiR: .zero,
            local: initiation.local,
            remote: initiation.remote,
            state: .connecting(exchange, initiation),
            now: turn.now
        )
        try sa.sendInit(exchange, initiation, turn)
        sa.log(.info, "initiating IKE SA to \(sa.remote)", turn)
        return sa
    }

    /// What is being negotiated at our own wish.
    var initiation: Initiation? {
        switch state {
        case .connecting(_, let initiation), .authenticating(_, let initiation): initiation
        case .halfOpen, .withdrawing, .contending, .established, .deleting, .superseded, .closed: nil
        }
    }

    /// Takes further wishes along in a negotiation that is under way.
    ///
    /// - Returns: false if none is.
    func join(_ requests: [ChildRequest]) -> Bool {
        let requests = requests.map { request in
            var request = request
            request.isOnlyIfMissing = true
            return request
        }
        switch state {
        case .connecting(let exchange, var initiation):
            initiation.children += requests
            state = .connecting(exchange, initiation)
        case .authenticating(let exchange, var initiation):
            initiation.children += requests
            state = .authenticating(exchange, initiation)
        case .halfOpen, .withdrawing, .contending, .established, .deleting, .superseded, .closed: return false
        }
        return true
    }

    private func sendInit(
        _ exchange: InitInitiator,
        _ initiation: Initiation,
        _ turn: Turn
    ) throws(NegotiationFailure) {
        var exchange = exchange
        let bytes = try exchange.request(local: local, remote: remote, random: turn.random)
        state = .connecting(exchange, initiation)
        window.restart()
        window.open(.ikeSAInit, datagrams: [bytes], policy: turn.settings.retransmission, now: turn.now)
        traceSentInClear(bytes, turn)
        count(.sent, .ikeSAInit, isResponse: false, turn)
        send([bytes], turn)
    }

    func processInitResponse(
        _ datagram: Datagram,
        _ message: Message,
        _ exchange: InitInitiator,
        _ initiation: Initiation,
        _ turn: Turn
    ) {
        let former = exchange
        var exchange = exchange
        let answer: InitInitiator.Answer
        do {
            answer = try exchange.process(
                message,
                bytes: datagram.bytes,
                local: local,
                remote: remote,
                random: turn.random,
                now: turn.now
            )
        } catch {
            waitForBetterAnswer(former, initiation, error, turn)
            return
        }
        do {
            switch answer {
            case .retry(let reason, let level):
                log(level, "sending IKE_SA_INIT again: \(reason)", turn)
                try sendInit(exchange, initiation, turn)
            case .solve(let puzzle):
                log(.info, "\(remote) is under load and wants a puzzle solved first: \(puzzle)", turn)
                window.closeAll()
                state = .connecting(exchange, initiation)
            case .ignore(let reason):
                log(.debug, "dropped an answer to IKE_SA_INIT: \(reason)", turn)
            case .agreed(let agreement, let spiR, let nat):
                window.closeAll()
                self.spiR = spiR
                self.nat = nat
                if message.payloads.notify(.puzzle) != nil {
                    log(.warning, "\(remote) wants a puzzle solved in IKE_AUTH, which is not supported", turn)
                }
                // MOBIKE may lead to a NAT later, and then the port is right already (RFC 4555 section 3.3).
                let mayMeetNAT = initiation.connection.isMobile && nat.isSupported
                if nat.usesEncapsulation || mayMeetNAT { moveToNATTraversalPort(turn) }
                turn.export(agreement.exported)
                try childPath.requirePassable(for: initiation.connection)
                try sendAuth(agreement, initiation, turn)
            }
        } catch {
            close(error, turn)
        }
    }

    /// Spends a portion of work on the puzzle that the responder gave, and sends the request again once it is solved.
    func solvePuzzle(_ exchange: InitInitiator, _ initiation: Initiation, _ turn: Turn) {
        var exchange = exchange
        do {
            let isSolved = try exchange.continueSearch(tries: &turn.puzzleTries, now: turn.now)
            state = .connecting(exchange, initiation)
            guard isSolved else { return }
            log(.debug, "the puzzle is solved; sending IKE_SA_INIT again", turn)
            try sendInit(exchange, initiation, turn)
        } catch {
            close(error, turn)
        }
    }

    /// Anybody can forge an answer to IKE_SA_INIT. So a refusal is not the end: the request is sent once more, and only
    /// when nothing better has come after that it counts (RFC 7296 section 2.21.1). A person waits for the outcome, so
    /// this is not drawn out over all retransmissions.
    private func waitForBetterAnswer(
        _ exchange: InitInitiator,
        _ initiation: Initiation,
        _ failure: NegotiationFailure,
        _ turn: Turn
    ) {
        guard exchange.unprotectedRefusal == nil else { return }
        log(.info, "an answer without protection: \(failure.message). Waiting whether there is another one", turn)
        var exchange = exchange
        exchange.unprotectedRefusal = (failure, window.outstanding.first?.attempt ?? 0)
        state = .connecting(exchange, initiation)
    }

    /// With a NAT between the peers everything after IKE_SA_INIT goes from 4500 to 4500 (RFC 7296 section 2.23).
    private func moveToNATTraversalPort(_ turn: Turn) {
        let port = turn.settings.natTraversalPort
        local.port = port
        if remote.port == turn.settings.ikePort { remote.port = port }
        log(.debug, "moving to port \(port): \(nat)", turn)
    }

    private func sendAuth(
        _ agreement: KeyAgreement,
        _ initiation: Initiation,
        _ turn: Turn
    ) throws(NegotiationFailure) {
        let wanted = initiation.children.first
        let first = wanted?.policy
        if first == nil && !agreement.peerAllowsChildless {
            throw NegotiationFailure(.unsupported, "the peer does not allow an IKE SA without CHILD SA (RFC 6023)")
        }
        let wantedAddresses = wantedAddresses(initiation, turn)
        var path = childPath
        if !wantedAddresses.isEmpty {
            // Not known before the answer, which narrows it.
            path.dynamicLocal = wantedAddresses.map { $0.isUnspecified ? $0...(.last(of: $0.family)) : $0...$0 }
        }
        let offer = first?.offer(
            spi: turn.spis.espSPI(),
            path: path,
            withKeyExchange: false,
            packet: wanted?.packet
        )
        do {
            let exchange = try AuthInitiator(
                connection: initiation.connection,
                agreement: agreement,
                offer: offer,
                wantedAddresses: wantedAddresses,
                local: local,
                remote: remote,
                policy: turn.policy
            )
            let payloads =
                try exchange.request(
                    isFirstContact: turn.isFirstContact(initiation.connection, remote),
                    own: crashToken(turn),
                    EAPContext(turn, nil)
                ) + mobilityOffer(initiation.connection, turn)
            state = .authenticating(exchange, initiation)
            request(.ikeAuth, payloads, turn)
        } catch {
            if let offer { turn.spis.release(offer.spi) }
            throw error
        }
    }

    /// What to ask the peer for: what it has assigned before, where this authenticates again.
    private func wantedAddresses(_ initiation: Initiation, _ turn: Turn) -> [IPAddress] {
        let held = initiation.renews.map { turn.assigned.addresses(of: $0) } ?? []
        return initiation.connection.virtualAddresses.map { wanted in
            held.first { $0.family == wanted.family } ?? wanted
        }
    }

    /// - Parameter evidence: of whether the peer's certificate is revoked; nil: nobody was asked yet.
    func processAuthResponse(
        _ payloads: [Payload],
        _ former: AuthInitiator,
        _ initiation: Initiation,
        _ evidence: RevocationEvidence?,
        _ turn: Turn
    ) {
        var exchange = former
        do {
            switch try exchange.process(payloads, EAPContext(turn, evidence)) {
            case .request(let next):
                state = .authenticating(exchange, initiation)
                request(.ikeAuth, next, turn)
            case .unsettled(let peer): hold(payloads, for: .revocation(peer), former, initiation, turn)
            case .unfetched(let certificates):
                hold(payloads, for: .certificates(certificates), former, initiation, turn)
            case .done(let peer, let child): try authenticated(peer, child, payloads, exchange, initiation, turn)
            }
        } catch {
            refuseResponder(error, turn)
        }
    }

    /// We do not accept the peer, which believes that the SA stands: an INFORMATIONAL exchange tells it otherwise
    /// (RFC 7296 section 2.21.2).
    func refuseResponder(_ failure: NegotiationFailure, _ turn: Turn) {
        close(failure, turn)
        guard let notify = failure.notify else { return }
        request(.informational, [Payload(.notify(notify))], turn)
    }

    /// The peer has proved itself, and accepted our proof.
    private func authenticated(
        _ peer: AuthenticatedPeer,
        _ child: FirstChild,
        _ payloads: [Payload],
        _ exchange: AuthInitiator,
        _ initiation: Initiation,
        _ turn: Turn
    ) throws(NegotiationFailure) {
        establish(peer, exchange.agreement, turn)
        noteMobility(payloads, peer.connection, turn)
        noteAuthenticationLifetime(payloads, turn)
        notePeerToken(payloads)
        for address in turn.assigned.hold(peer.inner.local, id) {
            turn.emit(.addAddress(address, connection: peer.connection.name))
        }
        turn.noteEstablished(AuthenticatedNewcomer(sa: self, isRenewal: initiation.renews != nil))
        let first = initiation.children.first
        switch child {
        case .agreed(let agreement):
            let childSA = try made(agreement, exchange.agreement, turn)
            add(childSA, agreement.policy, withOutbound: true, turn)
            announce(childSA, turn)
            turn.finish(first?.command)
        case .refused(let failure):
            if let offer = exchange.offer { turn.spis.release(offer.spi) }
            log(.error, failure.message, turn)
            turn.emit(.childFailed(failed(failure, child: first?.policy?.name ?? "")))
            turn.finish(first?.command, failure)
            if let first { retryIfMeantToBeUp(initiation, [first], turn) }
        case .none:
            turn.finish(first?.command)
        }
        pending += initiation.children.dropFirst().map { .createChild($0) }
        if let lineage = initiation.renews {
            pending.append(.takeOver(lineage: lineage))
        } else if case .refused(let failure) = child {
            deleteIfUnused(failure, turn)
        }
    }

    /// An SA whose only CHILD SA was refused has nothing to carry; we asked for it, so we take it down.
    private func deleteIfUnused(_ failure: NegotiationFailure, _ turn: Turn) {
        guard children.isEmpty && pending.isEmpty else { return }
        pending.append(.deleteIKE(reason: "no CHILD SA: \(failure.reason.rawValue)", nil))
    }

    // MARK: - Both

    func establish(_ peer: AuthenticatedPeer, _ agreement: KeyAgreement, _ turn: Turn) {
        let security = agreement.security
        let lifetime = peer.connection.lifetime
        lineage = id
        state = .established(
            Established(
                security: security,
                peer: peer,
                since: turn.now,
                origin: Origin(of: self, agreement, peer, turn),
                rekeyAt: lifetime.rekeyDeadline(from: turn.now, random: turn.random),
                expiresAt: lifetime.hard.map { turn.now + $0 }
            )
        )
        turn.directory.update(self)
        log(
            .info,
            "IKE SA established as \(role.rawValue): \(peer.localIdentity) === \(peer.remoteIdentity), "
                + "\(security.proposal), \(nat)" + peer.inner.words
                + (peer.signature.map { "; the peer signed with \($0)" } ?? "")
                + (peer.eap.map { "; \($0.words)" } ?? "")
                + peer.laterRounds.map { "; \($0.words)" }.joined(),
            turn
        )
        turn.emit(.ikeEstablished(summary(turn.now)))
    }

    /// The CHILD SA that IKE_AUTH agreed on. IKE_AUTH has no key exchange for it, so what the proposals say of one is not
    /// put to the test before the first rekeying.
    func made(
        _ child: ChildAgreement,
        _ agreement: KeyAgreement,
        _ turn: Turn
    ) throws(NegotiationFailure) -> ChildSA {
        var childSA = try child.childSA(
            id: turn.spis.nextID(),
            connection: connection?.name ?? "",
            role: role,
            security: agreement.security,
            sharedSecret: nil,
            nonceI: agreement.nonceI,
            nonceR: agreement.nonceR,
            path: childPath,
            turn: turn
        )
        let hasKeyExchange = child.policy.proposals.contains { !$0.keyExchange.isEmpty }
        if role == .initiator, hasKeyExchange, let early = turn.settings.earlyRekey {
            childSA.rekeyAt = min(childSA.rekeyAt ?? .distantFuture, turn.now + early)
        }
        return childSA
    }
}

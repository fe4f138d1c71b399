import IKECrypto
import IKEWire
import Inet

// From a peer's first message to an authenticated SA, or to a refusal: the responder's side of IKE_SA_INIT and IKE_AUTH.
// `AskingByEAP` has what comes in between where the peer is asked by EAP.

extension IKESA {
    /// A half-open SA for an IKE_SA_INIT request that is answered.
    static func respond(
        to datagram: Datagram,
        _ message: Message,
        answer: InitResponder.Answer,
        spiR: IKESPI,
        timeout: Duration,
        _ turn: Turn
    ) -> IKESA {
        let sa = IKESA(
            id: turn.spis.nextID(),
            role: .responder,
            spiI: message.header.initiatorSPI,
            spiR: spiR,
            local: datagram.local,
            remote: datagram.remote,
            state: .halfOpen(answer.agreement, .awaited, until: turn.now + timeout),
            now: turn.now
        )
        sa.nat = answer.nat
        sa.window.answered(message.header.messageID, with: [answer.bytes])
        turn.export(answer.agreement.exported)
        sa.traceSentInClear(answer.bytes, turn)
        sa.count(.received, .ikeSAInit, isResponse: false, turn)
        sa.count(.sent, .ikeSAInit, isResponse: true, turn)
        sa.send([answer.bytes], turn)
        sa.log(.halfOpen, .debug, "answered IKE_SA_INIT with \(answer.agreement.security.proposal)", turn)
        return sa
    }

    /// Answers the first request of IKE_AUTH.
    ///
    /// - Parameter evidence: of whether the peer's certificate is revoked; nil: nobody was asked yet.
    func answerAuth(
        _ header: Header,
        _ payloads: [Payload],
        _ agreement: KeyAgreement,
        _ evidence: RevocationEvidence?,
        _ turn: Turn
    ) {
        do throws(NegotiationFailure) {
            try refuseForbiddenNAT(payloads, turn)
            try answerAuth(header, payloads, after: nil, agreement, evidence, turn) {
                (responder, spi) throws(NegotiationFailure) in try responder.open(payloads, childSPI: spi)
            }
        } catch {
            refuseAuth(header, error, agreement, turn)
        }
    }

    /// Answers a request of IKE_AUTH with what `step` makes of it.
    ///
    /// - Parameters:
    ///   - conversation: what went before; nil for the first request.
    ///   - evidence: of whether the peer's certificate is revoked; nil: nobody was asked yet.
    func answerAuth(
        _ header: Header,
        _ payloads: [Payload],
        after conversation: EAPConversation?,
        _ agreement: KeyAgreement,
        _ evidence: RevocationEvidence?,
        _ turn: Turn,
        _ step: (AuthResponder, () -> ESPSPI) throws(NegotiationFailure) -> AuthResponder.Step
    ) throws(NegotiationFailure) {
        let request = conversation?.request ?? payloads
        var spi: ESPSPI?
        do throws(NegotiationFailure) {
            let taken = try step(responder(agreement, turn, evidence)) {
                let allocated = turn.spis.espSPI()
                spi = allocated
                return allocated
            }
            switch taken {
            case .done(let outcome): try admit(outcome, request: request, header, agreement, spi, turn)
            case .conversation(let conversation, let first):
                try ask(conversation, after: first, header, agreement, turn)
            case .unsettled(let peer):
                hold(header, payloads, after: conversation, for: .revocation(peer), agreement, turn)
            case .unfetched(let certificates):
                hold(header, payloads, after: conversation, for: .certificates(certificates), agreement, turn)
            }
        } catch {
            if let spi { turn.spis.release(spi) }
            throw error
        }
    }

    func responder(
        _ agreement: KeyAgreement,
        _ turn: Turn,
        _ evidence: RevocationEvidence? = nil
    ) -> AuthResponder {
        AuthResponder(
            agreement: agreement,
            local: local,
            remote: remote,
            path: childPath,
            context: EAPContext(turn, evidence),
            addresses: AddressAssignment(leases: turn.leases, policy: turn.policy, lineage: id),
            own: crashToken(turn)
        )
    }

    /// The peer is who it is to be.
    ///
    /// - Parameters:
    ///   - request: the first request of IKE_AUTH, which says what is wanted.
    ///   - spi: what was allocated for the CHILD SA; released by the caller if this throws.
    func admit(
        _ outcome: AuthResponder.Answer,
        request: [Payload],
        _ header: Header,
        _ agreement: KeyAgreement,
        _ spi: ESPSPI?,
        _ turn: Turn
    ) throws(NegotiationFailure) {
        let isInitialContact = request.notify(.initialContact) != nil
        try checkUniqueness(outcome.peer, isInitialContact: isInitialContact, turn)
        establish(outcome.peer, agreement, turn)
        noteMobility(request, outcome.peer.connection, turn)
        notePeerToken(request)
        turn.noteEstablished(AuthenticatedNewcomer(sa: self, isInitialContact: isInitialContact))
        if case .agreed(let child) = outcome.child {
            addAnswered(try made(child, agreement, turn), child.policy, turn)
        }
        if case .refused(let failure) = outcome.child {
            if let spi { turn.spis.release(spi) }
            log(.error, failure.message, turn)
            turn.emit(.childFailed(failed(failure, child: "")))
        }
        let mobility = mobility.isAgreed ? mobilityOffer(outcome.peer.connection, turn) : []
        answer(header, outcome.payloads + mobility, turn)
    }

    /// The peer is not let in.
    ///
    /// - Parameter message: what it learns within EAP; nil: the failure's notify.
    func refuseAuth(
        _ header: Header,
        _ failure: NegotiationFailure,
        _ agreement: KeyAgreement,
        message: EAPMessage? = nil,
        _ turn: Turn
    ) {
        turn.leases.release(id)
        log(.failedAuthentication, .error, "refused \(remote): \(failure.message)", turn)
        turn.emit(.ikeFailed(failed(failure)))
        let notify = Payload(.notify(failure.notify ?? Notify(.authenticationFailed)))
        answer(header, [message.map { Payload(.eap($0)) } ?? notify], turn)
        state = .closed(agreement.security, until: turn.now + Self.lingering)
    }

    /// A peer that forbids NATs does not get an SA through one (RFC 4555 section 3.9).
    private func refuseForbiddenNAT(_ payloads: [Payload], _ turn: Turn) throws(NegotiationFailure) {
        guard let arrival = turn.arrival, AddressNotifies.revealsNAT(payloads, arrival: arrival) else { return }
        throw NegotiationFailure(
            .unsupported,
            "a NAT changes what the peer sends from \(arrival.remote), which the peer forbids (NO_NATS_ALLOWED)",
            notify: Notify(.unexpectedNATDetected)
        )
    }
}

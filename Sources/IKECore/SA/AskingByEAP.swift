import IKECrypto
import IKEWire

// IKE_AUTH with EAP and in several rounds at the responder, message by message (RFC 7296 section 2.16, RFC 4739). The peer counts as a stranger, and its SA as
// half open, until EAP is over and AUTH with its key has come.
//
// Most answers are given at once. An authentication server's takes a while, and a refusal is held back on purpose; until then the
// request stays unanswered, and the peer may well repeat it.

extension IKESA {
    /// Begins to ask.
    ///
    /// - Parameter first: what goes before the EAP message in the answer.
    func ask(
        _ conversation: EAPConversation,
        after first: [Payload],
        _ header: Header,
        _ agreement: KeyAgreement,
        _ turn: Turn
    ) throws(NegotiationFailure) {
        var conversation = conversation
        let identifier = UInt8(truncatingIfNeeded: turn.random.uint32())
        switch conversation.stage {
        case .asking(var authenticator):
            let message = try authenticator.begin()
            conversation.stage = .asking(authenticator)
            answer(header, first + [Payload(.eap(message))], turn)
        case .askingName:
            let message = EAPMessage.request(identifier: identifier, type: .identity)
            answer(header, first + [Payload(.eap(message))], turn)
        case .server(let name, _):
            // The server begins as if it had asked for the name.
            let response = EAPMessage.response(identifier: identifier, type: .identity, data: name)
            askServer(response, name, &conversation, after: first, header, turn)
        case .between: answer(header, first, turn)
        case .proved: break
        }
        remain(conversation, agreement, turn)
    }

    /// A request that is not the first.
    func continueEAP(
        _ header: Header,
        _ payloads: [Payload],
        _ agreement: KeyAgreement,
        _ conversation: EAPConversation,
        _ turn: Turn
    ) {
        guard conversation.held == nil else {
            log(.debug, "the peer repeats request \(header.messageID), whose answer is on its way", turn)
            return
        }
        var conversation = conversation
        conversation.rounds += 1
        do throws(NegotiationFailure) {
            guard header.exchangeType == .ikeAuth else { throw Self.brokenOff(header, payloads) }
            guard conversation.rounds <= EAPConversation.mostRounds else {
                throw NegotiationFailure(.invalidMessage, "EAP does not come to an end", notify: Notify(.invalidSyntax))
            }
            if try endsRound(header, payloads, conversation, agreement, nil, turn) { return }
            try PayloadRule.eapMessage.check(payloads)
            guard let message = payloads.eap, message.code == .response else {
                throw PayloadRule.eapMessage.malformed("has no EAP response")
            }
            try process(message, &conversation, header, turn)
            remain(conversation, agreement, turn)
        } catch {
            refuse(header, error, conversation, agreement, turn)
        }
    }

    /// The same for a request with a proof, now that the certificate in it is fetched, or known to be revoked or not.
    func continueRound(
        _ header: Header,
        _ payloads: [Payload],
        _ agreement: KeyAgreement,
        _ conversation: EAPConversation,
        _ evidence: RevocationEvidence?,
        _ turn: Turn
    ) {
        do throws(NegotiationFailure) {
            _ = try endsRound(header, payloads, conversation, agreement, evidence, turn)
        } catch {
            refuse(header, error, conversation, agreement, turn)
        }
    }

    private func refuse(
        _ header: Header,
        _ failure: NegotiationFailure,
        _ conversation: EAPConversation,
        _ agreement: KeyAgreement,
        _ turn: Turn
    ) {
        endServerConversation(conversation, turn)
        // Who knows that it is refused may well leave; why it is refused is what counts.
        refuseAuth(header, conversation.refusal ?? failure, agreement, turn)
    }

    private func process(
        _ message: EAPMessage,
        _ conversation: inout EAPConversation,
        _ header: Header,
        _ turn: Turn
    ) throws(NegotiationFailure) {
        switch conversation.stage {
        case .asking(var authenticator):
            let reply = try authenticator.process(message)
            switch reply {
            case .request(let next):
                conversation.stage = .asking(authenticator)
                guard conversation.refusal == nil, let failure = authenticator.refusal else {
                    answer(header, [Payload(.eap(next))], turn)
                    return
                }
                conversation.refusal = failure
                conversation.hold(.request(next), header, until: turn.now + EAPConversation.refusalDelay)
            case .success(let success, let outcome):
                conversation.stage = .asking(authenticator)
                guard outcome.pendingRevocation == nil else {
                    inquire(outcome, success, &conversation, header, turn)
                    return
                }
                conversation.stage = .proved(outcome)
                answer(header, [Payload(.eap(success))], turn)
            case .failure(let message, let failure):
                // Who has been told so already has waited for it.
                let delay = conversation.refusal == nil ? EAPConversation.refusalDelay : .zero
                conversation.hold(.end(message, failure), header, until: turn.now + delay)
            }
        case .askingName:
            guard message.type == .identity else {
                throw PayloadRule.eapMessage.malformed("answers the question for a name with EAP \(message)")
            }
            askServer(message, message.data, &conversation, after: [], header, turn)
        case .server(let name, _): askServer(message, name, &conversation, after: [], header, turn)
        case .between, .proved: break
        }
    }

    /// Answers what is no message of EAP: the AUTH that ends it, or another round.
    ///
    /// - Returns: false where EAP goes on.
    private func endsRound(
        _ header: Header,
        _ payloads: [Payload],
        _ conversation: EAPConversation,
        _ agreement: KeyAgreement,
        _ evidence: RevocationEvidence?,
        _ turn: Turn
    ) throws(NegotiationFailure) -> Bool {
        switch conversation.stage {
        case .asking, .askingName, .server: return false
        case .proved, .between: break
        }
        try answerAuth(header, payloads, after: conversation, agreement, evidence, turn) {
            (responder, spi) throws(NegotiationFailure) in
            guard case .proved(let outcome) = conversation.stage else {
                return try responder.next(payloads, conversation, childSPI: spi)
            }
            return try responder.conclude(payloads, conversation, outcome, childSPI: spi)
        }
        return true
    }

    /// The peer gets time for its next message, or for what it types before that.
    private func remain(_ conversation: EAPConversation, _ agreement: KeyAgreement, _ turn: Turn) {
        state = .halfOpen(agreement, .conversing(conversation), until: turn.now + turn.settings.halfOpenTimeout)
    }

    private static func brokenOff(_ header: Header, _ payloads: [Payload]) -> NegotiationFailure {
        let reason = payloads.notifies.first { $0.type.isError }.map { " (\($0.type))" } ?? ""
        return NegotiationFailure(
            .refusedByPeer,
            "the peer broke EAP off with a request \(header.exchangeType)\(reason); its log says what it does not accept of us"
        )
    }

    // MARK: - Authentication server

    private var serverConversation: ServerConversationID { ServerConversationID(rawValue: ourSPI.rawValue) }

    private func askServer(
        _ message: EAPMessage,
        _ name: [UInt8],
        _ conversation: inout EAPConversation,
        after first: [Payload],
        _ header: Header,
        _ turn: Turn
    ) {
        conversation.stage = .server(name: name, method: message.type ?? .identity)
        conversation.held = .init(header: header, cause: .server(first: first))
        let question = ServerQuestion(
            conversation: serverConversation,
            connection: conversation.peer.connection.name,
            eap: message,
            userName: name,
            ikeSA: id,
            local: local,
            remote: remote
        )
        turn.emit(.askServer(question))
    }

    /// An authentication server has said what comes next.
    func serverAnswered(_ reply: ServerAnswer, _ turn: Turn) {
        guard case .halfOpen(let agreement, .conversing(var conversation), _) = state,
            case .server(let name, let method) = conversation.stage,
            let held = conversation.held, case .server(let first) = held.cause
        else { return }
        conversation.held = nil
        switch reply {
        case .challenge(let message):
            conversation.stage = .server(name: name, method: message.type ?? method)
            answer(held.header, first + [Payload(.eap(message))], turn)
        case .accept(let message, let grant):
            conversation.grant = grant
            let outcome = EAPOutcome(method: method, identity: grant.userName ?? name, msk: grant.msk, tls: nil)
            conversation.stage = .proved(outcome)
            answer(held.header, first + [Payload(.eap(message))], turn)
        case .reject(let message, let reason):
            let user = Identification(eapName: name)
            let failure = NegotiationFailure(
                .authenticationFailed,
                "the authentication server refuses \(user): \(reason)",
                notify: Notify(.authenticationFailed)
            )
            conversation.hold(
                .end(message, failure),
                held.header,
                until: turn.now + EAPConversation.refusalDelay
            )
        case .unreachable(let reason):
            let failure = NegotiationFailure(.noCredential, reason, notify: Notify(.authenticationFailed))
            refuseAuth(held.header, failure, agreement, turn)
            return
        }
        remain(conversation, agreement, turn)
    }

    /// Nothing more will be asked.
    func endServerConversation(_ conversation: EAPConversation, _ turn: Turn) {
        if case .server = conversation.stage { turn.emit(.endConversation(serverConversation)) }
    }

    // MARK: - Revocation

    /// The peer's certificate is trusted, but may be revoked.
    private func inquire(
        _ outcome: EAPOutcome,
        _ success: EAPMessage,
        _ conversation: inout EAPConversation,
        _ header: Header,
        _ turn: Turn
    ) {
        var peer = conversation.peer
        peer.eap = outcome
        let inquiry = inquiry(about: peer, turn)
        let until = turn.now + RevocationInquiry.patience
        conversation.held = .init(header: header, cause: .inquiry(inquiry.id, success, outcome, until: until))
        ask(inquiry, turn)
    }

    /// What could be found out about the certificate is there.
    func inquiryAnswered(
        _ id: InquiryID,
        _ evidence: RevocationEvidence,
        _ former: EAPConversation,
        _ agreement: KeyAgreement,
        _ turn: Turn
    ) {
        guard let held = former.held, case .inquiry(id, let success, let outcome, _) = held.cause else { return }
        var conversation = former
        conversation.held = nil
        do throws(NegotiationFailure) {
            conversation.stage = .proved(try outcome.settled(by: evidence))
            answer(held.header, [Payload(.eap(success))], turn)
            remain(conversation, agreement, turn)
        } catch {
            let failure = EAPMessage.failure(identifier: success.identifier)
            refuseAuth(held.header, error, agreement, message: failure, turn)
        }
    }

    // MARK: - Refusals

    /// What a request was held for has come, or never will.
    func heldLongEnough(_ conversation: EAPConversation, _ agreement: KeyAgreement, _ turn: Turn) {
        guard let held = conversation.held else { return }
        switch held.cause {
        case .refusal(let refusal, _): tell(refusal, held, conversation, agreement, turn)
        case .inquiry(let id, _, _, _): inquiryAnswered(id, .tooLate, conversation, agreement, turn)
        case .server: break
        }
    }

    private func tell(
        _ refusal: EAPConversation.Refusal,
        _ held: EAPConversation.HeldRequest,
        _ conversation: EAPConversation,
        _ agreement: KeyAgreement,
        _ turn: Turn
    ) {
        switch refusal {
        case .request(let message):
            var conversation = conversation
            conversation.held = nil
            answer(held.header, [Payload(.eap(message))], turn)
            remain(conversation, agreement, turn)
        case .end(let message, let failure):
            refuseAuth(held.header, failure, agreement, message: message, turn)
        }
    }
}

extension EAPConversation {
    /// When something is to be done about the held request; nil: there is none, or its answer comes from outside.
    var heldDeadline: Instant? {
        switch held?.cause {
        case .refusal(_, let until), .inquiry(_, _, _, let until): until
        case .server, nil: nil
        }
    }

    fileprivate mutating func hold(_ refusal: Refusal, _ header: Header, until: Instant) {
        held = HeldRequest(header: header, cause: .refusal(refusal, until: until))
    }
}

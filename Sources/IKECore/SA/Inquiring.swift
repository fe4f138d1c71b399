import IKECrypto
import IKEWire

// IKE_AUTH while it is being found out whether the peer's certificate is revoked, or what it is, where the peer has only said where it
// is to be had (RFC 7296 section 3.6). The engine cannot ask itself: a message that needs to know is put aside, whole, and looked at
// again when the answer is there or the time is up, with certificates in place of where they are. Whether those are revoked is asked
// then, as of any other.
//
// A responder leaves the request unanswered meanwhile, and the peer may well repeat it. An initiator has the response already, and
// the peer believes that the SA stands; if the certificate is refused, it is told so.

/// How far IKE_AUTH is at the responder.
enum AuthProgress {
    /// The first request is to come.
    case awaited
    /// A request with a proof has come, and its answer waits.
    case inquiring(HeldProof)
    case conversing(EAPConversation)

    var conversation: EAPConversation? {
        guard case .conversing(let conversation) = self else { return nil }
        return conversation
    }

    /// The connection, once one is chosen.
    var connection: Connection? {
        switch self {
        case .awaited: nil
        case .inquiring(let held): held.connection
        case .conversing(let conversation): conversation.peer.connection
        }
    }
}

/// What a message of IKE_AUTH waits for.
enum HeldFor {
    /// Whether the certificate of a peer that has proved itself is revoked.
    case revocation(AuthenticatedPeer)
    /// The certificate itself.
    case certificates(UnfetchedCertificates)

    var connection: Connection {
        switch self {
        case .revocation(let peer): peer.connection
        case .certificates(let wanted): wanted.connection
        }
    }

    var patience: Duration {
        switch self {
        case .revocation: RevocationInquiry.patience
        case .certificates: CertificateInquiry.patience
        }
    }

    /// What there is when the time is up.
    var tooLate: HeldAnswer {
        switch self {
        case .revocation: .revocation(.tooLate)
        case .certificates(let wanted): .certificates(.failure(wanted.tooLate))
        }
    }

    /// What is looked at in place of the payloads that came, now that the answer is there. Throws where it lacks a certificate.
    func payloads(_ payloads: [Payload], after answer: HeldAnswer) throws(NegotiationFailure) -> [Payload] {
        guard case .certificates(let wanted) = self, case .certificates(let result) = answer else { return payloads }
        return try wanted.replaced(in: payloads, by: result)
    }
}

/// What was found out for a message that waits.
enum HeldAnswer {
    case revocation(RevocationEvidence)
    case certificates(Result<[FetchedCertificate], CertificateFetchFailure>)

    /// Nil: it was not asked yet whether a certificate is revoked.
    var evidence: RevocationEvidence? {
        guard case .revocation(let evidence) = self else { return nil }
        return evidence
    }
}

/// A request of IKE_AUTH that waits.
struct HeldProof {
    let header: Header
    let payloads: [Payload]
    /// What went before; nil for the first request.
    let conversation: EAPConversation?
    let reason: HeldFor
    let inquiry: InquiryID

    var connection: Connection { reason.connection }
}

/// A response of IKE_AUTH that waits.
struct HeldResponse {
    let payloads: [Payload]
    let reason: HeldFor
    let inquiry: InquiryID
    let until: Instant
}

extension IKESA {
    // MARK: - Asking

    /// Puts a request aside.
    ///
    /// - Parameter conversation: what went before; nil for the first request.
    func hold(
        _ header: Header,
        _ payloads: [Payload],
        after conversation: EAPConversation?,
        for reason: HeldFor,
        _ agreement: KeyAgreement,
        _ turn: Turn
    ) {
        let held = HeldProof(
            header: header,
            payloads: payloads,
            conversation: conversation,
            reason: reason,
            inquiry: nextInquiry(turn)
        )
        state = .halfOpen(agreement, .inquiring(held), until: turn.now + reason.patience)
        ask(held.inquiry, reason, turn)
    }

    /// Puts a response aside.
    ///
    /// - Parameter exchange: as it was before the response.
    func hold(
        _ payloads: [Payload],
        for reason: HeldFor,
        _ exchange: AuthInitiator,
        _ initiation: Initiation,
        _ turn: Turn
    ) {
        let inquiry = nextInquiry(turn)
        var exchange = exchange
        exchange.held = HeldResponse(
            payloads: payloads,
            reason: reason,
            inquiry: inquiry,
            until: turn.now + reason.patience
        )
        state = .authenticating(exchange, initiation)
        ask(inquiry, reason, turn)
    }

    private func nextInquiry(_ turn: Turn) -> InquiryID { InquiryID(spi: ourSPI, number: turn.spis.nextID()) }

    private func ask(_ id: InquiryID, _ reason: HeldFor, _ turn: Turn) {
        switch reason {
        case .revocation(let peer): ask(inquiry(id, about: peer), turn)
        case .certificates(let wanted): fetch(wanted, id, turn)
        }
    }

    func inquiry(about peer: AuthenticatedPeer, _ turn: Turn) -> RevocationInquiry {
        inquiry(nextInquiry(turn), about: peer)
    }

    private func inquiry(_ id: InquiryID, about peer: AuthenticatedPeer) -> RevocationInquiry {
        RevocationInquiry(id: id, connection: peer.connection.name, certificates: peer.unsettled)
    }

    func ask(_ inquiry: RevocationInquiry, _ turn: Turn) {
        let subjects = inquiry.certificates.map(\.certificate.subjectText).joined(separator: "; ")
        log(.debug, "finding out whether the certificate of \(subjects) is revoked", turn)
        turn.emit(.inquire(inquiry))
    }

    private func fetch(_ wanted: UnfetchedCertificates, _ id: InquiryID, _ turn: Turn) {
        let urls = wanted.locations.map(\.url).joined(separator: ", ")
        log(.info, "\(wanted.identity) says where its certificate is: \(urls)", turn)
        turn.emit(.fetch(CertificateInquiry(id: id, connection: wanted.connection.name, locations: wanted.locations)))
    }

    // MARK: - The answer

    func answered(_ id: InquiryID, _ answer: HeldAnswer, _ turn: Turn) {
        switch state {
        case .halfOpen(let agreement, .inquiring(let held), _) where held.inquiry == id:
            goOn(held, answer, agreement, turn)
        case .halfOpen(let agreement, .conversing(let conversation), _):
            if let evidence = answer.evidence { inquiryAnswered(id, evidence, conversation, agreement, turn) }
        case .authenticating(let exchange, let initiation):
            guard let held = exchange.held, held.inquiry == id else { return }
            goOn(held, answer, exchange, initiation, turn)
        // It comes too late.
        case .halfOpen, .connecting, .withdrawing, .contending, .established, .deleting, .superseded, .closed: break
        }
        startPending(turn)
    }

    /// A request has waited long enough.
    func goOn(_ held: HeldProof, _ answer: HeldAnswer, _ agreement: KeyAgreement, _ turn: Turn) {
        do throws(NegotiationFailure) {
            let payloads = try held.reason.payloads(held.payloads, after: answer)
            guard let conversation = held.conversation else {
                answerAuth(held.header, payloads, agreement, answer.evidence, turn)
                return
            }
            continueRound(held.header, payloads, agreement, conversation, answer.evidence, turn)
        } catch {
            refuseAuth(held.header, error, agreement, turn)
        }
    }

    /// The same for a response.
    func goOn(
        _ held: HeldResponse,
        _ answer: HeldAnswer,
        _ exchange: AuthInitiator,
        _ initiation: Initiation,
        _ turn: Turn
    ) {
        var exchange = exchange
        exchange.held = nil
        do throws(NegotiationFailure) {
            let payloads = try held.reason.payloads(held.payloads, after: answer)
            processAuthResponse(payloads, exchange, initiation, answer.evidence, turn)
        } catch {
            refuseResponder(error, turn)
        }
    }
}

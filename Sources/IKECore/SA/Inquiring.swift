import IKECrypto
import IKEWire

// IKE_AUTH while it is being found out whether the peer's certificate is revoked, or (`Fetching`) what it is. The engine cannot ask
// itself: a message that needs to know is put aside, whole, and looked at again when the answer is there or the time is up.
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

    // MARK: - The answer

    func inquiryAnswered(_ id: InquiryID, _ evidence: RevocationEvidence, _ turn: Turn) {
        switch state {
        case .halfOpen(let agreement, .inquiring(let held), _) where held.inquiry == id:
            goOn(held, agreement, evidence, turn)
        case .halfOpen(let agreement, .conversing(let conversation), _):
            inquiryAnswered(id, evidence, conversation, agreement, turn)
        case .authenticating(let exchange, let initiation):
            guard let held = exchange.held, held.inquiry == id else { return }
            goOn(held, exchange, initiation, evidence, turn)
        // It comes too late.
        case .halfOpen, .connecting, .contending, .established, .deleting, .superseded, .closed: break
        }
        startPending(turn)
    }

    /// No answer has come in time.
    func heldTooLong(_ held: HeldProof, _ agreement: KeyAgreement, _ turn: Turn) {
        switch held.reason {
        case .revocation: goOn(held, agreement, .tooLate, turn)
        case .certificates(let wanted): goOn(held, wanted, agreement, .failure(wanted.tooLate), turn)
        }
    }

    /// The same for a response.
    func heldTooLong(_ held: HeldResponse, _ exchange: AuthInitiator, _ initiation: Initiation, _ turn: Turn) {
        switch held.reason {
        case .revocation: goOn(held, exchange, initiation, .tooLate, turn)
        case .certificates(let wanted): goOn(held, wanted, exchange, initiation, .failure(wanted.tooLate), turn)
        }
    }

    /// The answer to a request has waited long enough.
    private func goOn(_ held: HeldProof, _ agreement: KeyAgreement, _ evidence: RevocationEvidence, _ turn: Turn) {
        guard let conversation = held.conversation else {
            answerAuth(held.header, held.payloads, agreement, evidence, turn)
            return
        }
        continueRound(held.header, held.payloads, agreement, conversation, evidence, turn)
    }

    /// The same for the response.
    private func goOn(
        _ held: HeldResponse,
        _ exchange: AuthInitiator,
        _ initiation: Initiation,
        _ evidence: RevocationEvidence,
        _ turn: Turn
    ) {
        var exchange = exchange
        exchange.held = nil
        processAuthResponse(held.payloads, exchange, initiation, evidence, turn)
    }
}

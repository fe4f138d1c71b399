import IKECrypto
import IKEWire

/// The responder's side of IKE_AUTH while EAP or a further round is to come: what the first request wanted, who asks the peer, and
/// what is proved.
struct EAPConversation {
    /// The first request, which asks for the CHILD SA, addresses and more.
    let request: [Payload]
    /// As the first request says; nothing of it is proved but what `proven` counts.
    var peer: AuthenticatedPeer
    var stage: Stage
    /// Whom each end says that it is by now (RFC 4739 section 2.1).
    var localIdentity: Identification
    var remoteIdentity: Identification
    /// How many identities the peer has proved, and how many we have.
    var proven = (remote: 0, local: 0)
    /// The peer's next request is to prove another identity.
    var awaitsPeer = false
    /// What an authentication server granted the peer.
    var grant: ServerGrant?
    /// Why the peer is refused, where it has learned that it is.
    var refusal: NegotiationFailure?
    /// The request that is not answered yet.
    var held: HeldRequest?
    /// How many messages the peer has sent.
    var rounds = 0

    init(request: [Payload], peer: AuthenticatedPeer, stage: Stage) {
        self.request = request
        self.peer = peer
        self.stage = stage
        localIdentity = peer.localIdentity
        remoteIdentity = peer.remoteIdentity
    }

    enum Stage {
        /// A round is over, and the next one is to begin (RFC 4739).
        case between
        /// We ask ourselves.
        case asking(EAPAuthenticator)
        /// An authentication server is to ask, and we ask for the name before that.
        case askingName
        /// An authentication server asks, last by this method.
        case server(name: [UInt8], method: EAPType)
        /// EAP has proved it; AUTH is to come.
        case proved(EAPOutcome)
    }

    /// A request whose answer takes time.
    struct HeldRequest {
        let header: Header
        let cause: Cause

        enum Cause {
            /// An authentication server is asked. The payloads go before the EAP message in the answer.
            case server(first: [Payload])
            /// A refusal is held back until then, so that passwords cannot be tried out fast.
            case refusal(Refusal, until: Instant)
            /// It is being found out whether the peer's certificate is revoked; if not, the message says that EAP is over.
            case inquiry(InquiryID, EAPMessage, EAPOutcome, until: Instant)
        }
    }

    /// How the peer learns that it is refused.
    enum Refusal {
        /// By a request of the method, which it answers before EAP ends.
        case request(EAPMessage)
        /// By the end of EAP; nil: by the failure's notify.
        case end(EAPMessage?, NegotiationFailure)
    }

    /// No method takes more messages than this: TLS with large chains in small fragments takes some 70.
    static let mostRounds = 128
    /// How long a refusal is held back.
    static let refusalDelay: Duration = .seconds(2)
}

extension EAPConversation {
    /// One more of the peer's identities is proved.
    mutating func noteRound(hasMore: Bool) throws(NegotiationFailure) {
        proven.remote += 1
        awaitsPeer = hasMore
        try peer.connection.require(rounds: proven.remote, hasMore: hasMore)
    }
}

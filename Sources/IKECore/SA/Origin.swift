import IKECrypto
import IKEWire

/// How an IKE SA came to be: what its successors by rekeying keep, since rekeying authenticates nobody anew
/// (RFC 7296 section 2.8.3).
struct Origin {
    /// What an SA and its successors have in common: the id of the one that was authenticated.
    let lineage: UInt32
    /// Our role when it was; only the initiator authenticates again.
    let role: Role
    /// When its IKE_SA_INIT request was sent or came.
    let begunAt: Instant
    let authenticatedAt: Instant
    /// The lowest of the nonces of IKE_SA_INIT, which decides between SAs that both ends began at once.
    let lowestNonce: [UInt8]
    /// When we begin to authenticate again.
    var renewAt: Instant?
    /// When it ends because it is not as configured any more, unless something takes its place before.
    var staleAt: Instant?
    /// When the SA ends whether rekeyed or not, and why.
    var end: End?

    struct End {
        let at: Instant
        let reason: String
    }

    init(of sa: IKESA, _ agreement: KeyAgreement, _ peer: AuthenticatedPeer, _ turn: Turn) {
        lineage = sa.id
        role = sa.role
        begunAt = sa.begunAt
        authenticatedAt = turn.now
        lowestNonce = IKECore.lowestNonce([agreement.nonceI, agreement.nonceR])
        if let session = peer.grant?.sessionTimeout {
            end = End(at: turn.now + session, reason: "the authentication server allows no longer session")
        }
        guard let limits = peer.connection.reauthentication else { return }
        if role == .initiator { renewAt = limits.rekeyDeadline(from: turn.now, random: turn.random) }
        if let hard = limits.hard { endBy(turn.now + hard, Ending.notRenewed) }
    }

    /// Brings the end forward; one that is earlier already stays.
    mutating func endBy(_ at: Instant, _ reason: String) {
        if let end, end.at <= at { return }
        end = End(at: at, reason: reason)
    }
}

extension IKESA {
    var origin: Origin? { established?.origin }

    /// Changes the origin of an SA that stands.
    func changeOrigin(_ change: (inout Origin) -> Void) {
        guard case .established(var established) = state else { return }
        change(&established.origin)
        state = .established(established)
    }
}

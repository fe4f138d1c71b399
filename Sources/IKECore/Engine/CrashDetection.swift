import IKECrypto
import IKEWire

// Quick crash detection (RFC 6290), in both roles.
//
//     before:   each end gives the other a token within the IKE SA: a function of its SPIs and of a secret on disk
//     after:    HDR, SK {...}   -->                                         an IKE SA that this end has forgotten
//                               <--   HDR, N(INVALID_IKE_SPI), N(QCD_TOKEN)       the same token, made again
//               the token is the right one: the SA is gone, and a new one is begun at once
//
// A token in the clear must never be one of an SA that stands (section 9.2). So it depends on who made it as well as on
// the SPIs, and none is made as long as either of the SPIs is in use here.

/// Makes the tokens of one end.
struct CrashDetection {
    /// More tokens in one message are not looked at; a maker may send as many (RFC 6290 section 4.5).
    static let mostTokens = 4

    private let secret: SecretBytes

    init(secret: SecretBytes) { self.secret = secret }

    /// The token of an IKE SA in which we have this role (RFC 6290 section 5.1).
    func token(role: Role, spiI: IKESPI, spiR: IKESPI) -> Notify? {
        let context = Array("swift-ike crash token, \(role.rawValue)".utf8)
        guard let token = try? HMAC.sha256(key: secret, context, spiI.bytes, spiR.bytes) else { return nil }
        return .crashToken(token)
    }
}

extension IKESA {
    /// Our token for this SA, if we make any.
    func crashToken(_ turn: Turn) -> [Payload] {
        let token = turn.crashDetection?.token(role: role, spiI: spiI, spiR: spiR)
        return token.map { [Payload(.notify($0))] } ?? []
    }

    /// Keeps the token that the peer gave us on a protected message, in place of an older one.
    func notePeerToken(_ payloads: [Payload]) {
        guard let token = payloads.notify(.quickCrashDetection), !token.data.isEmpty else { return }
        peerToken = SecretBytes(copying: token.data)
    }

    /// An unprotected message says that the peer does not know this SA. With the right token it is true; without, the
    /// peer is asked.
    func hearOfLoss(_ message: Message, _ turn: Turn) {
        let tokens = message.payloads.notifies.filter { $0.type == .quickCrashDetection }
        guard isEstablished, let peerToken, !tokens.isEmpty, tokenChecks.take(turn.now) else {
            suspect(turn)
            return
        }
        guard tokens.prefix(CrashDetection.mostTokens).contains(where: { SecretBytes(copying: $0.data) == peerToken })
        else {
            log(.warning, "an unprotected message with a wrong crash token; somebody may be forging it", turn)
            suspect(turn)
            return
        }
        close(
            NegotiationFailure(
                .peerRestarted,
                "the peer was started anew and has lost this IKE SA, which its crash token proves (RFC 6290)"
            ),
            turn
        )
    }
}

import IKECrypto
import IKEWire

/// The AUTH payloads after EAP: like those of a pre-shared key, with the key that EAP agreed on (RFC 7296 section 2.16).
///
/// A method that agrees on no key leaves SK_p in its place: then AUTH proves only that both ends of EAP are those of the IKE SA.
struct EAPAuthentication {
    private let outcome: EAPOutcome

    init(_ outcome: EAPOutcome) { self.outcome = outcome }

    func payload(
        of role: Role,
        identity: Identification,
        agreement: KeyAgreement
    ) throws(NegotiationFailure) -> Authentication {
        let key = outcome.msk ?? (role == .initiator ? agreement.skPi : agreement.skPr)
        return try agreement.sharedKeyMessageCode(of: role, identity: identity, key: key)
    }

    /// Checks the peer's in constant time.
    func verify(
        _ received: Authentication,
        of role: Role,
        identity: Identification,
        agreement: KeyAgreement
    ) throws(NegotiationFailure) {
        guard received.isSame(as: try payload(of: role, identity: identity, agreement: agreement)) else {
            throw NegotiationFailure(
                .authenticationFailed,
                "\(identity) went through EAP-\(outcome.method), but does not have the key that it agreed on: its AUTH payload is wrong",
                notify: Notify(.authenticationFailed)
            )
        }
    }
}

extension EAPOutcome {
    /// Where EAP alone proves who the server is, only a method that does so counts (RFC 5998 section 4): MSCHAPv2 lets whoever
    /// listens try passwords.
    func requireProofOfServer() throws(NegotiationFailure) {
        guard msk == nil || method != .tls && method != .ttls else { return }
        throw NegotiationFailure(
            .authenticationFailed,
            "EAP-\(method) does not prove who the peer is, and EAP is the only proof that was asked for (remote auth)",
            notify: Notify(.authenticationFailed)
        )
    }
}

extension EAPOutcome {
    /// For the log.
    var words: String { "EAP-\(method) of \(eapText(identity))" + (tls.map { " in \($0)" } ?? "") }
}

import IKECrypto
package import IKEWire
import Inet

// IKE_AUTH: prove the identities, and create the first CHILD SA (RFC 7296 section 1.2).
//
//     initiator                                               responder
//     HDR, SK {IDi, [CERT,] [CERTREQ,]
//         [IDr,] AUTH, [CP,] SAi2, TSi, TSr}  -->
//                                             <--   HDR, SK {IDr, [CERT,] AUTH, [CP,] SAr2, TSi, TSr}
//                                             <--   HDR, SK {IDr, [CERT,] AUTH, N(error)}   the CHILD SA is refused
//                                             <--   HDR, SK {N(AUTHENTICATION_FAILED)}      and no IKE SA either
//
// A CHILD SA that is refused leaves the IKE SA standing (RFC 7296 section 1.2).
//
// An initiator that leaves AUTH out of its first request is to be asked by EAP (RFC 7296 section 2.16):
//
//     HDR, SK {IDi, [CERTREQ,] [IDr,]
//         [CP,] SAi2, TSi, TSr}           -->
//                                         <--   HDR, SK {IDr, [CERT,] AUTH, EAP}
//     HDR, SK {EAP}                       -->
//                                         <--   HDR, SK {EAP}                           ... as often as the method wants
//                                         <--   HDR, SK {EAP(success)}
//     HDR, SK {AUTH}                      -->
//                                         <--   HDR, SK {AUTH, [CP,] SAr2, TSi, TSr}
//
// Both AUTH at the end are made with the key that EAP agreed on. Where that proves the responder as well, the first AUTH of the
// responder may be missing (EAP_ONLY_AUTHENTICATION, RFC 5998).
//
// Where an end has to prove several identities (RFC 4739), it says behind an AUTH that another one follows, and begins anew with its
// next message. What was asked for in the first request is answered with the last proof:
//
//     HDR, SK {IDi, [CERT,] [CERTREQ,] [IDr,] AUTH, [CP,] SAi2, TSi, TSr,
//         N(MULTIPLE_AUTH_SUPPORTED), N(ANOTHER_AUTH_FOLLOWS)}  -->
//                                         <--   HDR, SK {IDr, [CERT,] AUTH}
//     HDR, SK {IDi}                       -->
//                                         <--   HDR, SK {EAP}                           ... and so on
//     HDR, SK {AUTH}                      -->
//                                         <--   HDR, SK {AUTH, [CP,] SAr2, TSi, TSr}

/// What IKE_AUTH settled besides the CHILD SA.
struct AuthenticatedPeer {
    /// As it was configured when the SA was made, or has followed the configuration.
    var connection: Connection
    /// Those of the first round.
    var localIdentity: Identification
    let remoteIdentity: Identification
    /// What proved that the peer is who it is; nil for a pre-shared key.
    let signature: SignatureVerification.Outcome?
    /// What EAP proved: of the peer where we are the responder, of us where we are the initiator.
    var eap: EAPOutcome?
    /// What further rounds proved (RFC 4739).
    var laterRounds: [LaterRound] = []
    /// What an authentication server granted the peer.
    var grant: ServerGrant?
    /// The certificates of the peer of which it must be found out first whether they are revoked.
    var unsettled: [UnsettledCertificate] {
        (signature?.unsettled ?? []) + (eap?.pendingRevocation?.unsettled ?? [])
    }
    /// What was assigned.
    var inner = InnerAddresses()

    /// Whom the SA is for: the user that EAP proved, before the identity of IKE, which need not be anybody's own.
    var principal: Identification {
        guard let eap, connection.remoteRounds.contains(where: { $0.kind.eap != nil }), !eap.identity.isEmpty else {
            return remoteIdentity
        }
        return Identification(eapName: eap.identity)
    }

    /// The same, for the connection whose round it was.
    func of(_ connection: Connection) -> AuthenticatedPeer {
        AuthenticatedPeer(
            connection: connection,
            localIdentity: localIdentity,
            remoteIdentity: remoteIdentity,
            signature: signature
        )
    }

    /// When the peer is to authenticate again at the latest (`reauth_time`, or what an authentication server says).
    var reauthenticationTime: Duration? {
        [connection.reauthentication?.rekey, grant?.sessionTimeout].compactMap { $0 }.min()
    }
}

/// An identity that was proved after the first one of its end (RFC 4739).
package struct LaterRound: Hashable, Sendable {
    package enum End: Hashable, Sendable {
        case local, remote
    }

    package let end: End
    package let identity: Identification
    package let kind: AuthenticationKind

    /// For the log.
    var words: String { "\(end == .local ? "we are" : "the peer is") \(identity), too (\(kind))" }
}

extension [Payload] {
    /// The sender has another identity to prove after this one.
    var announcesAnotherRound: Bool { notify(.anotherAuthFollows) != nil }
}

extension Connection {
    /// Throws where this end has several identities to prove and the peer knows nothing of that.
    func requireRounds(_ announced: PeerAnnouncements) throws(NegotiationFailure) {
        guard !laterLocal.isEmpty, !announced.knowsRounds else { return }
        throw NegotiationFailure(
            .unsupported,
            "connection \(name) has \(localRounds.count) rounds of authentication for this host, and the peer knows nothing of "
                + "several (MULTIPLE_AUTH_SUPPORTED); leave one `local` section",
            notify: Notify(.authenticationFailed)
        )
    }

    /// Throws where the peer has proved fewer identities than it must, and wants to prove no more; or more than it must.
    ///
    /// - Parameter rounds: those that are over.
    func require(rounds: Int, hasMore: Bool) throws(NegotiationFailure) {
        guard hasMore == (rounds < remoteRounds.count) else {
            let wanted =
                remoteRounds.count == 1 ? "one identity" : "\(remoteRounds.count) identities one after the other"
            throw NegotiationFailure(
                .authenticationFailed,
                "the peer proves \(hasMore ? "a further identity after \(rounds)" : "\(rounds) only"), and connection \(name) wants "
                    + "\(wanted) (remote, round)",
                notify: Notify(.authenticationFailed)
            )
        }
    }
}

/// How the CHILD SA in an IKE_AUTH exchange fared.
enum FirstChild {
    case none
    case agreed(ChildAgreement)
    case refused(NegotiationFailure)
}

/// What a peer says of itself in IKE_AUTH.
struct PeerClaim {
    let identity: Identification
    let authentication: Authentication
    let certificates: [Certificate]

    /// Checks the claim as the connection asks for it.
    func verify(
        for connection: Connection,
        as role: Role,
        localIdentity: Identification,
        agreement: KeyAgreement,
        context: EAPContext
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        var signature: SignatureVerification.Outcome?
        switch connection.remote.kind {
        case .preSharedKey:
            let key = try context.policy.requireSharedKey(local: localIdentity, remote: identity)
            try key.verify(authentication, of: role, identity: identity, agreement: agreement)
        case .publicKey(let publicKey):
            let verification = SignatureVerification(
                policy: publicKey,
                credentials: context.policy.credentials,
                today: context.today,
                evidence: context.evidence
            )
            signature = try verification.verify(
                authentication,
                certificates,
                of: role,
                identity: identity,
                agreement: agreement
            )
        case .eap:
            throw NegotiationFailure(
                .authenticationFailed,
                "\(identity) proves itself by \(authentication.method), connection \(connection.name) wants EAP (remote auth)",
                notify: Notify(.authenticationFailed)
            )
        }
        return AuthenticatedPeer(
            connection: connection,
            localIdentity: localIdentity,
            remoteIdentity: identity,
            signature: signature
        )
    }
}

extension Connection {
    /// The one identity that the peer must have; nil where several will do.
    var expectedIdentity: Identification? {
        remote.identity.flatMap { $0.isPattern ? nil : $0 }
    }
}

extension Identification {
    /// The identity that an address stands for (RFC 7296 section 3.5).
    init(_ address: IPAddress) {
        self.init(type: address.family == .v4 ? .ipv4Address : .ipv6Address, data: address.bytes)
    }
}

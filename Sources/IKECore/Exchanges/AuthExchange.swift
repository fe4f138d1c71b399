import IKECrypto
import IKEWire
import Inet

// IKE_AUTH: prove the identities, and create the first CHILD SA (RFC 7296 section 1.2).
//
//     initiator                                               responder
//     HDR, SK {IDi, [IDr,] AUTH, SAi2, TSi, TSr}   -->
//                                                  <--   HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
//                                                  <--   HDR, SK {IDr, AUTH, N(error)}         the CHILD SA is refused
//                                                  <--   HDR, SK {N(AUTHENTICATION_FAILED)}    and no IKE SA either
//
// A CHILD SA that is refused leaves the IKE SA standing (RFC 7296 section 1.2).

/// What IKE_AUTH settled besides the CHILD SA.
struct AuthenticatedPeer {
    let connection: Connection
    let localIdentity: Identification
    let remoteIdentity: Identification
}

/// How the CHILD SA in an IKE_AUTH exchange fared.
enum FirstChild {
    case none
    case agreed(ChildAgreement)
    case refused(NegotiationFailure)
}

/// The initiator's side.
struct AuthInitiator {
    let connection: Connection
    let agreement: KeyAgreement
    let localIdentity: Identification
    /// The first CHILD SA; nil asks for none (RFC 6023).
    let offer: ChildOffer?
    private let key: SharedKey

    init(
        connection: Connection,
        agreement: KeyAgreement,
        offer: ChildOffer?,
        local: SocketAddress,
        remote: SocketAddress,
        policy: Policy
    ) throws(NegotiationFailure) {
        self.connection = connection
        self.agreement = agreement
        self.offer = offer
        localIdentity = connection.local.identity ?? Identification(local.address)
        key = try requireSharedKey(
            policy,
            local: localIdentity,
            remote: connection.remote.identity ?? Identification(remote.address)
        )
    }

    /// - Parameter own: notifies about the IKE SA that follow AUTH.
    func request(isFirstContact: Bool, own: [Payload]) throws(NegotiationFailure) -> [Payload] {
        let psk = PreSharedKeyAuthentication(prf: agreement.security.prf, key: key)
        let authentication = try psk.payload(of: .initiator, identity: localIdentity, agreement: agreement)
        var payloads = [Payload(.identificationInitiator(localIdentity))]
        if let expected = connection.remote.identity { payloads.append(Payload(.identificationResponder(expected))) }
        payloads.append(Payload(.authentication(authentication)))
        if isFirstContact { payloads.append(Payload(.notify(Notify(.initialContact)))) }
        return payloads + own + (offer?.payloads ?? [])
    }

    func process(
        _ payloads: [Payload],
        policy: Policy
    ) throws(NegotiationFailure) -> (peer: AuthenticatedPeer, child: FirstChild) {
        if payloads.authentication == nil, let error = payloads.notifies.first(where: { $0.type.isError }) {
            throw refusal(error, offered: offer?.proposals ?? [])
        }
        try PayloadRule.authResponse.check(payloads)
        guard let identity = payloads.identificationResponder, let authentication = payloads.authentication else {
            throw PayloadRule.authResponse.malformed("lacks an identity")
        }
        if let expected = connection.remote.identity, !expected.isSameIdentity(as: identity) {
            throw NegotiationFailure(
                .authenticationFailed,
                "the peer says it is \(identity), connection \(connection.name) expects \(expected) (remote id)",
                notify: Notify(.authenticationFailed)
            )
        }
        let psk = PreSharedKeyAuthentication(
            prf: agreement.security.prf,
            key: try requireSharedKey(policy, local: localIdentity, remote: identity)
        )
        try psk.verify(authentication, of: .responder, identity: identity, agreement: agreement)
        let peer = AuthenticatedPeer(
            connection: connection,
            localIdentity: localIdentity,
            remoteIdentity: identity
        )
        guard let offer else { return (peer, .none) }
        do {
            return (peer, .agreed(try offer.accept(payloads)))
        } catch {
            return (peer, .refused(error))
        }
    }
}

/// The responder's side.
struct AuthResponder {
    let agreement: KeyAgreement
    let local: SocketAddress
    let remote: SocketAddress
    let path: ChildPath
    let policy: Policy
    /// Notifies about the IKE SA that follow AUTH.
    let own: [Payload]

    struct Answer {
        let payloads: [Payload]
        let peer: AuthenticatedPeer
        let child: FirstChild
    }

    /// - Parameter childSPI: called when a CHILD SA is asked for, for the SPI that shall be ours.
    func answer(_ payloads: [Payload], childSPI: () -> ESPSPI) throws(NegotiationFailure) -> Answer {
        try PayloadRule.authRequest.check(payloads)
        guard let remoteIdentity = payloads.identificationInitiator, let authentication = payloads.authentication else {
            throw PayloadRule.authRequest.malformed("lacks an identity")
        }
        let connection = try choose(remoteIdentity, asking: payloads.identificationResponder)
        let localIdentity = connection.local.identity ?? Identification(local.address)
        let psk = PreSharedKeyAuthentication(
            prf: agreement.security.prf,
            key: try requireSharedKey(policy, local: localIdentity, remote: remoteIdentity)
        )
        try psk.verify(authentication, of: .initiator, identity: remoteIdentity, agreement: agreement)
        let proof = try psk.payload(of: .responder, identity: localIdentity, agreement: agreement)
        var answer = [Payload(.identificationResponder(localIdentity)), Payload(.authentication(proof))] + own
        if let lifetime = connection.reauthentication?.rekey {
            let seconds = UInt32(clamping: lifetime.wholeSeconds)
            answer.append(Payload(.notify(.authenticationLifetime(seconds))))
        }
        let (child, more) = firstChild(payloads, connection, childSPI)
        answer += more
        return Answer(
            payloads: answer,
            peer: AuthenticatedPeer(
                connection: connection,
                localIdentity: localIdentity,
                remoteIdentity: remoteIdentity
            ),
            child: child
        )
    }

    private func firstChild(
        _ payloads: [Payload],
        _ connection: Connection,
        _ childSPI: () -> ESPSPI
    ) -> (FirstChild, [Payload]) {
        guard payloads.securityAssociation != nil else { return (.none, []) }
        do {
            let (agreement, answer) = try ChildResponder.answer(
                payloads,
                connection: connection,
                path: path,
                withKeyExchange: false,
                spi: childSPI()
            )
            return (.agreed(agreement), answer)
        } catch {
            return (.refused(error), [Payload(.notify(error.notify ?? Notify(.noProposalChosen)))])
        }
    }

    /// The connection for these identities, among those whose addresses and IKE proposal suit.
    private func choose(
        _ remoteIdentity: Identification,
        asking wanted: Identification?
    ) throws(NegotiationFailure) -> Connection {
        let candidates = policy.candidates(local: local.address, remote: remote.address).filter {
            ProposalSelection.select(offered: [agreement.security.proposal], configured: $0.proposals) != nil
        }
        let matching = candidates.filter { connection in
            let admitsRemote = connection.remote.identity.map { $0.isSameIdentity(as: remoteIdentity) } ?? true
            let ours = connection.local.identity ?? Identification(local.address)
            return admitsRemote && (wanted.map { $0.isSameIdentity(as: ours) } ?? true)
        }
        let named = matching.first { $0.remote.identity != nil }
        if let connection = named ?? matching.first { return connection }
        let configured = candidates.map { connection in
            let ours = connection.local.identity ?? Identification(local.address)
            return
                "\(connection.name) (local id \(ours), remote id \(connection.remote.identity?.description ?? "%any"))"
        }
        throw NegotiationFailure(
            .noMatchingConnection,
            "no connection is for the identity \(remoteIdentity)"
                + (wanted.map { " that asks for \($0)" } ?? "")
                + "; configured for these addresses: \(configured.joined(separator: ", "))",
            notify: Notify(.authenticationFailed)
        )
    }
}

private func requireSharedKey(
    _ policy: Policy,
    local: Identification,
    remote: Identification
) throws(NegotiationFailure) -> SharedKey {
    guard let key = policy.sharedKey(local: local, remote: remote) else {
        throw NegotiationFailure(
            .noSharedKey,
            "there is no pre-shared key for \(local) and \(remote); add secrets.ike… with id = \(remote)",
            notify: Notify(.authenticationFailed)
        )
    }
    return key
}

extension Identification {
    /// The identity that an address stands for (RFC 7296 section 3.5).
    init(_ address: IPAddress) {
        self.init(type: address.family == .v4 ? .ipv4Address : .ipv6Address, data: address.bytes)
    }
}

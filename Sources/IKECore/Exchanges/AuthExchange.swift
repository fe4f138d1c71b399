import IKECrypto
import IKEWire
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

/// What IKE_AUTH settled besides the CHILD SA.
struct AuthenticatedPeer {
    let connection: Connection
    var localIdentity: Identification
    let remoteIdentity: Identification
    /// What proved that the peer is who it is; nil for a pre-shared key.
    let signature: SignatureVerification.Outcome?
    /// What was assigned.
    var inner = InnerAddresses()
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
    /// The first CHILD SA; nil asks for none (RFC 6023).
    let offer: ChildOffer?
    /// Addresses that the peer is to assign.
    private let wantedAddresses: [IPAddress]
    private let proof: OwnProof

    init(
        connection: Connection,
        agreement: KeyAgreement,
        offer: ChildOffer?,
        wantedAddresses: [IPAddress],
        local: SocketAddress,
        remote: SocketAddress,
        policy: Policy
    ) throws(NegotiationFailure) {
        self.connection = connection
        self.agreement = agreement
        self.offer = offer
        self.wantedAddresses = wantedAddresses
        proof = try OwnProof(
            connection,
            local: local.address,
            remote: connection.expectedIdentity ?? Identification(remote.address),
            announced: agreement.announced,
            policy: policy
        )
    }

    /// - Parameter own: notifies about the IKE SA that follow AUTH.
    func request(isFirstContact: Bool, own: [Payload], trust: TrustStore) throws(NegotiationFailure) -> [Payload] {
        let (certificates, authentication) = try proof.payloads(of: .initiator, agreement: agreement)
        var payloads = [Payload(.identificationInitiator(proof.identity))] + certificates
        payloads += SignatureNegotiation.certificateRequests([connection], trust: trust)
        if let expected = connection.expectedIdentity { payloads.append(Payload(.identificationResponder(expected))) }
        payloads.append(authentication)
        if isFirstContact { payloads.append(Payload(.notify(Notify(.initialContact)))) }
        let wishes = wantedAddresses.isEmpty ? [] : [AddressWish.payload(wantedAddresses)]
        return payloads + own + wishes + (offer?.payloads ?? [])
    }

    func process(
        _ payloads: [Payload],
        policy: Policy,
        today: UnixTime
    ) throws(NegotiationFailure) -> (peer: AuthenticatedPeer, child: FirstChild) {
        if payloads.authentication == nil, let error = payloads.notifies.first(where: { $0.type.isError }) {
            throw refusal(error, offered: offer?.proposals ?? [])
        }
        try PayloadRule.authResponse.check(payloads)
        guard let identity = payloads.identificationResponder, let authentication = payloads.authentication else {
            throw PayloadRule.authResponse.malformed("lacks an identity")
        }
        if let expected = connection.remote.identity, !expected.admits(identity) {
            throw NegotiationFailure(
                .authenticationFailed,
                "the peer says it is \(identity), connection \(connection.name) expects \(expected) (remote id)",
                notify: Notify(.authenticationFailed)
            )
        }
        let claim = PeerClaim(identity: identity, authentication: authentication, certificates: payloads.certificates)
        var peer = try claim.verify(
            for: connection,
            as: .responder,
            localIdentity: proof.identity,
            agreement: agreement,
            policy: policy,
            today: today
        )
        do {
            if !wantedAddresses.isEmpty {
                peer.inner.local = try AddressWish.assigned(payloads, wanted: wantedAddresses)
            }
            guard let offer else { return (peer, .none) }
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
    let today: UnixTime
    let addresses: AddressAssignment
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
        let claim = PeerClaim(
            identity: remoteIdentity,
            authentication: authentication,
            certificates: payloads.certificates
        )
        var peer = try verify(claim, asking: payloads.identificationResponder)
        let connection = peer.connection
        var announced = agreement.announced
        announced.noteRequests(payloads)
        let proof = try OwnProof(
            connection,
            local: local.address,
            remote: remoteIdentity,
            announced: announced,
            policy: policy
        )
        peer.localIdentity = proof.identity
        let (certificates, ownAuthentication) = try proof.payloads(of: .responder, agreement: agreement)
        var answer = [Payload(.identificationResponder(proof.identity))] + certificates + [ownAuthentication] + own
        if let lifetime = connection.reauthentication?.rekey {
            let seconds = UInt32(clamping: lifetime.wholeSeconds)
            answer.append(Payload(.notify(.authenticationLifetime(seconds))))
        }
        do {
            let isInitialContact = payloads.notify(.initialContact) != nil
            let assigned = try addresses.answer(payloads.configuration, peer, isInitialContact: isInitialContact)
            if let assigned {
                peer.inner.remote = assigned.addresses
                answer.append(assigned.reply)
            }
        } catch {
            // The IKE SA stands all the same (RFC 7296 section 3.15.4).
            return Answer(payloads: answer + Self.refusal(error), peer: peer, child: .refused(error))
        }
        let (child, more) = firstChild(payloads, peer, childSPI)
        return Answer(payloads: answer + more, peer: peer, child: child)
    }

    private static func refusal(_ failure: NegotiationFailure) -> [Payload] {
        [Payload(.notify(failure.notify ?? Notify(.noProposalChosen)))]
    }

    /// The first connection that is for the identities and that the peer's proof is good for.
    private func verify(
        _ claim: PeerClaim,
        asking wanted: Identification?
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        let connections = try choose(claim.identity, asking: wanted)
        var failure: NegotiationFailure?
        for connection in connections.prefix(Self.mostAttempts) {
            do {
                return try claim.verify(
                    for: connection,
                    as: .initiator,
                    localIdentity: connection.localIdentity(at: local.address, policy.credentials),
                    agreement: agreement,
                    policy: policy,
                    today: today
                )
            } catch {
                // The connection that is meant comes first, so that its failure is the one to tell.
                failure = failure ?? error
            }
        }
        throw failure ?? NegotiationFailure(.noMatchingConnection, "no connection is for \(claim.identity)")
    }

    /// Connections that differ in nothing but the proof they ask for; each costs a signature's verification.
    private static let mostAttempts = 8

    private func firstChild(
        _ payloads: [Payload],
        _ peer: AuthenticatedPeer,
        _ childSPI: () -> ESPSPI
    ) -> (FirstChild, [Payload]) {
        guard payloads.securityAssociation != nil else { return (.none, []) }
        do {
            let (agreement, answer) = try ChildResponder.answer(
                payloads,
                connection: peer.connection,
                path: ChildPath(local: path.local, remote: path.remote, usesUDP: path.usesUDP, inner: peer.inner),
                withKeyExchange: false,
                spi: childSPI()
            )
            return (.agreed(agreement), answer)
        } catch {
            return (.refused(error), Self.refusal(error))
        }
    }

    /// The connections for these identities, among those whose addresses and IKE proposal suit, best first; never empty.
    private func choose(
        _ remoteIdentity: Identification,
        asking wanted: Identification?
    ) throws(NegotiationFailure) -> [Connection] {
        let candidates = policy.candidates(local: local.address, remote: remote.address).filter {
            ProposalSelection.select(offered: [agreement.security.proposal], configured: $0.proposals) != nil
        }
        let matching = candidates.filter { connection in
            guard connection.remote.identity?.admits(remoteIdentity) ?? true else { return false }
            // Our identity is looked for only where it matters: it may take a search among the certificates.
            return wanted?.isSameIdentity(as: connection.localIdentity(at: local.address, policy.credentials)) ?? true
        }
        guard matching.isEmpty else {
            return matching.filter { $0.expectedIdentity != nil }
                + matching.filter { $0.expectedIdentity == nil && $0.remote.identity != nil }
                + matching.filter { $0.remote.identity == nil }
        }
        let configured = candidates.map { connection in
            let ours = connection.localIdentity(at: local.address, policy.credentials)
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
        policy: Policy,
        today: UnixTime
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        var signature: SignatureVerification.Outcome?
        switch connection.remote.kind {
        case .preSharedKey:
            let key = try policy.requireSharedKey(local: localIdentity, remote: identity)
            try key.verify(authentication, of: role, identity: identity, agreement: agreement)
        case .publicKey(let publicKey):
            let verification = SignatureVerification(policy: publicKey, credentials: policy.credentials, today: today)
            signature = try verification.verify(
                authentication,
                certificates,
                of: role,
                identity: identity,
                agreement: agreement
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
    fileprivate var expectedIdentity: Identification? {
        remote.identity.flatMap { $0.isPattern ? nil : $0 }
    }
}

extension Identification {
    /// The identity that an address stands for (RFC 7296 section 3.5).
    init(_ address: IPAddress) {
        self.init(type: address.family == .v4 ? .ipv4Address : .ipv6Address, data: address.bytes)
    }
}

import IKECrypto
import IKEWire
import Inet

/// The responder's side of IKE_AUTH: one answer, or as many as EAP and several rounds take (`AuthResponder+Rounds`).
struct AuthResponder {
    let agreement: KeyAgreement
    let local: SocketAddress
    let remote: SocketAddress
    let path: ChildPath
    let context: EAPContext
    let addresses: AddressAssignment
    /// Notifies about the IKE SA that follow AUTH.
    let own: [Payload]

    var policy: Policy { context.policy }

    struct Answer {
        let payloads: [Payload]
        let peer: AuthenticatedPeer
        let child: FirstChild
    }

    /// What comes of a request.
    enum Step {
        case done(Answer)
        /// There is more to come: EAP, before whose first message the payloads go, or another round.
        case conversation(EAPConversation, [Payload])
        /// It must be found out first whether the peer's certificate is revoked.
        case unsettled(AuthenticatedPeer)
        /// The peer's certificate is to be fetched first.
        case unfetched(UnfetchedCertificates)
    }

    /// Answers the first request.
    ///
    /// - Parameter childSPI: called when a CHILD SA is asked for, for the SPI that shall be ours.
    func open(_ payloads: [Payload], childSPI: () -> ESPSPI) throws(NegotiationFailure) -> Step {
        guard payloads.authentication != nil else { return try converse(payloads) }
        try PayloadRule.authRequest.check(payloads)
        guard let remoteIdentity = payloads.identificationInitiator, let authentication = payloads.authentication else {
            throw PayloadRule.authRequest.malformed("lacks an identity")
        }
        let wanted = payloads.identificationResponder
        let unfetched = try UnfetchedCertificates(
            in: payloads,
            of: remoteIdentity,
            for: { () throws(NegotiationFailure) in try choose(remoteIdentity, asking: wanted) },
            context
        )
        if let unfetched { return .unfetched(unfetched) }
        let claim = PeerClaim(
            identity: remoteIdentity,
            authentication: authentication,
            certificates: payloads.certificates
        )
        let hasMore = payloads.announcesAnotherRound
        var peer = try verify(claim, asking: wanted, hasMore: hasMore)
        guard peer.unsettled.isEmpty else { return .unsettled(peer) }
        let proof = try proof(for: peer.connection, payloads, remoteIdentity)
        peer.localIdentity = proof.identity
        let (certificates, ownAuthentication) = try proof.payloads(of: .responder, agreement: agreement)
        guard let ownAuthentication else { throw Self.cannotAsk(peer.connection) }
        var conversation = EAPConversation(request: payloads, peer: peer, stage: .between)
        conversation.proven.local = 1
        try conversation.noteRound(hasMore: hasMore)
        let first = [Payload(.identificationResponder(proof.identity))] + certificates
        return try proceed(
            conversation,
            after: first + withAnnouncement(ownAuthentication, conversation),
            childSPI: childSPI
        )
    }

    /// Answers the AUTH that ends EAP.
    func conclude(
        _ payloads: [Payload],
        _ former: EAPConversation,
        _ outcome: EAPOutcome,
        childSPI: () -> ESPSPI
    ) throws(NegotiationFailure) -> Step {
        try PayloadRule.eapConclusion.check(payloads)
        guard let authentication = payloads.authentication else {
            throw PayloadRule.eapConclusion.malformed("lacks AUTH")
        }
        var conversation = former
        let key = EAPAuthentication(outcome)
        let identity = conversation.remoteIdentity
        try key.verify(authentication, of: .initiator, identity: identity, agreement: agreement)
        conversation.peer.eap = outcome
        conversation.peer.grant = conversation.grant
        try conversation.noteRound(hasMore: payloads.announcesAnotherRound)
        let ours = try key.payload(of: .responder, identity: conversation.localIdentity, agreement: agreement)
        return try proceed(
            conversation,
            after: withAnnouncement(Payload(.authentication(ours)), conversation),
            childSPI: childSPI
        )
    }

    // MARK: - EAP

    private func converse(_ payloads: [Payload]) throws(NegotiationFailure) -> Step {
        try PayloadRule.eapRequest.check(payloads)
        guard let remoteIdentity = payloads.identificationInitiator else {
            throw PayloadRule.eapRequest.malformed("lacks an identity")
        }
        let connections = try choose(remoteIdentity, asking: payloads.identificationResponder)
        let (connection, eap) = try asking(connections, remoteIdentity)
        let proof = try proof(for: connection, payloads, remoteIdentity)
        let (certificates, authentication) = try proof.payloads(of: .responder, agreement: agreement)
        if authentication == nil, payloads.notify(.eapOnlyAuthentication) == nil { throw Self.cannotAsk(connection) }
        let peer = AuthenticatedPeer(
            connection: connection,
            localIdentity: proof.identity,
            remoteIdentity: remoteIdentity,
            signature: nil
        )
        let first = [Payload(.identificationResponder(proof.identity))] + certificates
        var conversation = EAPConversation(
            request: payloads,
            peer: peer,
            stage: try context.stage(eap, connection, remoteIdentity)
        )
        conversation.proven.local = 1
        return .conversation(conversation, first + (authentication.map { [$0] } ?? []))
    }

    /// The first of the connections by which the peer can be asked, and what it is asked for.
    func asking(
        _ connections: [Connection],
        _ identity: Identification
    ) throws(NegotiationFailure) -> (Connection, EAPPolicy) {
        for connection in connections {
            if let eap = connection.remote.kind.eap, eap.canAsk { return (connection, eap) }
        }
        let configured = connections.map { "\($0.name) (\($0.remote.kind))" }.joined(separator: ", ")
        throw NegotiationFailure(
            .authenticationFailed,
            "\(identity) wants to be asked by EAP (its request has no AUTH); configured for it: \(configured). "
                + "Set remote.auth to eap-mschapv2, eap-tls, eap-ttls or eap-radius",
            notify: Notify(.authenticationFailed)
        )
    }

    /// Only an initiator can be asked by EAP, and so prove itself by nothing else.
    static func cannotAsk(_ connection: Connection) -> NegotiationFailure {
        NegotiationFailure(
            .authenticationFailed,
            "connection \(connection.name) has EAP for local.auth, which is no proof towards a peer that begins and does not "
                + "take EAP alone (EAP_ONLY_AUTHENTICATION); set local.auth to pubkey or psk",
            notify: Notify(.authenticationFailed)
        )
    }

    // MARK: - Both

    func proof(
        for connection: Connection,
        _ payloads: [Payload],
        _ remoteIdentity: Identification
    ) throws(NegotiationFailure) -> OwnProof {
        var announced = agreement.announced
        announced.noteAuthentication(payloads)
        try connection.requireRounds(announced)
        return try OwnProof(
            connection,
            local: local.address,
            remote: remoteIdentity,
            announced: announced,
            policy: policy
        )
    }

    /// What an authenticated peer has asked for.
    func conclude(
        _ request: [Payload],
        _ authenticated: AuthenticatedPeer,
        after proof: [Payload],
        childSPI: () -> ESPSPI
    ) -> Answer {
        var peer = authenticated
        var answer = proof + own
        if let lifetime = peer.reauthenticationTime {
            let seconds = UInt32(clamping: lifetime.wholeSeconds)
            answer.append(Payload(.notify(.authenticationLifetime(seconds))))
        }
        do {
            let isInitialContact = request.notify(.initialContact) != nil
            let assigned = try addresses.answer(request.configuration, peer, isInitialContact: isInitialContact)
            if let assigned {
                peer.inner.remote = assigned.addresses
                answer.append(assigned.reply)
            }
        } catch {
            // The IKE SA stands all the same (RFC 7296 section 3.15.4).
            return Answer(payloads: answer + Self.refusal(error), peer: peer, child: .refused(error))
        }
        let (child, more) = firstChild(request, peer, childSPI)
        return Answer(payloads: answer + more, peer: peer, child: child)
    }

    private static func refusal(_ failure: NegotiationFailure) -> [Payload] {
        [Payload(.notify(failure.notify ?? Notify(.noProposalChosen)))]
    }

    /// The first connection that is for the identities and that the peer's proof is good for.
    private func verify(
        _ claim: PeerClaim,
        asking wanted: Identification?,
        hasMore: Bool
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        let all = try choose(claim.identity, asking: wanted)
        // Those that want as many rounds as the peer has come first.
        let fitting = all.filter { $0.laterRemote.isEmpty != hasMore }
        let connections = fitting + all.filter { $0.laterRemote.isEmpty == hasMore }
        var failure: NegotiationFailure?
        for connection in connections.prefix(Self.mostAttempts) {
            do {
                return try claim.verify(
                    for: connection,
                    as: .initiator,
                    localIdentity: connection.localIdentity(at: local.address, policy.credentials),
                    agreement: agreement,
                    context: context
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

import IKECrypto
import IKEWire

// Several rounds of authentication at the responder (RFC 4739): what comes between the first request and the last answer.

extension AuthResponder {
    /// Answers a request that begins another round, or that only waits for ours.
    func next(
        _ payloads: [Payload],
        _ former: EAPConversation,
        childSPI: () -> ESPSPI
    ) throws(NegotiationFailure) -> Step {
        try PayloadRule.laterRound.check(payloads)
        var conversation = former
        let isAsked = conversation.awaitsPeer && payloads.authentication == nil
        if let unfetched = try unfetched(in: payloads, conversation) { return .unfetched(unfetched) }
        if conversation.awaitsPeer, let unsettled = try noteProof(in: payloads, &conversation) {
            return .unsettled(unsettled)
        }
        var answer: [Payload] = []
        if conversation.proven.local < conversation.peer.connection.localRounds.count {
            answer = try ownRound(&conversation, announcing: !isAsked)
        }
        guard !isAsked else { return .conversation(conversation, answer) }
        return try proceed(conversation, after: answer, childSPI: childSPI)
    }

    /// A round is over: the next one is to come, or what the first request has asked for.
    func proceed(
        _ former: EAPConversation,
        after proof: [Payload],
        childSPI: () -> ESPSPI
    ) throws(NegotiationFailure) -> Step {
        var conversation = former
        let isProven = conversation.proven.local >= conversation.peer.connection.localRounds.count
        guard !conversation.awaitsPeer, isProven else {
            conversation.stage = .between
            return .conversation(conversation, proof)
        }
        return .done(conclude(conversation.request, conversation.peer, after: proof, childSPI: childSPI))
    }

    /// An AUTH payload of ours, and behind it whether another round of ours follows.
    func withAnnouncement(_ authentication: Payload, _ conversation: EAPConversation) -> [Payload] {
        let isLast = conversation.proven.local >= conversation.peer.connection.localRounds.count
        return [authentication] + (isLast ? [] : [Payload(.notify(Notify(.anotherAuthFollows)))])
    }

    // MARK: - The peer's

    /// What there is to fetch before the peer's next proof can be looked at.
    private func unfetched(
        in payloads: [Payload],
        _ conversation: EAPConversation
    ) throws(NegotiationFailure) -> UnfetchedCertificates? {
        guard conversation.awaitsPeer, let identity = payloads.identificationInitiator else { return nil }
        let current = conversation.peer.connection.inRound(remote: conversation.proven.remote)
        return try UnfetchedCertificates(
            in: payloads,
            of: identity,
            for: { () throws(NegotiationFailure) in [current] },
            context
        )
    }

    /// Takes the peer's next identity, with its proof or as one that EAP is to prove.
    ///
    /// - Returns: the peer, where its certificate must be looked into first.
    private func noteProof(
        in payloads: [Payload],
        _ conversation: inout EAPConversation
    ) throws(NegotiationFailure) -> AuthenticatedPeer? {
        guard let identity = payloads.identificationInitiator else {
            throw PayloadRule.laterRound.malformed("lacks an identity")
        }
        let connection = conversation.peer.connection
        let current = connection.inRound(remote: conversation.proven.remote)
        if let expected = current.remote.identity, !expected.admits(identity) {
            throw NegotiationFailure(
                .authenticationFailed,
                "the peer goes on as \(identity), connection \(connection.name) expects \(expected) (remote id, round)",
                notify: Notify(.authenticationFailed)
            )
        }
        conversation.remoteIdentity = identity
        let round = LaterRound(end: .remote, identity: identity, kind: current.remote.kind)
        conversation.peer.laterRounds.append(round)
        guard let authentication = payloads.authentication else {
            let (_, eap) = try asking([current], identity)
            conversation.stage = try context.stage(eap, current, identity)
            return nil
        }
        let claim = PeerClaim(identity: identity, authentication: authentication, certificates: payloads.certificates)
        let proven = try claim.verify(
            for: current,
            as: .initiator,
            localIdentity: conversation.localIdentity,
            agreement: agreement,
            context: context
        )
        guard proven.unsettled.isEmpty else { return proven }
        try conversation.noteRound(hasMore: payloads.announcesAnotherRound)
        return nil
    }

    // MARK: - Ours

    /// Our next identity and its proof.
    ///
    /// - Parameter announcing: whether to say that another one follows; where EAP begins, that is said at its end.
    private func ownRound(
        _ conversation: inout EAPConversation,
        announcing: Bool
    ) throws(NegotiationFailure) -> [Payload] {
        let current = conversation.peer.connection.inRound(local: conversation.proven.local)
        let proof = try proof(for: current, conversation.request, conversation.remoteIdentity)
        let (certificates, authentication) = try proof.payloads(of: .responder, agreement: agreement)
        guard let authentication else { throw Self.cannotAsk(current) }
        conversation.proven.local += 1
        conversation.localIdentity = proof.identity
        let round = LaterRound(end: .local, identity: proof.identity, kind: current.local.kind)
        conversation.peer.laterRounds.append(round)
        return [Payload(.identificationResponder(proof.identity))] + certificates
            + (announcing ? withAnnouncement(authentication, conversation) : [authentication])
    }
}

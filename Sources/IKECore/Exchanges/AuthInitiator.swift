import IKECrypto
import IKEWire
import Inet

/// The initiator's side of IKE_AUTH: one request, or as many as EAP and several rounds take.
struct AuthInitiator {
    let connection: Connection
    let agreement: KeyAgreement
    /// The first CHILD SA; nil asks for none (RFC 6023).
    let offer: ChildOffer?
    /// Addresses that the peer is to assign.
    private let wantedAddresses: [IPAddress]
    private let address: IPAddress
    /// Ours in the round that is under way, and which round that is.
    private var proof: OwnProof
    private var round = 0
    private var stage = Stage.opening
    /// A response, while it is not known what the peer's certificate is, or whether it is revoked.
    var held: HeldResponse?
    /// The peer, once it has proved itself, unless EAP is to prove that as well.
    private var peer: AuthenticatedPeer?
    /// Who the peer says that it is by now, how many identities it has proved, and whether its next message is to prove one.
    private var peerIdentity: Identification?
    private var peerRounds = 0
    private var awaitsPeer = true

    private enum Stage {
        /// The request that begins a round is sent.
        case opening
        /// EAP is under way.
        case conversing(EAPPeer)
        /// EAP is over, and AUTH with its key is sent.
        case concluding(EAPOutcome)
        /// We have proved all; the peer has not.
        case listening
    }

    /// What comes after an answer.
    enum Step {
        case request([Payload])
        /// It must be found out first whether the peer's certificate is revoked; nothing of the answer counts yet.
        case unsettled(AuthenticatedPeer)
        /// The peer's certificate is to be fetched first; nothing of the answer counts yet.
        case unfetched(UnfetchedCertificates)
        case done(peer: AuthenticatedPeer, child: FirstChild)
    }

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
        address = local.address
        try connection.requireRounds(agreement.announced)
        proof = try OwnProof(
            connection,
            local: local.address,
            remote: connection.expectedIdentity ?? Identification(remote.address),
            announced: agreement.announced,
            policy: policy
        )
    }

    /// - Parameter own: notifies about the IKE SA that follow AUTH.
    func request(
        isFirstContact: Bool,
        own: [Payload],
        _ context: EAPContext
    ) throws(NegotiationFailure) -> [Payload] {
        let (certificates, authentication) = try proof.payloads(of: .initiator, agreement: agreement)
        var payloads = [Payload(.identificationInitiator(proof.identity))] + certificates
        payloads += SignatureNegotiation.certificateRequests(
            [connection],
            trust: context.policy.credentials.trust,
            fetchesCertificates: context.fetchesCertificates
        )
        if connection.usesSignatures { payloads.append(SignatureNegotiation.methods([connection])) }
        if let expected = connection.expectedIdentity { payloads.append(Payload(.identificationResponder(expected))) }
        if let authentication { payloads += withAnnouncement(authentication) }
        if connection.hasSeveralRounds { payloads.append(Payload(.notify(Notify(.multipleAuthSupported)))) }
        if isFirstContact { payloads.append(Payload(.notify(Notify(.initialContact)))) }
        if trustsEAPAlone { payloads.append(Payload(.notify(Notify(.eapOnlyAuthentication)))) }
        let wishes = wantedAddresses.isEmpty ? [] : [AddressWish.payload(wantedAddresses)]
        return payloads + own + wishes + (offer?.payloads ?? [])
    }

    /// Whether the responder needs no proof but EAP's (RFC 5998).
    private var trustsEAPAlone: Bool { connection.local.kind.eap != nil && connection.remote.kind.eap != nil }

    /// An AUTH payload of ours, and behind it whether another round of ours follows.
    private func withAnnouncement(_ authentication: Payload) -> [Payload] {
        let isLast = round + 1 >= connection.localRounds.count
        return [authentication] + (isLast ? [] : [Payload(.notify(Notify(.anotherAuthFollows)))])
    }

    mutating func process(_ payloads: [Payload], _ context: EAPContext) throws(NegotiationFailure) -> Step {
        try requireConsent(payloads)
        if let unfetched = try unfetched(in: payloads, context) { return .unfetched(unfetched) }
        switch stage {
        case .opening:
            if let unsettled = try noteProof(in: payloads, context) { return .unsettled(unsettled) }
            let current = connection.inRound(local: round)
            guard let policy = current.local.kind.eap else { return try proceed(payloads, context) }
            guard let responder = peerIdentity else { throw PayloadRule.authResponse.malformed("lacks an identity") }
            var eap = context.peer(policy, current, proof.identity, responder: responder)
            return try converse(payloads, &eap, context)
        case .conversing(var eap):
            if payloads.identificationResponder != nil, let unsettled = try noteProof(in: payloads, context) {
                return .unsettled(unsettled)
            }
            return try converse(payloads, &eap, context)
        case .concluding(let outcome):
            try PayloadRule.eapConclusion.check(payloads)
            guard let authentication = payloads.authentication, let identity = peerIdentity else {
                throw PayloadRule.eapConclusion.malformed("lacks AUTH")
            }
            let key = EAPAuthentication(outcome)
            try key.verify(authentication, of: .responder, identity: identity, agreement: agreement)
            peer?.eap = outcome
            awaitsPeer = awaitsPeer || payloads.announcesAnotherRound
            return try proceed(payloads, context)
        case .listening:
            if let unsettled = try noteProof(in: payloads, context) { return .unsettled(unsettled) }
            return try proceed(payloads, context)
        }
    }

    /// Throws where the peer refuses us. That it refuses the CHILD SA alone, it says with its proof, or after it has given that.
    private func requireConsent(_ payloads: [Payload]) throws(NegotiationFailure) {
        guard let error = objection(in: payloads) else { return }
        throw refusal(error, offered: offer?.proposals ?? [])
    }

    /// The error by which the peer refuses us, if it does.
    func objection(in payloads: [Payload]) -> Notify? {
        guard payloads.authentication == nil, payloads.eap == nil,
            let error = payloads.notifies.first(where: { $0.type.isError }),
            !mayRefuseChild || !Self.refusalsOfChild.contains(error.type)
        else { return nil }
        return error
    }

    /// Whether the peer has all proofs of ours with what is sent now, so that it may let us in.
    var mayBeLetIn: Bool {
        let isLastRound = round + 1 >= connection.localRounds.count
        return switch stage {
        case .opening: isLastRound && connection.inRound(local: round).local.kind.eap == nil
        case .conversing: false
        case .concluding: isLastRound
        case .listening: true
        }
    }

    /// The answer to our last round need not have a proof of the peer.
    private var mayRefuseChild: Bool {
        guard case .opening = stage else { return false }
        return !awaitsPeer
    }

    private static let refusalsOfChild: Set<NotifyType> = [
        .noProposalChosen, .tsUnacceptable, .internalAddressFailure, .singlePairRequired, .noAdditionalSAs,
        .failedCPRequired,
    ]

    /// What there is to fetch before the peer's next proof can be looked at.
    private func unfetched(
        in payloads: [Payload],
        _ context: EAPContext
    ) throws(NegotiationFailure) -> UnfetchedCertificates? {
        guard awaitsPeer, let identity = payloads.identificationResponder else { return nil }
        let current = connection.inRound(remote: peerRounds)
        try requireExpected(identity, current)
        return try UnfetchedCertificates(
            in: payloads,
            of: identity,
            for: { () throws(NegotiationFailure) in [current] },
            context
        )
    }

    // MARK: - Rounds

    /// A round of ours is over: what comes next.
    private mutating func proceed(
        _ payloads: [Payload],
        _ context: EAPContext
    ) throws(NegotiationFailure) -> Step {
        if round + 1 < connection.localRounds.count {
            round += 1
            stage = .opening
            return .request(try nextRound(context))
        }
        guard !awaitsPeer else {
            stage = .listening
            return .request([])
        }
        try connection.require(rounds: peerRounds, hasMore: false)
        guard let peer else { throw PayloadRule.authResponse.malformed("lacks an identity") }
        return finish(payloads, peer)
    }

    /// Our next identity, and its proof unless EAP is to give that.
    private mutating func nextRound(_ context: EAPContext) throws(NegotiationFailure) -> [Payload] {
        let current = connection.inRound(local: round)
        proof = try OwnProof(
            current,
            local: address,
            remote: peerIdentity ?? Identification(address),
            announced: agreement.announced,
            policy: context.policy
        )
        peer?.laterRounds.append(LaterRound(end: .local, identity: proof.identity, kind: current.local.kind))
        let (certificates, authentication) = try proof.payloads(of: .initiator, agreement: agreement)
        return [Payload(.identificationInitiator(proof.identity))] + certificates
            + (authentication.map { withAnnouncement($0) } ?? [])
    }

    /// Takes the proof of one of the peer's identities, where one is to come.
    ///
    /// - Returns: the peer, where its certificate must be looked into first; then nothing is taken.
    private mutating func noteProof(
        in payloads: [Payload],
        _ context: EAPContext
    ) throws(NegotiationFailure) -> AuthenticatedPeer? {
        guard awaitsPeer else {
            try PayloadRule.laterRound.check(payloads)
            return nil
        }
        let current = connection.inRound(remote: peerRounds)
        let proven = try identify(payloads, current, context)
        guard proven.unsettled.isEmpty else { return proven }
        peerIdentity = proven.remoteIdentity
        if peer == nil {
            peer = proven
        } else {
            peer?.laterRounds.append(
                LaterRound(end: .remote, identity: proven.remoteIdentity, kind: current.remote.kind)
            )
        }
        peerRounds += 1
        awaitsPeer = payloads.announcesAnotherRound
        if awaitsPeer { try connection.require(rounds: peerRounds, hasMore: true) }
        return nil
    }

    /// Who the peer is, and its proof unless EAP is to give that.
    private func identify(
        _ payloads: [Payload],
        _ current: Connection,
        _ context: EAPContext
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        guard trustsEAPAlone, peer == nil, payloads.authentication == nil else {
            return try provenPeer(payloads, current, context)
        }
        try PayloadRule.eapOnlyResponse.check(payloads)
        guard let identity = payloads.identificationResponder else {
            throw PayloadRule.eapOnlyResponse.malformed("lacks an identity")
        }
        try requireExpected(identity, current)
        return AuthenticatedPeer(
            connection: connection,
            localIdentity: proof.identity,
            remoteIdentity: identity,
            signature: nil
        )
    }

    // MARK: - EAP

    private mutating func converse(
        _ payloads: [Payload],
        _ eap: inout EAPPeer,
        _ context: EAPContext
    ) throws(NegotiationFailure) -> Step {
        guard let message = payloads.eap else {
            throw NegotiationFailure(
                .authenticationFailed,
                "the peer does not ask us by EAP, as connection \(connection.name) expects (local auth)"
            )
        }
        guard message.code != .request else {
            let response: EAPMessage
            do throws(NegotiationFailure) {
                response = try eap.respond(to: message)
            } catch {
                // The peer waits, and should hear that nothing comes.
                throw NegotiationFailure(error.reason, error.message, notify: Notify(.authenticationFailed))
            }
            stage = .conversing(eap)
            return .request([Payload(.eap(response))])
        }
        var outcome: EAPOutcome
        do throws(NegotiationFailure) {
            outcome = try eap.finish(message)
        } catch {
            // A peer that refuses us knows that it is over.
            let notify = message.code == .failure ? nil : Notify(.authenticationFailed)
            throw NegotiationFailure(error.reason, error.message, notify: notify)
        }
        if outcome.pendingRevocation != nil {
            guard let evidence = context.evidence else {
                guard var server = peer else { throw PayloadRule.authResponse.malformed("lacks an identity") }
                server.eap = outcome
                return .unsettled(server)
            }
            outcome = try outcome.settled(by: evidence)
        }
        if trustsEAPAlone, round == 0 { try outcome.requireProofOfServer() }
        stage = .concluding(outcome)
        let key = EAPAuthentication(outcome)
        let authentication = try key.payload(of: .initiator, identity: proof.identity, agreement: agreement)
        return .request(withAnnouncement(Payload(.authentication(authentication))))
    }

    // MARK: - The peer's proof

    private func provenPeer(
        _ payloads: [Payload],
        _ current: Connection,
        _ context: EAPContext
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        try PayloadRule.authResponse.check(payloads)
        guard let identity = payloads.identificationResponder, let authentication = payloads.authentication else {
            throw PayloadRule.authResponse.malformed("lacks an identity")
        }
        try requireExpected(identity, current)
        let claim = PeerClaim(identity: identity, authentication: authentication, certificates: payloads.certificates)
        let proven = try claim.verify(
            for: current,
            as: .responder,
            localIdentity: proof.identity,
            agreement: agreement,
            context: context
        )
        return proven.of(connection)
    }

    private func requireExpected(
        _ identity: Identification,
        _ current: Connection
    ) throws(NegotiationFailure) {
        guard let expected = current.remote.identity, !expected.admits(identity) else { return }
        throw NegotiationFailure(
            .authenticationFailed,
            "the peer says it is \(identity), connection \(connection.name) expects \(expected) (remote id)",
            notify: Notify(.authenticationFailed)
        )
    }

    private func finish(_ payloads: [Payload], _ authenticated: AuthenticatedPeer) -> Step {
        var peer = authenticated
        do {
            if !wantedAddresses.isEmpty {
                peer.inner.local = try AddressWish.assigned(payloads, wanted: wantedAddresses)
                peer.inner.dns = AddressWish.dns(payloads)
            }
            guard let offer else { return .done(peer: peer, child: .none) }
            return .done(peer: peer, child: .agreed(try offer.accept(payloads)))
        } catch {
            return .done(peer: peer, child: .refused(error))
        }
    }
}

import IKECrypto
import IKEWire
import Inet

/// The initiator's side of IKE_AUTH: one request, or as many as EAP takes.
struct AuthInitiator {
    let connection: Connection
    let agreement: KeyAgreement
    /// The first CHILD SA; nil asks for none (RFC 6023).
    let offer: ChildOffer?
    /// Addresses that the peer is to assign.
    private let wantedAddresses: [IPAddress]
    private let proof: OwnProof
    private var stage = Stage.opening
    /// The first response, while it is not known whether the peer's certificate is revoked.
    var held: HeldResponse?

    private enum Stage {
        /// The first request is sent.
        case opening
        /// EAP is under way. The peer has proved itself, unless EAP is to prove that as well.
        case conversing(EAPPeer, AuthenticatedPeer)
        /// EAP is over, and AUTH with its key is sent.
        case concluding(EAPOutcome, AuthenticatedPeer)
    }

    /// What comes after an answer.
    enum Step {
        case request([Payload])
        /// It must be found out first whether the peer's certificate is revoked; nothing of the answer counts yet.
        case unsettled(AuthenticatedPeer)
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
        if let authentication { payloads.append(authentication) }
        if isFirstContact { payloads.append(Payload(.notify(Notify(.initialContact)))) }
        if trustsEAPAlone { payloads.append(Payload(.notify(Notify(.eapOnlyAuthentication)))) }
        let wishes = wantedAddresses.isEmpty ? [] : [AddressWish.payload(wantedAddresses)]
        return payloads + own + wishes + (offer?.payloads ?? [])
    }

    /// Whether the responder needs no proof but EAP's (RFC 5998).
    private var trustsEAPAlone: Bool { connection.local.kind.eap != nil && connection.remote.kind.eap != nil }

    mutating func process(_ payloads: [Payload], _ context: EAPContext) throws(NegotiationFailure) -> Step {
        if payloads.authentication == nil, payloads.eap == nil,
            let error = payloads.notifies.first(where: { $0.type.isError })
        {
            throw refusal(error, offered: offer?.proposals ?? [])
        }
        switch stage {
        case .opening:
            guard let policy = connection.local.kind.eap else {
                let peer = try provenPeer(payloads, context)
                return peer.unsettled.isEmpty ? finish(payloads, peer) : .unsettled(peer)
            }
            let responder = try beginEAP(payloads, context)
            guard responder.unsettled.isEmpty else { return .unsettled(responder) }
            var eap = context.peer(policy, connection, proof.identity, responder: responder.remoteIdentity)
            return try converse(payloads, &eap, responder)
        case .conversing(var eap, let responder): return try converse(payloads, &eap, responder)
        case .concluding(let outcome, var responder):
            try PayloadRule.eapConclusion.check(payloads)
            guard let authentication = payloads.authentication else {
                throw PayloadRule.eapConclusion.malformed("lacks AUTH")
            }
            let key = EAPAuthentication(outcome)
            try key.verify(authentication, of: .responder, identity: responder.remoteIdentity, agreement: agreement)
            responder.eap = outcome
            return finish(payloads, responder)
        }
    }

    // MARK: - EAP

    /// Who wants to ask us, and its proof unless EAP is to give that.
    private func beginEAP(
        _ payloads: [Payload],
        _ context: EAPContext
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        guard trustsEAPAlone, payloads.authentication == nil else { return try provenPeer(payloads, context) }
        try PayloadRule.eapOnlyResponse.check(payloads)
        guard let identity = payloads.identificationResponder else {
            throw PayloadRule.eapOnlyResponse.malformed("lacks an identity")
        }
        try requireExpected(identity)
        return AuthenticatedPeer(
            connection: connection,
            localIdentity: proof.identity,
            remoteIdentity: identity,
            signature: nil
        )
    }

    private mutating func converse(
        _ payloads: [Payload],
        _ eap: inout EAPPeer,
        _ responder: AuthenticatedPeer
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
            stage = .conversing(eap, responder)
            return .request([Payload(.eap(response))])
        }
        let outcome: EAPOutcome
        do throws(NegotiationFailure) {
            outcome = try eap.finish(message)
        } catch {
            // A peer that refuses us knows that it is over.
            let notify = message.code == .failure ? nil : Notify(.authenticationFailed)
            throw NegotiationFailure(error.reason, error.message, notify: notify)
        }
        if trustsEAPAlone { try outcome.requireProofOfServer() }
        stage = .concluding(outcome, responder)
        let key = EAPAuthentication(outcome)
        let authentication = try key.payload(of: .initiator, identity: proof.identity, agreement: agreement)
        return .request([Payload(.authentication(authentication))])
    }

    // MARK: - The peer's proof

    private func provenPeer(
        _ payloads: [Payload],
        _ context: EAPContext
    ) throws(NegotiationFailure) -> AuthenticatedPeer {
        try PayloadRule.authResponse.check(payloads)
        guard let identity = payloads.identificationResponder, let authentication = payloads.authentication else {
            throw PayloadRule.authResponse.malformed("lacks an identity")
        }
        try requireExpected(identity)
        let claim = PeerClaim(identity: identity, authentication: authentication, certificates: payloads.certificates)
        return try claim.verify(
            for: connection,
            as: .responder,
            localIdentity: proof.identity,
            agreement: agreement,
            context: context
        )
    }

    private func requireExpected(_ identity: Identification) throws(NegotiationFailure) {
        guard let expected = connection.remote.identity, !expected.admits(identity) else { return }
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

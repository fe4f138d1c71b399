import IKECrypto
import IKEWire
import Inet

/// What authentication works with: credentials, the date, randomness. Gives both sides of EAP what the connection says of them.
struct EAPContext {
    let policy: Policy
    let today: UnixTime
    /// What was found out about the revocation of the peer's certificates; nil: nobody was asked yet.
    let evidence: RevocationEvidence?
    /// Whether peers may say where their certificates are.
    let fetchesCertificates: Bool
    private let random: any RandomSource

    init(_ turn: Turn, _ evidence: RevocationEvidence?) {
        self.evidence = evidence
        policy = turn.policy
        fetchesCertificates = turn.settings.fetchesCertificates
        today = turn.calendar()
        random = turn.random
    }

    /// Our side where we are asked.
    ///
    /// - Parameter responder: who asks, as far as IKE knows.
    func peer(_ eap: EAPPolicy, _ connection: Connection, _ own: Identification, responder: Identification) -> EAPPeer {
        let name = eap.name.octets(orElse: own)
        let method: EAPMethod? = if case .only(let method) = eap.method { method } else { nil }
        let remote = connection.remote.kind
        var tls = tlsCredentials(connection, own: eap.publicKey, peer: remote.publicKey ?? remote.eap?.publicKey)
        switch eap.server {
        case .responder: tls.serverIdentity = responder
        case .anybody: tls.serverIdentity = nil
        case .given(let identity): tls.serverIdentity = identity
        }
        return EAPPeer(
            method: method,
            identity: name,
            password: policy.ownPassword(as: name),
            tls: tls,
            random: random
        )
    }

    /// Our side where we ask, or have somebody ask.
    func stage(
        _ eap: EAPPolicy,
        _ connection: Connection,
        _ remote: Identification
    ) throws(NegotiationFailure) -> EAPConversation.Stage {
        let name = eap.name.octets(orElse: remote)
        switch eap.method {
        case .only(let method):
            let local = connection.local.kind
            let own = local.publicKey ?? local.eap?.publicKey ?? PublicKeyPolicy()
            let policy = policy
            let authenticator = EAPAuthenticator(
                method: method,
                asksIdentity: eap.name == .asked,
                assumedIdentity: name,
                password: { policy.password(of: $0) },
                tls: tlsCredentials(connection, own: own, peer: eap.publicKey),
                random: random
            )
            return .asking(authenticator)
        case .authenticationServer: return eap.name == .asked ? .askingName : .server(name: name, method: .identity)
        case .any:
            throw NegotiationFailure(
                .unsupported,
                "connection \(connection.name) does not say which EAP method peers are asked for (remote auth = eap)"
            )
        }
    }

    /// Our certificate, if there is one, and whose certificates are believed. The peer's may be limited to some authorities.
    private func tlsCredentials(
        _ connection: Connection,
        own: PublicKeyPolicy,
        peer: PublicKeyPolicy?
    ) -> EAPTLSCredentials {
        let credentials = policy.credentials
        let key = try? OwnKey.choose(connection, own, local: .anyV4, PeerAnnouncements(), credentials)
        let chain = key?.certificate.map { [$0] + credentials.intermediates(of: $0) } ?? []
        var tls = EAPTLSCredentials(
            certificates: chain,
            privateKey: key?.key,
            trust: credentials.trust,
            revocation: peer?.revocation ?? .relaxed,
            today: today
        )
        tls.authorities = peer?.authorities ?? []
        return tls
    }
}

extension EAPPolicy.Name {
    fileprivate func octets(orElse identity: Identification) -> [UInt8] {
        if case .given(let octets) = self { octets } else { identity.eapName }
    }
}

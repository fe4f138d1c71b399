import IKECrypto
import IKEWire

/// EAP-TTLS, the server's side; see `TTLSClient` for the packets.
///
/// The client chooses what it does in the tunnel (RFC 5281 section 11.2): EAP-MSCHAPv2, MS-CHAPv2 without EAP around it, or the
/// password as it is, which the tunnel protects. If the client is asked for a certificate too, it must be trusted; who the
/// client is, the password says.
struct TTLSServer: EAPTunnelServer {
    private enum State {
        /// Of TLS, or nothing has come through the tunnel yet.
        case handshake
        case eap(EAPAuthenticator)
        /// The user has proved the password by MS-CHAPv2 and is to accept our proof by a packet without data.
        case awaitingAcceptance(user: [UInt8])
    }

    private let password: ([UInt8]) -> SecretBytes?
    private let random: any RandomSource
    var tunnel: EAPTunnel
    var alert: NegotiationFailure?
    private var state = State.handshake

    init(
        password: @escaping ([UInt8]) -> SecretBytes?,
        credentials: EAPTLSCredentials,
        random: any RandomSource
    ) throws(NegotiationFailure) {
        self.password = password
        self.random = random
        let asks = credentials.asksForClientCertificate
        tunnel = try EAPTunnel(.ttls, credentials.settings(.server, peer: nil, asksForClientCertificate: asks))
    }

    var refusal: NegotiationFailure? {
        if let alert { return alert }
        if case .eap(let inner) = state { return inner.refusal }
        return nil
    }

    mutating func answer(_ data: SecretBytes) throws(NegotiationFailure) -> EAPServerStep {
        guard data.isEmpty else { return try answer(inside: data) }
        if case .awaitingAcceptance(let user) = state { return .done(try tunnel.outcome(identity: user)) }
        // The rest of the handshake; or nothing, which gives the client its turn.
        return .request(tunnel.send())
    }

    private mutating func answer(inside data: SecretBytes) throws(NegotiationFailure) -> EAPServerStep {
        let attributes = try [AVP](data, from: "client", known: Self.known)
        switch state {
        case .handshake: return try begin(attributes)
        case .eap(var authenticator):
            guard let octets = attributes.octets(.eapMessage) else {
                throw .malformedEAP("the client stops EAP in the tunnel of EAP-TTLS in the middle")
            }
            let reply = try authenticator.process(EAPMessage(tunneled: octets, from: "client"))
            state = .eap(authenticator)
            return try end(reply)
        case .awaitingAcceptance:
            throw .malformedEAP(
                "the client sends attributes in the tunnel of EAP-TTLS where it has nothing more to say"
            )
        }
    }

    private static let known: Set<AVP.Kind> = [
        .userName, .userPassword, .eapMessage, .msCHAPChallenge, .msCHAP2Response,
    ]

    private mutating func begin(_ attributes: [AVP]) throws(NegotiationFailure) -> EAPServerStep {
        if let octets = attributes.octets(.eapMessage) {
            return try begin(EAPMessage(tunneled: octets, from: "client"))
        }
        guard let user = attributes.octets(.userName) else {
            throw .malformedEAP("the client gives neither EAP nor a user name in the tunnel of EAP-TTLS")
        }
        if let response = attributes.octets(.msCHAP2Response), let challenge = attributes.octets(.msCHAPChallenge) {
            return try judge(response, to: challenge, of: user)
        }
        guard let given = attributes.data(.userPassword) else {
            throw .eap(
                "the client \"\(eapText(user))\" uses a method in the tunnel of EAP-TTLS that is not supported: there are EAP-MSCHAPv2, "
                    + "MS-CHAPv2 and PAP"
            )
        }
        return try judge(given, of: user)
    }
}

// MARK: - EAP in the tunnel

extension TTLSServer {
    /// The client begins, by answering a question that nobody has asked (RFC 5281 section 11.2.1).
    private mutating func begin(_ message: EAPMessage) throws(NegotiationFailure) -> EAPServerStep {
        guard message.code == .response, message.type == .identity else {
            throw .malformedEAP("the client does not begin EAP in the tunnel of EAP-TTLS with its identity")
        }
        var authenticator = EAPAuthenticator(
            method: .mschapV2,
            asksIdentity: false,
            assumedIdentity: message.data,
            password: password,
            tls: nil,
            random: random
        )
        let request = try authenticator.begin()
        state = .eap(authenticator)
        return .request(try tunnel.send(request))
    }

    private mutating func end(_ reply: EAPAuthenticator.Reply) throws(NegotiationFailure) -> EAPServerStep {
        switch reply {
        case .request(let request): return .request(try tunnel.send(request))
        case .success(_, let inner): return .done(try tunnel.outcome(identity: inner.identity))
        case .failure(_, let failure): throw failure
        }
    }
}

// MARK: - Passwords in the tunnel

extension TTLSServer {
    /// RFC 5281 section 11.2.4. Both challenges would be the client's choice, so one of them comes from the session.
    private mutating func judge(
        _ response: [UInt8],
        to challenge: [UInt8],
        of user: [UInt8]
    ) throws(NegotiationFailure) -> EAPServerStep {
        let expected: [UInt8]
        do throws(CryptoError) {
            let secret = try tunnel.session.export(label: "ttls challenge", context: nil, length: 17)
            expected = secret.withUnsafeBytes { Array($0) }
        } catch {
            throw .eapCryptography(.ttls, error)
        }
        // Ident, flags, the client's challenge of 16 octets, 8 reserved ones and the NT-Response of 24.
        guard response.count == 50, challenge == Array(expected.prefix(16)), response.first == expected.last else {
            throw .eap("the MS-CHAPv2 response of \"\(eapText(user))\" does not belong to this TLS session")
        }
        let verdict = try MSCHAPV2Verdict(
            Array(response[26...]),
            authenticatorChallenge: challenge,
            peerChallenge: Array(response[2..<18]),
            userName: user,
            password: password,
            random: random
        )
        switch verdict {
        case .wrong(let failure): throw failure
        case .right(let proof, _):
            state = .awaitingAcceptance(user: user)
            let text = "S=\(hexadecimal(proof).uppercased())"
            return .request(try tunnel.send(.msCHAP2Success, response.prefix(1) + Array(text.utf8)))
        }
    }

    /// PAP (RFC 5281 section 11.2.5): zeros behind the password hide its length.
    private func judge(_ padded: SecretBytes, of user: [UInt8]) throws(NegotiationFailure) -> EAPServerStep {
        let known = password(user)
        let stranger = random.secret(16)
        let length = padded.withUnsafeBytes { octets in (octets.lastIndex { $0 != 0 } ?? -1) + 1 }
        let isRight = padded.slice(0..<length) == (known ?? stranger)
        guard isRight, known != nil else { throw .wrongPassword(user, known) }
        return .done(try tunnel.outcome(identity: user))
    }
}

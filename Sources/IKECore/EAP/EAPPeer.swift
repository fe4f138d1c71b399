package import IKECrypto
package import IKEWire

/// The client's side of one conversation: RFC 3748's "peer".
///
///     Request Identity      Response Identity
///     Request method  ...   Response method   ...        as many rounds as the method takes
///     Success or Failure
///
/// The lower layer is IKE, which delivers each message once and in order: there are no duplicates to answer again.
package struct EAPPeer {
    private let identity: [UInt8]
    private let password: SecretBytes?
    private let tls: EAPTLSCredentials?
    private let random: any RandomSource
    /// What we take part in, the preferred one first; one only if the configuration names it.
    private let acceptable: [EAPMethod]
    private let isChosen: Bool
    private var running: (method: EAPMethod, side: any EAPClientMethod)?
    /// Said in a Nak, for the log when the server gives up.
    private var refused: EAPType?

    /// - Parameters:
    ///   - method: nil for whatever the server proposes and there are credentials for.
    ///   - identity: what Identity is answered with, and the user name.
    ///   - password: UTF-8.
    package init(
        method: EAPMethod?,
        identity: [UInt8],
        password: SecretBytes?,
        tls: EAPTLSCredentials?,
        random: any RandomSource
    ) {
        self.identity = identity
        self.password = password
        self.tls = tls
        self.random = random
        isChosen = method != nil
        if let method {
            acceptable = [method]
        } else {
            acceptable = EAPMethod.allCases.filter { Self.canDo($0, password, tls) }
        }
    }

    private static func canDo(_ method: EAPMethod, _ password: SecretBytes?, _ tls: EAPTLSCredentials?) -> Bool {
        switch method {
        case .mschapV2: password != nil
        case .tls: tls?.hasCertificate ?? false
        case .ttls: password != nil && tls != nil
        }
    }
}

// MARK: - Requests

extension EAPPeer {
    /// The answer to a request. Throws for anything else, for a request that breaks the rules of the method, and where the
    /// configured method has no credentials.
    package mutating func respond(to request: EAPMessage) throws(NegotiationFailure) -> EAPMessage {
        guard request.code == .request, let type = request.type else {
            throw .malformedEAP("the server sent an \(request.code) where EAP has a request")
        }
        switch type {
        case .identity:
            return .response(identifier: request.identifier, type: .identity, data: identity)
        case .notification:
            return .response(identifier: request.identifier, type: .notification)
        default:
            return try respond(to: request, of: type)
        }
    }

    private mutating func respond(
        to request: EAPMessage,
        of type: EAPType
    ) throws(NegotiationFailure) -> EAPMessage {
        if running == nil {
            guard let method = EAPMethod(type), acceptable.contains(method) else { return try refuse(request, type) }
            running = (method, try side(of: method))
        }
        guard var current = running, current.method.type == type else {
            throw .malformedEAP("the server changed the EAP method in the middle to \(type)")
        }
        let data = try current.side.respond(to: request.data, identifier: request.identifier)
        running = current
        return .response(identifier: request.identifier, type: type, data: data)
    }

    /// RFC 3748 section 5.3.1: the methods that we would rather have; 0 for none.
    private mutating func refuse(_ request: EAPMessage, _ type: EAPType) throws(NegotiationFailure) -> EAPMessage {
        guard refused == nil else {
            throw .eap("\(refusal(of: type)), after having been told so by a Nak")
        }
        refused = type
        let wanted = acceptable.map(\.type.rawValue)
        return .response(identifier: request.identifier, type: .nak, data: wanted.isEmpty ? [0] : wanted)
    }

    private func refusal(of type: EAPType) -> String {
        let names = acceptable.map(\.description).joined(separator: ", ")
        let own =
            switch (isChosen, acceptable.isEmpty) {
            case (true, _): "configured is \(names) (auth)"
            case (false, true): "there is neither a password (secrets, eap) nor a certificate for the EAP identity"
            case (false, false): "there are credentials for \(names) only"
            }
        return "the server proposes the EAP method \(type), \(own)"
    }

    private func side(of method: EAPMethod) throws(NegotiationFailure) -> any EAPClientMethod {
        switch method {
        case .mschapV2: MSCHAPV2Client(identity: identity, password: try requirePassword(method), random: random)
        case .tls: EAPTLSClient(identity: identity, credentials: try requireCertificate())
        case .ttls:
            TTLSClient(
                identity: identity,
                password: try requirePassword(method),
                credentials: try requireTrust(),
                random: random
            )
        }
    }

    private func requireCertificate() throws(NegotiationFailure) -> EAPTLSCredentials {
        guard let tls, tls.hasCertificate else {
            throw NegotiationFailure(
                .noCredential,
                "EAP-TLS needs a certificate and its private key, and there are none for \"\(eapText(identity))\" (local, certs)"
            )
        }
        return tls
    }

    private func requireTrust() throws(NegotiationFailure) -> EAPTLSCredentials {
        guard let tls else {
            throw NegotiationFailure(
                .noCredential,
                "EAP-TTLS needs a trusted CA certificate to verify the server with, and there is none (x509ca)"
            )
        }
        return tls
    }

    private func requirePassword(_ method: EAPMethod) throws(NegotiationFailure) -> SecretBytes {
        guard let password else {
            throw NegotiationFailure(
                .noCredential,
                "\(method) needs a password, and no secret is for the EAP identity \"\(eapText(identity))\" (secrets, eap)"
            )
        }
        return password
    }
}

// MARK: - The end

extension EAPPeer {
    /// For a conversation within another, whose end is the other's.
    var outcome: EAPOutcome? { running?.side.outcome }
    var failure: NegotiationFailure? { running?.side.failure }

    /// What Success proves. Throws why the server refuses for Failure, and for a Success that comes before the method has
    /// proved anything, which whoever is on the way may have sent.
    package mutating func finish(_ message: EAPMessage) throws(NegotiationFailure) -> EAPOutcome {
        switch message.code {
        case .success:
            if let failure { throw failure }
            guard let outcome else {
                let place = running.map { "\($0.method) is done" } ?? "any method of EAP has begun"
                throw .malformedEAP("the server reports success before \(place)")
            }
            return outcome
        case .failure:
            if let failure { throw failure }
            if let refused, running == nil { throw .eap("\(refusal(of: refused)), and the server gave up") }
            let place = running.map { "by \($0.method)" } ?? "before any method of EAP has begun"
            throw .eap("the server refuses \"\(eapText(identity))\" \(place), without a reason")
        default:
            throw .malformedEAP("the server sent an \(message.code) where EAP ends in success or failure")
        }
    }
}

package import IKECrypto
package import IKEWire

/// The server's side of one conversation: RFC 3748's "authenticator", with the server in it.
///
/// The lower layer is IKE, which delivers each message once and in order: requests are never sent again.
package struct EAPAuthenticator {
    package enum Reply {
        case request(EAPMessage)
        /// The Success to send, and what was proved.
        case success(EAPMessage, EAPOutcome)
        /// The Failure to send, and why.
        case failure(EAPMessage, NegotiationFailure)
    }

    private enum State {
        case new
        case awaitingIdentity
        case running(any EAPServerMethod)
        case ended
    }

    private let method: EAPMethod
    private let asksIdentity: Bool
    private let password: ([UInt8]) -> SecretBytes?
    private let tls: EAPTLSCredentials?
    private let random: any RandomSource
    private var identity: [UInt8]
    /// Of the request that is under way.
    private var identifier: UInt8
    private var state = State.new
    private var rounds = 0

    /// More than a handshake in fragments of usual sizes takes; who goes on for longer does so for its own sake.
    private static let mostRounds = 512

    /// - Parameters:
    ///   - asksIdentity: whether to begin by asking who the client is.
    ///   - assumedIdentity: who the client is taken for if it is not asked.
    ///   - password: the password in UTF-8 of a user name, which is given as it came ("DOMAIN\name" too); nil where there is none.
    package init(
        method: EAPMethod,
        asksIdentity: Bool,
        assumedIdentity: [UInt8],
        password: @escaping ([UInt8]) -> SecretBytes?,
        tls: EAPTLSCredentials?,
        random: any RandomSource
    ) {
        self.method = method
        self.asksIdentity = asksIdentity
        self.password = password
        self.tls = tls
        self.random = random
        identity = assumedIdentity
        identifier = UInt8(truncatingIfNeeded: random.uint32())
    }
}

// MARK: - The conversation

extension EAPAuthenticator {
    /// Why the client is refused, once the last request has told it so; a failure follows its answer.
    package var refusal: NegotiationFailure? {
        if case .running(let side) = state { side.refusal } else { nil }
    }

    /// The first request. Throws where the method has no credentials of ours.
    package mutating func begin() throws(NegotiationFailure) -> EAPMessage {
        guard asksIdentity else { return try start() }
        state = .awaitingIdentity
        return .request(identifier: identifier, type: .identity)
    }

    /// What a response leads to. Throws after the end alone, and where the method has no credentials of ours; what the client
    /// does wrong is a `failure`.
    package mutating func process(_ response: EAPMessage) throws(NegotiationFailure) -> Reply {
        switch state {
        case .new, .ended: throw .malformedEAP("the client goes on with EAP where there is no conversation")
        case .awaitingIdentity, .running: break
        }
        do throws(NegotiationFailure) {
            return try advance(response)
        } catch {
            state = .ended
            return .failure(.failure(identifier: identifier), error)
        }
    }

    private mutating func start() throws(NegotiationFailure) -> EAPMessage {
        var side = try side()
        let data = try side.begin(identifier: identifier)
        state = .running(side)
        return .request(identifier: identifier, type: method.type, data: data)
    }

    private mutating func advance(_ response: EAPMessage) throws(NegotiationFailure) -> Reply {
        guard response.code == .response, let type = response.type else {
            throw .malformedEAP("the client sent an \(response.code) where EAP has a response")
        }
        guard response.identifier == identifier else {
            throw .malformedEAP(
                "the client answers request \(response.identifier) of EAP, under way is request \(identifier)"
            )
        }
        rounds += 1
        guard rounds <= Self.mostRounds else { throw .malformedEAP("\(method) does not end") }
        switch (state, type) {
        case (.awaitingIdentity, .identity):
            identity = response.data
            identifier &+= 1
            return .request(try start())
        case (.running(var side), method.type):
            let step = try side.process(response.data, identifier: identifier &+ 1)
            return end(step, side)
        case (.running, .nak):
            throw refusal(of: response.data)
        default:
            throw .malformedEAP("the client answers with the EAP type \(type) where it must not")
        }
    }

    private mutating func end(_ step: EAPServerStep, _ side: any EAPServerMethod) -> Reply {
        switch step {
        case .request(let data):
            state = .running(side)
            identifier &+= 1
            return .request(.request(identifier: identifier, type: method.type, data: data))
        case .done(let outcome):
            state = .ended
            // RFC 3748 section 4.2: the identifier of the response that it answers.
            return .success(.success(identifier: identifier), outcome)
        }
    }

    private func refusal(of wanted: [UInt8]) -> NegotiationFailure {
        let names = wanted.filter { $0 != 0 }.prefix(8).map { EAPType(rawValue: $0) }
            .map { EAPMethod($0)?.description ?? "\($0)" }
        let text = names.isEmpty ? "no method that it names" : names.joined(separator: ", ")
        return .eap("the client \"\(eapText(identity))\" wants \(text), configured is \(method) (auth)")
    }
}

// MARK: - Methods

extension EAPAuthenticator {
    private func side() throws(NegotiationFailure) -> any EAPServerMethod {
        switch method {
        case .mschapV2: MSCHAPV2Server(password: password, random: random)
        case .tls: try EAPTLSServer(identity: identity, credentials: try requireCertificate())
        case .ttls: try TTLSServer(password: password, credentials: try requireCertificate(), random: random)
        }
    }

    private func requireCertificate() throws(NegotiationFailure) -> EAPTLSCredentials {
        guard let tls, tls.hasCertificate else {
            throw NegotiationFailure(
                .noCredential,
                "the server of \(method) needs a certificate and its private key, and there are none (local, certs)",
                notify: Notify(.authenticationFailed)
            )
        }
        return tls
    }
}

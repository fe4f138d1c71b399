package import IKECore
package import IKECrypto
package import IKEWire
import Inet

// IKE_SA_INIT and IKE_AUTH as the scripted peer does them, in both roles.

/// A key exchange of the peer that waits for the engine's answer.
package struct ScriptedOffer {
    package let spi: [UInt8]
    package let nonce: [UInt8]
    package let keyExchange: KeyExchange?
    package let payloads: [Payload]
}

extension ScriptedPeer {
    // MARK: - The peer answers

    /// Answers IKE_SA_INIT with the first transform of each type of the first proposal, and holds the SA where the answer,
    /// as the test has changed it, makes one.
    @discardableResult
    package func answerInit(_ request: Received, change: Change = { _ in }) throws -> [UInt8] {
        guard let offered = request.payloads.securityAssociation?.first, let nonceI = request.payloads.nonce,
            let theirs = request.payloads.keyExchange
        else { throw Deviation("the engine's IKE_SA_INIT request is incomplete") }
        let own = try KeyExchange(theirs.method, random: random)
        let nonceR = random.bytes(32)
        let spiR = IKESPI(rawValue: random.uint64() | 1)
        var message = Message(
            header: Header(
                initiatorSPI: request.header.initiatorSPI,
                responderSPI: spiR,
                exchangeType: .ikeSAInit,
                flags: .response,
                messageID: 0
            ),
            payloads: [
                Payload(.securityAssociation([offered.reduced(keyExchange: theirs.method)])),
                Payload(.keyExchange(KeyExchangePayload(method: own.method, data: own.publicValue))),
                Payload(.nonce(nonceR)),
            ]
        )
        change(&message)
        let bytes = try message.encoded()
        if let agreed = message.payloads.securityAssociation?.first {
            let secret = try own.sharedSecret(with: theirs.data)
            let made = try? ScriptedSA(
                role: .responder,
                proposal: agreed,
                spiI: request.header.initiatorSPI,
                spiR: spiR,
                nonceI: nonceI,
                nonceR: nonceR
            ) { try KeyDerivation.skeyseed(prf: $0, sharedSecret: secret, nonceI: nonceI, nonceR: nonceR) }
            if let made { hold(made) }
        }
        initRequestBytes = request.bytes
        initResponseBytes = bytes
        deliver(bytes)
        return bytes
    }

    /// Answers IKE_SA_INIT with notifies and without an SA.
    package func refuseInit(_ request: Received, _ notifies: Notify...) throws {
        let header = Header(
            initiatorSPI: request.header.initiatorSPI,
            responderSPI: .zero,
            exchangeType: .ikeSAInit,
            flags: .response,
            messageID: 0
        )
        deliver(try Message(header: header, payloads: notifies.map { Payload(.notify($0)) }).encoded())
    }

    /// Checks the engine's AUTH payload and answers IKE_AUTH.
    ///
    /// - Returns: the CHILD SA that was agreed, where the request asks for one.
    @discardableResult
    package func answerAuth(_ request: Received, change: Change = { _ in }) throws -> ScriptedChild? {
        guard let sa = request.sa, let theirs = request.payloads.identificationInitiator,
            request.payloads.authentication?.data == (try authentication(of: .initiator, theirs, sa))
        else { throw Deviation("the engine's AUTH payload is wrong") }
        var payloads = [
            Payload(.identificationResponder(identity)),
            Payload(
                .authentication(
                    Authentication(method: .sharedKey, data: try authentication(of: .responder, identity, sa))
                )
            ),
        ]
        var child: ScriptedChild?
        if request.payloads.securityAssociation != nil {
            let (made, more) = try childAnswer(request, nonceI: sa.nonceI, nonceR: sa.nonceR)
            child = made
            payloads += more
        }
        try answer(request, payloads, change: change)
        return child
    }

    /// The engine initiates and the peer answers as it should.
    @discardableResult
    package func letEngineEstablish(children: ChildChoice = .all) throws -> ScriptedChild? {
        initiate(children: children)
        try answerInit(try nextRequest(.ikeSAInit))
        let child = try answerAuth(try nextRequest(.ikeAuth))
        guard isUp else { throw Deviation("the engine did not establish the IKE SA: \(logs.map(\.message))") }
        return child
    }

    // MARK: - The peer asks

    /// Sends IKE_SA_INIT.
    @discardableResult
    package func requestInit(
        _ proposals: [Proposal] = TwoSites.proposals("aes128gcm16-prfsha256-x25519", .ike),
        method: KeyExchangeMethod? = nil,
        change: Change = { _ in }
    ) throws -> ScriptedOffer {
        let first = proposals.first?.keyExchange.first?.id ?? 0
        let own = try KeyExchange(method ?? KeyExchangeMethod(rawValue: first), random: random)
        let nonce = random.bytes(32)
        let spi = IKESPI(rawValue: random.uint64() | 1)
        let payloads = [
            Payload(.securityAssociation(proposals)),
            Payload(.keyExchange(KeyExchangePayload(method: own.method, data: own.publicValue))),
            Payload(.nonce(nonce)),
        ]
        var message = Message(
            header: Header(
                initiatorSPI: spi,
                responderSPI: .zero,
                exchangeType: .ikeSAInit,
                flags: .initiator,
                messageID: 0
            ),
            payloads: payloads
        )
        change(&message)
        initRequestBytes = try message.encoded()
        deliver(initRequestBytes)
        return ScriptedOffer(spi: spi.bytes, nonce: nonce, keyExchange: own, payloads: message.payloads)
    }

    /// Sends the same IKE_SA_INIT request again with other payloads, as a cookie or another group ask for.
    package func repeatInit(_ offer: ScriptedOffer, _ payloads: [Payload]) throws {
        guard let spi = IKESPI(bytes: offer.spi) else { throw Deviation("not an SPI") }
        let header = Header(
            initiatorSPI: spi,
            responderSPI: .zero,
            exchangeType: .ikeSAInit,
            flags: .initiator,
            messageID: 0
        )
        initRequestBytes = try Message(header: header, payloads: payloads).encoded()
        deliver(initRequestBytes)
    }

    /// Takes the engine's answer and holds the SA.
    package func concludeInit(_ offer: ScriptedOffer, _ response: Received) throws {
        guard let agreed = response.payloads.securityAssociation?.first, let nonceR = response.payloads.nonce,
            let theirs = response.payloads.keyExchange, let own = offer.keyExchange
        else { throw Deviation("the engine refused IKE_SA_INIT: \(response.payloads.notifies.map(\.type))") }
        let secret = try own.sharedSecret(with: theirs.data)
        initResponseBytes = response.bytes
        let made = try ScriptedSA(
            role: .initiator,
            proposal: agreed,
            spiI: response.header.initiatorSPI,
            spiR: response.header.responderSPI,
            nonceI: offer.nonce,
            nonceR: nonceR
        ) { try KeyDerivation.skeyseed(prf: $0, sharedSecret: secret, nonceI: offer.nonce, nonceR: nonceR) }
        made.nextRequestID = 1
        hold(made)
    }

    /// Sends IKE_SA_INIT and takes the answer.
    package func agreeInit(
        _ proposals: [Proposal] = TwoSites.proposals("aes128gcm16-prfsha256-x25519", .ike)
    ) throws {
        try concludeInit(try requestInit(proposals), try nextResponse())
    }

    /// Sends IKE_AUTH.
    @discardableResult
    package func requestAuth(_ offer: ScriptedOffer? = nil, change: Change = { _ in }) throws -> ScriptedOffer {
        let sa = try sa
        let offer = offer ?? childOffer()
        let payloads =
            [
                Payload(.identificationInitiator(identity)),
                Payload(
                    .authentication(
                        Authentication(method: .sharedKey, data: try authentication(of: .initiator, identity, sa))
                    )
                ),
            ] + offer.payloads.filter { $0.type != .nonce }
        try request(.ikeAuth, payloads, change: change)
        return offer
    }

    /// Checks the engine's answer to IKE_AUTH.
    ///
    /// - Returns: the CHILD SA that was agreed, if one was.
    @discardableResult
    package func concludeAuth(_ offer: ScriptedOffer, _ response: Received) throws -> ScriptedChild? {
        guard let sa = response.sa, let theirs = response.payloads.identificationResponder,
            response.payloads.authentication?.data == (try authentication(of: .responder, theirs, sa))
        else { throw Deviation("the engine's AUTH payload is wrong or missing") }
        guard response.payloads.securityAssociation != nil else { return nil }
        return try childConcluded(offer, response, nonceI: sa.nonceI, nonceR: sa.nonceR)
    }

    /// The peer initiates as it should.
    @discardableResult
    package func establish() throws -> ScriptedChild? {
        try agreeInit()
        return try concludeAuth(try requestAuth(), try nextResponse())
    }

    // MARK: - AUTH

    private func authentication(of role: Role, _ identity: Identification, _ sa: ScriptedSA) throws -> [UInt8] {
        try SharedKeyAuthentication.sign(
            prf: sa.prf,
            psk: secret,
            message: role == .initiator ? initRequestBytes : initResponseBytes,
            peerNonce: role == .initiator ? sa.nonceR : sa.nonceI,
            skP: role == .initiator ? sa.keys.pi : sa.keys.pr,
            idBody: identity.bodyOctets
        )
    }
}

extension Proposal {
    /// The proposal with the first transform of each type, and of key exchanges the given one: what a responder answers.
    package func reduced(keyExchange method: KeyExchangeMethod? = nil) -> Proposal {
        var copy = self
        var seen: Set<TransformType> = []
        copy.transforms = transforms.filter { transform in
            if let method, transform.type == .keyExchange { return transform.id == method.rawValue }
            return seen.insert(transform.type).inserted
        }
        return copy
    }
}

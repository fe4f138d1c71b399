package import IKECore
package import IKECrypto
package import IKEWire

/// An IKE SA as the scripted peer holds it: keys derived apart from the engine, and whatever message ID a test wants.
package final class ScriptedSA {
    /// The peer's own role.
    package let role: Role
    package let spiI: IKESPI
    package let spiR: IKESPI
    package let nonceI: [UInt8]
    package let nonceR: [UInt8]
    package let prf: PRF
    package let keys: IKEKeys
    /// The message ID of the peer's next request.
    package var nextRequestID: UInt32 = 0
    private let suite: CipherSuite
    private let sealer: PacketCipher
    private let opener: PacketCipher
    private var sealed: UInt64 = 0

    /// - Parameter skeyseed: the secret that all keys come from, made with the PRF of this SA or of the one before.
    package init(
        role: Role,
        proposal: Proposal,
        spiI: IKESPI,
        spiR: IKESPI,
        nonceI: [UInt8],
        nonceR: [UInt8],
        skeyseed: (PRF) throws -> SecretBytes
    ) throws {
        self.role = role
        self.spiI = spiI
        self.spiR = spiR
        self.nonceI = nonceI
        self.nonceR = nonceR
        prf = try PRF(PRFAlgorithm(rawValue: proposal.prf.first?.id ?? 0))
        suite = try CipherSuite(agreed: proposal)
        keys = try KeyDerivation.ikeKeys(
            prf: prf,
            suite: suite,
            skeyseed: try skeyseed(prf),
            nonceI: nonceI,
            nonceR: nonceR,
            spiI: spiI,
            spiR: spiR
        )
        let isInitiator = role == .initiator
        sealer = try PacketCipher(suite, keys: isInitiator ? keys.initiator : keys.responder, direction: .seal)
        opener = try PacketCipher(suite, keys: isInitiator ? keys.responder : keys.initiator, direction: .open)
    }

    /// A header for a message of the peer.
    package func header(_ exchangeType: ExchangeType, messageID: UInt32, isResponse: Bool) -> Header {
        var flags: Header.Flags = role == .initiator ? [.initiator] : []
        if isResponse { flags.insert(.response) }
        return Header(
            initiatorSPI: spiI,
            responderSPI: spiR,
            exchangeType: exchangeType,
            flags: flags,
            messageID: messageID
        )
    }

    /// The octets of a message whose payloads all go into the SK payload.
    ///
    /// - Parameter reserved: the reserved bits of the SK payload's own header.
    package func seal(_ message: Message, reserved: UInt8 = 0) throws -> [UInt8] {
        let (first, inner) = try PayloadChain.encode(message.payloads)
        return try seal(inner, first: first, header: message.header, reserved: reserved)
    }

    /// The same for octets that need not be a chain of payloads.
    package func seal(
        _ inner: [UInt8],
        first: PayloadType,
        header: Header,
        reserved: UInt8 = 0
    ) throws -> [UInt8] {
        let unpadded = inner.count + 1
        let padLength = (suite.blockLength - unpadded % suite.blockLength) % suite.blockLength
        let plaintext = inner + [UInt8](repeating: 0, count: padLength) + [UInt8(padLength)]
        let bodyLength = suite.ivLength + plaintext.count + suite.icvLength
        var prefix = try EncryptedEnvelope.prefix(header: header, firstPayload: first, bodyLength: bodyLength)
        prefix[Header.length + 1] |= reserved & 0x7f
        sealed += 1
        let iv = try sealer.makeIV(counter: sealed)
        return try prefix + iv + sealer.seal(iv: iv, aad: prefix, plaintext: plaintext)
    }

    /// The payloads inside the SK payload of a message of the engine.
    package func open(_ encrypted: Encrypted, of bytes: [UInt8]) throws -> [Payload] {
        let body = encrypted.body
        let plaintext = try opener.open(
            iv: Array(body.prefix(suite.ivLength)),
            aad: Array(bytes.dropLast(body.count)),
            ciphertextAndICV: Array(body.dropFirst(suite.ivLength))
        )
        let inner = Array(plaintext.dropLast(Int(plaintext.last ?? 0) + 1))
        return try PayloadChain.decode(first: encrypted.firstPayload, inner, at: 0)
    }
}

/// A CHILD SA as the scripted peer holds it.
package struct ScriptedChild {
    package let proposal: Proposal
    /// The peer receives on this SPI.
    package let inboundSPI: ESPSPI
    /// The engine receives on this SPI.
    package let outboundSPI: ESPSPI
    package let inboundKeys: CipherKeys
    package let outboundKeys: CipherKeys

    /// - Parameter role: the peer's role in the exchange that made the SA.
    package init(
        role: Role,
        proposal: Proposal,
        inboundSPI: ESPSPI,
        outboundSPI: ESPSPI,
        of sa: ScriptedSA,
        sharedSecret: SecretBytes?,
        nonceI: [UInt8],
        nonceR: [UInt8]
    ) throws {
        self.proposal = proposal
        self.inboundSPI = inboundSPI
        self.outboundSPI = outboundSPI
        let keys = try KeyDerivation.childKeys(
            prf: sa.prf,
            suite: try CipherSuite(agreed: proposal),
            skD: sa.keys.d,
            sharedSecret: sharedSecret,
            nonceI: nonceI,
            nonceR: nonceR
        )
        inboundKeys = role == .initiator ? keys.responder : keys.initiator
        outboundKeys = role == .initiator ? keys.initiator : keys.responder
    }

    /// Whether the engine's SA is the other end of this one: SPIs and keys of both directions.
    package func isTwin(of childSA: ChildSA) -> Bool {
        childSA.inboundSPI == outboundSPI && childSA.outboundSPI == inboundSPI
            && childSA.keys?.inbound.encryption == outboundKeys.encryption
            && childSA.keys?.inbound.integrity == outboundKeys.integrity
            && childSA.keys?.outbound.encryption == inboundKeys.encryption
            && childSA.keys?.outbound.integrity == inboundKeys.integrity
    }
}

extension CipherSuite {
    /// The suite of a proposal with one transform of each type.
    init(agreed proposal: Proposal) throws {
        try self.init(
            encryption: EncryptionAlgorithm(rawValue: proposal.encryption.first?.id ?? 0),
            keyLength: proposal.encryption.first?.keyLength,
            integrity: proposal.integrity.first.map { IntegrityAlgorithm(rawValue: $0.id) }
        )
    }
}

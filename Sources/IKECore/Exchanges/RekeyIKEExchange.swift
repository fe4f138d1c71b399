import IKECrypto
import IKEWire
import Inet

// CREATE_CHILD_SA that rekeys the IKE SA (RFC 7296 sections 1.3.2 and 2.18).
//
//     initiator                        responder
//     HDR, SK {SA, Ni, KEi}      -->
//                                <--   HDR, SK {SA, Nr, KEr}
//
// The new SPIs stand in the SA payloads. The CHILD SAs move to the new IKE SA; then the initiator deletes the old one.

/// Everything that a rekeyed IKE SA starts with.
struct RekeyedIKE {
    let spiI: IKESPI
    let spiR: IKESPI
    let security: IKESecurity
    let exported: KeyExport
    /// Those of the exchange; they decide between two that crossed.
    let nonces: [[UInt8]]
}

/// The initiator's side.
struct RekeyIKEInitiator {
    let spiI: IKESPI
    let nonce: [UInt8]
    let offered: [Proposal]
    private let keyExchange: KeyExchange
    private let isRetry: Bool

    enum Answer {
        case agreed(RekeyedIKE)
        case retry(RekeyIKEInitiator)
    }

    init(connection: Connection, spiI: IKESPI, random: any RandomSource) throws(NegotiationFailure) {
        let offered = Proposal.numbered(connection.proposals, spi: spiI.bytes)
        guard let method = offered.first?.transforms(of: .keyExchange).first else {
            throw NegotiationFailure(.unsupported, "connection \(connection.name) has no key exchange in its proposals")
        }
        try self.init(
            spiI: spiI,
            offered: offered,
            method: KeyExchangeMethod(rawValue: method.id),
            isRetry: false,
            random: random
        )
    }

    private init(
        spiI: IKESPI,
        offered: [Proposal],
        method: KeyExchangeMethod,
        isRetry: Bool,
        random: any RandomSource
    ) throws(NegotiationFailure) {
        self.spiI = spiI
        self.offered = offered
        self.isRetry = isRetry
        nonce = random.bytes(nonceLength)
        keyExchange = try makeKeyExchange(method, random)
    }

    var request: [Payload] {
        [
            Payload(.securityAssociation(offered)),
            Payload(.nonce(nonce)),
            Payload(.keyExchange(KeyExchangePayload(method: keyExchange.method, data: keyExchange.publicValue))),
        ]
    }

    func process(
        _ payloads: [Payload],
        old: IKESecurity,
        random: any RandomSource
    ) throws(NegotiationFailure) -> Answer {
        if let notify = payloads.notify(.invalidKEPayload), !isRetry {
            let method = try requestedMethod(notify, offered: offered, current: keyExchange.method)
            return .retry(
                try RekeyIKEInitiator(spiI: spiI, offered: offered, method: method, isRetry: true, random: random)
            )
        }
        if let error = payloads.notifies.first(where: { $0.type.isError }) { throw refusal(error, offered: offered) }
        try PayloadRule.rekeyIKE.check(payloads)
        let answer = payloads.securityAssociation ?? []
        guard let proposal = answer.first, ProposalSelection.isAcceptable(answer, offered: offered),
            let spiR = IKESPI(bytes: proposal.spi), spiR != .zero,
            let nonceR = payloads.nonce, let peerValue = payloads.keyExchange,
            peerValue.method == keyExchange.method,
            proposal.transforms(of: .keyExchange).first?.id == keyExchange.method.rawValue
        else {
            throw NegotiationFailure(
                .noProposalChosen,
                "the peer answered the rekeying of the IKE SA with \(ProposalSelection.list(answer)), offered was "
                    + ProposalSelection.list(offered)
            )
        }
        return .agreed(
            try RekeyedIKE.derive(
                proposal: proposal,
                role: .initiator,
                spiI: spiI,
                spiR: spiR,
                nonceI: nonce,
                nonceR: nonceR,
                sharedSecret: try sharedSecret(keyExchange, peerValue),
                old: old
            )
        )
    }
}

/// The responder's side.
enum RekeyIKEResponder {
    static func answer(
        _ payloads: [Payload],
        connection: Connection,
        spiR: IKESPI,
        old: IKESecurity,
        random: any RandomSource
    ) throws(NegotiationFailure) -> (rekeyed: RekeyedIKE, payloads: [Payload]) {
        try PayloadRule.rekeyIKE.check(payloads)
        let offered = payloads.securityAssociation ?? []
        guard let chosen = ProposalSelection.select(offered: offered, configured: connection.proposals) else {
            throw NegotiationFailure(
                .noProposalChosen,
                "no IKE proposal in common when rekeying (NO_PROPOSAL_CHOSEN): "
                    + ProposalSelection.explainMismatch(offered: offered, configured: connection.proposals),
                notify: Notify(.noProposalChosen)
            )
        }
        guard let spiI = IKESPI(bytes: chosen.spi), spiI != .zero, let nonceI = payloads.nonce else {
            throw PayloadRule.rekeyIKE.malformed("has no new SPI")
        }
        let method = KeyExchangeMethod(rawValue: chosen.transforms(of: .keyExchange).first?.id ?? 0)
        let (own, secret) = try KeyExchangeResponder.answer(payloads.keyExchange, agreed: method, random: random)
        guard let secret else { throw PayloadRule.rekeyIKE.malformed("has no key exchange") }
        let nonceR = random.bytes(nonceLength)
        let rekeyed = try RekeyedIKE.derive(
            proposal: chosen,
            role: .responder,
            spiI: spiI,
            spiR: spiR,
            nonceI: nonceI,
            nonceR: nonceR,
            sharedSecret: secret,
            old: old
        )
        var answer = chosen
        answer.spi = spiR.bytes
        return (rekeyed, [Payload(.securityAssociation([answer])), Payload(.nonce(nonceR))] + own)
    }
}

extension RekeyedIKE {
    /// SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), with the PRF of the old SA (RFC 7296 section 2.18).
    fileprivate static func derive(
        proposal: Proposal,
        role: Role,
        spiI: IKESPI,
        spiR: IKESPI,
        nonceI: [UInt8],
        nonceR: [UInt8],
        sharedSecret: SecretBytes,
        old: IKESecurity
    ) throws(NegotiationFailure) -> RekeyedIKE {
        let derived = try IKESecurity.derive(
            proposal: proposal,
            role: role,
            spiI: spiI,
            spiR: spiR,
            nonceI: nonceI,
            nonceR: nonceR,
            allowsFragments: old.allowsFragments
        ) { (_) throws(CryptoError) in
            try KeyDerivation.rekeyedSKEYSEED(
                prf: old.prf,
                skD: old.skD,
                sharedSecret: sharedSecret,
                nonceI: nonceI,
                nonceR: nonceR
            )
        }
        return RekeyedIKE(
            spiI: spiI,
            spiR: spiR,
            security: derived.security,
            exported: derived.exported,
            nonces: [nonceI, nonceR]
        )
    }
}

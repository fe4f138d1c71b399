import IKECrypto
import IKEWire
import Inet

// CREATE_CHILD_SA for a CHILD SA: a further one, or the successor of one (RFC 7296 sections 1.3.1 and 1.3.3).
//
//     initiator                                                responder
//     HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}   -->
//                                                        <--   HDR, SK {SA, Nr, [KEr,] TSi, TSr}
//                                                        <--   HDR, SK {N(error)}

/// The initiator's side.
struct CreateChildInitiator {
    let offer: ChildOffer
    let nonce: [UInt8]
    /// Present for perfect forward secrecy.
    let keyExchange: KeyExchange?
    /// The CHILD SA to be replaced.
    let rekeying: ChildSA?
    private let isRetry: Bool

    enum Answer {
        case agreed(ChildAgreement, sharedSecret: SecretBytes?, nonceR: [UInt8])
        /// The same again with the key exchange that the responder asks for.
        case retry(CreateChildInitiator)
    }

    init(offer: ChildOffer, rekeying: ChildSA?, random: any RandomSource) throws(NegotiationFailure) {
        let method = offer.proposals.first?.transforms(of: .keyExchange).first { $0.id != 0 }
        try self.init(
            offer: offer,
            rekeying: rekeying,
            method: method.map { KeyExchangeMethod(rawValue: $0.id) },
            isRetry: false,
            random: random
        )
    }

    private init(
        offer: ChildOffer,
        rekeying: ChildSA?,
        method: KeyExchangeMethod?,
        isRetry: Bool,
        random: any RandomSource
    ) throws(NegotiationFailure) {
        self.offer = offer
        self.rekeying = rekeying
        self.isRetry = isRetry
        nonce = random.bytes(nonceLength)
        if let method {
            keyExchange = try makeKeyExchange(method, random)
        } else {
            keyExchange = nil
        }
    }

    var request: [Payload] {
        var payloads: [Payload] = []
        if let rekeying {
            payloads.append(
                Payload(.notify(Notify(.rekeySA, protocolID: .esp, spi: rekeying.inboundSPI.bytes)))
            )
        }
        let child = offer.payloads
        payloads += child.prefix(1)
        payloads.append(Payload(.nonce(nonce)))
        if let keyExchange {
            payloads.append(
                Payload(.keyExchange(KeyExchangePayload(method: keyExchange.method, data: keyExchange.publicValue)))
            )
        }
        return payloads + child.dropFirst()
    }

    func process(_ payloads: [Payload], random: any RandomSource) throws(NegotiationFailure) -> Answer {
        if let notify = payloads.notify(.invalidKEPayload), !isRetry {
            let method = try requestedMethod(
                notify,
                offered: offer.proposals,
                current: keyExchange?.method ?? .none
            )
            return .retry(
                try CreateChildInitiator(
                    offer: offer,
                    rekeying: rekeying,
                    method: method,
                    isRetry: true,
                    random: random
                )
            )
        }
        let agreement = try offer.accept(payloads)
        try PayloadRule.createChild.check(payloads)
        guard let nonceR = payloads.nonce else { throw PayloadRule.createChild.malformed("lacks its nonce") }
        let chosen = KeyExchangeMethod(rawValue: agreement.proposal.transforms(of: .keyExchange).first?.id ?? 0)
        guard chosen != .none else { return .agreed(agreement, sharedSecret: nil, nonceR: nonceR) }
        guard let keyExchange, let peerValue = payloads.keyExchange, chosen == keyExchange.method,
            peerValue.method == chosen
        else {
            throw NegotiationFailure(
                .invalidKeyExchange,
                "the peer agreed on \(chosen) for CHILD SA \(offer.policy.name) but its public value is for another group"
            )
        }
        return .agreed(agreement, sharedSecret: try sharedSecret(keyExchange, peerValue), nonceR: nonceR)
    }
}

/// The responder's side.
enum CreateChildResponder {
    struct Answer {
        let agreement: ChildAgreement
        let sharedSecret: SecretBytes?
        let nonceI: [UInt8]
        let nonceR: [UInt8]
        let payloads: [Payload]
    }

    static func answer(
        _ payloads: [Payload],
        connection: Connection,
        path: ChildPath,
        spi: ESPSPI,
        random: any RandomSource
    ) throws(NegotiationFailure) -> Answer {
        try PayloadRule.createChild.check(payloads)
        guard let nonceI = payloads.nonce else { throw PayloadRule.createChild.malformed("lacks its nonce") }
        let (agreement, child) = try ChildResponder.answer(
            payloads,
            connection: connection,
            path: path,
            withKeyExchange: true,
            spi: spi
        )
        let nonceR = random.bytes(nonceLength)
        let method = KeyExchangeMethod(rawValue: agreement.proposal.transforms(of: .keyExchange).first?.id ?? 0)
        let (own, secret) = try KeyExchangeResponder.answer(payloads.keyExchange, agreed: method, random: random)
        return Answer(
            agreement: agreement,
            sharedSecret: secret,
            nonceI: nonceI,
            nonceR: nonceR,
            payloads: child.prefix(1) + [Payload(.nonce(nonceR))] + own + child.dropFirst()
        )
    }
}

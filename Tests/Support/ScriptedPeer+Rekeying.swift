import IKECore
package import IKECrypto
package import IKEWire
import Inet

// CREATE_CHILD_SA as the scripted peer does it, in both roles.

extension ScriptedPeer {
    // MARK: - CHILD SAs

    /// SA, Ni, [KEi,] TSi and TSr for a CHILD SA between the two sites, with REKEY_SA in front where it replaces one.
    package func childOffer(
        _ proposals: [Proposal] = TwoSites.proposals("aes128gcm16-noesn", .esp),
        rekeying old: ESPSPI? = nil,
        local: [String] = ["10.2.0.0/16"],
        remote: [String] = ["10.1.0.0/16"],
        keyExchange: KeyExchange? = nil,
        nonce chosen: [UInt8]? = nil
    ) -> ScriptedOffer {
        let spi = ESPSPI(rawValue: random.uint32() | 0x1000)
        let nonce = chosen ?? random.bytes(32)
        var offered = proposals
        for index in offered.indices { offered[index].spi = spi.bytes }
        var payloads: [Payload] = []
        if let old { payloads.append(Payload(.notify(Notify(.rekeySA, protocolID: .esp, spi: old.bytes)))) }
        payloads += [Payload(.securityAssociation(offered)), Payload(.nonce(nonce))]
        if let keyExchange {
            payloads.append(
                Payload(.keyExchange(KeyExchangePayload(method: keyExchange.method, data: keyExchange.publicValue)))
            )
        }
        payloads += [
            Payload(.trafficSelectorsInitiator(local.map { .selector(TwoSites.selector($0)) })),
            Payload(.trafficSelectorsResponder(remote.map { .selector(TwoSites.selector($0)) })),
        ]
        return ScriptedOffer(spi: spi.bytes, nonce: nonce, keyExchange: keyExchange, payloads: payloads)
    }

    /// What the engine made of an offer in CREATE_CHILD_SA.
    @discardableResult
    package func concludeChild(_ offer: ScriptedOffer, _ response: Received) throws -> ScriptedChild {
        guard let nonceR = response.payloads.nonce else {
            throw Deviation("the engine refused the CHILD SA: \(response.payloads.notifies.map(\.type))")
        }
        return try childConcluded(offer, response, nonceI: offer.nonce, nonceR: nonceR)
    }

    func childConcluded(
        _ offer: ScriptedOffer,
        _ response: Received,
        nonceI: [UInt8],
        nonceR: [UInt8]
    ) throws -> ScriptedChild {
        guard let sa = response.sa, let agreed = response.payloads.securityAssociation?.first,
            let theirs = ESPSPI(bytes: agreed.spi), let ours = ESPSPI(bytes: offer.spi)
        else { throw Deviation("the engine refused the CHILD SA: \(response.payloads.notifies.map(\.type))") }
        var secret: SecretBytes?
        if let own = offer.keyExchange, let value = response.payloads.keyExchange {
            secret = try own.sharedSecret(with: value.data)
        }
        return try ScriptedChild(
            role: .initiator,
            proposal: agreed,
            inboundSPI: ours,
            outboundSPI: theirs,
            of: sa,
            sharedSecret: secret,
            nonceI: nonceI,
            nonceR: nonceR
        )
    }

    /// Has the peer make a CHILD SA, or replace one.
    @discardableResult
    package func makeChild(rekeying old: ESPSPI? = nil) throws -> ScriptedChild {
        let offer = childOffer(rekeying: old)
        return try concludeChild(offer, try exchange(.createChildSA, offer.payloads))
    }

    /// Answers the engine's CREATE_CHILD_SA for a CHILD SA.
    @discardableResult
    package func answerChild(
        _ request: Received,
        nonce: [UInt8]? = nil,
        change: Change = { _ in }
    ) throws -> ScriptedChild {
        guard let nonceI = request.payloads.nonce else { throw Deviation("the engine's request lacks a nonce") }
        let nonceR = nonce ?? random.bytes(32)
        let (child, payloads) = try childAnswer(request, nonceI: nonceI, nonceR: nonceR)
        try answer(request, payloads.prefix(1) + [Payload(.nonce(nonceR))] + payloads.dropFirst(), change: change)
        return child
    }

    /// SA, [KE,] TSi and TSr that take up the first proposal of the engine and all of its selectors.
    package func childAnswer(
        _ request: Received,
        nonceI: [UInt8],
        nonceR: [UInt8]
    ) throws -> (child: ScriptedChild, payloads: [Payload]) {
        guard let sa = request.sa, let offered = request.payloads.securityAssociation?.first,
            let theirs = ESPSPI(bytes: offered.spi), let initiators = request.payloads.trafficSelectorsInitiator,
            let responders = request.payloads.trafficSelectorsResponder
        else { throw Deviation("the engine's request for a CHILD SA is incomplete") }
        let value = request.payloads.keyExchange
        let own = try value.map { try KeyExchange($0.method, random: random) }
        let ours = ESPSPI(rawValue: random.uint32() | 0x1000)
        var agreed = offered.reduced(keyExchange: value?.method)
        let child = try ScriptedChild(
            role: .responder,
            proposal: agreed,
            inboundSPI: ours,
            outboundSPI: theirs,
            of: sa,
            sharedSecret: try own?.sharedSecret(with: value?.data ?? []),
            nonceI: nonceI,
            nonceR: nonceR
        )
        agreed.spi = ours.bytes
        var payloads = [Payload(.securityAssociation([agreed]))]
        if let own {
            payloads.append(Payload(.keyExchange(KeyExchangePayload(method: own.method, data: own.publicValue))))
        }
        payloads += [Payload(.trafficSelectorsInitiator(initiators)), Payload(.trafficSelectorsResponder(responders))]
        return (child, payloads)
    }

    // MARK: - IKE SAs

    /// SA, Ni and KEi for an IKE SA that takes the place of the latest one.
    package func ikeOffer(
        _ proposals: [Proposal] = TwoSites.proposals("aes128gcm16-prfsha256-x25519", .ike),
        method: KeyExchangeMethod? = nil,
        nonce chosen: [UInt8]? = nil
    ) throws -> ScriptedOffer {
        let first = proposals.first?.keyExchange.first?.id ?? 0
        let own = try KeyExchange(method ?? KeyExchangeMethod(rawValue: first), random: random)
        let spi = IKESPI(rawValue: random.uint64() | 1)
        let nonce = chosen ?? random.bytes(32)
        var offered = proposals
        for index in offered.indices { offered[index].spi = spi.bytes }
        return ScriptedOffer(
            spi: spi.bytes,
            nonce: nonce,
            keyExchange: own,
            payloads: [
                Payload(.securityAssociation(offered)),
                Payload(.nonce(nonce)),
                Payload(.keyExchange(KeyExchangePayload(method: own.method, data: own.publicValue))),
            ]
        )
    }

    /// Takes the engine's answer to `ikeOffer` and holds the new SA.
    @discardableResult
    package func concludeIKE(_ offer: ScriptedOffer, _ response: Received) throws -> ScriptedSA {
        guard let old = response.sa, let agreed = response.payloads.securityAssociation?.first,
            let spiR = IKESPI(bytes: agreed.spi), let spiI = IKESPI(bytes: offer.spi),
            let nonceR = response.payloads.nonce, let theirs = response.payloads.keyExchange,
            let own = offer.keyExchange
        else {
            throw Deviation("the engine refused to rekey the IKE SA: \(response.payloads.notifies.map(\.type))")
        }
        let secret = try own.sharedSecret(with: theirs.data)
        let made = try successor(
            of: old,
            role: .initiator,
            agreed,
            spis: (spiI, spiR),
            nonces: (offer.nonce, nonceR),
            secret
        )
        hold(made)
        return made
    }

    /// Has the peer rekey the latest IKE SA.
    @discardableResult
    package func rekeyIKE(
        _ proposals: [Proposal] = TwoSites.proposals("aes128gcm16-prfsha256-x25519", .ike)
    ) throws -> ScriptedSA {
        let offer = try ikeOffer(proposals)
        return try concludeIKE(offer, try exchange(.createChildSA, offer.payloads))
    }

    /// Answers the engine's rekeying of the IKE SA and holds the new SA.
    @discardableResult
    package func answerIKE(
        _ request: Received,
        choosing number: UInt8 = 1,
        nonce: [UInt8]? = nil,
        change: Change = { _ in }
    ) throws -> ScriptedSA {
        guard let old = request.sa,
            let offered = request.payloads.securityAssociation?.first(where: { $0.number == number }),
            let spiI = IKESPI(bytes: offered.spi), let nonceI = request.payloads.nonce,
            let theirs = request.payloads.keyExchange
        else { throw Deviation("the engine's request to rekey the IKE SA is incomplete") }
        let own = try KeyExchange(theirs.method, random: random)
        let nonceR = nonce ?? random.bytes(32)
        let spiR = IKESPI(rawValue: random.uint64() | 1)
        var agreed = offered.reduced(keyExchange: theirs.method)
        agreed.spi = spiR.bytes
        let secret = try own.sharedSecret(with: theirs.data)
        let made = try successor(
            of: old,
            role: .responder,
            agreed,
            spis: (spiI, spiR),
            nonces: (nonceI, nonceR),
            secret
        )
        hold(made)
        try answer(
            request,
            [
                Payload(.securityAssociation([agreed])),
                Payload(.nonce(nonceR)),
                Payload(.keyExchange(KeyExchangePayload(method: own.method, data: own.publicValue))),
            ],
            change: change
        )
        return made
    }

    /// The keys of the new SA come from the old SK_d with the old PRF (RFC 7296 section 2.18).
    private func successor(
        of old: ScriptedSA,
        role: Role,
        _ agreed: Proposal,
        spis: (IKESPI, IKESPI),
        nonces: ([UInt8], [UInt8]),
        _ secret: SecretBytes
    ) throws -> ScriptedSA {
        try ScriptedSA(
            role: role,
            proposal: agreed,
            spiI: spis.0,
            spiR: spis.1,
            nonceI: nonces.0,
            nonceR: nonces.1
        ) { _ in
            try KeyDerivation.rekeyedSKEYSEED(
                prf: old.prf,
                skD: old.keys.d,
                sharedSecret: secret,
                nonceI: nonces.0,
                nonceR: nonces.1
            )
        }
    }
}

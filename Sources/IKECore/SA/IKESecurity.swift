import IKECrypto
import IKEWire

/// Which end of an IKE SA we are: the one that sent its first request, or the one that answered.
///
/// After the IKE SA is rekeyed the roles are those of the rekeying exchange (RFC 7296 section 2.2).
package enum Role: String, Hashable, Sendable {
    case initiator, responder
}

/// What protects an IKE SA once its keys are agreed: algorithms, and the keys that outlive the first exchanges.
struct IKESecurity {
    let proposal: Proposal
    let prf: PRF
    let protection: MessageProtection
    /// SK_d, from which the keys of CHILD SAs and of a rekeyed IKE SA are derived.
    let skD: SecretBytes
    /// Both ends announced that they take messages in fragments (RFC 7383 section 2.3).
    let allowsFragments: Bool

    /// The cipher suite of an agreed proposal, for IKE and ESP alike.
    static func suite(of proposal: Proposal) throws(NegotiationFailure) -> CipherSuite {
        guard let cipher = proposal.transforms(of: .encryption).first else {
            throw NegotiationFailure(.unsupported, "the proposal \(proposal) has no cipher")
        }
        do {
            return try CipherSuite(
                encryption: EncryptionAlgorithm(rawValue: cipher.id),
                keyLength: cipher.keyLength,
                integrity: proposal.transforms(of: .integrity).first.map { IntegrityAlgorithm(rawValue: $0.id) }
            )
        } catch {
            throw NegotiationFailure(.unsupported, "the proposal \(proposal) cannot be used: \(error)")
        }
    }

    static func prf(of proposal: Proposal) throws(NegotiationFailure) -> PRF {
        guard let transform = proposal.transforms(of: .prf).first else {
            throw NegotiationFailure(.unsupported, "the proposal \(proposal) has no PRF")
        }
        do {
            return try PRF(PRFAlgorithm(rawValue: transform.id))
        } catch {
            throw NegotiationFailure(.unsupported, "the proposal \(proposal) cannot be used: \(error)")
        }
    }
}

extension IKESecurity {
    /// Derives what protects a new IKE SA from its SKEYSEED (RFC 7296 section 2.14), which `skeyseed` computes with the PRF
    /// of the new SA at hand.
    static func derive(
        proposal: Proposal,
        role: Role,
        spiI: IKESPI,
        spiR: IKESPI,
        nonceI: [UInt8],
        nonceR: [UInt8],
        allowsFragments: Bool,
        skeyseed: (PRF) throws(CryptoError) -> SecretBytes
    ) throws(NegotiationFailure) -> (security: IKESecurity, keys: IKEKeys, exported: KeyExport) {
        let prf = try prf(of: proposal)
        let suite = try suite(of: proposal)
        do {
            let keys = try KeyDerivation.ikeKeys(
                prf: prf,
                suite: suite,
                skeyseed: try skeyseed(prf),
                nonceI: nonceI,
                nonceR: nonceR,
                spiI: spiI,
                spiR: spiR
            )
            let security = IKESecurity(
                proposal: proposal,
                prf: prf,
                protection: try MessageProtection(suite: suite, keys: keys, role: role),
                skD: keys.d,
                allowsFragments: allowsFragments
            )
            return (security, keys, .ike(spiI: spiI, spiR: spiR, suite: suite, keys: keys))
        } catch {
            throw NegotiationFailure(.cryptography, "the keys of the IKE SA could not be derived: \(error)")
        }
    }
}

/// What IKE_SA_INIT leaves for IKE_AUTH: keys, and what the AUTH payloads sign (RFC 7296 sections 2.14 and 2.15).
struct KeyAgreement {
    let security: IKESecurity
    let skPi: SecretBytes
    let skPr: SecretBytes
    let nonceI: [UInt8]
    let nonceR: [UInt8]
    /// The IKE_SA_INIT messages as sent and received.
    let requestBytes: [UInt8]
    let responseBytes: [UInt8]
    /// The peer accepts an IKE SA without a CHILD SA (RFC 6023).
    let peerAllowsChildless: Bool
    /// What the peer says of the signatures and certificates that it takes.
    let announced: PeerAnnouncements
    /// All keys, held only until they are exported for a packet analyser.
    let exported: KeyExport
}

extension KeyAgreement {
    /// Derives the keys of a new IKE SA from the shared secret of IKE_SA_INIT.
    static func derive(
        proposal: Proposal,
        role: Role,
        spiI: IKESPI,
        spiR: IKESPI,
        nonceI: [UInt8],
        nonceR: [UInt8],
        sharedSecret: SecretBytes,
        requestBytes: [UInt8],
        responseBytes: [UInt8],
        peerAllowsChildless: Bool,
        allowsFragments: Bool,
        announced: PeerAnnouncements
    ) throws(NegotiationFailure) -> KeyAgreement {
        let derived = try IKESecurity.derive(
            proposal: proposal,
            role: role,
            spiI: spiI,
            spiR: spiR,
            nonceI: nonceI,
            nonceR: nonceR,
            allowsFragments: allowsFragments
        ) { (prf) throws(CryptoError) in
            try KeyDerivation.skeyseed(prf: prf, sharedSecret: sharedSecret, nonceI: nonceI, nonceR: nonceR)
        }
        return KeyAgreement(
            security: derived.security,
            skPi: derived.keys.pi,
            skPr: derived.keys.pr,
            nonceI: nonceI,
            nonceR: nonceR,
            requestBytes: requestBytes,
            responseBytes: responseBytes,
            peerAllowsChildless: peerAllowsChildless,
            announced: announced,
            exported: derived.exported
        )
    }
}

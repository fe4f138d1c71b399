package import IKEWire

/// From a shared secret and two nonces to the keys of IKE and CHILD SAs (RFC 7296 sections 2.14, 2.17 and 2.18).
///
/// `nonceI` and `nonceR` are always those of the exchange that makes the keys, and "initiator" is who began that
/// exchange.
package enum KeyDerivation {
    /// SKEYSEED of a new IKE SA: `prf(Ni | Nr, g^ir)`.
    package static func skeyseed(
        prf: PRF,
        sharedSecret: SecretBytes,
        nonceI: [UInt8],
        nonceR: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        try prf.compute(key: prf.skeyseedKey(nonceI: nonceI, nonceR: nonceR), secret: sharedSecret)
    }

    /// SKEYSEED of an IKE SA that takes another's place: `prf(SK_d (old), g^ir (new) | Ni | Nr)`, with the PRF of the
    /// old SA (RFC 7296 section 2.18).
    package static func rekeyedSKEYSEED(
        prf: PRF,
        skD: SecretBytes,
        sharedSecret: SecretBytes,
        nonceI: [UInt8],
        nonceR: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        try prf.compute(key: skD, secret: sharedSecret, nonceI, nonceR)
    }

    /// `{SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr)`, with the PRF
    /// of the SA that the keys are for.
    package static func ikeKeys(
        prf: PRF,
        suite: CipherSuite,
        skeyseed: SecretBytes,
        nonceI: [UInt8],
        nonceR: [UInt8],
        spiI: IKESPI,
        spiR: IKESPI
    ) throws(CryptoError) -> IKEKeys {
        var seed = nonceI + nonceR
        for spi in [spiI, spiR] {
            withUnsafeBytes(of: spi.rawValue.bigEndian) { seed.append(contentsOf: $0) }
        }
        let lengths = 3 * prf.keyLength + 2 * (suite.integrityKeyLength + suite.encryptionKeyLength)
        var material = KeyingMaterial(try prf.plus(key: skeyseed, seed: seed, count: lengths))
        return IKEKeys(
            d: try material.next(prf.keyLength),
            ai: try material.next(suite.integrityKeyLength),
            ar: try material.next(suite.integrityKeyLength),
            ei: try material.next(suite.encryptionKeyLength),
            er: try material.next(suite.encryptionKeyLength),
            pi: try material.next(prf.keyLength),
            pr: try material.next(prf.keyLength)
        )
    }

    /// The keys of both directions of a CHILD SA: `KEYMAT = prf+(SK_d, [g^ir (new) |] Ni | Nr)`, of which the
    /// direction from the initiator takes the first half, and in each the encryption key stands first (RFC 7296
    /// section 2.17).
    ///
    /// `sharedSecret` is that of a key exchange made for this CHILD SA, if there was one.
    package static func childKeys(
        prf: PRF,
        suite: CipherSuite,
        skD: SecretBytes,
        sharedSecret: SecretBytes?,
        nonceI: [UInt8],
        nonceR: [UInt8]
    ) throws(CryptoError) -> (initiator: CipherKeys, responder: CipherKeys) {
        let seed = SecretBytes.concatenation(sharedSecret ?? .empty, SecretBytes(copying: nonceI + nonceR))
        let lengths = 2 * (suite.encryptionKeyLength + suite.integrityKeyLength)
        var material = KeyingMaterial(try prf.plus(key: skD, seed: seed, count: lengths))
        let initiator = CipherKeys(
            encryption: try material.next(suite.encryptionKeyLength),
            integrity: try material.next(suite.integrityKeyLength)
        )
        let responder = CipherKeys(
            encryption: try material.next(suite.encryptionKeyLength),
            integrity: try material.next(suite.integrityKeyLength)
        )
        return (initiator, responder)
    }
}

/// The output of prf+, from which keys are taken in order.
private struct KeyingMaterial {
    private let octets: SecretBytes
    private var offset = 0

    init(_ octets: SecretBytes) { self.octets = octets }

    mutating func next(_ count: Int) throws(CryptoError) -> SecretBytes {
        guard let key = octets.slice(offset..<offset + count) else {
            throw .invalidLength(field: "keying material", octets: octets.count)
        }
        offset += count
        return key
    }
}

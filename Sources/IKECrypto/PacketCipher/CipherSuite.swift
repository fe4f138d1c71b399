package import IKEWire

/// How packets are protected: an encryption algorithm with its key length and the integrity algorithm beside it.
///
/// Made once from a negotiated proposal, for the SK payload and for ESP alike; a suite that exists can be used. The
/// lengths are in octets and are what the RFCs of the algorithms say: RFC 3602 (CBC), 3686 and 5930 (CTR), 4309 (CCM),
/// 4106 (GCM), 5282 (both in IKE), 7634 (ChaCha20-Poly1305), 8750 (implicit IVs in ESP).
package struct CipherSuite: Hashable, Sendable {
    /// The Key Length attribute in bits; `nil` for a cipher with one key length, which must not carry the attribute
    /// (RFC 7296 section 3.3.5).
    package let keyLength: Int?
    package let encryption: EncryptionAlgorithm
    /// `nil` beside an AEAD cipher.
    package let integrity: IntegrityAlgorithm?

    /// How the cipher is run; decided once here so that the packet path switches over few cases.
    let mode: Mode
    /// Octets of the integrity check value that each packet carries.
    package let icvLength: Int
    /// Octets that KEYMAT gives to the integrity key; 0 for an AEAD.
    package let integrityKeyLength: Int

    /// The ways in which a cipher takes its nonce and protects its data.
    enum Mode: Hashable, Sendable {
        case cbc, ctr, gcm, ccm, chaCha20Poly1305

        var isAEAD: Bool {
            switch self {
            case .gcm, .ccm, .chaCha20Poly1305: true
            case .cbc, .ctr: false
            }
        }
    }

    /// Throws `unsupported` for an algorithm that is not offered or a combination that cannot be (an AEAD with an
    /// integrity algorithm, a cipher without), and `invalidKeyLengthAttribute` for a key length the cipher does not
    /// have.
    package init(
        encryption: EncryptionAlgorithm,
        keyLength: Int?,
        integrity: IntegrityAlgorithm?
    ) throws(CryptoError) {
        let cipher = try Cipher(encryption)
        let integrity = integrity == IntegrityAlgorithm.none ? nil : integrity

        self.encryption = encryption
        self.integrity = integrity
        mode = cipher.mode

        switch (cipher.mode, keyLength) {
        case (.chaCha20Poly1305, nil), (.chaCha20Poly1305, 256):
            // The attribute has no place here (RFC 7296 section 3.3.5); a peer that adds its only possible value is
            // understood.
            self.keyLength = nil
        case (.cbc, 128?), (.ctr, 128?), (.gcm, 128?), (.ccm, 128?),
            (.cbc, 192?), (.ctr, 192?), (.gcm, 192?), (.ccm, 192?),
            (.cbc, 256?), (.ctr, 256?), (.gcm, 256?), (.ccm, 256?):
            self.keyLength = keyLength
        default:
            throw .invalidKeyLengthAttribute(algorithm: "\(encryption)", bits: keyLength)
        }

        switch (cipher.mode.isAEAD, integrity) {
        case (true, nil):
            icvLength = cipher.icvLength
            integrityKeyLength = 0
        case (false, let integrity?):
            let authentication = try Authentication(integrity)
            icvLength = authentication.icvLength
            integrityKeyLength = authentication.keyLength
        case (true, let integrity?):
            throw .unsupported("\(encryption) together with \(integrity)")
        case (false, nil):
            throw .unsupported("\(encryption) without an integrity algorithm")
        }
    }

    /// Whether the cipher protects integrity itself.
    package var isAEAD: Bool { mode.isAEAD }

    /// Length of the key proper, without the salt. Without the attribute it is that of ChaCha20.
    var cipherKeyLength: Int { (keyLength ?? 256) / 8 }

    /// Octets of KEYMAT that follow the key and begin every nonce (RFC 4106 section 8.1, RFC 3686 section 5.1).
    package var saltLength: Int {
        switch mode {
        case .cbc: 0
        case .ccm: 3
        case .ctr, .gcm, .chaCha20Poly1305: 4
        }
    }

    /// Octets that KEYMAT gives to encryption: the key followed by the salt.
    package var encryptionKeyLength: Int { cipherKeyLength + saltLength }

    /// Octets of the IV that each packet's nonce is made from.
    package var ivLength: Int { mode == .cbc ? 16 : 8 }

    /// Whether the IV is the sequence number of ESP, and is therefore not sent (RFC 8750). Not for IKE, whose messages have no
    /// number that is never used twice.
    package var usesImplicitIV: Bool { encryption.usesImplicitIV }

    /// Octets of the IV that each packet carries.
    package var sentIVLength: Int { usesImplicitIV ? 0 : ivLength }

    /// What plaintext is padded to for the cipher's sake: 16 for CBC, 1 for all others. ESP aligns to 4 by itself.
    package var blockLength: Int { mode == .cbc ? 16 : 1 }
}

// MARK: - What the algorithms are made of

extension CipherSuite {
    /// An encryption algorithm's mode and, for an AEAD, tag length.
    private struct Cipher {
        let mode: Mode
        let icvLength: Int

        init(_ algorithm: EncryptionAlgorithm) throws(CryptoError) {
            switch algorithm {
            case .aesCBC: self.init(.cbc, icv: 0)
            case .aesCTR: self.init(.ctr, icv: 0)
            case .aesGCM8: self.init(.gcm, icv: 8)
            case .aesGCM12: self.init(.gcm, icv: 12)
            case .aesGCM16, .aesGCM16ImplicitIV: self.init(.gcm, icv: 16)
            case .aesCCM8, .aesCCM8ImplicitIV: self.init(.ccm, icv: 8)
            case .aesCCM12: self.init(.ccm, icv: 12)
            case .aesCCM16: self.init(.ccm, icv: 16)
            case .chaCha20Poly1305, .chaCha20Poly1305ImplicitIV: self.init(.chaCha20Poly1305, icv: 16)
            default: throw .unsupported("\(algorithm)")
            }
        }

        private init(_ mode: Mode, icv: Int) {
            self.mode = mode
            icvLength = icv
        }
    }

    /// An integrity algorithm's key and truncated output.
    private struct Authentication {
        let keyLength: Int
        let icvLength: Int

        init(_ algorithm: IntegrityAlgorithm) throws(CryptoError) {
            switch algorithm {
            case .hmacSHA1_96: self.init(key: 20, icv: 12)
            case .hmacSHA2_256_128: self.init(key: 32, icv: 16)
            case .hmacSHA2_384_192: self.init(key: 48, icv: 24)
            case .hmacSHA2_512_256: self.init(key: 64, icv: 32)
            case .aesXCBC_96, .aesCMAC_96: self.init(key: 16, icv: 12)
            default: throw .unsupported("\(algorithm)")
            }
        }

        private init(key: Int, icv: Int) {
            keyLength = key
            icvLength = icv
        }
    }
}

// MARK: - Text

extension CipherSuite: CustomStringConvertible {
    /// As strongSwan prints it within a proposal: `AES_GCM_16_256`, `AES_CBC_128/HMAC_SHA2_256_128`.
    package var description: String {
        let cipher = keyLength.map { "\(encryption)_\($0)" } ?? "\(encryption)"
        return integrity.map { "\(cipher)/\($0)" } ?? cipher
    }
}

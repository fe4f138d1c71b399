/// What a transform decides: the kind of algorithm (RFC 7296 section 3.3.2; types 6 to 12 by RFC 9370).
package struct TransformType: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let encryption = Self(rawValue: 1)
    package static let prf = Self(rawValue: 2)
    package static let integrity = Self(rawValue: 3)
    package static let keyExchange = Self(rawValue: 4)
    package static let sequenceNumbers = Self(rawValue: 5)
    package static let additionalKeyExchange1 = Self(rawValue: 6)
    package static let additionalKeyExchange2 = Self(rawValue: 7)
    package static let additionalKeyExchange3 = Self(rawValue: 8)
    package static let additionalKeyExchange4 = Self(rawValue: 9)
    package static let additionalKeyExchange5 = Self(rawValue: 10)
    package static let additionalKeyExchange6 = Self(rawValue: 11)
    package static let additionalKeyExchange7 = Self(rawValue: 12)
}

/// Transform type 1, an encryption algorithm (RFC 7296 section 3.3.2; IANA "Encryption Algorithm Transform IDs").
package struct EncryptionAlgorithm: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let desIV64 = Self(rawValue: 1)
    package static let des = Self(rawValue: 2)
    package static let tripleDES = Self(rawValue: 3)
    package static let rc5 = Self(rawValue: 4)
    package static let idea = Self(rawValue: 5)
    package static let cast = Self(rawValue: 6)
    package static let blowfish = Self(rawValue: 7)
    package static let tripleIDEA = Self(rawValue: 8)
    package static let desIV32 = Self(rawValue: 9)
    package static let null = Self(rawValue: 11)
    package static let aesCBC = Self(rawValue: 12)
    package static let aesCTR = Self(rawValue: 13)
    package static let aesCCM8 = Self(rawValue: 14)
    package static let aesCCM12 = Self(rawValue: 15)
    package static let aesCCM16 = Self(rawValue: 16)
    package static let aesGCM8 = Self(rawValue: 18)
    package static let aesGCM12 = Self(rawValue: 19)
    package static let aesGCM16 = Self(rawValue: 20)
    package static let nullAESGMAC = Self(rawValue: 21)
    package static let camelliaCBC = Self(rawValue: 23)
    package static let camelliaCTR = Self(rawValue: 24)
    package static let camelliaCCM8 = Self(rawValue: 25)
    package static let camelliaCCM12 = Self(rawValue: 26)
    package static let camelliaCCM16 = Self(rawValue: 27)
    package static let chaCha20Poly1305 = Self(rawValue: 28)
    package static let aesCCM8ImplicitIV = Self(rawValue: 29)
    package static let aesGCM16ImplicitIV = Self(rawValue: 30)
    package static let chaCha20Poly1305ImplicitIV = Self(rawValue: 31)
    package static let kuznyechikMGMKTree = Self(rawValue: 32)
    package static let magmaMGMKTree = Self(rawValue: 33)
    package static let kuznyechikMGMMACKTree = Self(rawValue: 34)
    package static let magmaMGMMACKTree = Self(rawValue: 35)
}

extension EncryptionAlgorithm {
    /// True for a combined-mode cipher, which protects integrity itself and stands without an integrity algorithm
    /// (RFC 5282 section 8).
    package var isAEAD: Bool {
        switch self {
        case .aesCCM8, .aesCCM12, .aesCCM16, .aesGCM8, .aesGCM12, .aesGCM16, .nullAESGMAC, .camelliaCCM8,
            .camelliaCCM12,
            .camelliaCCM16, .chaCha20Poly1305, .aesCCM8ImplicitIV, .aesGCM16ImplicitIV, .chaCha20Poly1305ImplicitIV,
            .kuznyechikMGMKTree, .magmaMGMKTree, .kuznyechikMGMMACKTree, .magmaMGMMACKTree:
            true
        default: false
        }
    }
}

extension EncryptionAlgorithm {
    /// Whether the nonce is made of ESP's sequence number, so that packets carry no IV (RFC 8750). Not allowed in IKE.
    package var usesImplicitIV: Bool {
        switch self {
        case .aesCCM8ImplicitIV, .aesGCM16ImplicitIV, .chaCha20Poly1305ImplicitIV: true
        default: false
        }
    }
}

/// Transform type 2, a pseudorandom function (RFC 7296 section 2.13).
package struct PRFAlgorithm: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let hmacMD5 = Self(rawValue: 1)
    package static let hmacSHA1 = Self(rawValue: 2)
    package static let hmacTiger = Self(rawValue: 3)
    package static let aes128XCBC = Self(rawValue: 4)
    package static let hmacSHA2_256 = Self(rawValue: 5)
    package static let hmacSHA2_384 = Self(rawValue: 6)
    package static let hmacSHA2_512 = Self(rawValue: 7)
    package static let aes128CMAC = Self(rawValue: 8)
    package static let hmacStreebog512 = Self(rawValue: 9)
}

/// Transform type 3, an integrity algorithm; none stands beside an AEAD cipher (RFC 7296 section 3.3.3).
package struct IntegrityAlgorithm: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let none = Self(rawValue: 0)
    package static let hmacMD5_96 = Self(rawValue: 1)
    package static let hmacSHA1_96 = Self(rawValue: 2)
    package static let desMAC = Self(rawValue: 3)
    package static let kpdkMD5 = Self(rawValue: 4)
    package static let aesXCBC_96 = Self(rawValue: 5)
    package static let hmacMD5_128 = Self(rawValue: 6)
    package static let hmacSHA1_160 = Self(rawValue: 7)
    package static let aesCMAC_96 = Self(rawValue: 8)
    package static let aes128GMAC = Self(rawValue: 9)
    package static let aes192GMAC = Self(rawValue: 10)
    package static let aes256GMAC = Self(rawValue: 11)
    package static let hmacSHA2_256_128 = Self(rawValue: 12)
    package static let hmacSHA2_384_192 = Self(rawValue: 13)
    package static let hmacSHA2_512_256 = Self(rawValue: 14)
}

/// Transform type 4, a key exchange method, formerly "Diffie-Hellman group" (RFC 7296 section 3.3.2, RFC 9370).
package struct KeyExchangeMethod: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let none = Self(rawValue: 0)
    package static let modp768 = Self(rawValue: 1)
    package static let modp1024 = Self(rawValue: 2)
    package static let modp1536 = Self(rawValue: 5)
    package static let modp2048 = Self(rawValue: 14)
    package static let modp3072 = Self(rawValue: 15)
    package static let modp4096 = Self(rawValue: 16)
    package static let modp6144 = Self(rawValue: 17)
    package static let modp8192 = Self(rawValue: 18)
    package static let ecp256 = Self(rawValue: 19)
    package static let ecp384 = Self(rawValue: 20)
    package static let ecp521 = Self(rawValue: 21)
    package static let modp1024s160 = Self(rawValue: 22)
    package static let modp2048s224 = Self(rawValue: 23)
    package static let modp2048s256 = Self(rawValue: 24)
    package static let ecp192 = Self(rawValue: 25)
    package static let ecp224 = Self(rawValue: 26)
    package static let brainpool224 = Self(rawValue: 27)
    package static let brainpool256 = Self(rawValue: 28)
    package static let brainpool384 = Self(rawValue: 29)
    package static let brainpool512 = Self(rawValue: 30)
    package static let curve25519 = Self(rawValue: 31)
    package static let curve448 = Self(rawValue: 32)
    package static let gost256 = Self(rawValue: 33)
    package static let gost512 = Self(rawValue: 34)
    package static let mlkem512 = Self(rawValue: 35)
    package static let mlkem768 = Self(rawValue: 36)
    package static let mlkem1024 = Self(rawValue: 37)
}

/// Transform type 5, how ESP counts its packets (RFC 7296 section 3.3.2, RFC 4304).
package struct SequenceNumbers: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 32-bit sequence numbers.
    package static let standard = Self(rawValue: 0)
    /// 64-bit extended sequence numbers, of which the low half is transmitted.
    package static let extended = Self(rawValue: 1)
}

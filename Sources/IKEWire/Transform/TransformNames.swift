// What people read: the names that strongSwan prints, in logs and over VICI.

extension EncryptionAlgorithm: CustomStringConvertible {
    package var description: String {
        switch self {
        case .desIV64: "DES_IV64"
        case .des: "DES_CBC"
        case .tripleDES: "3DES_CBC"
        case .rc5: "RC5_CBC"
        case .idea: "IDEA_CBC"
        case .cast: "CAST_CBC"
        case .blowfish: "BLOWFISH_CBC"
        case .tripleIDEA: "3IDEA"
        case .desIV32: "DES_IV32"
        case .null: "NULL"
        case .aesCBC: "AES_CBC"
        case .aesCTR: "AES_CTR"
        case .aesCCM8: "AES_CCM_8"
        case .aesCCM12: "AES_CCM_12"
        case .aesCCM16: "AES_CCM_16"
        case .aesGCM8: "AES_GCM_8"
        case .aesGCM12: "AES_GCM_12"
        case .aesGCM16: "AES_GCM_16"
        case .nullAESGMAC: "NULL_AES_GMAC"
        case .camelliaCBC: "CAMELLIA_CBC"
        case .camelliaCTR: "CAMELLIA_CTR"
        case .camelliaCCM8: "CAMELLIA_CCM_8"
        case .camelliaCCM12: "CAMELLIA_CCM_12"
        case .camelliaCCM16: "CAMELLIA_CCM_16"
        case .chaCha20Poly1305: "CHACHA20_POLY1305"
        case .aesCCM8ImplicitIV: "AES_CCM_8_IIV"
        case .aesGCM16ImplicitIV: "AES_GCM_16_IIV"
        case .chaCha20Poly1305ImplicitIV: "CHACHA20_POLY1305_IIV"
        case .kuznyechikMGMKTree: "KUZNYECHIK_MGM_KTREE"
        case .magmaMGMKTree: "MAGMA_MGM_KTREE"
        case .kuznyechikMGMMACKTree: "KUZNYECHIK_MGM_MAC_KTREE"
        case .magmaMGMMACKTree: "MAGMA_MGM_MAC_KTREE"
        default: "ENCR_\(rawValue)"
        }
    }
}

extension PRFAlgorithm: CustomStringConvertible {
    package var description: String {
        switch self {
        case .hmacMD5: "PRF_HMAC_MD5"
        case .hmacSHA1: "PRF_HMAC_SHA1"
        case .hmacTiger: "PRF_HMAC_TIGER"
        case .aes128XCBC: "PRF_AES128_XCBC"
        case .hmacSHA2_256: "PRF_HMAC_SHA2_256"
        case .hmacSHA2_384: "PRF_HMAC_SHA2_384"
        case .hmacSHA2_512: "PRF_HMAC_SHA2_512"
        case .aes128CMAC: "PRF_AES128_CMAC"
        case .hmacStreebog512: "PRF_HMAC_STREEBOG_512"
        default: "PRF_\(rawValue)"
        }
    }
}

extension IntegrityAlgorithm: CustomStringConvertible {
    package var description: String {
        switch self {
        case .none: "NONE"
        case .hmacMD5_96: "HMAC_MD5_96"
        case .hmacSHA1_96: "HMAC_SHA1_96"
        case .desMAC: "DES_MAC"
        case .kpdkMD5: "KPDK_MD5"
        case .aesXCBC_96: "AES_XCBC_96"
        case .hmacMD5_128: "HMAC_MD5_128"
        case .hmacSHA1_160: "HMAC_SHA1_160"
        case .aesCMAC_96: "AES_CMAC_96"
        case .aes128GMAC: "AES_128_GMAC"
        case .aes192GMAC: "AES_192_GMAC"
        case .aes256GMAC: "AES_256_GMAC"
        case .hmacSHA2_256_128: "HMAC_SHA2_256_128"
        case .hmacSHA2_384_192: "HMAC_SHA2_384_192"
        case .hmacSHA2_512_256: "HMAC_SHA2_512_256"
        default: "INTEG_\(rawValue)"
        }
    }
}

extension KeyExchangeMethod: CustomStringConvertible {
    package var description: String {
        switch self {
        case .none: "MODP_NONE"
        case .modp768: "MODP_768"
        case .modp1024: "MODP_1024"
        case .modp1536: "MODP_1536"
        case .modp2048: "MODP_2048"
        case .modp3072: "MODP_3072"
        case .modp4096: "MODP_4096"
        case .modp6144: "MODP_6144"
        case .modp8192: "MODP_8192"
        case .ecp256: "ECP_256"
        case .ecp384: "ECP_384"
        case .ecp521: "ECP_521"
        case .modp1024s160: "MODP_1024_160"
        case .modp2048s224: "MODP_2048_224"
        case .modp2048s256: "MODP_2048_256"
        case .ecp192: "ECP_192"
        case .ecp224: "ECP_224"
        case .brainpool224: "ECP_224_BP"
        case .brainpool256: "ECP_256_BP"
        case .brainpool384: "ECP_384_BP"
        case .brainpool512: "ECP_512_BP"
        case .curve25519: "CURVE_25519"
        case .curve448: "CURVE_448"
        case .gost256: "GOST3410_2012_256"
        case .gost512: "GOST3410_2012_512"
        case .mlkem512: "ML_KEM_512"
        case .mlkem768: "ML_KEM_768"
        case .mlkem1024: "ML_KEM_1024"
        default: "KE_\(rawValue)"
        }
    }
}

extension SequenceNumbers: CustomStringConvertible {
    package var description: String {
        switch self {
        case .standard: "NO_EXT_SEQ"
        case .extended: "EXT_SEQ"
        default: "SN_\(rawValue)"
        }
    }
}

extension TransformType: CustomStringConvertible {
    /// A description for sentences: "no common key exchange method".
    package var description: String {
        switch self {
        case .encryption: "encryption algorithm"
        case .prf: "pseudorandom function"
        case .integrity: "integrity algorithm"
        case .keyExchange: "key exchange method"
        case .sequenceNumbers: "sequence number size"
        default:
            additionalKeyExchangeNumber.map { "additional key exchange \($0)" } ?? "transform type \(rawValue)"
        }
    }

    /// 1 to 7 for the additional key exchanges of RFC 9370.
    fileprivate var additionalKeyExchangeNumber: Int? {
        (Self.additionalKeyExchange1.rawValue...Self.additionalKeyExchange7.rawValue).contains(rawValue)
            ? Int(rawValue) - 5 : nil
    }
}

extension Transform: CustomStringConvertible {
    /// The algorithm's name, with the key length in bits if one is given: "AES_GCM_16_256", "CURVE_25519".
    package var description: String {
        switch type {
        case .encryption:
            "\(EncryptionAlgorithm(rawValue: id))" + (keyLength.map { "_\($0)" } ?? "")
        case .prf: "\(PRFAlgorithm(rawValue: id))"
        case .integrity: "\(IntegrityAlgorithm(rawValue: id))"
        case .keyExchange: "\(KeyExchangeMethod(rawValue: id))"
        case .sequenceNumbers: "\(SequenceNumbers(rawValue: id))"
        default:
            type.additionalKeyExchangeNumber.map { "KE\($0)_\(KeyExchangeMethod(rawValue: id))" }
                ?? "TYPE_\(type.rawValue)_\(id)"
        }
    }
}

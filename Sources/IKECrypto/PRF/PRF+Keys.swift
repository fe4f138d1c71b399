import IKEWire

// How the functions take their keys. HMAC has no preference; the AES PRFs need 16 octets and make them of any key.

extension PRF {
    /// The function under a key of any length, ready for a first message.
    func keyed(_ key: SecretBytes) throws(CryptoError) -> Authenticator {
        switch algorithm {
        case .hmacSHA1: .library(try MACContext(.hmacSHA1, key: key))
        case .hmacSHA2_256: .library(try MACContext(.hmacSHA2_256, key: key))
        case .hmacSHA2_384: .library(try MACContext(.hmacSHA2_384, key: key))
        case .hmacSHA2_512: .library(try MACContext(.hmacSHA2_512, key: key))
        case .aes128XCBC: .xcbc(try XCBC(key: xcbcKey(key)))
        case .aes128CMAC: .library(try MACContext(.cmacAES128, key: cmacKey(key)))
        default: throw .unsupported("\(algorithm)")
        }
    }

    /// The key of SKEYSEED: both nonces, or the first 64 bits of each for the two PRFs whose keys once had one
    /// length only (RFC 7296 section 2.14).
    func skeyseedKey(nonceI: [UInt8], nonceR: [UInt8]) -> SecretBytes {
        switch algorithm {
        case .aes128XCBC, .aes128CMAC: SecretBytes(copying: nonceI.prefix(8) + nonceR.prefix(8))
        default: SecretBytes(copying: nonceI + nonceR)
        }
    }

    /// AES-XCBC-PRF-128: a shorter key is padded with zeros, a longer one goes through the function itself under a key
    /// of zeros (RFC 4434 section 2).
    private func xcbcKey(_ key: SecretBytes) throws(CryptoError) -> SecretBytes {
        guard key.count > XCBC.length else { return .concatenation(key, .zeros(XCBC.length - key.count)) }
        return try compute(key: .zeros(XCBC.length), secret: key)
    }

    /// AES-CMAC-PRF-128: any key that is not of 16 octets goes through AES-CMAC under a key of zeros
    /// (RFC 4615 section 3).
    private func cmacKey(_ key: SecretBytes) throws(CryptoError) -> SecretBytes {
        guard key.count != MACContext.Construction.cmacAES128.length else { return key }
        return try compute(key: .zeros(MACContext.Construction.cmacAES128.length), secret: key)
    }
}

package import IKEWire

/// A pseudorandom function of IKE: what all keys and the AUTH values come from (RFC 7296 section 2.13).
///
/// Keys may have any length. HMAC takes them as they are; the two AES PRFs bring them to 16 octets, each in its own
/// way.
package struct PRF: Hashable, Sendable {
    package let algorithm: PRFAlgorithm
    /// Octets of the output.
    package let outputLength: Int
    /// The preferred key length in octets, which SK_d, SK_pi and SK_pr have; the output's length for all PRFs there
    /// are.
    package let keyLength: Int

    /// Throws `unsupported` for a PRF that is not offered.
    package init(_ algorithm: PRFAlgorithm) throws(CryptoError) {
        self.algorithm = algorithm
        switch algorithm {
        case .hmacSHA1: outputLength = 20
        case .hmacSHA2_256: outputLength = 32
        case .hmacSHA2_384: outputLength = 48
        case .hmacSHA2_512: outputLength = 64
        case .aes128XCBC, .aes128CMAC: outputLength = 16
        default: throw .unsupported("\(algorithm)")
        }
        keyLength = outputLength
    }

    /// prf(key, parts): the parts are taken as one string.
    package func compute(key: SecretBytes, _ parts: [UInt8]...) throws(CryptoError) -> SecretBytes {
        let function = try keyed(key)
        for part in parts {
            try function.update(part)
        }
        return try function.finish(length: outputLength)
    }

    /// prf(key, secret | parts), where the data begins with a secret: g^ir as a rule.
    package func compute(key: SecretBytes, secret: SecretBytes, _ parts: [UInt8]...) throws(CryptoError) -> SecretBytes
    {
        let function = try keyed(key)
        try function.update(secret)
        for part in parts {
            try function.update(part)
        }
        return try function.finish(length: outputLength)
    }
}

// MARK: - prf+

extension PRF {
    /// The first `count` octets of prf+(key, seed), RFC 7296 section 2.13.
    ///
    /// Throws `invalidLength` for more than 255 times `outputLength`, beyond which prf+ is not defined.
    package func plus(key: SecretBytes, seed: [UInt8], count: Int) throws(CryptoError) -> SecretBytes {
        try plus(key: key, seed: SecretBytes(copying: seed), count: count)
    }

    /// prf+ over a seed that is a secret, because it begins with g^ir.
    package func plus(key: SecretBytes, seed: SecretBytes, count: Int) throws(CryptoError) -> SecretBytes {
        guard (0...255 * outputLength).contains(count) else { throw .invalidLength(field: "prf+", octets: count) }
        let function = try keyed(key)
        var block = SecretBytes.empty
        return try SecretBytes(count: count) { (output) throws(CryptoError) in
            var index: UInt8 = 0
            for offset in stride(from: 0, to: count, by: outputLength) {
                index &+= 1
                try function.start()
                try function.update(block)
                try function.update(seed)
                try function.update([index])
                block = try function.finish(length: outputLength)
                block.withUnsafeBytes { block in
                    let rest = UnsafeMutableRawBufferPointer(rebasing: output[offset...])
                    rest.copyBytes(from: block.prefix(rest.count))
                }
            }
        }
    }
}

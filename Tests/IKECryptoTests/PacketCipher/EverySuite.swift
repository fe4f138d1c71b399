import IKECrypto
import IKEWire

/// Each combination of encryption, key length and integrity that the package offers.
let everySuite: [CipherSuite] = {
    let aeads: [EncryptionAlgorithm] = [
        .aesGCM8, .aesGCM12, .aesGCM16, .aesGCM16ImplicitIV, .aesCCM8, .aesCCM8ImplicitIV, .aesCCM12, .aesCCM16,
    ]
    let integrities: [IntegrityAlgorithm] = [
        .hmacSHA1_96, .hmacSHA2_256_128, .hmacSHA2_384_192, .hmacSHA2_512_256, .aesXCBC_96, .aesCMAC_96,
    ]
    var suites = [EncryptionAlgorithm.chaCha20Poly1305, .chaCha20Poly1305ImplicitIV].map {
        try? CipherSuite(encryption: $0, keyLength: nil, integrity: nil)
    }
    for keyLength in [128, 192, 256] {
        for encryption in aeads {
            suites.append(try? CipherSuite(encryption: encryption, keyLength: keyLength, integrity: nil))
        }
        for encryption in [EncryptionAlgorithm.aesCBC, .aesCTR] {
            for integrity in integrities {
                suites.append(try? CipherSuite(encryption: encryption, keyLength: keyLength, integrity: integrity))
            }
        }
    }
    return suites.compactMap { $0 }
}()

extension CipherSuite {
    /// Different keys for each suite, the same in each run.
    func someKeys(seed: UInt8 = 0) -> CipherKeys {
        CipherKeys(
            encryption: SecretBytes(
                copying: (0..<encryptionKeyLength).map { UInt8(truncatingIfNeeded: $0) &* 7 &+ seed }
            ),
            integrity: SecretBytes(
                copying: (0..<integrityKeyLength).map { UInt8(truncatingIfNeeded: $0) &* 11 &+ seed }
            )
        )
    }
}

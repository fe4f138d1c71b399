import IKECrypto
import IKEWire
import Testing

@Suite struct CipherSuiteTests {
    @Test func lengthsAreThoseOfTheRFCs() throws {
        let gcm = try CipherSuite(encryption: .aesGCM16, keyLength: 256, integrity: nil)
        #expect(gcm.isAEAD)
        #expect((gcm.encryptionKeyLength, gcm.saltLength, gcm.ivLength) == (36, 4, 8))
        #expect((gcm.icvLength, gcm.blockLength, gcm.integrityKeyLength) == (16, 1, 0))

        let ccm = try CipherSuite(encryption: .aesCCM12, keyLength: 128, integrity: nil)
        #expect((ccm.encryptionKeyLength, ccm.saltLength, ccm.ivLength, ccm.icvLength) == (19, 3, 8, 12))

        let chaCha = try CipherSuite(encryption: .chaCha20Poly1305, keyLength: nil, integrity: nil)
        #expect((chaCha.encryptionKeyLength, chaCha.saltLength, chaCha.ivLength, chaCha.icvLength) == (36, 4, 8, 16))
        #expect(chaCha.keyLength == nil)

        let cbc = try CipherSuite(encryption: .aesCBC, keyLength: 192, integrity: .hmacSHA2_384_192)
        #expect(!cbc.isAEAD)
        #expect((cbc.encryptionKeyLength, cbc.saltLength, cbc.ivLength, cbc.blockLength) == (24, 0, 16, 16))
        #expect((cbc.integrityKeyLength, cbc.icvLength) == (48, 24))

        let ctr = try CipherSuite(encryption: .aesCTR, keyLength: 128, integrity: .aesXCBC_96)
        #expect((ctr.encryptionKeyLength, ctr.saltLength, ctr.ivLength, ctr.blockLength) == (20, 4, 8, 1))
        #expect((ctr.integrityKeyLength, ctr.icvLength) == (16, 12))
    }

    /// RFC 8750 changes nothing but where the IV comes from.
    @Test(arguments: [
        (EncryptionAlgorithm.aesGCM16ImplicitIV, EncryptionAlgorithm.aesGCM16, 256 as Int?),
        (.aesCCM8ImplicitIV, .aesCCM8, 128), (.chaCha20Poly1305ImplicitIV, .chaCha20Poly1305, nil),
    ])
    func anImplicitIVIsNotSent(implicit: EncryptionAlgorithm, explicit: EncryptionAlgorithm, bits: Int?) throws {
        let one = try CipherSuite(encryption: implicit, keyLength: bits, integrity: nil)
        let other = try CipherSuite(encryption: explicit, keyLength: bits, integrity: nil)
        #expect((one.ivLength, one.sentIVLength, other.sentIVLength) == (8, 0, 8))
        #expect(one.encryptionKeyLength == other.encryptionKeyLength)
        #expect((one.icvLength, one.saltLength) == (other.icvLength, other.saltLength))
    }

    @Test func integrityNONEIsNoIntegrity() throws {
        let with = try CipherSuite(encryption: .aesGCM16, keyLength: 128, integrity: IntegrityAlgorithm.none)
        let without = try CipherSuite(encryption: .aesGCM16, keyLength: 128, integrity: nil)
        #expect(with == without)
    }

    @Test func anAEADTakesNoIntegrityAlgorithmAndOthersNeedOne() {
        #expect(throws: CryptoError.self) {
            try CipherSuite(encryption: .aesGCM16, keyLength: 256, integrity: .hmacSHA2_256_128)
        }
        for none in [nil, IntegrityAlgorithm.none] {
            #expect(throws: CryptoError.self) {
                try CipherSuite(encryption: .aesCBC, keyLength: 256, integrity: none)
            }
            #expect(throws: CryptoError.self) {
                try CipherSuite(encryption: .aesCTR, keyLength: 256, integrity: none)
            }
        }
    }

    @Test func keyLengthsThatACipherDoesNotHaveAreRefused() {
        for bits in [nil, 0, -128, 64, 127, 129, 255, 512, Int.max] {
            #expect(
                throws: CryptoError.invalidKeyLengthAttribute(algorithm: "\(EncryptionAlgorithm.aesGCM16)", bits: bits)
            ) {
                try CipherSuite(encryption: .aesGCM16, keyLength: bits, integrity: nil)
            }
        }
        #expect(throws: CryptoError.self) {
            try CipherSuite(encryption: .chaCha20Poly1305, keyLength: 128, integrity: nil)
        }
    }

    /// RFC 7296 section 3.3.5 forbids the attribute, yet 256 can only mean what is meant anyway.
    @Test func chaCha20WithItsOnlyKeyLengthIsTheSameSuite() throws {
        let with = try CipherSuite(encryption: .chaCha20Poly1305, keyLength: 256, integrity: nil)
        #expect(try with == CipherSuite(encryption: .chaCha20Poly1305, keyLength: nil, integrity: nil))
    }

    @Test func aSuiteReadsAsInAProposal() throws {
        let gcm = try CipherSuite(encryption: .aesGCM16, keyLength: 256, integrity: nil)
        let cbc = try CipherSuite(encryption: .aesCBC, keyLength: 128, integrity: .hmacSHA2_256_128)
        let chaCha = try CipherSuite(encryption: .chaCha20Poly1305, keyLength: nil, integrity: nil)
        #expect("\(gcm) \(cbc) \(chaCha)" == "AES_GCM_16_256 AES_CBC_128/HMAC_SHA2_256_128 CHACHA20_POLY1305")
    }

    @Test func whatIsNotOfferedIsRefusedByName() {
        for encryption: EncryptionAlgorithm in [.tripleDES, .null, .camelliaCBC, EncryptionAlgorithm(rawValue: 999)] {
            #expect(throws: CryptoError.unsupported("\(encryption)")) {
                try CipherSuite(encryption: encryption, keyLength: 256, integrity: .hmacSHA2_256_128)
            }
        }
        for integrity in [IntegrityAlgorithm.hmacMD5_96, IntegrityAlgorithm(rawValue: 999)] {
            #expect(throws: CryptoError.unsupported("\(integrity)")) {
                try CipherSuite(encryption: .aesCBC, keyLength: 256, integrity: integrity)
            }
        }
    }
}

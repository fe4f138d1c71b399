import IKECrypto
import IKEWire
import Support
import Testing

/// AEAD ciphers against published vectors. A vector's nonce is what ESP and IKE make of salt and IV.
@Suite struct AEADVectorTests {
    private struct Case: Decodable {
        let key, iv, aad, msg, ct, tag: Hex
        let result: WycheproofResult
        let comment: String
    }

    /// Seals and opens one case, or sees that an invalid one does not open.
    private func run(_ test: Case, _ encryption: EncryptionAlgorithm, keyLength: Int?, tagLength: Int) throws {
        let suite = try CipherSuite(encryption: encryption, keyLength: keyLength, integrity: nil)
        let salt = test.iv.bytes.prefix(suite.saltLength)
        let iv = Array(test.iv.bytes.dropFirst(suite.saltLength))
        let keys = CipherKeys(encryption: SecretBytes(copying: test.key.bytes + salt), integrity: .empty)
        let sealed = test.ct.bytes + test.tag.bytes.prefix(tagLength)
        let opener = try PacketCipher(suite, keys: keys, direction: .open)
        if test.result == .valid {
            let sealer = try PacketCipher(suite, keys: keys, direction: .seal)
            #expect(
                try sealer.seal(iv: iv, aad: test.aad.bytes, plaintext: test.msg.bytes) == sealed,
                "\(test.comment)"
            )
            #expect(try opener.open(iv: iv, aad: test.aad.bytes, ciphertextAndICV: sealed) == test.msg.bytes)
        } else {
            #expect(throws: CryptoError.authenticationFailed, "\(test.comment)") {
                try opener.open(iv: iv, aad: test.aad.bytes, ciphertextAndICV: sealed)
            }
        }
    }

    private let otherNonce = "a nonce that is not salt and IV"
    private let otherTag = "a tag of a length that IKE does not register"
    private let weakTruncation = "a modified tag whose first octets are right"

    @Test func aesGCM() throws {
        let file = try WycheproofFile<Case>.read("wycheproof/aes_gcm_test.json")
        var tally = Tally()
        for test in file.cases {
            guard test.iv.bytes.count == 12 else {
                tally.skip(otherNonce)
                continue
            }
            try run(test, .aesGCM16, keyLength: test.key.bytes.count * 8, tagLength: 16)
            tally.run()
        }
        tally.expect(ran: 197, skipped: [otherNonce: 119], of: file.numberOfTests)
    }

    /// A GCM tag is cut short from the right (NIST SP 800-38D section 7.1), so valid cases hold for the shorter tags
    /// as well.
    @Test(arguments: [(EncryptionAlgorithm.aesGCM8, 8), (.aesGCM12, 12)])
    func aesGCMWithAShortTag(_ encryption: EncryptionAlgorithm, _ tagLength: Int) throws {
        let file = try WycheproofFile<Case>.read("wycheproof/aes_gcm_test.json")
        var tally = Tally()
        for test in file.cases {
            guard test.iv.bytes.count == 12 else {
                tally.skip(otherNonce)
                continue
            }
            guard test.result == .valid else {
                tally.skip(weakTruncation)
                continue
            }
            try run(test, encryption, keyLength: test.key.bytes.count * 8, tagLength: tagLength)
            tally.run()
        }
        tally.expect(ran: 116, skipped: [otherNonce: 119, weakTruncation: 81], of: file.numberOfTests)
    }

    @Test func aesGCMOfIntel() throws {
        let file = try WycheproofFile<Case>.read("intel-ipsec-mb/gcm_test.json")
        var tally = Tally()
        for test in file.cases {
            switch (test.iv.bytes.count, test.tag.bytes.count) {
            case (12, 16):
                try run(test, .aesGCM16, keyLength: test.key.bytes.count * 8, tagLength: 16)
                tally.run()
            case (12, 8):
                try run(test, .aesGCM8, keyLength: test.key.bytes.count * 8, tagLength: 8)
                tally.run()
            case (12, _):
                tally.skip(otherTag)
            default:
                tally.skip(otherNonce)
            }
        }
        tally.expect(ran: 17, skipped: [otherTag: 4, otherNonce: 5], of: 26)
        #expect(file.cases.count == 26)
    }

    @Test func aesCCM() throws {
        let file = try WycheproofFile<Case>.read("wycheproof/aes_ccm_test.json")
        var tally = Tally()
        for test in file.cases {
            guard test.iv.bytes.count == 11 else {
                tally.skip(otherNonce)
                continue
            }
            try run(test, .aesCCM16, keyLength: test.key.bytes.count * 8, tagLength: 16)
            tally.run()
        }
        tally.expect(ran: 18, skipped: [otherNonce: 534], of: file.numberOfTests)
    }

    @Test func chaCha20Poly1305() throws {
        let file = try WycheproofFile<Case>.read("wycheproof/chacha20_poly1305_test.json")
        var tally = Tally()
        for test in file.cases {
            guard test.iv.bytes.count == 12 else {
                tally.skip(otherNonce)
                continue
            }
            try run(test, .chaCha20Poly1305, keyLength: nil, tagLength: 16)
            tally.run()
        }
        tally.expect(ran: 316, skipped: [otherNonce: 9], of: file.numberOfTests)
    }
}

/// CCM with every tag length that IKE registers: no published vectors have its nonces, so these were computed from the
/// RFCs.
@Suite struct CCMComputedVectorTests {
    private struct File: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let key, salt, iv, aad, msg, ct, tag: Hex
        }
    }

    @Test func aesCCMWithEachTagLength() throws {
        let file: File = try Vectors.json("computed/aes-ccm.json")
        var tally = Tally()
        for test in file.tests {
            let encryption: EncryptionAlgorithm =
                switch test.tag.bytes.count {
                case 8: .aesCCM8
                case 12: .aesCCM12
                default: .aesCCM16
                }
            let suite = try CipherSuite(encryption: encryption, keyLength: test.key.bytes.count * 8, integrity: nil)
            let keys = CipherKeys(encryption: SecretBytes(copying: test.key.bytes + test.salt.bytes), integrity: .empty)
            let sealed = try PacketCipher(suite, keys: keys, direction: .seal)
                .seal(iv: test.iv.bytes, aad: test.aad.bytes, plaintext: test.msg.bytes)
            #expect(sealed == test.ct.bytes + test.tag.bytes)
            let opened = try PacketCipher(suite, keys: keys, direction: .open)
                .open(iv: test.iv.bytes, aad: test.aad.bytes, ciphertextAndICV: sealed)
            #expect(opened == test.msg.bytes)
            tally.run()
        }
        tally.expect(ran: 63, of: file.tests.count)
    }
}

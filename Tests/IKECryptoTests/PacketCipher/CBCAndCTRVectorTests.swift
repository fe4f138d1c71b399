import IKECrypto
import IKEWire
import Support
import Testing

/// The ciphers that need an integrity algorithm beside them; the vectors say nothing about it, so it is cut off.
@Suite struct CBCAndCTRVectorTests {
    private struct Case: Decodable {
        let key, iv, msg, ct: Hex
        let result: WycheproofResult
    }

    private func encrypt(
        _ encryption: EncryptionAlgorithm,
        key: [UInt8],
        salt: [UInt8] = [],
        iv: [UInt8],
        _ plaintext: [UInt8]
    ) throws -> [UInt8] {
        let suite = try CipherSuite(encryption: encryption, keyLength: key.count * 8, integrity: .hmacSHA2_256_128)
        let keys = CipherKeys(
            encryption: SecretBytes(copying: key + salt),
            integrity: SecretBytes(copying: [UInt8](repeating: 1, count: 32))
        )
        let sealed = try PacketCipher(suite, keys: keys, direction: .seal).seal(iv: iv, aad: [], plaintext: plaintext)
        #expect(
            try PacketCipher(suite, keys: keys, direction: .open)
                .open(iv: iv, aad: [], ciphertextAndICV: sealed) == plaintext
        )
        return Array(sealed.dropLast(suite.icvLength))
    }

    /// The files pad as PKCS #7 does, ESP and IKE pad otherwise: the padding is added here.
    @Test func aesCBCOfWycheproof() throws {
        let file = try WycheproofFile<Case>.read("wycheproof/aes_cbc_pkcs5_test.json")
        let padding = "invalid because of its PKCS #7 padding, which IPsec does not have"
        var tally = Tally()
        for test in file.cases {
            guard test.result == .valid else {
                tally.skip(padding)
                continue
            }
            let count = 16 - test.msg.bytes.count % 16
            let padded = test.msg.bytes + [UInt8](repeating: UInt8(count), count: count)
            #expect(try encrypt(.aesCBC, key: test.key.bytes, iv: test.iv.bytes, padded) == test.ct.bytes)
            tally.run()
        }
        tally.expect(ran: 72, skipped: [padding: 144], of: file.numberOfTests)
    }

    private struct CBCFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let key, iv: Hex
            let plaintext, ciphertext: Hex?
            /// The cases that are ESP packets name the same things otherwise.
            let plaintext_with_trailer, encrypted: Hex?
        }
    }

    /// RFC 3602 section 4, of which four cases are ESP packets.
    @Test func aesCBCOfRFC3602() throws {
        let file: CBCFile = try Vectors.json("rfc/rfc3602-aes-cbc.json")
        var tally = Tally()
        for test in file.tests {
            let plaintext = try #require(test.plaintext ?? test.plaintext_with_trailer)
            let ciphertext = try #require(test.ciphertext ?? test.encrypted)
            #expect(try encrypt(.aesCBC, key: test.key.bytes, iv: test.iv.bytes, plaintext.bytes) == ciphertext.bytes)
            tally.run()
        }
        tally.expect(ran: 8, of: file.tests.count)
    }

    private struct CTRFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let key, iv, nonce, plaintext, ciphertext: Hex
        }
    }

    /// RFC 3686 section 6; its nonce is the salt of KEYMAT.
    @Test func aesCTROfRFC3686() throws {
        let file: CTRFile = try Vectors.json("rfc/rfc3686-aes-ctr.json")
        var tally = Tally()
        for test in file.tests {
            let encrypted = try encrypt(
                .aesCTR,
                key: test.key.bytes,
                salt: test.nonce.bytes,
                iv: test.iv.bytes,
                test.plaintext.bytes
            )
            #expect(encrypted == test.ciphertext.bytes)
            tally.run()
        }
        tally.expect(ran: 9, of: file.tests.count)
    }

    @Test func aesCTROfIntel() throws {
        let file = try WycheproofFile<Case>.read("intel-ipsec-mb/ctr_test.json")
        let wholeBlock = "a whole counter block instead of salt and IV"
        var tally = Tally()
        for test in file.cases {
            guard test.iv.bytes.count == 12 else {
                tally.skip(wholeBlock)
                continue
            }
            let salt = Array(test.iv.bytes.prefix(4))
            let iv = Array(test.iv.bytes.dropFirst(4))
            #expect(try encrypt(.aesCTR, key: test.key.bytes, salt: salt, iv: iv, test.msg.bytes) == test.ct.bytes)
            tally.run()
        }
        tally.expect(ran: 14, skipped: [wholeBlock: 1], of: 15)
    }
}

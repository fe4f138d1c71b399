import IKECrypto
import IKEWire
import Support
import Testing

/// Integrity algorithms by the ICV of a packet without plaintext: what is authenticated is then `aad | iv`, so
/// that any message of eight octets or more can be put there.
@Suite struct IntegrityVectorTests {
    private struct Case: Decodable {
        let key, msg, tag: Hex
        let result: WycheproofResult
    }

    /// The truncated code, or `nil` for a key or message that a packet cannot have.
    private func icv(_ algorithm: IntegrityAlgorithm, key: [UInt8], _ message: [UInt8]) throws -> [UInt8]? {
        let suite = try CipherSuite(encryption: .aesCTR, keyLength: 128, integrity: algorithm)
        guard key.count == suite.integrityKeyLength, message.count >= suite.ivLength else { return nil }
        let keys = CipherKeys(
            encryption: SecretBytes(copying: [UInt8](repeating: 0, count: suite.encryptionKeyLength)),
            integrity: SecretBytes(copying: key)
        )
        return try PacketCipher(suite, keys: keys, direction: .seal).seal(
            iv: Array(message.suffix(suite.ivLength)),
            aad: Array(message.dropLast(suite.ivLength)),
            plaintext: []
        )
    }

    private let notAPacket = "a key or message of a length that no packet has"
    private let shortTag = "a tag that is shorter than the ICV"
    private let modifiedBeyond = "a tag that is modified behind the ICV's length"

    /// The algorithm that a file of Wycheproof tests, and what its cases come to.
    struct Expectation: Sendable, CustomTestStringConvertible {
        let file: String
        let algorithm: IntegrityAlgorithm
        let icvLength: Int
        let ran: Int
        let notPackets: Int
        let modifiedBeyond: Int
        var shortTags: Int?

        var testDescription: String { file }
    }

    @Test(arguments: [
        Expectation(
            file: "hmac_sha1",
            algorithm: .hmacSHA1_96,
            icvLength: 12,
            ran: 39,
            notPackets: 80,
            modifiedBeyond: 7,
            shortTags: 44
        ),
        Expectation(
            file: "hmac_sha256",
            algorithm: .hmacSHA2_256_128,
            icvLength: 16,
            ran: 88,
            notPackets: 82,
            modifiedBeyond: 4
        ),
        Expectation(
            file: "hmac_sha384",
            algorithm: .hmacSHA2_384_192,
            icvLength: 24,
            ran: 88,
            notPackets: 82,
            modifiedBeyond: 4
        ),
        Expectation(
            file: "hmac_sha512",
            algorithm: .hmacSHA2_512_256,
            icvLength: 32,
            ran: 88,
            notPackets: 82,
            modifiedBeyond: 4
        ),
        Expectation(
            file: "aes_cmac",
            algorithm: .aesCMAC_96,
            icvLength: 12,
            ran: 53,
            notPackets: 244,
            modifiedBeyond: 14
        ),
    ])
    func wycheproof(_ expectation: Expectation) throws {
        let file = try WycheproofFile<Case>.read("wycheproof/\(expectation.file)_test.json")
        var tally = Tally()
        for test in file.cases {
            guard let icv = try icv(expectation.algorithm, key: test.key.bytes, test.msg.bytes) else {
                tally.skip(notAPacket)
                continue
            }
            guard test.tag.bytes.count >= expectation.icvLength else {
                tally.skip(shortTag)
                continue
            }
            let isRight = icv == Array(test.tag.bytes.prefix(expectation.icvLength))
            if test.result == .invalid, isRight {
                tally.skip(modifiedBeyond)
                continue
            }
            #expect(isRight == (test.result == .valid))
            tally.run()
        }
        var skipped = [notAPacket: expectation.notPackets, modifiedBeyond: expectation.modifiedBeyond]
        skipped[shortTag] = expectation.shortTags
        tally.expect(ran: expectation.ran, skipped: skipped, of: file.numberOfTests)
    }

    @Test func aesXCBCOfIntel() throws {
        let file = try WycheproofFile<Case>.read("intel-ipsec-mb/xcbc_test.json")
        var tally = Tally()
        for test in file.cases {
            guard let icv = try icv(.aesXCBC_96, key: test.key.bytes, test.msg.bytes) else {
                tally.skip(notAPacket)
                continue
            }
            #expect(icv == test.tag.bytes)
            tally.run()
        }
        tally.expect(ran: 5, skipped: [notAPacket: 2], of: 7)
    }

    private struct RFC4868File: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let name, hash: String
            let key, data, prf: Hex
            let auth: Hex?
        }
    }

    /// RFC 4868 section 2.7.2: the truncated codes with keys as long as the hash's output.
    @Test func hmacOfRFC4868() throws {
        let file: RFC4868File = try Vectors.json("rfc/rfc4868-hmac-sha2.json")
        let prfCase = "a PRF case, run by PRFVectorTests"
        var tally = Tally()
        for test in file.tests {
            guard let expected = test.auth else {
                tally.skip(prfCase)
                continue
            }
            let algorithm: IntegrityAlgorithm =
                switch test.hash {
                case "SHA-256": .hmacSHA2_256_128
                case "SHA-384": .hmacSHA2_384_192
                default: .hmacSHA2_512_256
                }
            #expect(try icv(algorithm, key: test.key.bytes, test.data.bytes) == expected.bytes, "\(test.name)")
            tally.run()
        }
        tally.expect(ran: 12, skipped: [prfCase: 18], of: file.tests.count)
    }
}

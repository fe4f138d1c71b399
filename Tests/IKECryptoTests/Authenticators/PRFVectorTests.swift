import IKECrypto
import IKEWire
import Support
import Testing

/// The pseudorandom functions, and with them the untruncated MACs they are made of, under keys of any length.
@Suite struct PRFVectorTests {
    private func compute(_ algorithm: PRFAlgorithm, _ key: [UInt8], _ message: [UInt8]) throws -> [UInt8] {
        try PRF(algorithm).compute(key: SecretBytes(copying: key), message).exposed
    }

    private struct Case: Decodable {
        let key, msg, tag: Hex
        let result: WycheproofResult
    }

    @Test(
        arguments: [
            ("hmac_sha1", PRFAlgorithm.hmacSHA1, 170),
            ("hmac_sha256", .hmacSHA2_256, 174),
            ("hmac_sha384", .hmacSHA2_384, 174),
            ("hmac_sha512", .hmacSHA2_512, 174),
        ]
    )
    func hmacOfWycheproof(_ name: String, _ algorithm: PRFAlgorithm, _ count: Int) throws {
        let file = try WycheproofFile<Case>.read("wycheproof/\(name)_test.json")
        var tally = Tally()
        for test in file.cases {
            let code = try compute(algorithm, test.key.bytes, test.msg.bytes)
            #expect(code.starts(with: test.tag.bytes) == (test.result == .valid))
            tally.run()
        }
        tally.expect(ran: count, of: file.numberOfTests)
    }

    @Test func aesCMACOfWycheproof() throws {
        let file = try WycheproofFile<Case>.read("wycheproof/aes_cmac_test.json")
        let otherKey = "a key that is not of 128 bits, which AES-CMAC-PRF-128 turns into another one"
        var tally = Tally()
        for test in file.cases {
            guard test.key.bytes.count == 16 else {
                tally.skip(otherKey)
                continue
            }
            let code = try compute(.aes128CMAC, test.key.bytes, test.msg.bytes)
            #expect((code == test.tag.bytes) == (test.result == .valid))
            tally.run()
        }
        tally.expect(ran: 102, skipped: [otherKey: 209], of: file.numberOfTests)
    }

    private struct RFCFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let key, message, output: Hex
        }
    }

    @Test(arguments: [("rfc4434-aes-xcbc-prf", PRFAlgorithm.aes128XCBC), ("rfc4615-aes-cmac-prf", .aes128CMAC)])
    func keysOfOtherLengths(_ name: String, _ algorithm: PRFAlgorithm) throws {
        let file: RFCFile = try Vectors.json("rfc/\(name).json")
        var tally = Tally()
        for test in file.tests {
            #expect(try compute(algorithm, test.key.bytes, test.message.bytes) == test.output.bytes)
            tally.run()
        }
        tally.expect(ran: 3, of: file.tests.count)
    }

    private struct XCBCFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let key: Hex
            /// Hexadecimal digits, or `00*1000` for a thousand zeros.
            let message: String
            let mac: Hex

            func octets() throws -> [UInt8] {
                let parts = message.split(separator: "*")
                guard parts.count == 2, let count = Int(parts[1]) else { return try Hex(message).bytes }
                return try Array(repeatElement(Hex(String(parts[0])).bytes, count: count).joined())
            }
        }
    }

    /// RFC 3566 section 4.6: empty, partial and whole last blocks, and a message of 1000 octets.
    @Test func aesXCBCOfRFC3566() throws {
        let file: XCBCFile = try Vectors.json("rfc/rfc3566-aes-xcbc-mac.json")
        var tally = Tally()
        for test in file.tests {
            #expect(try compute(.aes128XCBC, test.key.bytes, test.octets()) == test.mac.bytes)
            tally.run()
        }
        tally.expect(ran: 7, of: file.tests.count)
    }

    private struct RFC4868File: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let name, hash: String
            let key, data, prf: Hex
        }
    }

    @Test func hmacOfRFC4868() throws {
        let file: RFC4868File = try Vectors.json("rfc/rfc4868-hmac-sha2.json")
        var tally = Tally()
        for test in file.tests {
            let algorithm: PRFAlgorithm =
                switch test.hash {
                case "SHA-256": .hmacSHA2_256
                case "SHA-384": .hmacSHA2_384
                default: .hmacSHA2_512
                }
            #expect(try compute(algorithm, test.key.bytes, test.data.bytes) == test.prf.bytes, "\(test.name)")
            tally.run()
        }
        tally.expect(ran: 30, of: file.tests.count)
    }

    private struct RFC4231File: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let key, data, sha256, sha384, sha512: Hex

            enum CodingKeys: String, CodingKey {
                case key = "Key"
                case data = "Data"
                case sha256 = "HMAC-SHA-256"
                case sha384 = "HMAC-SHA-384"
                case sha512 = "HMAC-SHA-512"
            }
        }
    }

    /// RFC 4231 section 4; the fifth case prints truncated codes.
    @Test func hmacOfRFC4231() throws {
        let file: RFC4231File = try Vectors.json("rfc/rfc4231-hmac-sha2.json")
        var tally = Tally()
        for test in file.tests {
            for (algorithm, code) in [
                (PRFAlgorithm.hmacSHA2_256, test.sha256), (.hmacSHA2_384, test.sha384), (.hmacSHA2_512, test.sha512),
            ] {
                #expect(try compute(algorithm, test.key.bytes, test.data.bytes).starts(with: code.bytes))
            }
            tally.run()
        }
        tally.expect(ran: 7, of: file.tests.count)
    }
}

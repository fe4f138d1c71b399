import IKECrypto
import IKEWire
import Testing

@Suite struct PRFPlusTests {
    private let key = SecretBytes(copying: Array("a key".utf8))

    @Test func aShorterOutputIsTheBeginningOfALongerOne() throws {
        for algorithm: PRFAlgorithm in [
            .hmacSHA1, .hmacSHA2_256, .hmacSHA2_384, .hmacSHA2_512, .aes128XCBC, .aes128CMAC,
        ] {
            let prf = try PRF(algorithm)
            let long = try prf.plus(key: key, seed: [1, 2, 3], count: 200).exposed
            for count in [0, 1, prf.outputLength - 1, prf.outputLength, prf.outputLength + 1, 199] {
                #expect(try prf.plus(key: key, seed: [1, 2, 3], count: count).exposed == Array(long.prefix(count)))
            }
        }
    }

    /// The counter is a single octet (RFC 7296 section 2.13).
    @Test func prfPlusEndsAfter255Blocks() throws {
        let prf = try PRF(.hmacSHA1)
        #expect(try prf.plus(key: key, seed: [], count: 255 * 20).count == 5100)
        for count in [255 * 20 + 1, Int.max, -1] {
            #expect(throws: CryptoError.invalidLength(field: "prf+", octets: count)) {
                try prf.plus(key: key, seed: [], count: count)
            }
        }
    }

    @Test func partsAreTakenAsOneString() throws {
        for algorithm: PRFAlgorithm in [.hmacSHA2_256, .aes128XCBC, .aes128CMAC] {
            let prf = try PRF(algorithm)
            let whole = try prf.compute(key: key, Array(0..<100))
            #expect(try prf.compute(key: key, Array(0..<7), [], Array(7..<48), Array(48..<100)) == whole)
            #expect(try prf.compute(key: key, secret: SecretBytes(copying: 0..<32), Array(32..<100)) == whole)
        }
    }

    @Test func whatIsNotOfferedIsRefusedByName() {
        for algorithm in [PRFAlgorithm.hmacMD5, PRFAlgorithm(rawValue: 3), PRFAlgorithm(rawValue: 999)] {
            #expect(throws: CryptoError.unsupported("\(algorithm)")) { try PRF(algorithm) }
        }
    }
}

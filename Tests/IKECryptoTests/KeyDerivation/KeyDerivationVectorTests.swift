import IKECrypto
import IKEWire
import Support
import Testing

/// All derivations of RFC 7296 sections 2.14, 2.17 and 2.18 against NIST's IKEv2 key derivation samples.
@Suite struct KeyDerivationVectorTests {
    private struct File: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let hash: String
            let nonceI, nonceR, sharedSecret, newSharedSecret, spiI, spiR: Hex
            let skeyseed, dkm, childDKM, childDHDKM, rekeyedSKEYSEED: Hex

            enum CodingKeys: String, CodingKey {
                case hash
                case nonceI = "Ni"
                case nonceR = "Nr"
                case sharedSecret = "g^ir"
                case newSharedSecret = "g^ir (new)"
                case spiI = "SPIi"
                case spiR = "SPIr"
                case skeyseed = "SKEYSEED"
                case dkm = "DKM"
                case childDKM = "DKM(Child SA)"
                case childDHDKM = "DKM(Child SA D-H)"
                case rekeyedSKEYSEED = "SKEYSEED(Rekey)"
            }

            var algorithm: PRFAlgorithm {
                switch hash {
                case "SHA-1": .hmacSHA1
                case "SHA-256": .hmacSHA2_256
                case "SHA-384": .hmacSHA2_384
                default: .hmacSHA2_512
                }
            }
        }
    }

    @Test func nistSamples() throws {
        let file: File = try Vectors.json("nist-cavp-ikev2/ikev2-sample.json")
        let suites = [
            try CipherSuite(encryption: .aesCBC, keyLength: 128, integrity: .hmacSHA1_96),
            try CipherSuite(encryption: .aesGCM16, keyLength: 256, integrity: nil),
        ]
        var tally = Tally()
        for test in file.tests {
            let prf = try PRF(test.algorithm)
            let skeyseed = try KeyDerivation.skeyseed(
                prf: prf,
                sharedSecret: SecretBytes(copying: test.sharedSecret.bytes),
                nonceI: test.nonceI.bytes,
                nonceR: test.nonceR.bytes
            )
            #expect(skeyseed.exposed == test.skeyseed.bytes)

            let seed = test.nonceI.bytes + test.nonceR.bytes + test.spiI.bytes + test.spiR.bytes
            #expect(try prf.plus(key: skeyseed, seed: seed, count: test.dkm.bytes.count).exposed == test.dkm.bytes)

            // SK_d stands first in the material.
            let skD = SecretBytes(copying: test.dkm.bytes.prefix(prf.keyLength))
            let newSecret = SecretBytes(copying: test.newSharedSecret.bytes)
            let rekeyed = try KeyDerivation.rekeyedSKEYSEED(
                prf: prf,
                skD: skD,
                sharedSecret: newSecret,
                nonceI: test.nonceI.bytes,
                nonceR: test.nonceR.bytes
            )
            #expect(rekeyed.exposed == test.rekeyedSKEYSEED.bytes)

            for suite in suites {
                try expectKeys(of: test, prf, suite, skeyseed: skeyseed)
                try expectChildKeys(test.childDKM, of: test, prf, suite, skD: skD, sharedSecret: nil)
                try expectChildKeys(test.childDHDKM, of: test, prf, suite, skD: skD, sharedSecret: newSecret)
            }
            tally.run()
        }
        tally.expect(ran: 45, of: file.tests.count)
    }

    /// The keys are the beginning of the sample's material, in order. Samples of 132 octets are too short for some
    /// suites.
    private func expectKeys(
        of test: File.Case,
        _ prf: PRF,
        _ suite: CipherSuite,
        skeyseed: SecretBytes
    ) throws {
        let keys = try KeyDerivation.ikeKeys(
            prf: prf,
            suite: suite,
            skeyseed: skeyseed,
            nonceI: test.nonceI.bytes,
            nonceR: test.nonceR.bytes,
            spiI: spi(test.spiI),
            spiR: spi(test.spiR)
        )
        let material = [keys.d, keys.ai, keys.ar, keys.ei, keys.er, keys.pi, keys.pr]
        #expect(
            material.map(\.count) == [
                prf.keyLength, suite.integrityKeyLength, suite.integrityKeyLength,
                suite.encryptionKeyLength, suite.encryptionKeyLength, prf.keyLength, prf.keyLength,
            ]
        )
        let octets = material.flatMap(\.exposed)
        #expect(octets.prefix(test.dkm.bytes.count) == test.dkm.bytes.prefix(octets.count))
    }

    private func expectChildKeys(
        _ dkm: Hex,
        of test: File.Case,
        _ prf: PRF,
        _ suite: CipherSuite,
        skD: SecretBytes,
        sharedSecret: SecretBytes?
    ) throws {
        let keys = try KeyDerivation.childKeys(
            prf: prf,
            suite: suite,
            skD: skD,
            sharedSecret: sharedSecret,
            nonceI: test.nonceI.bytes,
            nonceR: test.nonceR.bytes
        )
        let material = [
            keys.initiator.encryption, keys.initiator.integrity, keys.responder.encryption, keys.responder.integrity,
        ]
        #expect(
            material.map(\.count) == [
                suite.encryptionKeyLength, suite.integrityKeyLength,
                suite.encryptionKeyLength, suite.integrityKeyLength,
            ]
        )
        let octets = material.flatMap(\.exposed)
        #expect(octets == Array(dkm.bytes.prefix(octets.count)))
    }

    private func spi(_ hex: Hex) -> IKESPI {
        IKESPI(rawValue: hex.bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    private struct XCBCFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let Ni, Nr, SPIi, SPIr, g_ir, SKEYSEED, prf_plus_132: Hex
        }
    }

    /// A PRF whose SKEYSEED takes only the first half of its key from each nonce.
    @Test func aesXCBC() throws {
        let file: XCBCFile = try Vectors.json("rfc/ikev2-prf-aes128-xcbc.json")
        let prf = try PRF(.aes128XCBC)
        var tally = Tally()
        for test in file.tests {
            let secret = SecretBytes(copying: test.g_ir.bytes)
            let skeyseed = try KeyDerivation.skeyseed(
                prf: prf,
                sharedSecret: secret,
                nonceI: test.Ni.bytes,
                nonceR: test.Nr.bytes
            )
            #expect(skeyseed.exposed == test.SKEYSEED.bytes)
            let longer = try KeyDerivation.skeyseed(
                prf: prf,
                sharedSecret: secret,
                nonceI: test.Ni.bytes + [1, 2, 3],
                nonceR: test.Nr.bytes + [4, 5]
            )
            #expect(longer == skeyseed, "only the first 64 bits of a nonce count")
            let seed = test.Ni.bytes + test.Nr.bytes + test.SPIi.bytes + test.SPIr.bytes
            #expect(try prf.plus(key: skeyseed, seed: seed, count: 132).exposed == test.prf_plus_132.bytes)
            tally.run()
        }
        tally.expect(ran: 1, of: file.tests.count)
    }
}

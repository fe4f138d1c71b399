import IKECrypto
import IKEWire
import Support
import Testing

/// Signing with our keys, and what changed signatures are worth.
@Suite struct SigningTests {
    private static let message = Array("the octets that are signed".utf8)

    static let pairs: [(String, SignatureScheme)] = [
        ("rsa2048", .rsaPKCS1(.sha1)), ("rsa2048", .rsaPKCS1(.sha2_256)), ("rsa2048", .rsaPKCS1(.sha2_512)),
        ("rsa2048", .rsaPSS(.sha2_256)), ("rsa2048", .rsaPSS(.sha2_384)), ("rsa2048", .rsaPSS(.sha2_512)),
        ("p256", .ecdsa(.sha2_256)), ("p256", .ecdsa(.sha2_512)), ("p256", .ecdsaConcatenated(.sha2_256)),
        ("p384", .ecdsa(.sha2_384)), ("p384", .ecdsaConcatenated(.sha2_384)),
        ("p521", .ecdsa(.sha2_512)), ("p521", .ecdsaConcatenated(.sha2_512)),
        ("ed25519", .ed25519), ("ed448", .ed448),
    ]

    @Test(arguments: pairs)
    func whatIsSignedVerifiesAndNothingElse(_ name: String, _ scheme: SignatureScheme) throws {
        let privateKey = try Fixture.privateKey(name)
        let key = try Fixture.publicKey(name)
        #expect(privateKey.publicKey == key)
        let signature = try privateKey.sign(Self.message, by: scheme)
        #expect(key.verify(signature, of: Self.message, by: scheme))
        #expect(!key.verify(signature, of: Self.message + [0], by: scheme))
        #expect(!key.verify(signature, of: [], by: scheme))
        #expect(!key.verify(signature + [0], of: Self.message, by: scheme))
        for count in stride(from: 0, to: signature.count, by: 5) {
            #expect(!key.verify(Array(signature.prefix(count)), of: Self.message, by: scheme))
        }
        for index in stride(from: 0, to: signature.count, by: 3) {
            var changed = signature
            changed[index] ^= 0x40
            #expect(!key.verify(changed, of: Self.message, by: scheme), "octet \(index)")
        }
        for (_, other) in Self.pairs where other != scheme {
            #expect(!key.verify(signature, of: Self.message, by: other), "\(other)")
        }
    }

    @Test func anEmptyMessageCanBeSigned() throws {
        for (name, scheme) in Self.pairs {
            let key = try Fixture.privateKey(name)
            #expect(key.publicKey.verify(try key.sign([], by: scheme), of: [], by: scheme))
        }
    }

    @Test func concatenatedSignaturesHaveTheLengthOfRFC4754() throws {
        for (name, hash, length) in [
            ("p256", HashAlgorithm.sha2_256, 64), ("p384", .sha2_384, 96), ("p521", .sha2_512, 132),
        ] {
            let key = try Fixture.privateKey(name)
            // Numbers with leading zeros come up once in 128 signatures on P-256 and must keep them.
            for count in 0..<20 {
                #expect(try key.sign([UInt8(count)], by: .ecdsaConcatenated(hash)).count == length)
            }
        }
    }

    @Test func aSchemeThatDoesNotFitIsRefused() throws {
        let key = try Fixture.privateKey("p256")
        #expect(throws: CryptoError.unsupported("RSA with SHA2_256 with a key of kind ECDSA P-256")) {
            try key.sign(Self.message, by: .rsaPKCS1(.sha2_256))
        }
        #expect(throws: CryptoError.self) { try key.sign(Self.message, by: .ecdsa(.sha1)) }
        #expect(throws: CryptoError.self) { try key.sign(Self.message, by: .ecdsaConcatenated(.sha2_384)) }
    }

    @Test func privateKeysAreNotPrinted() throws {
        let key = try Fixture.privateKey("p256")
        let text = "private half of \(key.publicKey)"
        #expect("\(key)" == text)
        #expect(String(reflecting: key) == text)
        var dumped = ""
        dump(key, to: &dumped)
        #expect(dumped == "- \(text)\n")
    }
}

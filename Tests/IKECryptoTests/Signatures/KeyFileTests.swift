import IKECrypto
import IKEWire
import Support
import Testing

/// Keys in the forms that files have.
@Suite struct KeyFileTests {
    private static let passphrase = SecretBytes(copying: Array("two words".utf8))

    @Test(
        arguments: [
            ("rsa2048.key", PublicKey.Kind.rsa(bits: 2048)), ("rsa2048-pkcs1.key", .rsa(bits: 2048)),
            ("rsa2048-pkcs1.der", .rsa(bits: 2048)), ("rsa1024.key", .rsa(bits: 1024)),
            ("p256.key", .ecdsa(.p256)), ("p256.der", .ecdsa(.p256)), ("p256-sec1.key", .ecdsa(.p256)),
            ("p384.key", .ecdsa(.p384)), ("p521.key", .ecdsa(.p521)), ("ed25519.key", .ed25519), ("ed448.key", .ed448),
        ]
    )
    func privateKeysAreReadFromEveryForm(_ file: String, _ kind: PublicKey.Kind) throws {
        let key = try PrivateKey(parsing: Fixture.file(file), passphrase: nil)
        #expect(key.publicKey.kind == kind)
        // A passphrase that nobody needs does no harm.
        #expect(try PrivateKey(parsing: Fixture.file(file), passphrase: Self.passphrase).publicKey == key.publicKey)
    }

    @Test(arguments: ["p256-encrypted.key", "p256-encrypted.der", "p256-encrypted-sec1.key"])
    func encryptedKeysNeedTheirPassphrase(file: String) throws {
        let file = try Fixture.file(file)
        let key = try PrivateKey(parsing: file, passphrase: Self.passphrase)
        #expect(key.publicKey == (try Fixture.publicKey("p256")))
        #expect(throws: PrivateKeyError.needsPassphrase) { try PrivateKey(parsing: file, passphrase: nil) }
        for wrong in ["", "two", "two words ", String(repeating: "x", count: 5000)] {
            let wrong = SecretBytes(copying: Array(wrong.utf8))
            #expect(throws: PrivateKeyError.wrongPassphrase) { try PrivateKey(parsing: file, passphrase: wrong) }
        }
    }

    @Test func anEncryptionThatIsNotOfferedIsNamed() throws {
        let file = try Fixture.file("p256-encrypted-rc2.key")
        #expect(throws: PrivateKeyError.unsupported("the encryption of the private key")) {
            try PrivateKey(parsing: file, passphrase: Self.passphrase)
        }
    }

    @Test func keysOfOtherKindsAreRefusedByName() throws {
        #expect(throws: PrivateKeyError.unsupported("a key on the curve brainpoolP256r1")) {
            try Fixture.privateKey("brainpool")
        }
        #expect(throws: PrivateKeyError.unsupported("a key for X25519")) { try Fixture.privateKey("x25519") }
        #expect(throws: CryptoError.unsupported("a key on a curve without a name")) {
            try Fixture.publicKey("explicit")
        }
    }

    @Test func openSSHKeysAreRefusedWithAHint() {
        let file = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
        #expect {
            try PrivateKey(parsing: Array(file.utf8), passphrase: nil)
        } throws: { error in
            "\(error)".contains("ssh-keygen")
        }
    }

    @Test func whatIsNoPrivateKeyIsMalformed() throws {
        let pem = try Fixture.file("p256.key")
        let files = [
            [], Array("hello".utf8), try Fixture.file("p256.pub"), try Fixture.file("gateway.pem"),
            try Fixture.file("gateway.der"), try Fixture.file("p256.pub.der"),
            Array("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n".utf8),
            Array("-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n".utf8),
        ]
        for file in files {
            #expect(throws: PrivateKeyError.malformed) { try PrivateKey(parsing: file, passphrase: nil) }
        }
        for count in 0..<(pem.count - 1) {
            #expect(throws: PrivateKeyError.malformed) {
                try PrivateKey(parsing: Array(pem.prefix(count)), passphrase: nil)
            }
        }
        for file in ["p256.der", "rsa2048-pkcs1.der"] {
            let der = try Fixture.file(file)
            for count in der.indices {
                #expect(throws: PrivateKeyError.self) {
                    try PrivateKey(parsing: Array(der.prefix(count)), passphrase: nil)
                }
            }
        }
    }

    @Test func changedPrivateKeysNeverTrap() throws {
        for file in ["p256.der", "p256-encrypted.der", "rsa2048-pkcs1.der", "p256-encrypted-sec1.key"] {
            let original = try Fixture.file(file)
            // Behind the parameters of the key derivation, whose cost would be changed too.
            for index in original.indices where file != "p256-encrypted.der" || index > 90 {
                var changed = original
                changed[index] ^= 0x81
                _ = try? PrivateKey(parsing: changed, passphrase: Self.passphrase)
            }
        }
    }

    @Test func publicKeysAreReadFromPEMAndDER() throws {
        let key = try Fixture.publicKey("p256")
        #expect(try PublicKey.parse(Fixture.file("p256.pub.der")) == key)
        #expect(key.subjectPublicKeyInfo == (try Fixture.file("p256.pub.der")))
        #expect(key.keyHash == (try Digest.sha1(key.subjectPublicKeyInfo)))
        #expect("\(key)" == "ECDSA P-256 key \(hexadecimal(key.keyHash))")
        let twice = try Fixture.file("p256.pub") + Fixture.file("p384.pub")
        #expect(throws: CryptoError.self) { try PublicKey.parse(twice) }
        #expect(throws: CryptoError.malformed("public key")) { try PublicKey.parse(Fixture.file("gateway.pem")) }
        #expect(throws: CryptoError.malformed("public key")) { try PublicKey.parse([]) }
        let der = key.subjectPublicKeyInfo
        for count in der.indices {
            #expect(throws: CryptoError.self) { try PublicKey(subjectPublicKeyInfo: Array(der.prefix(count))) }
        }
        #expect(throws: CryptoError.malformed("public key")) { try PublicKey(subjectPublicKeyInfo: der + [0]) }
    }

    @Test func errorsAreSentences() {
        #expect("\(PrivateKeyError.needsPassphrase)" == "the private key is encrypted: its passphrase is needed")
        #expect("\(PrivateKeyError.wrongPassphrase)" == "the passphrase does not open the private key")
        #expect("\(PrivateKeyError.unsupported("a key for DSA"))" == "a key for DSA is not supported")
    }
}

import IKECrypto
import IKEWire
import Support
import Testing

/// PKCS #12 files as OpenSSL has written them over the years.
@Suite struct PKCS12Tests {
    private static let password = SecretBytes(copying: Array("two words".utf8))

    private func open(
        _ file: String,
        _ password: SecretBytes? = password,
        legacyProvider: String = "legacy"
    ) throws -> PKCS12File {
        let octets = SecretBytes(copying: try Fixture.file(file))
        return try PKCS12File(parsing: octets, password: password, legacyProvider: legacyProvider)
    }

    @Test(arguments: ["p384.p12", "p384-3des.p12", "p384-rc2.p12"])
    func keyCertificateAndAuthorityAreRead(file: String) throws {
        let file = try open(file)
        #expect(file.privateKey?.publicKey == (try Fixture.publicKey("p384")))
        #expect(file.certificate == (try Fixture.certificate("p384")))
        #expect(file.others == [try Fixture.certificate("root")])
        // The key works after the algorithms that opened the file are gone.
        let signature = try #require(try file.privateKey?.sign([1, 2, 3], by: .ecdsa(.sha2_384)))
        #expect(try Fixture.publicKey("p384").verify(signature, of: [1, 2, 3], by: .ecdsa(.sha2_384)))
    }

    @Test func aFileWithoutAPasswordIsRead() throws {
        for password in [nil, SecretBytes.empty] {
            let file = try open("p384-open.p12", password)
            #expect(file.privateKey?.publicKey == (try Fixture.publicKey("p384")))
            #expect(file.others.isEmpty)
        }
    }

    @Test func aFileOfAuthoritiesHasNoKey() throws {
        let file = try open("root.p12")
        #expect(file.privateKey == nil)
        #expect(file.certificate == nil)
        #expect(file.others == [try Fixture.certificate("root")])
    }

    @Test(arguments: ["p384.p12", "p384-3des.p12", "p384-rc2.p12", "root.p12"])
    func thePasswordMustBeTheRightOne(file: String) {
        #expect(throws: PKCS12Error.needsPassword) { try open(file, nil) }
        for wrong in ["two", "two words ", "two words\0", "\0", String(repeating: "x", count: 5000)] {
            #expect(throws: PKCS12Error.wrongPassword) { try open(file, SecretBytes(copying: Array(wrong.utf8))) }
        }
    }

    @Test func withoutTheLegacyProviderAnOldFileSaysWhatIsMissing() throws {
        #expect(throws: PKCS12Error.unsupportedEncryption) { try open("p384-rc2.p12", legacyProvider: "none-such") }
        _ = try open("p384.p12", legacyProvider: "none-such")
        _ = try open("p384-3des.p12", legacyProvider: "none-such")
        #expect("\(PKCS12Error.unsupportedEncryption)".contains("legacy provider"))
    }

    @Test func whatIsNoSuchFileIsMalformed() throws {
        for other in ["p384.key", "p384.pem", "gateway.der", "p256-encrypted.der"] {
            #expect(throws: PKCS12Error.malformed) { try open(other) }
        }
        #expect(throws: PKCS12Error.malformed) { try PKCS12File(parsing: .empty, password: nil) }
        let whole = try Fixture.file("p384-open.p12")
        for count in stride(from: 0, to: whole.count, by: 7) {
            #expect(throws: PKCS12Error.self) {
                try PKCS12File(parsing: SecretBytes(copying: whole.prefix(count)), password: nil)
            }
        }
    }

    @Test func changedFilesNeverTrap() throws {
        let original = try Fixture.file("p384-3des.p12")
        for index in stride(from: 0, to: original.count, by: 11) {
            var changed = original
            changed[index] ^= 0x81
            _ = try? PKCS12File(parsing: SecretBytes(copying: changed), password: Self.password)
        }
    }

    @Test func whatIsMadeIsReadAgain() throws {
        let made = try PKCS12File.make(
            key: try Fixture.privateKey("p384"),
            certificate: try Fixture.certificate("p384"),
            others: try Fixture.certificates(["root", "intermediate"]),
            name: "ada@example.org",
            password: Self.password
        )
        // Also where the legacy provider is missing.
        let file = try PKCS12File(parsing: made, password: Self.password, legacyProvider: "none-such")
        #expect(file.privateKey?.publicKey == (try Fixture.publicKey("p384")))
        #expect(file.certificate == (try Fixture.certificate("p384")))
        #expect(file.others == (try Fixture.certificates(["root", "intermediate"])))
        #expect(throws: PKCS12Error.wrongPassword) {
            try PKCS12File(parsing: made, password: SecretBytes(copying: [1]))
        }
    }

    @Test func makingRefusesAKeyOfAnotherCertificate() throws {
        let (key, certificate) = (try Fixture.privateKey("p256"), try Fixture.certificate("p384"))
        #expect(throws: CryptoError.self) {
            try PKCS12File.make(key: key, certificate: certificate, others: [], name: "x", password: Self.password)
        }
    }
}

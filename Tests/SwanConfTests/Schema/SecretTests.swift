import IKEWire
import SwanConf
import Testing

@Suite struct SecretTests {
    private func secret(_ body: String) throws -> SecretConfiguration {
        let text = "secrets { ike-1 { \(body)\n } }"
        return try #require(try Configuration(parsing: text, file: "iked.conf").secrets.first)
    }

    @Test(arguments: [
        ("text", Array("text".utf8)),
        ("two  words", Array("two words".utf8)),
        ("\"two  words #}\"", Array("two  words #}".utf8)),
        ("0x0aFf", [0x0A, 0xFF]),
        ("0X0a:ff", [0x0A, 0xFF]),
        ("0sAQID", [1, 2, 3]),
        ("0sAQIDBA==", [1, 2, 3, 4]),
        ("0sAQIDBA", [1, 2, 3, 4]),
        ("0S+/==", [0xFB]),
    ])
    func aSecretIsTextHexadecimalOrBase64(text: String, expected: [UInt8]) throws {
        let secret = try secret("secret = \(text)")
        #expect(secret.data.bytes == expected)
        #expect(secret.kind == .ike)
        #expect(secret.name == "ike-1")
        #expect(secret.owners.isEmpty)
    }

    @Test(arguments: ["0xabc", "0xgg", "0s=", "0sA", "0sAQ=", "0sAQ===", "0sA!==", "\"\"", "0x", "0s", "0sAQ==AQ=="])
    func aBrokenSecretIsRefusedWithoutShowingIt(text: String) throws {
        let error = try configurationError("secrets { ike-1 {\n secret = \(text)\n } }")
        #expect(error.line == 2)
        #expect(!error.description.contains(text))
    }

    @Test func ownersAreAllSettingsThatStartWithID() throws {
        let owners = try secret("secret = x\n id = a.example.org\n id-2 = 192.0.2.1\n id_any = %any").owners
        #expect(owners == ["a.example.org", "192.0.2.1"].compactMap { Identification($0) })
    }

    @Test func aSecretNeverPrints() throws {
        let secret = try secret("secret = hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), String(describing: secret.data), dumped] {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104"))
            #expect(text.contains("<7 secret octets>"))
        }
    }

    @Test(arguments: ["xauth-dave", "ntlm", "ppk", "token", "xauth"])
    func otherKindsAreRefusedByName(name: String) throws {
        let error = try configurationError("secrets { \(name) { secret = x\n } }")
        #expect(error.message.contains("sections are known to swanctl, but not supported yet by iked"))
        #expect(error.column == 11)
    }

    @Test func passphrasesAreForFilesInTheirDirectory() throws {
        let text =
            "secrets { private-gw { file = gw.pem\n secret = hunter2\n } ike { secret = x\n } rsa { file = a\n secret = 0x00\n } "
            + "pkcs12-gw { file = gw.p12\n secret = y\n } }"
        let configuration = try Configuration(parsing: text, file: "iked.conf")
        #expect(configuration.passphrases.map(\.file) == ["gw.pem", "a", "gw.p12"])
        #expect(configuration.passphrases.first?.passphrase.bytes == Array("hunter2".utf8))
        #expect(configuration.secrets.map(\.name) == ["ike"])
        #expect(!"\(configuration.passphrases)".contains("hunter2"))
    }

    @Test(arguments: [("secret = x", "has no `file = ...`"), ("file = x", "has no `secret = ...`")])
    func aPassphraseNeedsItsFile(body: String, expected: String) throws {
        #expect(try configurationError("secrets { private {\n\(body)\n } }").message.contains(expected))
    }

    @Test func anUnknownKindGetsASuggestion() throws {
        #expect(try configurationError("secrets { ik { secret = x\n } }").suggestion == "ike")
    }

    @Test func aSecretIsNeeded() throws {
        #expect(
            try configurationError("secrets { ike { id = a\n } }").message == "the secret `ike` has no `secret = ...`"
        )
    }

    @Test func theControlSocketBringsOctetsAndOwners() throws {
        let secret = try SecretConfiguration(name: "1", kind: .ike, owners: ["a.example.org", "%any"], data: [0, 255])
        #expect(secret.owners == [try #require(Identification("a.example.org"))])
        #expect(secret.data.bytes == [0, 255])
        #expect(throws: ConfigurationError.self) {
            try SecretConfiguration(name: "1", kind: .ike, owners: ["ipv4:x"], data: [1])
        }
        #expect(throws: ConfigurationError.self) {
            try SecretConfiguration(name: "1", kind: .ike, owners: [], data: [])
        }
    }

    @Test(arguments: [
        ("id = a", "id = b", "id-1 = a", false),
        ("id = a", "id = b", "id-1 = b", false),
        ("id = a", "id = b", "id-1 = c", true),
        ("id = a", "", "id-1 = c", false),
        ("", "id = b", "id-1 = 192.0.2.1", false),
        ("", "id = b", "id-1 = c", true),
        ("id = a", "id = b", "", false),
    ])
    func aConnectionThatNoSecretFitsIsWarnedAbout(local: String, remote: String, owners: String, warned: Bool) throws {
        let text = configurationText(local: local, remote: remote)
            .replacing("secrets { ike {", with: "secrets { ike { \(owners)\n")
        let warnings = try Configuration(parsing: text, file: "iked.conf").warnings
        #expect(!warnings.isEmpty == warned)
        if let warning = warnings.first {
            #expect(warning.summary.hasPrefix("iked.conf:2:3: warning: no secret `ike...` is for an identity"))
        }
    }

    @Test func withoutAnySecretEveryConnectionIsWarnedAbout() throws {
        let text = configurationText().replacing("ike { secret = s }", with: "")
        #expect(try Configuration(parsing: text, file: "iked.conf").warnings.count == 1)
    }
}

import Foundation
import IKECore
import IKECrypto
import IKEWire
import Support
import SwanConf
import Testing
import VICI

@testable import Daemon

/// Keys and certificates in the directories beside a configuration, and in what the control socket brings.
@Suite struct CredentialTests {
    /// A directory that is gone with the test.
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appending(path: "iked-\(UUID().uuidString)")
        var configuration: String { url.appending(path: "iked.conf").path() }

        func put(_ file: String, _ directory: String, as name: String? = nil, mode: Int = 0o600) throws {
            try put(try Fixture.file(file), "\(directory)/\(name ?? file)", mode: mode)
        }

        func put(_ octets: [UInt8], _ path: String, mode: Int = 0o600) throws {
            let place = url.appending(path: path)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(octets).write(to: place)
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: place.path(percentEncoded: false)
            )
        }

        deinit { try? FileManager.default.removeItem(at: url) }
    }

    private func store(_ folder: Folder, local: String, remote: String, secrets: String = "") throws
        -> ConfigurationStore
    {
        let text = """
            connections { site {
                local { \(local)
                }
                remote { \(remote)
                }
            } }
            secrets { \(secrets) }
            """
        return try ConfigurationStore(
            file: SwanConf.Configuration(parsing: text, file: "iked.conf"),
            path: folder.configuration
        )
    }

    @Test func anotherCertificateInAFileOfTheSameNameIsAChange() throws {
        let folder = Folder()
        try folder.put("rsa.pem", "x509", as: "own.pem")
        var store = try store(folder, local: "certs = own.pem", remote: "id = sun.example.org")
        #expect(try store.replaceFile(store.file).unchanged == ["site"])
        try folder.put("root.pem", "x509", as: "own.pem")
        #expect(try store.replaceFile(store.file).changed.map(\.name) == ["site"])
    }

    @Test func authoritiesWithNamesAreTrustedAndSayWhereToAsk() throws {
        let folder = Folder()
        try folder.put("root.pem", "x509ca")
        try folder.put("other-root.pem", "elsewhere")
        try folder.put("rsa.pem", "x509ca", as: "end.pem")
        let elsewhere = folder.url.appending(path: "elsewhere/other-root.pem").path(percentEncoded: false)
        func reading(_ authorities: String) throws -> ConfigurationStore {
            try ConfigurationStore(
                file: SwanConf.Configuration(parsing: "authorities { \(authorities)\n }", file: "iked.conf"),
                path: folder.configuration
            )
        }
        var store = try reading(
            """
            a { cacert = root.pem
                crl_uris = http://pki.example.org/a.crl
            }
            b { file = \(elsewhere)
                ocsp_uris = http://ocsp.example.org/, http://ocsp2.example.org/
                cert_uri_base = http://pki.example.org/certs/
            }
            """
        )
        let (root, other) = (try Fixture.certificate("root"), try Fixture.certificate("other-root"))
        #expect(store.policy.credentials.trust.authorities == [root, other])
        #expect(
            store.policy.credentials.trust.services == [
                AuthorityServices(root, revocationListURLs: ["http://pki.example.org/a.crl"]),
                AuthorityServices(
                    other,
                    ocspURLs: ["http://ocsp.example.org/", "http://ocsp2.example.org/"],
                    certificateBase: "http://pki.example.org/certs/"
                ),
            ]
        )
        #expect(throws: CredentialError.self) { try reading("x { cacert = end.pem\n }") }
        #expect(throws: CredentialError.self) { try reading("x { cacert = nowhere.pem\n }") }
        // What the control socket brings goes before what the file has.
        let message: VICIMessage = ["cacert": .value(other.der), "crl_uris": ["http://pki.example.org/b.crl"]]
        try store.load(AuthorityConfiguration(name: "a", section: Section(name: "a", message)))
        #expect(store.loadedAuthorityNames == ["a"])
        #expect(store.policy.credentials.trust.services.last?.revocationListURLs == ["http://pki.example.org/b.crl"])
        #expect(store.policy.credentials.trust.services.count == 2)
        #expect(store.unload(authority: "a") && !store.unload(authority: "a"))
        #expect(store.policy.credentials.trust.services.first?.authority == root)
    }

    @Test func responsesAreKeptForOurOwnCertificatesWhereAConnectionPassesThemOn() throws {
        let folder = Folder()
        try folder.put("rsa.pem", "x509")
        try folder.put("p384.pem", "x509")
        try folder.put("rsa2048.key", "private")
        try folder.put("root.pem", "x509ca")
        func certificates(_ ocsp: String) throws -> [UnsettledCertificate] {
            let text = """
                connections { site { \(ocsp)
                    local { auth = pubkey
                    }
                    remote { auth = pubkey
                    }
                } }
                authorities { ca { cacert = root.pem
                    ocsp_uris = http://ocsp.example.org/
                } }
                """
            return try ConfigurationStore(
                file: SwanConf.Configuration(parsing: text, file: "iked.conf"),
                path: folder.configuration
            ).certificatesWithStatus
        }
        // Only one of them has its key here.
        for ocsp in ["reply", "both"] {
            let found = try certificates("ocsp = \(ocsp)")
            #expect(found.map(\.certificate) == [try Fixture.certificate("rsa")])
            #expect(found.first?.ocspURLs == ["http://ocsp.example.org/"])
        }
        for ocsp in ["", "ocsp = never", "ocsp = request"] { #expect(try certificates(ocsp).isEmpty) }
    }

    @Test func theDirectoriesAreThoseOfSwanctl() throws {
        let folder = Folder()
        try folder.put("rsa.pem", "x509")
        try folder.put("bundle.pem", "x509ca")
        try folder.put("root.crl", "x509crl")
        try folder.put("ed25519.key", "private")
        try folder.put("p256.der", "ecdsa")
        try folder.put("rsa2048-pkcs1.der", "rsa", as: "any name")
        try folder.put([0, 1, 2], "private/.hidden")
        let store = try store(folder, local: "auth = pubkey", remote: "auth = pubkey")
        #expect(store.warnings == [])
        #expect(store.credentials.certificates == [try Fixture.certificate("rsa")])
        #expect(store.credentials.authorities.count == 2)
        #expect(store.credentials.revocationLists.count == 1)
        let keys = try ["ed25519", "rsa2048", "p256"].map { try Fixture.publicKey($0) }
        #expect(Set(store.credentials.privateKeys.map(\.publicKey)) == Set(keys))
    }

    @Test func aFileThatCannotBeUsedIsLeftOutAndNamed() throws {
        let folder = Folder()
        try folder.put([1, 2, 3], "x509/broken.pem")
        try folder.put("rsa.pem", "x509ca")
        try folder.put("p256-encrypted.key", "private")
        try folder.put("root.pem", "x509crl")
        try folder.put("ed25519.pem", "x509")
        let store = try store(folder, local: "auth = pubkey", remote: "auth = pubkey")
        #expect(store.credentials.certificates == [try Fixture.certificate("ed25519")])
        #expect(store.credentials.authorities.isEmpty && store.credentials.privateKeys.isEmpty)
        for (name, reason) in [
            ("x509/broken.pem", "not a readable certificate"),
            ("x509ca/rsa.pem", "is not a certificate of an authority"),
            ("private/p256-encrypted.key", "its passphrase is needed"),
            ("x509crl/root.pem", "not a readable revocation list"),
        ] {
            #expect(
                store.warnings.contains { $0.contains(name) && $0.contains(reason) },
                "\(name) in \(store.warnings)"
            )
        }
    }

    @Test func aDirectoryThatCannotBeReadIsWarnedOf() throws {
        let folder = Folder()
        try folder.put([1], "private")
        let store = try store(folder, local: "auth = pubkey", remote: "auth = pubkey")
        #expect(store.warnings == ["left out: \(folder.url.path())/private: Not a directory"])
    }

    @Test func aPassphraseOpensItsKey() throws {
        let folder = Folder()
        try folder.put("p256-encrypted.key", "private")
        let secrets = "private-gw { file = p256-encrypted.key\n secret = \"two words\"\n }"
        let right = try store(folder, local: "auth = pubkey", remote: "auth = pubkey", secrets: secrets)
        #expect(right.credentials.privateKeys.map(\.publicKey) == [try Fixture.publicKey("p256")])
        let wrong = secrets.replacing("two words", with: "three")
        let left = try store(folder, local: "auth = pubkey", remote: "auth = pubkey", secrets: wrong)
        #expect(left.credentials.privateKeys.isEmpty)
        #expect(left.warnings.contains { $0.contains("the passphrase does not open the private key") })
        #expect(!left.warnings.contains { $0.contains("three") })
    }

    @Test func aContainerBringsKeyCertificateAndAuthority() throws {
        let folder = Folder()
        try folder.put("p384-rc2.p12", "pkcs12", as: "gw")
        try folder.put("root.pem", "x509ca")
        let secrets = "pkcs12-gw { file = gw\n secret = \"two words\"\n }"
        let store = try store(folder, local: "auth = pubkey", remote: "auth = pubkey", secrets: secrets)
        #expect(store.warnings == [])
        #expect(store.credentials.privateKeys.map(\.publicKey) == [try Fixture.publicKey("p384")])
        #expect(store.credentials.certificates == [try Fixture.certificate("p384")])
        #expect(store.credentials.authorities == [try Fixture.certificate("root")])
    }

    @Test func aContainerThatDoesNotOpenIsLeftOutAndNamed() throws {
        let folder = Folder()
        try folder.put("p384.p12", "pkcs12")
        for (secret, reason) in [("", "its password is needed"), ("hunter2", "the password does not open")] {
            let secrets = secret.isEmpty ? "" : "pkcs12 { file = p384.p12\n secret = \(secret)\n }"
            let store = try store(folder, local: "auth = pubkey", remote: "auth = pubkey", secrets: secrets)
            #expect(store.credentials.privateKeys.isEmpty && store.credentials.certificates.isEmpty)
            #expect(store.warnings.contains { $0.contains("pkcs12/p384.p12") && $0.contains(reason) })
            #expect(!store.warnings.contains { $0.contains("hunter2") })
        }
    }

    @Test func aKeyThatOthersMayReadIsWarnedOf() throws {
        let folder = Folder()
        try folder.put("ed25519.key", "private", mode: 0o644)
        let store = try store(folder, local: "auth = pubkey", remote: "auth = pubkey")
        #expect(store.credentials.privateKeys.count == 1)
        #expect(store.warnings.contains { $0.contains("ed25519.key can be read by others than its owner: chmod 600") })
    }

    @Test func aConnectionGetsWhatItNames() throws {
        let folder = Folder()
        try folder.put("rsa.pem", "x509")
        try folder.put("root.pem", "x509ca")
        try folder.put("p256.pub", "pubkey")
        let named = try store(
            folder,
            local: "certs = rsa.pem",
            remote: "cacerts = root.pem\n auth = ecdsa-sha384\n revocation = strict"
        )
        let connection = try #require(named.policy.connections.first)
        guard case .publicKey(let local) = connection.local.kind, case .publicKey(let remote) = connection.remote.kind
        else {
            Issue.record("no public keys")
            return
        }
        #expect(local.certificates == [try Fixture.certificate("rsa")])
        #expect(remote.authorities == [try Fixture.certificate("root")])
        #expect(remote.signatures == SignatureRequirement(.ecdsa, hashes: [.sha2_384]))
        #expect(remote.revocation == .strict)
        let raw = try #require(try store(folder, local: "", remote: "pubkeys = p256.pub").policy.connections.first)
        guard case .publicKey(let policy) = raw.remote.kind else { return }
        #expect(policy.publicKeys == [try Fixture.publicKey("p256")])
    }

    @Test(arguments: [
        ("certs = missing.pem", "connection site: ", "missing.pem: No such file or directory"),
        ("certs = /etc", "connection site: ", "/etc is not a regular file"),
        ("pubkeys = 0x3000", "connection site: ", "cannot be used"),
    ]) func aConnectionThatNamesWhatCannotBeHadIsRefused(setting: String, place: String, reason: String) throws {
        let folder = Folder()
        try folder.put("root.pem", "x509ca")
        let error = try #require(throws: CredentialError.self) {
            try store(folder, local: setting, remote: "auth = psk", secrets: "ike { secret = x\n }")
        }
        #expect(error.description.hasPrefix(place) && error.description.contains(reason))
    }

    @Test func aReloadThatCannotBeHadChangesNothing() throws {
        let folder = Folder()
        try folder.put("rsa.pem", "x509")
        var store = try store(folder, local: "certs = rsa.pem", remote: "")
        let broken = "connections { other { local { certs = none.pem\n } remote { auth = psk\n } } }"
        let new = try SwanConf.Configuration(parsing: broken, file: "iked.conf")
        #expect(throws: CredentialError.self) { _ = try store.replaceFile(new) }
        #expect(store.connections.map(\.name) == ["site"])
        #expect(store.file.connections.map(\.name) == ["site"])
    }

    @Test func aCertificateThatIsReplacedChangesItsConnection() throws {
        let folder = Folder()
        try folder.put("rsa.pem", "x509", as: "gw.pem")
        var store = try store(folder, local: "certs = gw.pem", remote: "")
        let file = store.file
        let same = try store.replaceFile(file)
        #expect(same.loaded.isEmpty)
        try folder.put("p384.pem", "x509", as: "gw.pem")
        let changed = try store.replaceFile(file)
        #expect(changed.loaded == ["site"])
    }

    @Test func theControlSocketBringsCertificatesAsOctets() throws {
        let der = try Fixture.certificate("rsa").der
        let pem = try Fixture.file("p384.pem")
        let message = VICIMessage(entries: [
            .init("local", .section(VICIMessage(entries: [.init("certs", .list([der, pem]))]))),
            .init("remote", .section(["auth": "psk"])),
        ])
        let configuration = try ConnectionConfiguration(name: "c", section: Section(name: "c", message))
        let directory = CredentialDirectory(ofConfiguration: "/nonexistent/iked.conf")
        let connection = try Connection(configuration, directory)
        guard case .publicKey(let policy) = connection.local.kind else { return }
        #expect(policy.certificates == (try Fixture.certificates(["rsa", "p384"])))
    }

    @Test func keysOfTheControlSocketComeAndGo() throws {
        var store = try ConfigurationStore(
            file: SwanConf.Configuration(parsing: "", file: "iked.conf"),
            path: "/nonexistent/iked.conf"
        )
        let key = try Fixture.privateKey("ed25519")
        store.load(CredentialSet(privateKeys: [key]))
        store.load(CredentialSet(privateKeys: [key]))
        #expect(store.loadedKeys == [key.publicKey.id])
        let wasThere = store.unload(key: key.publicKey.id)
        let isThere = store.unload(key: key.publicKey.id)
        #expect(wasThere && !isThere)
        store.load(CredentialSet(certificates: [try Fixture.certificate("rsa")]))
        store.clearCredentials()
        #expect(store.credentials.certificates.isEmpty)
    }
}

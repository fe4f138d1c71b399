import Foundation
import IKECrypto
import IKEWire
import SwanConf
import Testing

@testable import Control

/// `ikectl new`: two hosts get configurations that fit each other.
@Suite final class NewCommandTests {
    private let directory = NSTemporaryDirectory() + "new-\(UInt32.random(in: 0 ... .max))"

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func make(_ options: String..., left: String = "192.0.2.1", net: String = "10.1.0.0/16")
        -> FixtureDaemon.Outcome
    {
        let ends = ["--left", left, "--left-net", net, "--right", "gw.example.org", "--right-net", "10.2.0.0/16"]
        return FixtureDaemon.run(["new"] + ends + ["--dir", directory] + options)
    }

    private func configuration(_ side: String) throws -> SwanConf.Configuration {
        try SwanConf.Configuration.load(path: "\(directory)/\(side)/iked.conf")
    }

    private func files(_ side: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(directory)/\(side)").filter { $0.contains(".") }.sorted()
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(path)")
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test func theEndsMirrorEachOther() throws {
        let outcome = make()
        #expect(outcome.code == .ok, "\(outcome.error)")
        #expect(outcome.lines.contains("  scp -r \(directory)/left/. root@192.0.2.1:/etc/iked/"))
        let left = try #require(try configuration("left").connections.first)
        let right = try #require(try configuration("right").connections.first)
        #expect(left.local.id == Identification("192.0.2.1") && left.local.id == right.remote.id)
        #expect(right.local.id == Identification("gw.example.org") && right.local.id == left.remote.id)
        #expect(left.children.first?.localTrafficSelectors == right.children.first?.remoteTrafficSelectors)
        #expect(left.children.first?.remoteTrafficSelectors == right.children.first?.localTrafficSelectors)
        #expect(left.hostNames == ["gw.example.org"] && right.hostNames.isEmpty)
        #expect(try mode("left/iked.conf") == 0o600 && mode("left") == 0o700)
    }

    @Test func aSecretIsSharedAndNewEachTime() throws {
        _ = make()
        let secret = try configuration("left").secrets.first?.data
        #expect(try configuration("right").secrets.first?.data == secret)
        #expect(secret?.bytes.count == 32)
        try FileManager.default.removeItem(atPath: directory)
        _ = make()
        #expect(try configuration("left").secrets.first?.data != secret)
    }

    @Test func eachEndHasItsKeyAndBothPublicKeys() throws {
        #expect(make("--auth", "key").code == .ok)
        #expect(try files("left") == ["iked.conf", "private/left.pem", "pubkey/left.der", "pubkey/right.der"])
        #expect(try mode("right/private/right.pem") == 0o600)
        let key = try PrivateKey(
            parsing: SecretBytes(copying: Data(contentsOf: URL(filePath: "\(directory)/left/private/left.pem"))),
            passphrase: nil
        )
        let atRight = try [UInt8](Data(contentsOf: URL(filePath: "\(directory)/right/pubkey/left.der")))
        #expect(key.publicKey.subjectPublicKeyInfo == atRight)
        let left = try #require(try configuration("left").connections.first)
        #expect(left.local.publicKeys == [.file("left.der")] && left.remote.publicKeys == [.file("right.der")])
    }

    @Test func certificatesComeFromOneAuthority() throws {
        #expect(make("--auth", "cert").code == .ok)
        let left = try #require(try configuration("left").connections.first)
        guard case .file(let own)? = left.local.certificates.first, case .file(let ca)? = left.remote.authorities.first
        else {
            Issue.record("no certificates are named")
            return
        }
        let all = try files("left")
        #expect(all == ["iked.conf", "private/\(own)", "x509/\(own)", "x509ca/\(ca)"])
        let verified = FixtureDaemon.run([
            "pki", "verify", "\(directory)/left/x509/\(own)", "--dir", "\(directory)/right",
        ])
        #expect(verified.code == .ok, "\(verified.error)")
    }

    @Test func whatIsThereIsNotOverwritten() throws {
        #expect(make().code == .ok)
        let before = try configuration("left").secrets
        let again = make()
        #expect(again.code == .failed)
        #expect(again.error.contains("left exists already and is not overwritten"))
        #expect(try configuration("left").secrets == before)
    }

    @Test(arguments: [
        ("10.1.0.0/33", "192.0.2.1", "there would be no valid configuration for left"),
        ("10.1.0.0/16", "192.0.2.300", "`192.0.2.300` is not an IP address"),
        ("10.1.0.0/16 } }", "192.0.2.1", "there would be no valid configuration"),
    ]) func whatIsNoNetworkOrHostIsRefusedBeforeAFileIsMade(net: String, left: String, expected: String) {
        let outcome = make(left: left, net: net)
        #expect(outcome.code == .usage)
        #expect(outcome.error.contains(expected), "\(outcome.error)")
        #expect(!FileManager.default.fileExists(atPath: directory))
    }

    @Test func whatIsMissingIsNamed() {
        let outcome = FixtureDaemon.run(["new", "--left", "192.0.2.1"])
        #expect(outcome.code == .usage)
        #expect(outcome.error.contains("--left-net is missing"))
        #expect(make("--auth", "magic").error.contains("--auth takes psk, key or cert, not 'magic'"))
    }
}

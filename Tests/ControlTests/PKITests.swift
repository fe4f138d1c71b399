import Foundation
import IKECrypto
import Testing

@testable import Control

/// `ikectl pki` from a CA to a host that is no longer trusted, in a directory of its own.
@Suite final class PKITests {
    private let directory = NSTemporaryDirectory() + "pki-\(UInt32.random(in: 0 ... .max))"

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func run(_ arguments: String...) -> FixtureDaemon.Outcome {
        FixtureDaemon.run(["pki"] + arguments.map { $0.replacing("DIR", with: directory) })
    }

    private func makeAuthority(_ options: String...) {
        let outcome = FixtureDaemon.run(["pki", "ca", "--name", "Example CA", "--dir", directory + "/ca"] + options)
        #expect(outcome.code == .ok, "\(outcome.error)")
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    private func files(_ path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory + path).filter { $0.contains(".pem") }.sorted()
    }

    @Test func aHostGetsAllThatItNeeds() throws {
        makeAuthority()
        let outcome = run(
            "issue",
            "gw.example.org",
            "192.0.2.1",
            "2001:db8::1",
            "a@example.org",
            "--ca",
            "DIR/ca",
            "--dir",
            "DIR/gw"
        )
        #expect(outcome.code == .ok)
        #expect(outcome.lines.first?.hasPrefix("issued a certificate to gw.example.org, 192.0.2.1, ") == true)
        #expect(try files("/gw") == ["private/gw.example.org.pem", "x509/gw.example.org.pem", "x509ca/Example-CA.pem"])
        #expect(try mode("/gw/private/gw.example.org.pem") == 0o600)
        #expect(try mode("/gw/private") == 0o700)
        #expect(try mode("/ca/ca/key.pem") == 0o600)

        let shown = run("show", "DIR/gw/x509/gw.example.org.pem")
        #expect(shown.lines.contains("  subject        CN=gw.example.org"))
        #expect(shown.lines.contains("  names          gw.example.org, 192.0.2.1, 2001:db8::1, a@example.org"))
        #expect(shown.lines.contains("  key            ECDSA P-256"))
        let key = run("show", "DIR/gw/private/gw.example.org.pem")
        #expect(key.lines.first == "private key")

        let trusted = run("verify", "DIR/gw/x509/gw.example.org.pem", "--dir", "DIR/gw")
        #expect(trusted.code == .ok)
        #expect(trusted.lines.dropFirst() == ["  CN=gw.example.org", "  CN=Example CA"])
    }

    @Test(
        arguments: [
            ("ecdsa256", "ECDSA P-256"), ("ecdsa384", "ECDSA P-384"), ("ed25519", "Ed25519"), ("rsa3072", "RSA-3072"),
        ]
    )
    func keysAreOfTheKindThatIsAskedFor(_ kind: String, _ name: String) {
        makeAuthority("--key", kind)
        let outcome = run("issue", "a", "--ca", "DIR/ca", "--key=\(kind)")
        #expect(outcome.lines.first?.contains("(\(name))") == true)
        #expect(run("verify", "DIR/ca/x509/a.pem", "--dir", "DIR/ca").code == .ok)
    }

    @Test func whatIsRevokedIsNoLongerTrusted() throws {
        makeAuthority()
        for name in ["a", "b"] { #expect(run("issue", name, "--ca", "DIR/ca").code == .ok) }
        #expect(run("verify", "DIR/ca/x509/a.pem", "--dir", "DIR/ca", "--revocation", "strict").code == .failed)

        let revoked = run("revoke", "DIR/ca/x509/a.pem", "--ca", "DIR/ca")
        #expect(revoked.code == .ok)
        #expect(revoked.lines.first == "revoked the certificate of \"CN=a\"")
        #expect(revoked.output.contains("/x509crl/Example-CA.pem: 1 revoked certificate, good until "))
        let outcome = run("verify", "DIR/ca/x509/a.pem", "--dir", "DIR/ca")
        #expect(outcome.code == .failed)
        #expect(outcome.error.hasPrefix("ikectl: the certificate of \"CN=a\" (serial number "))
        #expect(run("verify", "DIR/ca/x509/b.pem", "--dir", "DIR/ca", "--revocation", "strict").code == .ok)

        #expect(run("revoke", "DIR/ca/x509/a.pem", "--ca", "DIR/ca").output.contains("had revoked before"))
        #expect(run("revoke", "--ca", "DIR/ca").output.contains(": 1 revoked certificate"))
        #expect(run("show", "DIR/ca/x509crl/Example-CA.pem").lines.contains("  revoked  1 certificate"))
        // The list comes along to hosts from now on.
        #expect(run("issue", "c", "--ca", "DIR/ca", "--dir", "DIR/c").code == .ok)
        #expect(try files("/c").contains("x509crl/Example-CA.pem"))
    }

    @Test func aPhoneGetsAContainerAndItsPassword() throws {
        makeAuthority()
        let outcome = run("issue", "ada@example.org", "--ca", "DIR/ca", "--dir", "DIR/ada", "--pkcs12")
        #expect(outcome.code == .ok)
        let path = directory + "/ada/ada@example.org.p12"
        let line = try #require(outcome.lines.last)
        let password = try #require(line.split(separator: " ").last)
        #expect(line == "wrote \(path), whose password is \(password)")
        #expect(password.count == 24 && password.split(separator: "-").map(\.count) == [4, 4, 4, 4, 4])
        #expect(try mode("/ada/ada@example.org.p12") == 0o600)
        let file = try PKCS12File(
            parsing: SecretBytes(copying: Data(contentsOf: URL(filePath: path))),
            password: SecretBytes(copying: password.utf8)
        )
        let issued = [UInt8](try Data(contentsOf: URL(filePath: directory + "/ada/x509/ada@example.org.pem")))
        #expect(file.certificate == (try X509Certificate.parse(issued)[0]))
        #expect(file.privateKey?.publicKey == file.certificate?.publicKey)
        #expect(file.others.map(\.subjectText) == ["CN=Example CA"])
        try FileManager.default.removeItem(atPath: directory + "/ada/x509/ada@example.org.pem")
        try FileManager.default.removeItem(atPath: directory + "/ada/private/ada@example.org.pem")
        let again = run("issue", "ada@example.org", "--ca", "DIR/ca", "--dir", "DIR/ada", "--pkcs12")
        #expect(again.error == "ikectl: \(path) exists already and is not overwritten\n")
    }

    @Test func nothingIsOverwritten() {
        makeAuthority()
        let again = run("ca", "--name", "Other", "--dir", "DIR/ca")
        #expect(again.code == .failed)
        #expect(again.error == "ikectl: \(directory)/ca/ca holds a CA already\n")
        #expect(run("issue", "a", "--ca", "DIR/ca").code == .ok)
        let second = run("issue", "a", "--ca", "DIR/ca")
        #expect(second.code == .failed)
        #expect(second.error == "ikectl: \(directory)/ca/private/a.pem exists already and is not overwritten\n")
    }

    @Test func aCertificateEndsWithItsAuthority() throws {
        makeAuthority("--days", "10")
        #expect(run("issue", "a", "--ca", "DIR/ca", "--days", "36500").code == .ok)
        let octets = [UInt8](try Data(contentsOf: URL(filePath: directory + "/ca/x509/a.pem")))
        let authority = [UInt8](try Data(contentsOf: URL(filePath: directory + "/ca/ca/certificate.pem")))
        #expect(try X509Certificate.parse(octets)[0].notAfter == (try X509Certificate.parse(authority)[0].notAfter))
    }

    @Test func aCertificateOfAnotherAuthorityIsNotRevoked() {
        makeAuthority()
        #expect(run("ca", "--name", "Other", "--dir", "DIR/other").code == .ok)
        #expect(run("issue", "a", "--ca", "DIR/other").code == .ok)
        let outcome = run("revoke", "DIR/other/x509/a.pem", "--ca", "DIR/ca")
        #expect(outcome.code == .failed)
        #expect(
            outcome.error == "ikectl: the certificate of \"CN=a\" was not issued by this CA, \"CN=Example CA\"\n"
        )
        let untrusted = run("verify", "DIR/other/x509/a.pem", "--dir", "DIR/ca")
        #expect(untrusted.error == "ikectl: no trusted CA certificate for the issuer \"CN=Other\"\n")
    }

    @Test func anIndexThatIsDamagedIsNamed() throws {
        makeAuthority()
        try "00\t1\t-\tCN=x\nnonsense\n".write(toFile: directory + "/ca/ca/index", atomically: true, encoding: .utf8)
        let outcome = run("revoke", "--ca", "DIR/ca")
        #expect(outcome.code == .failed)
        #expect(outcome.error == "ikectl: \(directory)/ca/ca/index:2: the line cannot be read\n")
    }

    @Test(
        arguments: [
            (["ca"], "'pki ca' needs --name NAME", "pki ca"),
            (["ca", "--name", ""], "the name of a CA has 1 to 64 characters", "pki ca"),
            (["isue", "a"], "'pki' has no command 'isue', did you mean 'issue'?", "pki"),
            (["issue"], "'pki issue' needs ID...", "pki issue"),
            (
                ["issue", "a", "--key", "ecdsa265"],
                "--key takes ecdsa256, ecdsa384, ed25519, rsa3072, not 'ecdsa265', did you mean 'ecdsa256'?",
                "pki issue"
            ),
            (["issue", "a", "--days", "0"], "--days takes a number from 1 to 36500, not '0'", "pki issue"),
            (
                ["issue", "@#00"],
                "a certificate is issued to an address, a domain name or a mail address, not to '@#00'", "pki issue"
            ),
            (
                ["issue", "%any"],
                "a certificate is issued to an address, a domain name or a mail address, not to '%any'", "pki issue"
            ),
        ] as [([String], String, String)]
    )
    func wrongUsageIsSaid(_ arguments: [String], _ message: String, _ command: String) {
        let outcome = FixtureDaemon.run(["pki"] + arguments)
        #expect(outcome.code == .usage)
        #expect(outcome.error == "ikectl: \(message)\nikectl \(command) --help tells more\n")
    }

    @Test func filesThatAreNoneOfTheseAreNamed() throws {
        try "hello".write(toFile: directory + "/hello", atomically: true, encoding: .utf8)
        let outcome = run("show", "DIR/hello")
        #expect(outcome.code == .failed)
        #expect(outcome.error == "ikectl: \(directory)/hello: no certificate, revocation list or key in PEM or DER\n")
        #expect(run("show", "DIR/none").error == "ikectl: \(directory)/none: No such file or directory\n")
        #expect(run("issue", "a", "--ca", "DIR").error.contains("holds no CA: 'ikectl pki ca' makes one"))
        makeAuthority()
        let verify = run("verify", "DIR/ca/x509ca/Example-CA.pem", "--dir", "DIR")
        #expect(verify.error == "ikectl: \(directory)/x509ca holds no CA certificate\n")
    }

    @Test func helpListsTheCommands() {
        let overview = FixtureDaemon.run(["pki", "--help"])
        #expect(overview.code == .ok)
        #expect(overview.output.hasPrefix("Usage: ikectl pki COMMAND\n"))
        #expect(overview.output.contains("  pki issue ID...    make a key"))
        for arguments in [["help", "pki", "issue"], ["pki", "issue", "--help"]] {
            #expect(FixtureDaemon.run(arguments).output.hasPrefix("Usage: ikectl pki issue ID... [OPTIONS]\n"))
        }
        let bare = FixtureDaemon.run(["pki"])
        #expect(bare.code == .usage)
        #expect(bare.error.hasPrefix("Usage: ikectl pki COMMAND\n"))
    }
}

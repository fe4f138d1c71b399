import IKEWire
import Testing

@testable import SwanConf

/// `auth = eap...`, `eap_id`, `aaa_id` and the passwords of `secrets`.
struct EAPTests {
    private func connection(_ local: String, _ remote: String) throws -> ConnectionConfiguration {
        let text = "connections { a { local { \(local) } remote { \(remote) } children { net { } } } }"
        let configuration = try Configuration(parsing: text.replacing(";", with: "\n"), file: "test.conf")
        return try #require(configuration.connections.first)
    }

    private func eap(_ method: AuthenticationConfiguration.Method) throws -> EAPConfiguration {
        guard case .eap(let eap) = method else { throw Failure.notEAP }
        return eap
    }

    private enum Failure: Error { case notEAP }

    @Test(arguments: EAPConfiguration.Method.allCases) func everyMethodIsReadOfAPeer(_ method: EAPConfiguration.Method)
        throws
    {
        let connection = try connection("auth = pubkey", "auth = \(method.rawValue);eap_id = %any")
        let eap = try eap(connection.remote.method)
        #expect(eap.method == method)
        #expect(eap.name == .asked)
    }

    @Test func ourNameAndTheServersAreRead() throws {
        let connection = try connection("auth = EAP-TLS;eap_id = alice;aaa_id = aaa.example.org", "auth = pubkey")
        let eap = try eap(connection.local.method)
        #expect(eap.method == .tls)
        #expect(eap.name == .given("alice"))
        #expect(eap.server == .given(try #require(Identification("aaa.example.org"))))
    }

    @Test func whatIsNotSaidIsTheIdentity() throws {
        let eap = try eap(try connection("auth = eap", "auth = psk").local.method)
        #expect(eap.name == .identity)
        #expect(eap.server == .responder)
    }

    @Test func anybodyMayBeTheServer() throws {
        #expect(try eap(try connection("auth = eap-ttls;aaa_id = %any", "auth = psk").local.method).server == .anybody)
    }

    @Test(arguments: [
        ("auth = eap-radius", "auth = psk", "`auth = eap-radius` is for a `remote` section"),
        ("auth = eap;eap_id = %any", "auth = psk", "is for a `remote` section"),
        ("auth = eap-mschapv2;certs = a.pem", "auth = psk", "`certs` says nothing beside `auth = eap-mschapv2`"),
        ("auth = eap-mschapv2;aaa_id = a", "auth = psk", "`aaa_id` says nothing"),
        ("auth = psk;eap_id = alice", "auth = psk", "`eap_id` says nothing beside `auth = psk`"),
        ("auth = pubkey", "eap_id = alice", "`eap_id` says nothing beside `auth = pubkey`"),
        ("auth = pubkey", "auth = eap-aka", "`auth = eap-aka` is not supported yet by iked"),
        ("auth = pubkey", "auth = eap-radius;cacerts = a.pem", "`cacerts` says nothing beside `auth = eap-radius`"),
    ]) func whatHasNoMeaningIsRefused(_ local: String, _ remote: String, _ message: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try connection(local, remote) }
        #expect(error.summary.contains(message), "\(error.summary)")
    }

    @Test func passwordsHaveUsers() throws {
        let text = """
            secrets {
              eap-alice { id = alice
                id-2 = CORP\\alice
                secret = "p w" }
              eap { secret = own }
            }
            """
        let secrets = try Configuration(parsing: text, file: "test.conf").secrets
        #expect(secrets.map(\.kind) == [.eap, .eap])
        #expect(secrets[0].users == ["alice", "CORP\\alice"])
        #expect(secrets[0].data.bytes == Array("p w".utf8))
        #expect(secrets[1].users.isEmpty && secrets[1].owners.isEmpty)
    }
}

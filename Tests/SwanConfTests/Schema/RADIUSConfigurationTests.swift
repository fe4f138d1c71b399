import Inet
import SwanConf
import Testing

@Suite struct RADIUSConfigurationTests {
    private func radius(_ body: String) throws -> RADIUSConfiguration {
        try #require(try Configuration(parsing: "iked { radius { \(body)\n } }", file: "iked.conf").daemon.radius)
    }

    private let server = "servers { a { address = 192.0.2.1\n secret = x\n } }"

    @Test func theDefaultsAreThoseOfStrongSwan() throws {
        let radius = try radius(server)
        #expect(radius.nasIdentifier == "iked")
        #expect(!radius.accounting)
        #expect(radius.accountingInterval == .zero)
        #expect(radius.retransmitTimeout == .seconds(2))
        #expect(radius.retransmitBase == 1.4)
        #expect(radius.retransmitTries == 3)
        #expect(radius.deadTime == .seconds(60))
        let server = try #require(radius.servers.first)
        #expect(server.name == "a")
        #expect(server.host.address == IPAddress("192.0.2.1"))
        #expect(server.authPort == 1812)
        #expect(server.acctPort == 1813)
        #expect(server.secret.bytes == [0x78])
        #expect(server.preference == 0)
    }

    @Test func everySettingIsRead() throws {
        let radius = try radius(
            """
            nas_identifier = gw-a
            accounting = yes
            accounting_interval = 300s
            retransmit_timeout = 0.5
            retransmit_base = 1
            retransmit_tries = 0
            dead_time = 5m
            servers {
                a {
                    address = aaa.example.org
                    auth_port = 11812
                    acct_port = 11813
                    secret = 0x0102
                    preference = 7
                }
            }
            """
        )
        #expect(radius.nasIdentifier == "gw-a")
        #expect(radius.accounting)
        #expect(radius.accountingInterval == .seconds(300))
        #expect(radius.retransmitTimeout == .milliseconds(500))
        #expect(radius.retransmitBase == 1)
        #expect(radius.retransmitTries == 0)
        #expect(radius.deadTime == .seconds(300))
        let server = try #require(radius.servers.first)
        #expect(server.host.name == "aaa.example.org")
        #expect(server.authPort == 11812)
        #expect(server.acctPort == 11813)
        #expect(server.secret.bytes == [1, 2])
        #expect(server.preference == 7)
    }

    @Test func serversAreOrderedByPreferenceAndThenAsTheyAreWritten() throws {
        let servers = [("a", 0), ("b", 5), ("c", 0), ("d", 5)].map { name, preference in
            "\(name) { address = 192.0.2.1\n secret = x\n preference = \(preference)\n }"
        }
        #expect(
            try radius("servers { \(servers.joined(separator: "\n")) }").servers.map(\.name) == ["b", "d", "a", "c"]
        )
    }

    @Test func aSecretDoesNotShow() throws {
        let radius = try radius("servers { a { address = 192.0.2.1\n secret = hush\n } }")
        #expect(!"\(radius)".contains("hush"))
        let error = try configurationError("iked { radius { servers { a { address = ::1\n secret = 0xhush\n } } } }")
        #expect(!error.message.contains("hush"))
    }

    @Test(arguments: [
        ("", "`radius` names no server"),
        ("servers { }", "`radius` names no server"),
        ("servers { address = 192.0.2.1\n }", "`address` must stand within a named section"),
        ("servers { a { secret = x\n } }", "the RADIUS server `a` has no `address = ...`"),
        ("servers { a { address = 192.0.2.1\n } }", "the RADIUS server `a` has no `secret = ...`"),
        ("servers { a { address = %any\n secret = x\n } }", "`address` takes one address or a host name"),
        ("servers { a { address = 192.0.2.0/24\n secret = x\n } }", "`address` takes one address or a host name"),
        ("servers { a { address = 192.0.2.1\n secret = 0x1\n } }", "behind `0x`"),
        ("servers { a { address = 192.0.2.1\n secret = \"\"\n } }", "`secret` is empty"),
        ("servers { a { auth_port = 0\n address = ::1\n secret = x\n } }", "`auth_port` takes a number from 1"),
        (
            "servers { a { port = 1812\n } }",
            "`port` is known to strongSwan's eap-radius, but not supported yet by iked"
        ),
        ("servers { a { adress = ::1\n } }", "a RADIUS server has no setting `adress`"),
        ("server = 192.0.2.1", "`server` is known to strongSwan's eap-radius, but not supported yet by iked"),
        ("dae { enable = yes\n }", "`dae` sections are known to strongSwan's eap-radius"),
        ("nas_identifier = \"\"", "`nas_identifier` takes 1 to 253 octets"),
        ("retransmit_tries = 21", "`retransmit_tries` takes a number from 0 to 20"),
        ("retransmit_timeout = 0", "`retransmit_timeout` takes seconds, at least `0.1`"),
        ("retransmit_base = 0.5", "`retransmit_base` takes a factor"),
        ("acounting = yes", "`radius` has no setting `acounting`"),
    ])
    func wrongValuesAreRefused(body: String, expected: String) throws {
        let message = try configurationError("iked { radius { \(body)\n } }").message
        #expect(message.contains(expected))
    }

    @Test func waitsThatNobodyMeansAreRefused() throws {
        let message = try configurationError(
            "iked { radius { retransmit_base = 10\n retransmit_tries = 9\n \(server)\n } }"
        )
        .message
        #expect(message.contains("longer than ten minutes"))
    }
}

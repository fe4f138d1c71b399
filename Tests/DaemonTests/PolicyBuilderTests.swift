import IKECore
import IKECrypto
import IKEWire
import Inet
import SwanConf
import Testing

@testable import Daemon

/// What of a configuration reaches the engine.
@Suite struct PolicyBuilderTests {
    private let text = """
        connections {
            site {
                local_addrs = 192.0.2.1
                remote_addrs = 198.51.100.0/24, %any6
                proposals = aes256gcm16-prfsha384-x25519
                dpd_delay = 30s
                keyingtries = 0
                encap = yes
                rekey_time = 2h
                over_time = 10m
                reauth_time = 8h
                unique = keep
                rand_time = 5m
                local { auth = psk
                    id = left.example }
                remote { auth = psk }
                children {
                    net {
                        local_ts = 10.1.0.0/16
                        remote_ts = dynamic[tcp/443]
                        replay_window = 128
                        copy_dscp = no
                        per_cpu_sas = yes
                        rekey_time = 20m
                    }
                }
            }
        }
        secrets { ike-site { id = right.example
            secret = 0x0102 } }
        """

    private func policy() throws -> Policy {
        try ConfigurationStore(file: Configuration(parsing: text, file: "test.conf"), path: "/nonexistent/iked.conf")
            .policy
    }

    @Test func aConnectionKeepsWhatWasConfigured() throws {
        let connection = try #require(try policy().connection(named: "site"))
        #expect(connection.local.identity == Identification("left.example"))
        #expect(connection.remote.identity == nil)
        #expect(connection.forcesEncapsulation)
        #expect(connection.isMobile)
        #expect(connection.livenessDelay == .seconds(30))
        #expect(connection.keyingTries == nil)
        #expect(connection.lifetime == Lifetime(rekey: .seconds(7200), jitter: .seconds(300), hard: .seconds(29_400)))
        #expect(
            connection.reauthentication
                == Lifetime(rekey: .seconds(28_800), jitter: .seconds(300), hard: .seconds(29_400))
        )
        #expect(connection.uniqueness == .keep)
        #expect(connection.proposals.count == 1)
        // Narrower than any network, so that it goes before one.
        #expect(connection.localAddresses == [.prefix(try #require(IPPrefix("192.0.2.1/32")))])
    }

    @Test func furtherRoundsAreKeptInTheirOrder() throws {
        let further = """
            local-2 { auth = eap
                round = 2
                id = alice.example
            }
            remote-3 { auth = psk
                round = 3
                id = third.example
            }
            remote-2 { auth = ecdsa
                round = 2
                id = second.example
            }
            children {
            """
        let text = text.replacing("children {", with: further)
        let store = try ConfigurationStore(
            file: Configuration(parsing: text, file: "test.conf"),
            path: "/nonexistent/iked.conf"
        )
        let connection = try #require(store.policy.connection(named: "site"))
        #expect(connection.laterLocal.map(\.identity) == [Identification("alice.example")])
        let remotes = ["second.example", "third.example"].map { Identification($0) }
        #expect(connection.laterRemote.map(\.identity) == remotes)
        #expect(connection.laterRemote.last?.kind == .preSharedKey)
    }

    @Test func aChildKeepsWhatWasConfigured() throws {
        let child = try #require(try policy().connection(named: "site")?.children.first)
        #expect(child.name == "net")
        #expect(child.options.replayWindow == 128)
        #expect(child.options.copyDSCP == .no)
        #expect(child.isPerResource)
        #expect(child.lifetime.rekey == .seconds(1200))
        #expect(child.remoteSelectors == [.dynamic(protocolID: .tcp, ports: .range(443...443))])
    }

    @Test func aLostChildIsTreatedAsConfigured() throws {
        for (dead, closed, expected) in [
            ("clear", "none", [LossAction.nothing, .nothing]), ("trap", "start", [.trap, .restart]),
            ("restart", "trap", [.restart, .trap]),
        ] {
            let keys = "rekey_time = 20m\n dpd_action = \(dead)\n close_action = \(closed)"
            let changed = text.replacing("rekey_time = 20m", with: keys)
            let file = try Configuration(parsing: changed, file: "test.conf")
            let store = try ConfigurationStore(file: file, path: "/nonexistent/iked.conf")
            let child = try #require(store.policy.connection(named: "site")?.children.first)
            #expect([child.actionOnDeadPeer, child.actionOnClose] == expected)
        }
    }

    @Test func aSecretKeepsItsOwnersAndOctets() throws {
        let key = try #require(try policy().secrets.first)
        #expect(key.owners == [try #require(Identification("right.example"))])
        #expect(key.secret.count == 2)
    }

    @Test func withoutATimeToRekeyAnIKESALivesADay() throws {
        let text = """
            connections { c { rekey_time = 0
                local { auth = psk }
                remote { auth = psk } } }
            """
        let configuration = try Configuration(parsing: text, file: "test.conf")
        let store = try ConfigurationStore(file: configuration, path: "/nonexistent/iked.conf")
        let connection = try #require(store.policy.connections.first)
        #expect(connection.lifetime.rekey == nil)
        #expect(connection.lifetime.hard == .seconds(86_400))
    }

    @Test func attributesOfAPoolAreSentAsTheyAreWritten() throws {
        let text = """
            pools {
                p {
                    addrs = 10.3.0.0/24
                    dns = 10.1.0.53, fd01::53
                    nbns = 10.1.0.5
                    dhcp = 10.1.0.6, fd01::6
                    netmask = 255.255.255.0
                    subnet = 10.1.0.0/20, fd01::/32
                    25 = corp.example
                    leases { ada = 10.3.0.7
                    }
                }
            }
            """
        let configuration = try SwanConf.Configuration(parsing: text, file: "iked.conf")
        let pool = AddressPool(try #require(configuration.pools.first))
        let six: [UInt8] = [0xfd, 1] + [UInt8](repeating: 0, count: 12)
        #expect(
            pool.attributes == [
                ConfigurationAttribute(.internalIP4DNS, value: [10, 1, 0, 53]),
                ConfigurationAttribute(.internalIP6DNS, value: six + [0, 0x53]),
                ConfigurationAttribute(.internalIP4NBNS, value: [10, 1, 0, 5]),
                ConfigurationAttribute(.internalIP4DHCP, value: [10, 1, 0, 6]),
                ConfigurationAttribute(.internalIP6DHCP, value: six + [0, 6]),
                ConfigurationAttribute(.internalIP4Netmask, value: [255, 255, 255, 0]),
                ConfigurationAttribute(.internalIP4Subnet, value: [10, 1, 0, 0, 255, 255, 240, 0]),
                ConfigurationAttribute(.internalIP6Subnet, value: six + [0, 0, 32]),
                ConfigurationAttribute(.internalDNSDomain, value: Array("corp.example".utf8)),
            ]
        )
        #expect(pool.fixed == [try #require(IPAddress("10.3.0.7")): try #require(Identification("ada"))])
    }
}

import IKEWire
import Inet
import SwanConf
import Testing

@Suite struct ConnectionTests {
    @Test func theDefaultsAreThoseOfSwanctlButForLiveness() throws {
        let connection = try readConnection()
        #expect(connection.name == "gw")
        #expect(connection.localAddresses == [.any(nil)])
        #expect(connection.remoteAddresses == [.any(nil)])
        #expect(connection.localPort == 500)
        #expect(connection.remotePort == 500)
        #expect(connection.proposals == Proposal.defaultIKE)
        #expect(!connection.encap)
        #expect(connection.dpdDelay == .seconds(30))
        #expect(connection.rekeyTime == .seconds(4 * 3600))
        #expect(connection.overTime == nil)
        #expect(connection.fragmentation == .yes)
        #expect(connection.mobike)
        #expect(connection.randTime == .seconds(1440))
        #expect(connection.keyingtries == 1)
        #expect(connection.reauthTime == .zero)
        #expect(connection.unique == .no)
        #expect(connection.local.method == .psk)
        #expect(connection.local.id == nil)
        #expect(connection.remote.id == nil)
        #expect(connection.children.map(\.name) == ["net"])
    }

    @Test func everySettingIsRead() throws {
        let connection = try readConnection(
            """
            local_addrs = 192.0.2.1, 2001:db8::1
            remote_addrs = 198.51.100.0/24 , 198.51.100.1-198.51.100.9, %any6
            local_port = 1500
            remote_port = 2500
            proposals = aes256gcm16-prfsha384-x25519, default
            encap = yes
            mobike = no
            dpd_delay = 30s
            rekey_time = 2h
            over_time = 10m
            rand_time = 5m
            keyingtries = 0
            reauth_time = 8h
            unique = replace
            """,
            local: "id = gw-a.example.org",
            remote: "id = 198.51.100.1"
        )
        #expect(
            connection.localAddresses.map(\.description) == ["192.0.2.1", "2001:db8::1"]
        )
        #expect(
            connection.remoteAddresses.map(\.description)
                == ["198.51.100.0/24", "198.51.100.1-198.51.100.9", "%any6"]
        )
        #expect(connection.localPort == 1500)
        #expect(connection.remotePort == 2500)
        #expect(connection.proposals.count == 1 + Proposal.defaultIKE.count)
        #expect(connection.proposals.map { Int($0.number) } == Array(1...connection.proposals.count))
        #expect(connection.proposals.first?.prf == [.prf(.hmacSHA2_384)])
        #expect(connection.encap)
        #expect(!connection.mobike)
        #expect(connection.dpdDelay == .seconds(30))
        #expect(connection.rekeyTime == .seconds(7200))
        #expect(connection.overTime == .seconds(600))
        #expect(connection.randTime == .seconds(300))
        #expect(connection.keyingtries == 0)
        #expect(connection.reauthTime == .seconds(8 * 3600))
        #expect(connection.unique == .replace)
        #expect(connection.local.id == Identification("gw-a.example.org"))
        #expect(connection.remote.id == Identification("198.51.100.1"))
    }

    @Test(arguments: ["start_action = start", "dpd_action = start", "close_action = restart"])
    func whatIsMeantToBeUpIsTriedForEver(action: String) throws {
        let text = "remote_addrs = 192.0.2.1"
        #expect(try readConnection(text, child: action).keyingtries == 0)
        #expect(try readConnection("\(text)\n keyingtries = 3", child: action).keyingtries == 3)
        #expect(try readConnection(text).keyingtries == 1)
    }

    @Test func livenessChecksCanBeSwitchedOff() throws {
        #expect(try readConnection("dpd_delay = 0").dpdDelay == .zero)
    }

    @Test func whoAuthenticatesAgainNeedNotRekey() throws {
        let connection = try readConnection("reauth_time = 1h")
        #expect(connection.rekeyTime == .zero)
        #expect(connection.randTime == .seconds(360))
        #expect(try readConnection("reauth_time = 1h\n rekey_time = 2h").rekeyTime == .seconds(7200))
    }

    @Test(arguments: [
        ("never", ConnectionConfiguration.Uniqueness.never), ("no", .no), ("keep", .keep), ("replace", .replace),
    ])
    func theUniquenessPoliciesAreThoseOfSwanctl(text: String, expected: ConnectionConfiguration.Uniqueness) throws {
        #expect(try readConnection("unique = \(text)").unique == expected)
    }

    @Test func aLongOverTimeDoesNotMakeRekeyingStartAtOnce() throws {
        #expect(try readConnection("rekey_time = 1h\n over_time = 2h").randTime == .seconds(1800))
        #expect(try readConnection("rekey_time = 0").randTime == .zero)
        let error = try configurationError(configurationText(connection: "rekey_time = 1h\n rand_time = 1h"))
        #expect(error.message == "`rand_time` must be shorter than `rekey_time`")
    }

    @Test(arguments: [
        ("local", "remote"), ("local-1", "remote-1"), ("local_x", "remote2"),
    ])
    func theRoundsOfAuthenticationMayCarrySuffixes(local: String, remote: String) throws {
        let text =
            "connections { gw { \(local) { auth = psk\n id = a } \(remote) { auth = PSK\n id = b\n round = 1 } } }"
        let connection = try #require(try Configuration(parsing: text, file: "iked.conf").connections.first)
        #expect(connection.local.id == Identification("a"))
        #expect(connection.remote.id == Identification("b"))
        #expect(connection.children.isEmpty)
    }

    @Test(arguments: ["%any", "*", "0.0.0.0"])
    func anIdentityOfEverybodyIsNone(id: String) throws {
        #expect(try readConnection(remote: "id = \(id)").remote.id == nil)
    }

    @Test(arguments: [
        (
            "connections { gw { local { auth = psk\n } } }",
            "this connection needs a section `remote { auth = psk ... }`"
        ),
        ("connections { gw { remote { auth = psk\n } } }", "needs a section `local { auth = psk ... }`"),
        ("connections { gw { local { } remote { auth = psk\n } } }", "write `auth = psk`"),
        (
            "connections { gw { local-1 { auth = psk\n } local-2 { auth = psk\n } remote { auth = psk\n } } }",
            "a second round of authentication is not supported yet"
        ),
        ("connections { gw = 1 }", "`gw` must stand within a named section"),
        (
            "connections { gw { local { auth = psk\n } remote { auth = psk\n } children { local_ts = 10.0.0.0/8\n } } }",
            "`local_ts` must stand within a child"
        ),
    ])
    func whatIsMissingIsSaid(text: String, expected: String) throws {
        #expect(try configurationError(text).message.contains(expected))
    }

    @Test(arguments: [
        "pubkey", "eap-mschapv2", "eap", "xauth", "rsa-4096", "ecdsa-sha256", "ike:pubkey-sha256", "eap-dynamic", "any",
    ])
    func otherMethodsOfAuthenticationAreRefusedByName(method: String) throws {
        let text = configurationText().replacing("remote { auth = psk", with: "remote { auth = \(method)")
        let error = try configurationError(text)
        #expect(error.message == "`auth = \(method)` is not supported yet by iked, only `auth = psk`")
    }

    @Test func aMisspeltMethodIsSaidToBeOne() throws {
        let error = try configurationError(
            configurationText().replacing("remote { auth = psk", with: "remote { auth = pks")
        )
        #expect(error.summary == "iked.conf:6:21: `auth` takes `psk`, not `pks`, did you mean `psk`?")
    }

    @Test(arguments: [
        ("local_addrs = gw..example.org", "`gw..example.org` is neither an IP address nor a host name"),
        ("remote_addrs = -gw.example.org", "is neither an IP address nor a host name"),
        ("remote_addrs = fe80::1%eth0", "is not an IP address"),
        ("local_addrs = 10.0.0.300", "`10.0.0.300` is not an IP address"),
        ("local_addrs = fe80::1::2", "`fe80::1::2` is not an IP address"),
        ("local_addrs = 10.0.0.0/33", "is not a block of addresses"),
        ("local_addrs = %defaultroute", "is none of `%any`, `%any4` and `%any6`"),
        ("local_addrs = 10.0.0.1-fe80::1", "a range cannot lead from an IPv4 to an IPv6 address"),
        ("local_addrs = 10.0.0.9-10.0.0.1", "ends before it starts"),
        ("local_addrs = 10.0.0.1\n remote_addrs = 2001:db8::1", "no address of `remote_addrs` is of a family"),
        ("local_port = 0", "`local_port` takes a number from 1 to 65535, not `0`"),
        ("remote_port = 65536", "`remote_port` takes a number from 1 to 65535, not `65536`"),
        ("keyingtries = -1", "`keyingtries` takes a number"),
        ("encap = maybe", "`encap` takes `yes` or `no`, not `maybe`"),
        ("encap = yes local_port = 500", "write one setting on a line"),
        ("rekey_time = 4x", "`rekey_time` takes a time such as"),
        ("dpd_delay = 99999999999999999999", "`dpd_delay` takes a time such as"),
        ("over_time = 50000d", "`over_time` takes a time such as"),
    ])
    func wrongValuesAreRefusedWithWhatIsMeant(settings: String, expected: String) throws {
        let error = try configurationError(configurationText(connection: settings))
        #expect(error.message.contains(expected))
        #expect(error.line > 0)
    }

    @Test(arguments: [
        ("id = C=CH, O=example", "distinguished names are not supported yet"),
        ("id = *@example.org", "identities with wildcards"),
        ("id = ipv4:gw", "is not an identity"),
        ("id = \"@#xyz\"", "is not an identity"),
        ("id = @#6b6579", "in quotes, `@#6b6579`"),
    ])
    func wrongIdentitiesAreRefused(setting: String, expected: String) throws {
        #expect(try configurationError(configurationText(remote: setting)).message.contains(expected))
    }

    @Test func aStartedChildNeedsAnAddressToGoTo() throws {
        let text = configurationText(connection: "remote_addrs = 192.0.2.0/24", child: "start_action = start")
        #expect(try configurationError(text).message.contains("`remote_addrs` must name the address"))
        let trapped = configurationText(connection: "remote_addrs = %any", child: "start_action = trap")
        #expect(try configurationError(trapped).message.contains("has `start_action = trap`, so `remote_addrs` must"))
        let connection = try readConnection("remote_addrs = 192.0.2.1", child: "start_action = start")
        #expect(connection.children.first?.startAction == .start)
    }

    @Test func hostNamesAreLookedUpWhenTheyAreWanted() throws {
        let connection = try readConnection(
            "local_addrs = vpn.example.org\n remote_addrs = gw-1.example.org., 192.0.2.9, 2001:db8::9, Peer",
            child: "start_action = start"
        )
        #expect(connection.hostNames == ["vpn.example.org", "gw-1.example.org.", "Peer"])
        #expect(connection.remoteAddresses.map(\.description).first == "gw-1.example.org.")
        #expect(connection.remoteAddresses[0].matches(try #require(IPAddress("203.0.113.1"))))
        func addresses(_ texts: String...) throws -> [IPAddress] { try texts.map { try #require(IPAddress($0)) } }
        let named = connection.naming([
            "vpn.example.org": try addresses("198.51.100.1"),
            "gw-1.example.org.": try addresses("2001:db8::1", "192.0.2.1", "192.0.2.2"),
        ])
        #expect(named.hostNames.isEmpty)
        #expect(named.localAddresses.map(\.description) == ["198.51.100.1"])
        #expect(named.remoteAddresses.map(\.description) == ["192.0.2.1", "192.0.2.2", "192.0.2.9"])
        let either = try readConnection("remote_addrs = gw.example.org").naming([
            "gw.example.org": try addresses("2001:db8::1", "192.0.2.1")
        ])
        #expect(either.remoteAddresses.map(\.description) == ["2001:db8::1", "192.0.2.1"])
    }

    @Test func hostPatternsMatchTheirAddresses() throws {
        func matches(_ pattern: String, _ address: String) throws -> Bool {
            let connection = try readConnection("remote_addrs = \(pattern)")
            return try #require(connection.remoteAddresses.first).matches(try #require(IPAddress(address)))
        }
        #expect(try matches("%any", "192.0.2.1") && matches("%any", "fe80::1"))
        #expect(try matches("0.0.0.0/0", "192.0.2.1") && !matches("0.0.0.0", "fe80::1"))
        #expect(try matches("%any6", "fe80::1") && !matches("::/0", "192.0.2.1"))
        #expect(try matches("192.0.2.1", "192.0.2.1") && !matches("192.0.2.1", "192.0.2.2"))
        #expect(try matches("192.0.2.0/24", "192.0.2.77") && !matches("192.0.2.0/24", "192.0.3.77"))
        #expect(try matches("192.0.2.5 - 192.0.2.9", "192.0.2.9") && !matches("192.0.2.5-192.0.2.9", "192.0.2.10"))
    }
}

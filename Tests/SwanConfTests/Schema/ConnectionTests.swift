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

    @Test func roundsComeInTheOrderOfTheirNumbers() throws {
        let text = """
            connections { gw {
                local-c { auth = psk
                    round = 7
                    id = third.example
                }
                local-a { id = first.example
                }
                local-b { auth = eap
                    round = 7
                    id = fourth.example
                }
                local-d { auth = rsa
                    round = 2
                    id = second.example
                }
                remote { auth = psk
                }
            } }
            secrets { ike { secret = x } }
            """
        let connection = try #require(try Configuration(parsing: text, file: "iked.conf").connections.first)
        let identities = ([connection.local] + connection.laterLocal).map { $0.id?.description }
        #expect(identities == ["first.example", "second.example", "third.example", "fourth.example"])
        #expect(connection.laterLocal.map(\.method).contains(.psk))
        #expect(connection.laterRemote.isEmpty)
    }

    @Test(arguments: ["%any", "*", "0.0.0.0"])
    func anIdentityOfEverybodyIsNone(id: String) throws {
        #expect(try readConnection(remote: "id = \(id)").remote.id == nil)
    }

    @Test(arguments: [
        (
            "connections { gw { local { auth = psk\n } } }",
            "this connection needs a section `remote { auth = ... }`"
        ),
        ("connections { gw { remote { auth = psk\n } } }", "needs a section `local { auth = ... }`"),
        (
            "connections { gw { local-1 { auth = psk\n round = x\n } remote { auth = psk\n } } }",
            "`round`"
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
        "eap-aka", "xauth", "bliss", "eap-dynamic", "any",
    ])
    func otherMethodsOfAuthenticationAreRefusedByName(method: String) throws {
        let text = configurationText().replacing("remote { auth = psk", with: "remote { auth = \(method)")
        let error = try configurationError(text)
        let start = "`auth = \(method)` is not supported yet by iked, only `psk`, `pubkey`, "
        #expect(error.message.hasPrefix(start) && error.message.hasSuffix("`eap-radius`"))
    }

    @Test func aMisspeltMethodIsSaidToBeOne() throws {
        let error = try configurationError(
            configurationText().replacing("remote { auth = psk", with: "remote { auth = pks")
        )
        #expect(
            error.summary
                == "iked.conf:6:21: `auth` takes `psk`, `pubkey`, `rsa`, `rsa/pss`, `ecdsa`, `ed25519`, `ed448`, "
                + "`eap`, `eap-mschapv2`, `eap-tls`, `eap-ttls`, `eap-radius`, not `pks`, did you mean `psk`?"
        )
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
        ("id = C=CH, XY=example", "is not an identity"),
        ("id = ipv4:gw", "is not an identity"),
        ("id = \"@#xyz\"", "is not an identity"),
        ("id = @#6b6579", "in quotes, `@#6b6579`"),
    ])
    func wrongIdentitiesAreRefused(setting: String, expected: String) throws {
        #expect(try configurationError(configurationText(remote: setting)).message.contains(expected))
    }

    @Test func onlyThePeersIdentityMayStandForMany() throws {
        #expect(try readConnection(remote: "id = *@example.org").remote.id == Identification("*@example.org"))
        let error = try configurationError(configurationText(local: "id = *@example.org"))
        #expect(error.message == "`*@example.org` stands for many, and only the `id` of a `remote` section may")
        #expect(try readConnection(remote: "id = C=CH, O=example").remote.id == Identification("C=CH, O=example"))
    }

    // MARK: - Certificates

    private func connection(local: String, remote: String) throws -> ConnectionConfiguration {
        let text = "connections { gw { local {\n\(local)\n } remote {\n\(remote)\n } } }"
        return try #require(try Configuration(parsing: text, file: "iked.conf").connections.first)
    }

    @Test(arguments: [
        ("pubkey", SignatureConfiguration.KeyType.any, [] as [HashAlgorithm]), ("rsa", .rsa, []),
        ("ecdsa-sha256", .ecdsa, [.sha2_256]), ("ike:rsa/pss-sha384-sha512", .rsaPSS, [.sha2_384, .sha2_512]),
        ("Ed25519", .ed25519, []), ("ed448-identity", .ed448, [.identity]), ("rsa-sha1", .rsa, [.sha1]),
    ])
    func authSaysWhichSignaturesAreAdmitted(
        text: String,
        keyType: SignatureConfiguration.KeyType,
        hashes: [HashAlgorithm]
    ) throws {
        guard case .publicKey(let signature) = try connection(local: "auth = \(text)", remote: "").local.method else {
            Issue.record("no public key")
            return
        }
        #expect(signature.keyType == keyType && signature.hashes == hashes)
    }

    @Test func withoutAuthAnEndSigns() throws {
        let connection = try connection(local: "certs = a.pem, b.pem", remote: "pubkeys = c.pem\n revocation = strict")
        #expect(connection.local.certificates == [.file("a.pem"), .file("b.pem")])
        #expect(connection.remote.publicKeys == [.file("c.pem")])
        #expect(connection.remote.revocation == .strict)
        #expect(connection.local.method != .psk && connection.remote.method != .psk)
        #expect(connection.sendCert == .ifAsked && connection.sendCertreq)
    }

    @Test func certificatesMayStandInTheConfiguration() throws {
        let connection = try connection(local: "certs = 0x3082", remote: "cacerts = 0sMII=, /etc/ca.pem")
        #expect(connection.local.certificates == [.octets([0x30, 0x82])])
        #expect(connection.remote.authorities == [.octets([0x30, 0x82]), .file("/etc/ca.pem")])
    }

    @Test(arguments: [
        ("auth = psk\n certs = a.pem", "`certs` says nothing beside `auth = psk`"),
        ("certs = a.pem\n pubkeys = b.pem", "`certs` and `pubkeys` exclude each other"),
        ("certs = 0xgg", "hexadecimal digits or Base64"),
        ("auth = ecdsa-md5", "`md5` in `auth = ecdsa-md5` is not a hash"),
        ("auth = rsa-4096", "`4096` in `auth = rsa-4096` is not a hash"),
        ("auth = ecdsa-", "is not a hash"),
        ("cacerts = ca.pem", "cacerts"),
    ])
    func wrongProofsAreRefused(local: String, expected: String) throws {
        let error = try configurationError("connections { gw { local {\n\(local)\n } remote { auth = psk\n } } }")
        #expect(error.message.contains(expected))
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

import IKEWire
import SwanConf
import Testing

@Suite struct ConfigurationTests {
    @Test func anEmptyFileIsAConfiguration() throws {
        let configuration = try Configuration(parsing: "", file: "iked.conf")
        #expect(configuration.connections.isEmpty)
        #expect(configuration.secrets.isEmpty)
        #expect(configuration.pools.isEmpty)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func connectionsKeepTheirOrder() throws {
        let text = ["b", "a", "c"].map { "\($0) { local { auth = psk\n } remote { auth = psk\n } }" }
        let configuration = try Configuration(parsing: "connections { \(text.joined()) }", file: "iked.conf")
        #expect(configuration.connections.map(\.name) == ["b", "a", "c"])
    }

    @Test func templatesMayHaveAnyNameButMustBeUsed() throws {
        let text = "connections { gw : base { } }\nbase { local { auth = psk\n } remote { auth = psk\n id = r\n } }"
        let connection = try Configuration(parsing: text, file: "iked.conf").connections.first
        #expect(connection?.remote.id != nil)
        let error = try configurationError(text + "\nbsae { }")
        #expect(error.message == "`bsae` is not a section of the configuration, and no section inherits from it")
        #expect(try configurationError("conections { }").suggestion == "connections")
    }

    @Test func theDaemonsSettingsAreShownTheirPlace() throws {
        #expect(
            try configurationError("charon { threads = 16 }").message
                == "settings of the daemon belong in `iked { ... }`"
        )
    }

    @Test func strayValuesAreRefused() throws {
        #expect(try configurationError("a = 1").message.contains("no setting can stand outside of a section"))
        #expect(
            try configurationError("secrets { secret = hunter2\n }").message.contains(
                "must stand within a named section"
            )
        )
        #expect(
            try configurationError("authorities { ca { file = x\n } }").message.contains("the whole path of a file")
        )
        #expect(
            try configurationError("authorities { ca { cacert = x\ncrl_uris = ldap://a/\n } }").message
                == "`crl_uris` takes URIs such as `http://pki.example.org/ca.crl`, not `ldap://a/`"
        )
        #expect(
            try configurationError("authorities { ca { cacert = x\ncert_uri_base = https://a/\n } }").message
                == "`cert_uri_base` takes a URI such as `http://pki.example.org/certs/`, not `https://a/`"
        )
        #expect(throws: Never.self) { try Configuration(parsing: "authorities { }", file: "iked.conf") }
    }

    @Test(arguments: [
        ("rekey_tme = 4h", "a connection has no setting `rekey_tme`", "rekey_time"),
        ("Rekey-Time = 4h", "a connection has no setting `Rekey-Time`", "rekey_time"),
        ("remote_adrs = 192.0.2.1", "a connection has no setting `remote_adrs`", "remote_addrs"),
        ("esp_proposals = default", "it belongs in `connections.<name>.children.<name>`", nil),
        ("secret = x", "it belongs in `secrets.ike<suffix>`", nil),
        ("zzzzzz = x", "a connection has no setting `zzzzzz`", nil),
        ("local = x", "`local` is a section, write `local { ... }`", nil),
        ("rekey_time { }", "`rekey_time` is a setting, write `rekey_time = ...`", nil),
        ("chidlren { }", "a connection has no section `chidlren`", "children"),
        ("ike { }", "a connection has no section `ike`", nil),
        ("auth = psk", "it belongs in `connections.<name>.local` or `connections.<name>.remote`", nil),
        ("cacert { }", "it belongs in `connections.<name>.remote`", nil),
    ])
    func misplacedAndMisspeltNamesAreTold(setting: String, message: String, suggestion: String?) throws {
        let error = try configurationError(configurationText(connection: setting))
        #expect(error.message.contains(message))
        #expect(error.suggestion == suggestion)
        #expect((error.line, error.column) == (9, 5))
    }

    @Test func duplicateNamesInATreeBuiltInCodeAreRefused() throws {
        let psk = [Setting(key: "auth", value: .text("psk"))]
        let child = Section(name: "net")
        let section = Section(
            name: "gw",
            sections: [
                Section(name: "local", settings: psk), Section(name: "remote", settings: psk),
                Section(name: "children", sections: [child, child]),
            ]
        )
        let error = try #require(throws: ConfigurationError.self) {
            try ConnectionConfiguration(name: "gw", section: section)
        }
        #expect(error.message == "two children are called `net`")
    }

    @Test func oneValueIsNotAList() throws {
        let section = Section(name: "gw", settings: [Setting(key: "encap", value: .list(["yes", "no"]))])
        let error = try #require(throws: ConfigurationError.self) {
            try ConnectionConfiguration(name: "gw", section: section)
        }
        #expect(error.summary == "connections.gw.encap: `encap` takes one value, not 2")
    }

    @Test func whatConnectionsInheritIsTheSameForAllAndWhatTheySayIsTheirOwn() throws {
        let text = """
            connections {
              gw {
                local_addrs = 192.0.2.1
                remote_addrs = 198.51.100.7
                local { auth = psk
                  id = gw.example.org
                }
                remote { auth = psk
                  id = sun.example.org
                }
                children { net { remote_ts = 10.2.0.0/16
                  } }
              }
              one : connections.gw { local { id = one.example.org
                } }
              two : connections.gw { remote { id = moon.example.org
                  }
                children { net { local_ts = 10.3.0.0/16
                  } } }
              three : connections.gw { remote_addrs = 203.0.113.9
              }
            }
            secrets { ike { secret = s } }
            """
        let connections = try Configuration(parsing: text, file: "iked.conf").connections
        func told(_ tell: (ConnectionConfiguration) -> String?) -> [String?] { connections.map(tell) }
        let (gw, sun) = ("gw.example.org", "sun.example.org")
        #expect(told { $0.local.id?.description } == [gw, "one.example.org", gw, gw])
        #expect(told { $0.remote.id?.description } == [sun, sun, "moon.example.org", sun])
        #expect(
            told { $0.remoteAddresses.first?.description } == [
                "198.51.100.7", "198.51.100.7", "198.51.100.7", "203.0.113.9",
            ]
        )
        #expect(connections.allSatisfy { $0.localAddresses.map(\.description) == ["192.0.2.1"] })
        #expect(
            told { $0.children.first?.localTrafficSelectors.first?.description }
                == ["dynamic", "dynamic", "10.3.0.0/16", "dynamic"]
        )
        #expect(
            connections.allSatisfy { $0.children.first?.remoteTrafficSelectors.map(\.description) == ["10.2.0.0/16"] }
        )
    }

    @Test func aFileIsLoadedWithItsIncludes() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("include conf.d/*.conf", to: "iked.conf")
        try directory.write(configurationText(), to: "conf.d/gw.conf")
        try directory.write("connections { gw { aggressive = yes\n } }", to: "conf.d/more.conf")
        let error = try #require(throws: ConfigurationError.self) { try Configuration.load(path: path) }
        #expect(error.file == directory.path + "/conf.d/more.conf")
        #expect(error.message == "`aggressive = yes` is not supported yet by iked, only `aggressive = no`")
        try directory.write("connections { gw { encap = yes\n } }", to: "conf.d/more.conf")
        #expect(try Configuration.load(path: path).connections.first?.encap == true)
    }
}

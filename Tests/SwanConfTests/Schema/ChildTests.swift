import IKEWire
import Inet
import SwanConf
import Testing

@Suite struct ChildTests {
    @Test func theDefaultsAreThoseOfSwanctl() throws {
        let child = try readChild("")
        #expect(child.name == "net")
        #expect(child.espProposals == Proposal.defaultESP)
        #expect(child.localTrafficSelectors == [.dynamic(protocolID: .any, ports: .any)])
        #expect(child.remoteTrafficSelectors == [.dynamic(protocolID: .any, ports: .any)])
        #expect(child.rekeyTime == .seconds(3600))
        #expect(child.lifeTime == .seconds(3960))
        #expect(child.randTime == .seconds(360))
        #expect(child.replayWindow == 32)
        #expect(child.copyDF)
        #expect(child.copyECN)
        #expect(child.copyDSCP == .out)
        #expect(child.tfcPadding == .none)
        #expect(!child.hasPerCPUSAs)
        #expect(child.startAction == .none)
        #expect(child.dpdAction == .clear)
    }

    @Test func everySettingIsRead() throws {
        let child = try readChild(
            """
            esp_proposals = aes128gcm16-x25519-esn, aes256-sha256
            local_ts = 10.1.0.0/16, dynamic[tcp/443], 2001:db8::/32[icmpv6]
            remote_ts = 10.2.0.5-10.2.0.9[/1000-2000]
            copy_df = no
            copy_ecn = no
            copy_dscp = IN
            tfc_padding = 1000
            per_cpu_sas = yes
            start_action = none
            dpd_action = none
            mode = tunnel
            """
        )
        #expect(child.espProposals.map(\.number) == [1, 2])
        #expect(child.espProposals.allSatisfy { $0.protocolID == .esp })
        #expect(child.espProposals.first?.keyExchange == [.keyExchange(.curve25519)])
        #expect(
            child.localTrafficSelectors.map(\.description) == [
                "10.1.0.0/16", "dynamic[tcp/443]", "2001:db8::/32[ipv6-icmp]",
            ]
        )
        #expect(child.remoteTrafficSelectors.map(\.description) == ["10.2.0.5-10.2.0.9[/1000-2000]"])
        #expect(!child.copyDF)
        #expect(!child.copyECN)
        #expect(child.copyDSCP == .in)
        #expect(child.tfcPadding == .octets(1000))
        #expect(child.hasPerCPUSAs)
        #expect(try readChild("tfc_padding = MTU").tfcPadding == .pathMTU)
        #expect(try readChild("tfc_padding = 0").tfcPadding == .none)
        for wrong in ["-1", "65536", "all"] {
            #expect(throws: ConfigurationError.self) { try readChild("tfc_padding = \(wrong)") }
        }
        #expect(child.dpdAction == .clear)
    }

    @Test(arguments: [
        ("rekey_time = 2h", 7200, 7920, 720),
        ("life_time = 1000", 900, 1000, 100),
        ("rekey_time = 1000\n life_time = 1500", 1000, 1500, 500),
        ("rekey_time = 1000\n life_time = 1500\n rand_time = 0", 1000, 1500, 0),
        ("rekey_time = 1000\n life_time = 3500", 1000, 3500, 500),
        ("rekey_time = 0", 0, 0, 0),
        ("rekey_time = 0\n life_time = 100", 0, 100, 0),
        ("rekey_time = 100\n life_time = 0", 100, 0, 0),
        ("life_time = 0", 0, 0, 0),
    ])
    func theTimesDeriveFromEachOther(settings: String, rekey: Int, life: Int, rand: Int) throws {
        let child = try readChild(settings)
        #expect(child.rekeyTime == .seconds(rekey))
        #expect(child.lifeTime == .seconds(life))
        #expect(child.randTime == .seconds(rand))
    }

    @Test(arguments: [(0, 0), (1, 32), (32, 32), (33, 64), (1000, 1024), (4096, 4096)])
    func theReplayWindowIsRoundedUpToWords(packets: Int, expected: Int) throws {
        #expect(try readChild("replay_window = \(packets)").replayWindow == expected)
    }

    @Test(arguments: [
        ("none", ChildConfiguration.StartAction.none), ("start", .start), ("trap", .trap), ("route", .trap),
        ("trap|start", .trapAndStart), ("start|trap", .trapAndStart),
    ])
    func whatHappensWhenAChildIsLoaded(word: String, expected: ChildConfiguration.StartAction) throws {
        // Who begins must know with whom.
        let connection = try readConnection("remote_addrs = 192.0.2.1", child: "start_action = \(word)")
        let action = try #require(connection.children.first).startAction
        #expect(action == expected)
        #expect(action.isTrapped == (word.contains("trap") || word == "route"))
        #expect(action.isInitiated == word.contains("start"))
    }

    @Test func aLostChildMayBeTrapped() throws {
        let child = try readChild("dpd_action = trap\n close_action = route")
        #expect(child.dpdAction == .trap)
        #expect(child.closeAction == .trap)
    }

    @Test func aDynamicSelectorTakesTheAddressThatItIsGiven() throws {
        let address = try #require(IPAddress("192.0.2.7"))
        let child = try readChild("local_ts = dynamic[udp/53], 10.0.0.0/8")
        let selectors = child.localTrafficSelectors.map { "\($0.resolved(address: address))" }
        #expect(selectors == ["192.0.2.7/32[udp/53]", "10.0.0.0/8"])
    }

    @Test(arguments: [
        ("local_ts = 10.1.0.0/33", "is not a traffic selector such as"),
        ("local_ts = dynamic[tcp", "is not a traffic selector such as"),
        ("local_ts = 10.1.0.0/16 10.2.0.0/16", "is not a traffic selector such as"),
        ("local_ts = 10.0.0.1-fe80::1[tcp]", "a range cannot lead from an IPv4 to an IPv6 address"),
        ("local_ts = 10.0.0.9-10.0.0.1", "ends before it starts"),
        (
            "local_ts = 10.0.0.0/8\n remote_ts = 2001:db8::/32",
            "no selector of `remote_ts` is of a family that `local_ts` has"
        ),
        ("rekey_time = 2h\n life_time = 1h", "`rekey_time` must be shorter than `life_time`"),
        ("rekey_time = 1h\n life_time = 1h", "`rekey_time` must be shorter than `life_time`"),
        ("rekey_time = 1h\n rand_time = 2h", "`rand_time` must be shorter than `rekey_time`"),
        ("replay_window = 4097", "`replay_window` takes a number from 0 to 4096, not `4097`"),
        ("copy_dscp = both", "`copy_dscp` takes `out` or `in` or `yes` or `no`, not `both`"),
        ("per_cpu_sas = encap", "`per_cpu_sas = encap` is known to swanctl, but not supported yet by iked"),
        ("start_action = hold", "`start_action` takes `none` or `start` or `trap`"),
        ("dpd_action = hold", "`dpd_action` takes `clear` or `none` or `trap`"),
        ("mode = transport", "`mode = transport` is not supported yet by iked, only `mode = tunnel`"),
    ])
    func wrongValuesAreRefusedWithWhatIsMeant(settings: String, expected: String) throws {
        let error = try configurationError(configurationText(child: settings))
        #expect(error.message.contains(expected))
        #expect(error.line > 0)
    }

    @Test func theNumberOfSelectorsIsBounded() throws {
        let selectors = Array(repeating: "10.0.0.0/8", count: 256).joined(separator: ",")
        let error = try configurationError(configurationText(child: "local_ts = \(selectors)"))
        #expect(error.message == "`local_ts` takes no more than 255 selectors")
    }

    @Test func aMisspeltWordGetsASuggestion() throws {
        #expect(try configurationError(configurationText(child: "start_action = strat")).suggestion == "start")
    }

    @Test func aChildNeedsAName() throws {
        let section = Section(
            name: "gw",
            sections: [
                Section(name: "local", settings: [Setting(key: "auth", value: .text("psk"))]),
                Section(name: "remote", settings: [Setting(key: "auth", value: .text("psk"))]),
                Section(name: "children", sections: [Section(name: "")]),
            ]
        )
        let error = try #require(throws: ConfigurationError.self) {
            try ConnectionConfiguration(name: "gw", section: section)
        }
        #expect(error.message == "a child needs a name")
    }
}

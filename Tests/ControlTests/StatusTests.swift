import Foundation
import Testing
import VICI

@testable import Control

@Suite struct StatusTests {
    private static let fifty: [VICIMessage] = (0..<50).map { Fixture.ikeSA("branch-\($0 + 1)", index: $0) }
    private static let fiftyConnections: [VICIMessage] = (0..<50).map { Fixture.connection("branch-\($0 + 1)") }

    @Test func withoutConnectionsThereIsASummaryOnly() throws {
        let outcome = try FixtureDaemon().run("status")
        #expect(outcome.code == .ok)
        #expect(outcome.lines == ["iked 0.1.0, up 3d 04h, 0 IKE SAs, 0 CHILD SAs", "0 connections"])
    }

    @Test func oneTunnelIsShownWithAllThatWasNegotiated() throws {
        let daemon = try FixtureDaemon(connections: [Fixture.connection("site-b")], ikeSAs: [Fixture.ikeSA("site-b")])
        let expected = """
            iked 0.1.0, up 3d 04h, 1 IKE SA, 1 CHILD SA
            1 connection: 1 up

            ● site-b #3  established 12m 04s  initiator  rekey in 3h 41m, 23h 47m of 24h left
                local   moon.example.org  192.0.2.1:4500     pre-shared key  no NAT
                remote  sun.example.org   198.51.100.7:4500  pre-shared key  behind NAT
                crypto  AES_GCM_16_256, PRF HMAC_SHA2_384, group CURVE_25519
              ● net  #7  installed   12m 04s  10.1.0.0/16 ⇄ 10.2.0.0/16
                  esp   AES_GCM_16_256 in UDP, rekey in 52m 10s, 58m 10s left
                  in    c1234567     1.2 GiB  901,234 packets  used 2s ago
                  out   c89abcde   310.0 MiB  412,000 packets  used just now
            """
        #expect(daemon.run("status").lines.joined(separator: "\n") == expected)
    }

    @Test func identitiesOfLaterRoundsFollowTheFirst() throws {
        let ikeSA = Fixture.ikeSA("site-b") { $0.set("remote-rounds", .texts(["alice@example.org (EAP-MSCHAPv2)"])) }
        let lines = try FixtureDaemon(ikeSAs: [ikeSA]).run("status").lines
        let remote = try #require(lines.firstIndex { $0.contains("sun.example.org") })
        #expect(lines[remote + 1] == "            and alice@example.org (EAP-MSCHAPv2)")
    }

    @Test func theOffloadsAreCountedForThoseWhoAskForMore() throws {
        let daemon = try FixtureDaemon()
        let expected = "offloads: 1,200 super-packets read, 34 written, 5,600 ESP packets joined, 78 merged, 0 refused"
        #expect(daemon.run("status", "--verbose").lines.last == expected)
        #expect(!daemon.run("status").output.contains("offloads"))
    }

    @Test func fiftyTunnelsLineUpWithin100Columns() throws {
        let daemon = try FixtureDaemon(connections: Self.fiftyConnections, ikeSAs: Self.fifty)
        let lines = daemon.run("status").lines
        #expect(lines.allSatisfy { Columns.count(of: $0) <= 100 })
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
        #expect(lines.first == "iked 0.1.0, up 3d 04h, 50 IKE SAs, 50 CHILD SAs")
        #expect(lines.dropFirst().first == "50 connections: 50 up")
        // The totals are said again below, where one sees them after they have scrolled away above.
        #expect(lines.suffix(2) == lines.prefix(2))

        for word in ["established", "installed", "pre-shared key", " packets", "rekey in 3h"] {
            let columns = Set(lines.compactMap { $0.column(of: word) })
            #expect(columns.count == 1, "'\(word)' stands at the columns \(columns.sorted())")
        }
        #expect(lines.count { $0.hasPrefix("● branch-") } == 50)
        #expect(lines.count { $0.hasPrefix("  ● net") } == 50)
    }

    @Test func fiftyTunnelsInShortTakeALineEach() throws {
        let daemon = try FixtureDaemon(connections: Self.fiftyConnections, ikeSAs: Self.fifty)
        let lines = daemon.run("status", "--short").lines
        #expect(lines.allSatisfy { Columns.count(of: $0) <= 100 })
        #expect(lines.count == 2 + 1 + 1 + 50 + 1 + 2)
        #expect(Set(lines.compactMap { $0.column(of: "installed") }).count == 1)
        #expect(lines[4] == "● branch-1/net   installed   12m 04s  198.51.100.7      1.2 GiB   310.0 MiB        0s")
    }

    @Test func whatIsDownIsListed() throws {
        let connections = [
            Fixture.connection("up"), Fixture.connection("office", remote: "203.0.113.9", children: ["net", "dmz"]),
            Fixture.connection("visitors", remote: "%any"), Fixture.connection("lazy", startAction: "trap"),
            Fixture.connection("half", children: ["voice", "data"]), Fixture.connection("slow"),
        ]
        let connecting: VICIMessage = [
            "slow": ["uniqueid": "9", "state": "CONNECTING", "remote-host": "198.51.100.9", "retransmits": "3"]
        ]
        let daemon = try FixtureDaemon(
            connections: connections,
            ikeSAs: [Fixture.ikeSA("up"), Fixture.ikeSA("half", index: 1, children: ["voice"]), connecting],
            policies: [Fixture.trap("lazy")]
        )
        let lines = daemon.run("status").lines
        #expect(
            lines.contains(
                "6 connections: 1 up, 1 partly up (half), 1 connecting (slow), 1 down (office), 2 waiting"
            )
        )
        #expect(lines.contains { $0.hasPrefix("○ office ") && $0.contains(" down ") && $0.hasSuffix("203.0.113.9") })
        #expect(lines.count { $0.hasPrefix("  ○ ") && $0.contains(" down ") } == 3)
        #expect(lines.contains { $0.hasPrefix("○ visitors ") && $0.hasSuffix("for peers") })
        #expect(lines.contains { $0.hasPrefix("○ lazy ") && $0.hasSuffix("for traffic") })
        #expect(lines.contains { $0.hasPrefix("  ○ net ") && $0.contains(" trapped ") })
        #expect(lines.contains { $0.hasPrefix("  ○ data ") && $0.contains(" down ") })
        #expect(lines.contains { $0.hasPrefix("◐ slow ") && $0.contains(" connecting ") })
        #expect(lines.contains("    waits   for an answer, request sent again 3 times"))

        let short = daemon.run("status", "--short").lines
        for tunnel in ["office/net", "office/dmz", "half/data", "visitors/net", "lazy/net"] {
            #expect(short.contains { $0.hasPrefix("○ \(tunnel) ") })
        }
        #expect(short.contains { $0.hasPrefix("◐ slow ") })
    }

    @Test func aTrappedChildIsNeitherMissingNorForgotten() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("gw", children: ["net", "dmz"])],
            ikeSAs: [Fixture.ikeSA("gw")],
            policies: [Fixture.trap("gw", "dmz"), Fixture.trap("gw", "net"), Fixture.trap("gone")]
        )
        let lines = daemon.run("status").lines
        #expect(lines.contains("1 connection: 1 up"))
        #expect(lines.contains { $0.hasPrefix("  ○ dmz ") && $0.contains(" trapped ") })
        #expect(lines.contains { $0.hasPrefix("  ● net ") && $0.contains(" installed ") })
        #expect(daemon.run("status", "--short").lines.contains { $0.hasPrefix("○ gw/dmz ") && $0.contains("waiting") })
        #expect(daemon.run("list").lines.contains("  dmz  tunnel, trapped"))
    }

    @Test func aMissingChildIsListedOnceHoweverManyIKESAsThereAre() throws {
        let connection = Fixture.connection("gw", children: ["net", "dmz"])
        let daemon = try FixtureDaemon(
            connections: [connection],
            ikeSAs: [Fixture.ikeSA("gw"), Fixture.ikeSA("gw", index: 1)]
        )
        #expect(daemon.run("status").lines.count { $0.hasPrefix("  ○ dmz") } == 1)
        #expect(daemon.run("status", "--short").lines.count { $0.hasPrefix("○ gw/dmz") } == 1)
    }

    @Test func whatComesInSeveralEventsIsOneAllTheSame() throws {
        let daemon = try FixtureDaemon(
            connections: [
                Fixture.connection("site-b", children: ["net"]), Fixture.connection("site-b", children: ["lab"]),
            ],
            ikeSAs: [Fixture.ikeSA("site-b"), Fixture.ikeSA("site-b")]
        )
        let lines = daemon.run("status").lines
        #expect(
            lines.prefix(2) == ["iked 0.1.0, up 3d 04h, 1 IKE SA, 2 CHILD SAs", "1 connection: 1 partly up (site-b)"]
        )
        #expect(lines.count { $0.hasPrefix("● site-b") } == 1)
    }

    @Test func anSAWithoutConfigurationIsShownToo() throws {
        let daemon = try FixtureDaemon(ikeSAs: [Fixture.ikeSA("orphan")])
        #expect(daemon.run("status").lines.contains { $0.hasPrefix("● orphan") })
    }

    @Test func dropsAreShownWhenThereAreAnyAndOtherDetailsOnDemand() throws {
        let ikeSA = Fixture.ikeSA("site-b") { message in
            var children = message.section("child-sas") ?? [:]
            var child = children.section("net-7") ?? [:]
            child["replay-drops"] = "4"
            child["auth-failures"] = "18446744073709551615"
            children.set("net-7", .section(child))
            message.set("child-sas", .section(children))
        }
        let daemon = try FixtureDaemon(connections: [Fixture.connection("site-b")], ikeSAs: [ikeSA])
        let drops = "      drops 4 replayed, 18,446,744,073,709,551,615 not authentic, 0 outside the selectors"
        #expect(daemon.run("status").lines.contains(drops))
        let verbose = daemon.run("status", "--verbose").lines
        #expect(verbose.contains("    SPIs    initiator a1b2c3d4e5f60718, responder 1122334455667788"))
        #expect(verbose.contains("      more  tunnel mode, reqid 1, 32-bit sequence numbers, MTU 1400"))
    }

    @Test func longNamesAddressesAndSelectorsStayWithin100Columns() throws {
        let identity = "C=CH, O=A Company With a Very Long Name Indeed, OU=Operations, CN=gateway.example.org"
        let ikeSA = Fixture.ikeSA("a-connection-with-quite-a-long-name", index: 99_990) { message in
            message["local-id"] = identity
            message["remote-host"] = "2001:db8:85a3:1234:5678:8a2e:370:7334"
            message["nat-local"] = "yes"
            message["encr-alg"] = "AES_CBC"
            message["integ-alg"] = "HMAC_SHA2_512_256"
            message["prf-alg"] = "PRF_HMAC_SHA2_512"
            message["dh-group"] = "ECP_521_BP_AND_MORE"
            message["established"] = "9999999"
            message["life-time"] = "2591999"
            message["life-total"] = "2592000"
            message["rekey-time"] = "2500000"
            var children = message.section("child-sas") ?? [:]
            var child: VICIMessage = ["name": "net", "state": "INSTALLED", "packets-in": "18446744073709551615"]
            child["bytes-in"] = "18446744073709551615"
            child.set("local-ts", .texts((0..<9).map { "2001:db8:1:\($0)::/64[tcp/1000-2000]" }))
            child.set("remote-ts", ["::/0"])
            children.append("net-1", .section(child))
            message.set("child-sas", .section(children))
        }
        let daemon = try FixtureDaemon(ikeSAs: [ikeSA])
        for option in ["--verbose", "--short"] {
            let lines = daemon.run("status", option).lines
            #expect(lines.allSatisfy { Columns.count(of: $0) <= 100 }, "\(lines.joined(separator: "\n"))")
        }
        #expect(daemon.run("status", "--short").lines.contains { $0.hasSuffix("LAST USE") })
        let lines = daemon.run("status", "--verbose").lines
        let head = try #require(lines.first { $0.hasPrefix("●") })
        #expect(head.hasSuffix("rekey in 28d 22h, 29d 23h of 30d left"))
        #expect(lines.contains { $0.contains("[2001:db8:85a3:1234:5678:8a2e:370:7334]:4500") })
        // What is shortened in the table is said in full below it.
        #expect(lines.joined(separator: " ").contains("CN=gateway.example.org"))
        #expect(lines.joined().contains("2001:db8:1:8::/64[tcp/1000-2000] ⇄ ::/0"))
    }

    @Test func whatThePeerSaysCannotSteerTheTerminal() throws {
        let ikeSA = Fixture.ikeSA("site-b") { message in
            message["remote-id"] = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\nname\u{202e}gpj"
        }
        let daemon = try FixtureDaemon(ikeSAs: [ikeSA])
        for arguments in [["status"], ["status", "--verbose"], ["status", "--json"]] {
            let outcome = daemon.run(arguments)
            #expect(!outcome.output.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
        }
        #expect(daemon.run("status").output.contains("?[2J?]0;owned???name?gpj"))
    }

    @Test func withoutUnicodeOnlyASCIIIsUsed() throws {
        let daemon = try FixtureDaemon(connections: [Fixture.connection("a")], ikeSAs: [Fixture.ikeSA("b")])
        let outcome = daemon.run("status", palette: .ascii)
        #expect(outcome.output.utf8.allSatisfy { $0 < 0x80 })
        #expect(outcome.output.contains("10.1.0.0/16 <-> 10.2.0.0/16"))
    }

    @Test func coloursChangeNothingButTheColours() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("a"), Fixture.connection("b")],
            ikeSAs: [Fixture.ikeSA("b")]
        )
        let plain = daemon.run("status").output
        let painted = daemon.run("status", palette: .color).output
        #expect(painted != plain)
        #expect(painted.replacing(try Regex("\u{1b}\\[[0-9]*m"), with: "") == plain)
    }

    @Test func aNameLimitsTheList() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("a", children: ["net"]), Fixture.connection("b", children: ["lan"])]
        )
        for name in ["b", "lan", "b/lan"] {
            let outcome = daemon.run("status", name)
            #expect(outcome.output.contains("○ b"))
            #expect(!outcome.output.contains("○ a"))
        }
        let outcome = daemon.run("status", "lam")
        #expect(outcome.code == .failed)
        #expect(outcome.error == "ikectl: no connection or child 'lam', did you mean 'lan'?\n")
    }
}

extension String {
    /// The column at which a word begins, counted from 0; nil if it is not in the line.
    fileprivate func column(of word: String) -> Int? {
        range(of: word).map { Columns.count(of: self[..<$0.lowerBound]) }
    }
}

import Foundation
import Testing
import VICI

@testable import Control

@Suite struct CommandTests {
    private static let twoChildren = Fixture.connection("office", children: ["net", "dmz"])

    /// Streams two log lines, and fails for the child `net`.
    private static let initiate: @Sendable (VICIMessage, inout VICISession) -> VICIMessage = { message, session in
        let child = message["child"] ?? ""
        session.event("control-log", ["group": "IKE", "level": "1", "msg": "initiating \(child)"])
        session.event(
            "control-log",
            ["group": "IKE", "level": "0", "ikesa-name": "office", "ikesa-uniqueid": "9", "msg": "NO_PROPOSAL_CHOSEN"]
        )
        return child == "net" ? ["success": "no", "errmsg": "nothing in common\n  offered: a"] : ["success": "yes"]
    }

    @Test func upShowsTheNegotiationAndWhyItFailed() throws {
        let daemon = try FixtureDaemon(connections: [Self.twoChildren], answers: ["initiate": Self.initiate])
        let outcome = daemon.run("up", "office/net")
        #expect(outcome.code == .failed)
        #expect(
            outcome.lines == [
                "bringing up office/net", "IKE initiating net", "IKE office#9 NO_PROPOSAL_CHOSEN",
            ]
        )
        #expect(outcome.error == "ikectl: office/net is not up: nothing in common\n  offered: a\n")
    }

    @Test func upOfAConnectionTriesAllItsChildren() throws {
        let daemon = try FixtureDaemon(connections: [Self.twoChildren], answers: ["initiate": Self.initiate])
        let outcome = daemon.run("up", "office")
        #expect(outcome.code == .failed)
        #expect(outcome.output.contains("● office/dmz is up"))
        #expect(outcome.error.contains("office/net is not up"))
        #expect(daemon.run("up", "dmz").code == .ok)
    }

    @Test func upLeavesAloneWhatIsUp() throws {
        let daemon = try FixtureDaemon(connections: [Fixture.connection("site-b")], ikeSAs: [Fixture.ikeSA("site-b")])
        for name in ["site-b", "net", "site-b/net"] {
            let outcome = daemon.run("up", name)
            #expect(outcome.code == .ok)
            #expect(outcome.output == "site-b/net is up already\n")
        }
    }

    @Test func upPassesTheTimeout() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("a")],
            answers: ["initiate": { message, _ in ["success": "no", "errmsg": .text(message.description)] }]
        )
        #expect(daemon.run("up", "a").error.contains("{ ike = a child = net timeout = 30000 }"))
        #expect(daemon.run("up", "a", "--timeout", "5").error.contains("timeout = 5000"))
    }

    @Test func aNameThatIsNotClearIsRefused() throws {
        let daemon = try FixtureDaemon(connections: [Fixture.connection("a"), Fixture.connection("b")])
        let outcome = daemon.run("up", "net")
        #expect(outcome.code == .failed)
        #expect(outcome.error == "ikectl: 'net' is not clear, say one of: a/net, b/net\n")
        #expect(daemon.run("up", "c/net").error.contains("no connection or child 'c/net', did you mean"))
        #expect(try FixtureDaemon().run("up", "x").error == "ikectl: no connection 'x': none is configured\n")
    }

    @Test func onlyTheConnectionOfANameIsAskedFor() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("a"), Fixture.connection("b"), Fixture.connection("net")],
            ikeSAs: [Fixture.ikeSA("a"), Fixture.ikeSA("gone")]
        )
        #expect(daemon.run("status", "a").output.contains("1 connection: 1 up"))
        #expect(daemon.filters == ["a"])
        // One without a configuration any more is found by its SAs.
        #expect(daemon.run("status", "gone").output.contains("1 connection: 1 up"))
        #expect(daemon.filters == ["a", "gone"])
        #expect(daemon.run("up", "a/net").output == "a/net is up already\n")
        #expect(daemon.filters.suffix(2) == ["a/net", "a"])
    }

    @Test func aConnectionGoesBeforeAChildOfItsName() throws {
        let daemon = try FixtureDaemon(connections: [Fixture.connection("a"), Fixture.connection("net")])
        #expect(daemon.run("list", "net").output.hasPrefix("net  "))
        #expect(daemon.filters == [])
        #expect(daemon.run("list", "net", "--json").output.components(separatedBy: "\"version\"").count == 2)
    }

    @Test func aNameOfAChildIsLookedForInAllConnections() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("a"), Fixture.connection("b", children: ["dmz"])],
            ikeSAs: [Fixture.ikeSA("a")]
        )
        #expect(daemon.run("status", "dmz").output.contains("1 connection: 1 down"))
        #expect(daemon.filters == ["dmz", nil])
    }

    @Test func downSaysWhatWasDeleted() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("site-b"), Fixture.connection("office")],
            ikeSAs: [Fixture.ikeSA("site-b")],
            answers: [
                "terminate": { message, _ in
                    #expect(message["ike"] == "site-b")
                    return ["success": "yes", "matches": "1", "terminated": "1"]
                }
            ]
        )
        #expect(daemon.run("down", "site-b").output == "site-b is down, 1 IKE SA deleted\n")
        #expect(daemon.run("down", "site-b/net").output == "site-b/net is down, 1 CHILD SA deleted\n")
        let outcome = daemon.run("down", "office")
        #expect(outcome.code == .failed)
        #expect(outcome.error == "ikectl: office is not up\n")
    }

    @Test func reloadSaysWhatChangedOrWhyNothingDid() throws {
        let changed = try FixtureDaemon(answers: [
            "reload": { _, _ in
                [
                    "success": "yes", "unchanged": ["x", "y"],
                    "connections": [
                        "a": ["change": "new", "settings": [], "deeds": ["CHILD SA net is brought up, if it is not"]],
                        "b": ["change": "changed", "settings": ["proposals", "remote"], "deeds": []],
                        "c": ["change": "gone", "settings": [], "deeds": ["IKE SA {3} is deleted"]],
                    ],
                    "notes": ["start iked anew"],
                ]
            }
        ])
        let expected = """
            reloaded: 1 new, 1 changed, 1 gone, 2 unchanged
              a is new
                CHILD SA net is brought up, if it is not
              b is changed: proposals, remote
              c is gone
                IKE SA {3} is deleted
            note: start iked anew

            """
        #expect(changed.run("reload").output == expected)
        let same = try FixtureDaemon(answers: ["reload": { _, _ in ["success": "yes", "loaded": [], "unloaded": []] }])
        #expect(same.run("reload").output == "reloaded: nothing changed\n")
        let broken = try FixtureDaemon(answers: [
            "reload": { _, _ in ["success": "no", "errmsg": "iked.conf:1:1: no"] }
        ])
        let outcome = broken.run("reload")
        #expect(outcome.code == .failed)
        #expect(outcome.error.contains("the old one stays:\niked.conf:1:1: no"))
    }

    @Test func listShowsWhatIsConfigured() throws {
        let daemon = try FixtureDaemon(connections: [Fixture.connection("site-b", children: ["net"])])
        let expected = """
            site-b  IKEv2
              local   192.0.2.1 as moon.example.org by pre-shared key
              remote  198.51.100.7 as sun.example.org by pre-shared key
              offers  aes256gcm16-prfsha384-x25519, aes128-sha256-modp2048
              times   rekey every 4h, ends after 24h, liveness check 30s
              net  tunnel
                local   10.1.0.0/16
                remote  10.2.0.0/16
                offers  aes256gcm16-x25519
                times   rekey every 1h, ends after 1h 06m
                does    start when loaded
            """
        #expect(daemon.run("list").lines.joined(separator: "\n") == expected)
        #expect(daemon.run("list", "net").lines.joined(separator: "\n") == expected)
        #expect(try FixtureDaemon().run("list").output == "No connections are configured.\n")
    }

    @Test func checkSaysWhereAFileIsWrong() throws {
        let file = NSTemporaryDirectory() + "/check-\(UInt32.random(in: 0 ... .max)).conf"
        defer { try? FileManager.default.removeItem(atPath: file) }

        try "connections {\n  gw {\n    remote_adrs = 192.0.2.1\n  }\n}\n".write(
            toFile: file,
            atomically: true,
            encoding: .utf8
        )
        let broken = FixtureDaemon.run(["check", file])
        #expect(broken.code == .failed)
        #expect(broken.output.isEmpty)
        #expect(broken.error.hasPrefix("\(file):3:5: "))
        #expect(broken.error.contains("remote_addrs"))

        let missing = FixtureDaemon.run(["check", "/nonexistent/iked.conf"])
        #expect(missing.code == .failed)
        #expect(missing.error.hasPrefix("/nonexistent/iked.conf"))
    }

    @Test func checkAcceptsTheExampleOfTheRepository() {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let outcome = FixtureDaemon.run(["check", root.appending(path: "etc/iked.conf").path()])
        #expect(outcome.code == .ok)
        #expect(outcome.output.contains("iked.conf is valid: "))
    }

    @Test func versionIsToldWithAndWithoutADaemon() throws {
        let with = try FixtureDaemon().run("version")
        #expect(with.lines == ["ikectl \(Software.version)", "iked 0.1.0 on Linux 6.1.0 x86_64"])
        #expect(try FixtureDaemon().run("--version").output == with.output)
        let without = FixtureDaemon.run(["version"])
        #expect(without.code == .ok)
        #expect(without.output.contains("There is no socket at /nonexistent/iked.vici"))
    }

    @Test(arguments: [["status"], ["list"], ["up", "a"], ["down", "a"], ["reload"], ["log"], ["status", "--watch"]])
    func withoutADaemonTheExitCodeSaysSo(arguments: [String]) {
        let outcome = FixtureDaemon.run(arguments)
        #expect(outcome.code == .unreachable)
        #expect(outcome.error == "ikectl: iked is not running? There is no socket at /nonexistent/iked.vici\n")
    }

    @Test func aDaemonThatLacksACommandIsNotCalledUnreachable() throws {
        let outcome = try FixtureDaemon().run("reload")
        #expect(outcome.code == .failed)
        #expect(outcome.error == "ikectl: the daemon does not know the command 'reload'\n")
    }

    @Test func aLogLineTellsWhoItIsAboutAndWhatWasLostBeforeIt() {
        let line = LogLine([
            "group": "ESP", "level": "1", "ikesa-name": "a", "ikesa-uniqueid": "3", "msg": "x\u{1b}y", "lost": "27",
        ])
        #expect(line.rendered(.unicode) == "27 lines are missing here\nESP a#3 x?y")
        #expect(LogLine(["group": "KNL", "msg": "plain"]).rendered(.unicode) == "KNL plain")
        #expect(LogLine(["level": "2"]).level == 2)
    }

    @Test func watchingDrawsUntilASignalComes() throws {
        var output = ""
        let console = Console(palette: .unicode, isTerminal: false, output: { output += $0 }, error: { _ in })
        var drawings = 0
        try Watch(console).run { (columns) throws(Failure) in
            drawings += 1
            #expect(columns == nil)
            // The signal is blocked in this thread, so it waits until the drawing is done.
            pthread_kill(pthread_self(), SIGINT)
            return ["drawing \(drawings)"]
        }
        #expect(output == "drawing 1\n")
    }
}

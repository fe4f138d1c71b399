import Testing
import VICI
import VICISupport

@testable import Control

/// `ikectl log`.
@Suite struct LogTests {
    /// A daemon that says these lines to whoever listens, and goes.
    private func run(_ arguments: [String]) throws -> FixtureDaemon.Outcome {
        let lines: [VICIMessage] = [
            [
                "group": "IKE", "level": "1", "ikesa-name": "a", "remote-host": "192.0.2.1", "remote-port": "500",
                "msg": "one",
            ],
            ["group": "NET", "level": "2", "ikesa-name": "b", "remote-host": "2001:db8::1", "msg": "two"],
            ["group": "DMN", "level": "0", "msg": "three"],
        ]
        let daemon = try ScriptedDaemon(
            afterEachRead: { session in
                guard session.isRegistered(for: "log") else { return }
                for line in lines { session.event("log", line) }
                // An answer that nobody asked for ends the conversation.
                _ = try? session.receive([0, 0, 0, 3, 0, 1, 0x78])
                session.reply([:])
            },
            script: { _, session in session.reply([:]) }
        )
        return FixtureDaemon.run(["log"] + arguments, socket: daemon.path)
    }

    private func said(_ arguments: String...) throws -> [String] {
        try run(arguments).lines.map { String($0.split(separator: " ").last ?? "") }
    }

    @Test func linesAreFiltered() throws {
        #expect(try said() == ["one", "two", "three"])
        #expect(try said("--level", "1") == ["one", "three"])
        #expect(try said("--connection", "b") == ["two"])
        #expect(try said("--peer", "2001:DB8:0::1") == ["two"])
        #expect(try said("--peer", "192.0.2.1", "--level", "0").isEmpty)
        #expect(try run(["--peer", "office"]).code == .usage)
    }

    @Test func jsonIsALineForEach() throws {
        let lines = try run(["--json"]).lines
        #expect(lines.count == 3)
        let first = try #require(JSON(parsing: lines[0]))
        #expect(first["message"]?.text == "one" && first["peer"]?.text == "192.0.2.1:500")
        #expect(first["subsystem"]?.text == "ike" && first["level"]?.integer == 1)
    }

    @Test func levelsAreSet() throws {
        let daemon = try FixtureDaemon(answers: [
            "log-levels": { message, _ in
                message["ike"] == "debug"
                    ? ["success": "yes", "ike": "debug", "net": "info"] : ["success": "no", "errmsg": "no"]
            }
        ])
        #expect(daemon.run("log", "--set", "ike=debug").output == "ike=debug net=info\n")
        #expect(daemon.run("log", "--set", "ike=loud").code == .failed)
        #expect(daemon.run("log", "--set", "ike").code == .usage)
    }
}

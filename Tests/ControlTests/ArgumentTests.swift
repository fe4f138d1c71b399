import IKEWire
import Testing

@testable import Control

@Suite struct ArgumentTests {
    private func parse(_ arguments: String..., socket: String? = nil) throws(Failure) -> Invocation {
        try Invocation(parsing: arguments) { $0 == "IKED_SOCKET" ? socket : nil }
    }

    @Test func optionsStandAnywhere() throws {
        for arguments in [
            ["--socket", "/s", "status", "gw", "--json"], ["status", "--json", "--socket=/s", "gw"],
            ["status", "--socket", "/s", "--json", "--", "gw"],
        ] {
            let invocation = try Invocation(parsing: arguments) { _ in nil }
            #expect(invocation.command.name == "status")
            #expect(invocation.operands == ["gw"])
            #expect(invocation.has("json"))
            #expect(!invocation.has("watch"))
            #expect(invocation.socketPath == "/s")
        }
    }

    @Test func behindTwoDashesEverythingIsAnOperand() throws {
        #expect(try parse("status", "--", "--json").operands == ["--json"])
    }

    @Test func theSocketIsFoundInTheCommandLineThenTheEnvironmentThenTheDefault() throws {
        #expect(try parse("status").socketPath == "/run/iked/iked.vici")
        #expect(try parse("status", socket: "/env").socketPath == "/env")
        #expect(try parse("status", socket: "").socketPath == "/run/iked/iked.vici")
        #expect(try parse("status", "--socket", "/arg", socket: "/env").socketPath == "/arg")
    }

    @Test(
        arguments: [
            (["statsu"], "there is no command 'statsu', did you mean 'status'?", nil),
            (["frobnicate"], "there is no command 'frobnicate'", nil),
            (["--socket", "/s"], "a command is missing", nil),
            (["status", "--jsno"], "'status' has no option '--jsno', did you mean '--json'?", "status"),
            (["up", "--json", "gw"], "'up' has no option '--json'", "up"),
            (["status", "-x"], "'status' has no option '-x'", "status"),
            (["status", "--json=yes"], "--json takes no value", "status"),
            (["status", "--socket"], "--socket PATH: the value is missing", "status"),
            (["up"], "'up' needs NAME", "up"),
            (["up", "a", "b"], "'up' does not take 'b'", "up"),
            (["reload", "now"], "'reload' does not take 'now'", "reload"),
        ] as [([String], String, String?)]
    )
    func wrongUsageIsSaidWithWhatWasProbablyMeant(arguments: [String], message: String, command: String?) {
        #expect(throws: Failure.usage(message, of: command)) { try Invocation(parsing: arguments) { _ in nil } }
    }

    @Test(arguments: ["0", "-1", "1.5", "x", "", "99999999999999999999"])
    func aNumberOutOfRangeIsRefused(text: String) throws {
        let invocation = try parse("up", "gw", "--timeout=\(text)")
        #expect(throws: Failure.usage("--timeout takes a number from 1 to 86400, not '\(text)'", of: "up")) {
            try invocation.patience()
        }
    }

    @Test func helpIsFoundEveryWayPeopleAskForIt() {
        for arguments in [["help"], ["--help"], ["-h"]] {
            let outcome = FixtureDaemon.run(arguments)
            #expect(outcome.code == .ok)
            #expect(outcome.output.hasPrefix("ikectl inspects and steers iked"))
        }
        for arguments in [
            ["help", "up"], ["up", "--help"], ["--help", "up"], ["up", "-h"], ["up", "gw", "--help"],
        ] {
            let outcome = FixtureDaemon.run(arguments)
            #expect(outcome.code == .ok)
            #expect(outcome.output.hasPrefix("Usage: ikectl up NAME [OPTIONS]"))
        }
        let nothing = FixtureDaemon.run([])
        #expect(nothing.code == .usage)
        #expect(nothing.output.isEmpty)
        #expect(nothing.error.contains("Usage: ikectl"))
    }

    @Test(arguments: Command.all.map(\.name)) func everyCommandHasHelpWithin110Columns(name: String) {
        let lines = FixtureDaemon.run(["help", name]).lines
        #expect(lines.first?.hasPrefix("Usage: ikectl \(name)") == true)
        #expect(lines.allSatisfy { $0.count <= 110 })
    }

    @Test(arguments: [("offcie", "office"), ("site", nil), ("OFFICE", "office"), ("ofice", "office"), ("x", nil)])
    func theNearestWordIsSuggestedWhenItIsNear(word: String, nearest: String?) {
        #expect(Spelling.nearest(to: word, among: ["branch-office", "office", "headquarters"]) == nearest)
    }
}

import Foundation
import Testing
import VICI
import VICISupport

@Suite struct ClientTests {
    @Test func aCallReturnsTheAnswer() throws {
        let daemon = try ScriptedDaemon { request, session in
            session.reply(["daemon": "iked", "asked": .section(request.message)])
        }
        var client = try VICIClient(path: daemon.path)
        #expect(try client.call("version", ["a": "b"]) == ["daemon": "iked", "asked": ["a": "b"]])
        #expect(try client.call("version")["daemon"] == "iked")
    }

    @Test func eventsOfACallAreHandedOverInOrderAndOnlyDuringIt() throws {
        let daemon = try ScriptedDaemon { request, session in
            for number in 0..<5 { session.stream("list-sa", ["gw": ["uniqueid": .number(number)]]) }
            session.reply([:])
        }
        var client = try VICIClient(path: daemon.path)
        var seen: [Int?] = []
        try client.call("list-sas", events: ["list-sa"]) { name, message in
            #expect(name == "list-sa")
            seen.append(message.section("gw")?.number("uniqueid"))
        }
        #expect(seen == [0, 1, 2, 3, 4])
        try client.call("list-sas") { _, _ in Issue.record("an event without registration") }
    }

    @Test func listeningGoesOnUntilTheCallerHasEnough() throws {
        let daemon = try ScriptedDaemon(
            afterEachRead: { session in
                for number in 0..<10 { session.event("log", ["msg": "line \(number)"]) }
            },
            script: { _, _ in }
        )
        var client = try VICIClient(path: daemon.path)
        var lines: [String] = []
        try client.listen(to: ["log"]) { _, message in
            lines.append(message["msg"] ?? "")
            return lines.count < 3
        }
        #expect(lines == ["line 0", "line 1", "line 2"])
    }

    @Test func theDaemonsRefusalsAreErrors() throws {
        let daemon = try ScriptedDaemon { _, session in session.unknownCommand() }
        var client = try VICIClient(path: daemon.path)
        #expect(throws: VICIClientError.unknownCommand("brew")) { try client.call("brew") }
        #expect(throws: VICIClientError.unknownEvent("tea")) { try client.call("brew", events: ["tea"]) }
    }

    @Test func aDaemonThatDoesNotAnswerIsATimeout() throws {
        let daemon = try ScriptedDaemon { _, _ in }
        var client = try VICIClient(path: daemon.path)
        #expect(throws: VICIClientError.timeout(waitingFor: "the answer to 'version'", seconds: 0.05)) {
            try client.call("version", timeout: .milliseconds(50))
        }
    }

    @Test func aDaemonThatGoesAwayIsSaidSo() throws {
        // A second request in flight makes the server's session close the connection.
        let daemon = try ScriptedDaemon { _, _ in }
        var client = try VICIClient(path: daemon.path, timeout: .milliseconds(50))
        #expect(throws: VICIClientError.timeout(waitingFor: "the answer to 'one'", seconds: 0.05)) {
            try client.call("one")
        }
        #expect(throws: VICIClientError.closed(waitingFor: "the answer to 'two'")) {
            try client.call("two", timeout: .seconds(5))
        }
    }

    @Test func noSocketIsToldFromASocketWithoutListener() throws {
        let path = ScriptedDaemon.temporaryPath()
        #expect(throws: VICIClientError.noSocket(path: path)) { _ = try VICIClient(path: path) }

        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: VICIClientError.nobodyListens(path: path)) { _ = try VICIClient(path: path) }
    }

    @Test func aPathThatNoAddressCanHoldIsRefused() {
        let path = "/" + String(repeating: "x", count: 200)
        #expect(throws: VICIClientError.pathTooLong(path)) { _ = try VICIClient(path: path) }
        #expect(throws: VICIClientError.pathTooLong("/tmp/a\0b")) { _ = try VICIClient(path: "/tmp/a\0b") }
    }

    @Test func errorsSayWhatToDo() {
        #expect(
            VICIClientError.noSocket(path: "/run/iked/iked.vici").description
                == "iked is not running? There is no socket at /run/iked/iked.vici"
        )
        #expect(VICIClientError.permissionDenied(path: "/s").description.contains("try sudo"))
        #expect(
            VICIClientError.timeout(waitingFor: "the answer to 'version'", seconds: 5).description
                == "iked is silent: waited 5 s for the answer to 'version'"
        )
    }

    @Test func onlyADaemonThatAnsweredIsReachable() {
        #expect(VICIClientError.noSocket(path: "").isUnreachable)
        #expect(VICIClientError.timeout(waitingFor: "", seconds: 1).isUnreachable)
        #expect(!VICIClientError.unknownCommand("x").isUnreachable)
    }
}

import Testing
import VICI
import VICISupport

@testable import Control

/// `ikectl ping` and `ikectl trace`.
@Suite struct PingAndTraceTests {
    private static let answer: VICIMessage = [
        "success": "yes", "round-trip": "12344", "ikesa-name": "office", "ikesa-uniqueid": "3",
        "remote-host": "198.51.100.7", "remote-port": "4500",
    ]

    private func daemon(_ answer: VICIMessage) throws -> FixtureDaemon {
        try FixtureDaemon(
            connections: [Fixture.connection("office")],
            answers: [
                "ping": { message, _ in
                    #expect(message["ike"] == "office" && message["timeout"] == "30000")
                    return answer
                }
            ]
        )
    }

    @Test func eachAnswerIsTimed() throws {
        let outcome = try daemon(Self.answer).run("ping", "office", "--count", "2", "--interval", "0")
        #expect(outcome.code == .ok)
        #expect(
            outcome.lines == [
                "office#3 198.51.100.7:4500: answer 1 after 12.34 ms",
                "office#3 198.51.100.7:4500: answer 2 after 12.34 ms",
                "2 of 2 answered, min/mean/max 12.34/12.34/12.34 ms",
            ]
        )
        let json = try daemon(Self.answer).run("ping", "net", "--count=1", "--json").output
        #expect(json.contains("\"answered\": 1") && json.contains("12.34"))
    }

    @Test func aSilentPeerIsAFailure() throws {
        let outcome = try daemon(["success": "no", "errmsg": "no IKE SA stands"]).run("ping", "office", "--count=1")
        #expect(outcome.code == .failed)
        #expect(outcome.output == "0 of 1 answered\n")
        #expect(outcome.error == "ikectl: office: no IKE SA stands\n")
    }

    private static let request: VICIMessage = [
        "direction": "sent", "exchange": "IKE_AUTH", "kind": "request", "message-id": "1", "local-host": "192.0.2.1",
        "local-port": "4500", "remote-host": "198.51.100.7", "remote-port": "4500", "octets": "240",
        "protected": "yes", "ikesa-name": "office", "ikesa-uniqueid": "3", "payloads": ["IDi moon", "AUTH x\u{1b}y"],
    ]

    @Test func aMessageIsShownWithItsPayloads() {
        #expect(
            TraceLine(Self.request).rendered(.unicode, at: "12:00:00.000") == """
                12:00:00.000 → IKE_AUTH request 1  office#3  192.0.2.1:4500 → 198.51.100.7:4500  240 octets
                    IDi moon
                    AUTH x?y
                """
        )
        var again = Self.request
        again["again"] = "yes"
        again["direction"] = "received"
        again["problem"] = "integrity"
        #expect(TraceLine(again).rendered(.ascii, at: "t").hasPrefix("t <- IKE_AUTH request 1"))
        #expect(TraceLine(again).rendered(.ascii, at: "t").contains("sent again\n    integrity"))
    }

    @Test func aTraceEndsWithTheAnswerAndSkipsOthers() throws {
        var other = Self.request
        other["ikesa-name"] = "elsewhere"
        var stranger = Self.request
        stranger["ikesa-name"] = nil
        stranger.append("candidates", ["office", "elsewhere"])
        var response = Self.request
        response["kind"] = "response"
        let messages = [other, stranger, Self.request, response]
        let daemon = try ScriptedDaemon(
            events: ["trace", "list-conn", "list-sa", "list-policy"],
            afterEachRead: { session in
                guard session.isRegistered(for: "trace") else { return }
                for message in messages { session.event("trace", message) }
            },
            script: { request, session in
                if request.command == "list-conns" { session.stream("list-conn", Fixture.connection("office")) }
                session.reply([:])
            }
        )
        let outcome = FixtureDaemon.run(["trace", "office"], socket: daemon.path)
        #expect(outcome.code == .ok)
        #expect(outcome.lines.count { $0.contains("IKE_AUTH") } == 3)
        #expect(!outcome.output.contains("elsewhere#"))
    }
}

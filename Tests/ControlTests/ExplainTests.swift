import Testing
import VICI

@testable import Control

/// `ikectl explain`.
@Suite struct ExplainTests {
    private static let mismatch: VICIMessage = [
        "ago": "124", "count": "3", "role": "responder", "connection": "office", "local-host": "192.0.2.1",
        "local-port": "500", "remote-host": "203.0.113.9", "remote-port": "500", "reason": "no-proposal-chosen",
        "msg": "no IKE proposal in common (NO_PROPOSAL_CHOSEN)", "configured": ["IKE:AES_GCM_16_256"],
        "offered": ["IKE:AES_CBC_128"], "setting": "connections.office.proposals",
        "advice": "add aes128-sha256-modp2048, which the peer offers",
    ]

    private func daemon(_ answer: VICIMessage, ikeSAs: [VICIMessage] = [], startAction: String = "none") throws
        -> FixtureDaemon
    {
        try FixtureDaemon(
            connections: [Fixture.connection("office", startAction: startAction)],
            ikeSAs: ikeSAs,
            answers: ["explain": { _, _ in answer }]
        )
    }

    @Test func aFailureIsToldWithBothSidesAndWhatToChange() throws {
        let outcome = try daemon([
            "success": "yes", "failures": ["1": .section(Self.mismatch)], "next-try": ["in": "12", "number": "4"],
        ]).run("explain", "office")
        #expect(outcome.code == .ok)
        #expect(
            outcome.lines == [
                "○ office is down",
                "    tries   again in 12s, for the 4th time",
                "",
                "  failed 2m 04s ago, 3 times in a row, as responder for 203.0.113.9:500",
                "    why     no IKE proposal in common (NO_PROPOSAL_CHOSEN)",
                "    theirs  IKE:AES_CBC_128",
                "    ours    IKE:AES_GCM_16_256",
                "    change  connections.office.proposals: add aes128-sha256-modp2048, which the peer offers",
            ]
        )
    }

    @Test func whatIsUpAndWhatWasNeverTriedIsSaid() throws {
        let nothing: VICIMessage = ["success": "yes", "failures": [:]]
        #expect(
            try daemon(nothing, ikeSAs: [Fixture.ikeSA("office")]).run("explain", "net").output == "● office is up\n"
        )
        let untried = try daemon(nothing).run("explain", "office").output
        #expect(untried.contains("nothing has been tried") && untried.contains("ikectl up office"))
        let closed: VICIMessage = [
            "success": "yes", "failures": [:], "closed": ["ago": "61", "reason": "deleted by the peer"],
        ]
        #expect(
            try daemon(closed).run("explain", "office").lines == [
                "○ office is down", "    closed  1m 01s ago: deleted by the peer",
            ]
        )
    }

    @Test func withoutANameTheFailuresOfAllAreListed() throws {
        var stranger = Self.mismatch
        stranger["connection"] = nil
        stranger["count"] = "1"
        let answer: VICIMessage = ["success": "yes", "failures": ["1": .section(stranger)]]
        let outcome = try daemon(answer).run("explain")
        #expect(outcome.lines.first == "  no connection failed 2m 04s ago, as responder for 203.0.113.9:500")
        let none = try daemon(["success": "yes", "failures": [:]]).run("explain")
        #expect(none.output == "Nothing has failed since the daemon started.\n")
        let json = try daemon(answer).run("explain", "--json").output
        #expect(json.contains("\"reason\": \"no-proposal-chosen\"") && json.contains("\"next_try\": null"))
    }

    @Test func anUnknownNameIsRefused() throws {
        let outcome = try daemon(["success": "yes"]).run("explain", "offic")
        #expect(outcome.code == .failed)
        #expect(outcome.error.contains("did you mean 'office'?"))
    }
}

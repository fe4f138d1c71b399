import Testing
import VICI

@testable import Control

@Suite struct PoolsCommandTests {
    private static func lease(_ address: String, _ identity: String, online: Bool, _ since: Int) -> VICIMessage {
        [
            "address": .text(address), "identity": .text(identity), "status": online ? "online" : "offline",
            "since": .number(since),
        ]
    }

    private static let leases = [
        lease("10.3.0.10", "ada@example.org", online: true, 7385),
        lease("10.3.0.11", "C=CH, O=Example, CN=bob", online: false, 1_047_600),
        lease("10.3.0.12", "e\u{1b}[31mvil", online: false, 2),
    ]

    /// Answers as the daemon does, two leases at a time.
    private static func daemon() throws -> FixtureDaemon {
        try FixtureDaemon(answers: [
            "get-pools": { request, _ in
                var pools: VICIMessage = [:]
                for name in ["hosts4", "hosts6"] where request["name"].map({ $0 == name }) ?? true {
                    var pool: VICIMessage =
                        name == "hosts4"
                        ? ["base": "10.3.0.10", "size": "1090", "online": "1", "offline": "2"]
                        : ["base": "2001:db8:c::1", "size": "18446744073709551615999", "online": "0", "offline": "0"]
                    if request.flag("leases") {
                        let from = request.number("from") ?? 0
                        let all = name == "hosts4" ? leases : []
                        var section: VICIMessage = [:]
                        for (index, lease) in all.enumerated().dropFirst(from).prefix(2) {
                            section.append(String(index), .section(lease))
                        }
                        pool.append("leases", .section(section))
                        if from + 2 < all.count { pool.append("leases-left", .number(all.count - from - 2)) }
                    }
                    pools.append(name, .section(pool))
                }
                return pools
            }
        ])
    }

    @Test func poolsAreATable() throws {
        let expected = """
            POOL    FIRST               SIZE   ONLINE  OFFLINE
            hosts4  10.3.0.10          1,090        1        2
            hosts6  2001:db8:c::1  over 2^64        0        0
            """
        #expect(try Self.daemon().run("pools").lines.joined(separator: "\n") == expected)
    }

    @Test func leasesAreListedAllOfThem() throws {
        let expected = """
            POOL    FIRST       SIZE   ONLINE  OFFLINE
            hosts4  10.3.0.10   1,090        1        2
              ● 10.3.0.10  ada@example.org            2h 03m
              ○ 10.3.0.11  C=CH, O=Example, CN=bob   12d 03h
              ○ 10.3.0.12  e?[31mvil                      2s
            """
        #expect(
            try Self.daemon().run("pools", "hosts4", "--leases").lines.map { $0.filter { $0 != " " } }
                == expected.split(separator: "\n").map { $0.filter { $0 != " " } }
        )
    }

    @Test func jsonHasNumbersAndTruth() throws {
        let plain = try Self.daemon().run("pools", "--json").output
        #expect(plain.contains("\"size\": 18446744073709551615999"))
        #expect(!plain.contains("leases"))
        let leases = try Self.daemon().run("pools", "--json", "--leases").output
        #expect(
            leases.contains("\"identity\": \"ada@example.org\",\n        \"online\": true,\n        \"since\": 7385")
        )
        #expect(leases.contains("e\\u001b[31mvil"))
    }

    @Test func anUnknownPoolGetsASuggestion() throws {
        let outcome = try Self.daemon().run("pools", "hosts5")
        #expect(outcome.code == .failed)
        #expect(outcome.error == "ikectl: no pool 'hosts5', did you mean 'hosts4'?\n")
        let none = try FixtureDaemon(answers: ["get-pools": { _, _ in [:] }])
        #expect(none.run("pools").output == "No pools are configured.\n")
        #expect(none.run("pools", "x").error == "ikectl: no pool 'x': none is configured\n")
    }
}

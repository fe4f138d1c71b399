import Foundation
import Testing
import VICI

@testable import Control

@Suite struct StatusJSONTests {
    private func document(_ outcome: FixtureDaemon.Outcome) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    @Test func theDocumentHasTheDescribedShape() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("site-b"), Fixture.connection("office")],
            ikeSAs: [Fixture.ikeSA("site-b")]
        )
        let document = try document(daemon.run("status", "--json"))
        let summary = try #require(document["summary"] as? [String: Int])
        #expect(
            summary == [
                "connections": 2, "up": 1, "partial": 0, "connecting": 0, "down": 1, "waiting": 0, "ike_sas": 1,
                "child_sas": 1,
            ]
        )
        let offloads = ["read": 1200, "written": 34, "joined": 5600, "merged": 78, "refused": 0]
        #expect(document["offloads"] as? [String: Int] == offloads)
        let connections = try #require(document["connections"] as? [[String: Any]])
        #expect(connections.map { $0["name"] as? String } == ["site-b", "office"])
        #expect(connections.map { $0["state"] as? String } == ["up", "down"])

        let ikeSA = try #require((connections[0]["ike_sas"] as? [[String: Any]])?.first)
        #expect(ikeSA["id"] as? Int == 3)
        #expect(ikeSA["initiator"] as? Bool == true)
        #expect(ikeSA["integrity"] is NSNull)
        #expect(ikeSA["lifetime"] as? Int == 86_400)
        #expect((ikeSA["remote"] as? [String: Any])?["nat"] as? Bool == true)
        let childSA = try #require((ikeSA["child_sas"] as? [[String: Any]])?.first)
        #expect((childSA["in"] as? [String: Any])?["bytes"] as? UInt64 == 1_288_490_188)
        #expect(childSA["remote_selectors"] as? [String] == ["10.2.0.0/16"])

        let configuration = try #require(connections[1]["configuration"] as? [String: Any])
        #expect((configuration["proposals"] as? [String])?.count == 2)
        let list = try JSONSerialization.jsonObject(with: Data(daemon.run("list", "--json").output.utf8))
        #expect((list as? [[String: Any]])?.map { $0["name"] as? String } == ["site-b", "office"])
    }

    @Test func keysAreTheSameForAnEmptySAAsForAFullOne() throws {
        let daemon = try FixtureDaemon(
            ikeSAs: [Fixture.ikeSA("a"), ["b": ["child-sas": ["net": [:]]]]]
        )
        let connections = try #require(try document(daemon.run("status", "--json"))["connections"] as? [[String: Any]])
        func keys(_ value: Any, _ path: String) -> Set<String> {
            if let object = value as? [String: Any] {
                return object.reduce(into: []) { $0.formUnion(keys($1.value, "\(path).\($1.key)")) }
            }
            let members = value as? [[String: Any]] ?? []
            return members.reduce(into: [path]) { $0.formUnion(keys($1, path)) }
        }
        #expect(keys(connections[0], "").sorted() == keys(connections[1], "").sorted())
    }

    @Test func anyTextIsEscaped() throws {
        let text = "quote \" backslash \\ newline \n escape \u{1b} bell \u{7} c1 \u{9b} umlaut ü"
        let encoded = JSON.object([("key", .string(text))]).encoded(pretty: false)
        let decoded = try JSONSerialization.jsonObject(with: Data(encoded.utf8)) as? [String: String]
        #expect(decoded == ["key": text])
        #expect(!encoded.unicodeScalars.contains { $0.properties.generalCategory == .control })
    }

    @Test func prettyAndCompactSayTheSame() {
        let json = JSON.object([("a", .array([.integer(1), .null])), ("b", .object([])), ("c", .bool(true))])
        #expect(json.encoded(pretty: false) == #"{"a":[1,null],"b":{},"c":true}"#)
        #expect(
            json.encoded(pretty: true) == """
                {
                  "a": [
                    1,
                    null
                  ],
                  "b": {},
                  "c": true
                }
                """
        )
    }
}

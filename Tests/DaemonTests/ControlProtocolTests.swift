import Foundation
import IKEWire
import Testing
import VICI

@testable import Daemon

/// The handbook's tables of commands and events against those that there are.
@Suite struct ControlProtocolTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// The first two cells of each row of a table of the handbook.
    private func table(_ heading: String) throws -> [(name: String, state: String)] {
        let page = try text("Sources/iked/Handbook.docc/ControlProtocol.md")
        let part = try #require(
            page.components(separatedBy: "### \(heading)\n").last?.components(separatedBy: "###").first
        )
        return part.matches(of: /\| `([a-z-]+)` \| ([a-z]+) \|/).map { (String($0.output.1), String($0.output.2)) }
    }

    @Test func theTableOfCommandsAgreesWithTheCommands() throws {
        let source = try text("Sources/Daemon/Control/Commands.swift")
        let dispatch = try #require(source.components(separatedBy: "default: control.unknownCommand").first)
        let commands = Set(
            dispatch.matches(of: /case ((?:"[a-z-]+"(?:, )?)+):/).flatMap { match in
                match.output.1.split(separator: ", ").map { $0.trimmingCharacters(in: ["\""]) }
            }
        )
        let rows = try table("Commands")
        #expect(rows.allSatisfy { ["yes", "no", "ours"].contains($0.state) })
        #expect(commands == Set(rows.filter { $0.state != "no" }.map(\.name)))
        #expect(Set(rows.map(\.name)).count == rows.count)
        // strongSwan's own are all there, supported or not.
        #expect(rows.count { $0.state != "ours" } == 36)
        let reference = try text("Sources/VICI/README.md")
        for name in commands { #expect(reference.contains("| `\(name)` "), "\(name) is not described") }
    }

    @Test func theTableOfEventsAgreesWithTheEvents() throws {
        let rows = try table("Events")
        #expect(ControlServer.events == Set(rows.filter { $0.state != "no" }.map(\.name)))
        #expect(rows.count { $0.state != "ours" } == 13)
    }

    @Test func everyAlertIsDescribed() throws {
        let reference = try text("Sources/VICI/README.md")
        for kind in Alert.Kind.allCases { #expect(reference.contains("`\(kind.rawValue)`"), "\(kind)") }
    }

    @Test func theAlgorithmsAreThoseOfTheProposals() throws {
        let message = VICIMessage.algorithms
        #expect(message.sections.map(\.name) == ["encryption", "integrity", "aead", "prf", "ke"])
        #expect(message.section("aead")?["AES_GCM_16"] == "openssl")
        #expect(message.section("encryption")?["AES_CBC"] == "openssl")
        #expect(message.section("ke")?["CURVE_25519"] == "openssl")
        #expect(message.section("aead")?.entries.count { $0.name == "AES_GCM_16" } == 1)
    }
}

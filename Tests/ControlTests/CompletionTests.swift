import Foundation
import Testing

@testable import Control

/// The completions and the manual that are shipped, `etc/completions` and `etc/man/ikectl.8`, against the commands that there are.
@Suite struct CompletionTests {
    private func words(_ path: String) throws -> Set<String> {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("etc/\(path)"), encoding: .utf8)
        let separators = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-")).inverted
        return Set(text.components(separatedBy: separators))
    }

    private var options: Set<String> {
        let commands = Command.all + Command.all.flatMap(\.subcommands)
        return Set((commands.flatMap(\.options) + Command.Option.common).map(\.name))
    }

    @Test(arguments: ["completions/ikectl.bash", "completions/_ikectl", "completions/ikectl.fish", "man/ikectl.8"])
    func everyCommandAndOptionIsThere(path: String) throws {
        let words = try words(path)
        for name in Command.all.map(\.name) { #expect(words.contains(name), "\(path) lacks the command \(name)") }
        for name in options {
            #expect(words.contains("--\(name)") || words.contains(name), "\(path) lacks the option --\(name)")
        }
    }

    @Test(arguments: ["completions/ikectl.bash", "completions/_ikectl"])
    func noOptionIsOfferedThatDoesNotExist(path: String) throws {
        // What the programs take that the completions themselves call.
        let others: Set = ["--json", "--"]
        for word in try words(path) where word.hasPrefix("--") && !others.contains(word) {
            #expect(options.contains(String(word.dropFirst(2))), "\(path) offers \(word)")
        }
    }
}

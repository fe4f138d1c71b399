import VICI

extension Command {
    static let reload = Command(
        name: "reload",
        summary: "make the daemon read its configuration file again",
        details: """
            Connections that have not changed are left alone. Where something has changed that both ends agreed on, a new
            SA takes the place of the old one, without a gap if this end can begin it; other settings hold at once. SAs of
            what is gone are deleted, and children with start_action = start are brought up. When the file has an error it
            is printed, and the old configuration stays.
            """,
        run: ReloadCommand.run
    )
}

enum ReloadCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        var daemon = try DaemonConnection(for: invocation)
        let answer = try daemon.call("reload", timeout: .seconds(60))
        if let refusal = answer.refusal {
            throw .failed("the configuration is not loaded, the old one stays:\n\(refusal)")
        }
        let connections = answer.section("connections")?.sections ?? []
        let unchanged = answer.list("unchanged")?.count ?? 0
        console.print("reloaded: " + headline(connections.map(\.section), unchanged: unchanged))
        for (name, section) in connections {
            for line in lines(Columns.printable(name), section) { console.print(line) }
        }
        for note in answer.list("notes") ?? [] { console.print("note: \(Columns.printable(note))") }
        return .ok
    }

    private static func headline(_ connections: [VICIMessage], unchanged: Int) -> String {
        guard !connections.isEmpty else { return "nothing changed" }
        let changes = connections.compactMap { $0["change"] }
        let counts = ["new", "changed", "gone"].map { word in (changes.count { $0 == word }, word) }
        return (counts + [(unchanged, "unchanged")]).filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            .joined(separator: ", ")
    }

    /// What has changed about a connection, and what becomes of its SAs.
    private static func lines(_ name: String, _ section: VICIMessage) -> [String] {
        let settings = (section.list("settings") ?? []).map { Columns.printable($0) }.joined(separator: ", ")
        let change = Columns.printable(section["change"] ?? "")
        let what = settings.isEmpty ? change : "\(change): \(settings)"
        return ["  \(name) is \(what)"] + (section.list("deeds") ?? []).map { "    \(Columns.printable($0))" }
    }
}

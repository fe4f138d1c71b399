import VICI

extension Command {
    static let reload = Command(
        name: "reload",
        summary: "make the daemon read its configuration file again",
        details: """
            What stands is kept: SAs go on, and what changed counts from their next negotiation. When the file has an
            error it is printed, and the old configuration stays.
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
        let changes = [("loaded", answer.list("loaded") ?? []), ("unloaded", answer.list("unloaded") ?? [])]
            .filter { !$0.1.isEmpty }
            .map { "\($0.0) \($0.1.map { Columns.printable($0) }.joined(separator: ", "))" }
        console.print("reloaded: " + (changes.isEmpty ? "nothing changed" : changes.joined(separator: "; ")))
        return .ok
    }
}

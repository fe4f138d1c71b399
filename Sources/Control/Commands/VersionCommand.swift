import VICI

extension Command {
    static let version = Command(
        name: "version",
        summary: "print the versions of ikectl and of the daemon, if it runs",
        run: VersionCommand.run
    )
}

enum VersionCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        console.print("\(Help.program) \(Software.version)")
        do throws(Failure) {
            var daemon = try DaemonConnection(for: invocation)
            let answer = try daemon.call("version")
            let system = ["sysname", "release", "machine"].compactMap { answer[$0] }.joined(separator: " ")
            let text = "\(answer["daemon"] ?? "daemon") \(answer["version"] ?? "of unknown version") on \(system)"
            console.print(Columns.printable(text))
        } catch {
            // That no daemon runs is part of the answer, not a failure to answer.
            console.print("daemon: \(error.message)")
        }
        return .ok
    }
}

extension Command {
    static let help = Command(
        name: "help",
        operands: "[COMMAND]",
        operandCount: 0...2,
        summary: "explain a command, or list them all",
        run: HelpCommand.run
    )
}

enum HelpCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        guard !invocation.operands.isEmpty else {
            console.print(Help.overview)
            return .ok
        }
        console.print(Help.text(for: try Invocation.command(named: invocation.operands.joined(separator: " "))))
        return .ok
    }
}

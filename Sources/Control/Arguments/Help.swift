/// The texts of `ikectl help`.
enum Help {
    static let program = "ikectl"

    /// What the program does, and its commands.
    static var overview: String {
        """
        \(program) inspects and steers iked, the IKEv2 daemon.

        Usage: \(program) [--socket PATH] COMMAND [OPTIONS] [NAME]

        Commands:
        \(table(Command.all.map { (signature($0), $0.summary) }))

        Options of every command:
        \(table(Command.Option.common.map { ($0.spelling, $0.summary) }))

        NAME is a connection, a child, or both as CONNECTION/CHILD.
        The socket is \(Invocation.defaultSocketPath) unless --socket or IKED_SOCKET says otherwise.

        \(exitCodes)
        """
    }

    /// All about one command.
    static func text(for command: Command) -> String {
        var text = "Usage: \(program) \(signature(command))"
        text += command.subcommands.isEmpty ? "" : " COMMAND"
        text += command.options.isEmpty ? "\n\n" : " [OPTIONS]\n\n"
        text += command.summary.prefix(1).uppercased() + command.summary.dropFirst() + ".\n"
        if !command.details.isEmpty { text += "\n\(command.details)\n" }
        if !command.subcommands.isEmpty {
            text += "\nCommands:\n\(table(command.subcommands.map { (signature($0), $0.summary) }))\n"
        }
        let options = command.options + Command.Option.common
        text += "\nOptions:\n\(table(options.map { ($0.spelling, $0.summary) }))"
        return text
    }

    private static let exitCodes = """
        Exit codes:
          0  done
          1  what was asked for failed: no agreement with the peer, nothing of that name, an invalid file
          2  wrong usage
          3  the daemon cannot be reached
        """

    private static func signature(_ command: Command) -> String {
        command.operands.isEmpty ? command.name : "\(command.name) \(command.operands)"
    }

    private static func table(_ rows: [(left: String, right: String)]) -> String {
        let width = rows.map(\.left.count).max() ?? 0
        return rows.map { row in
            "  \(row.left)\(String(repeating: " ", count: width - row.left.count))  \(row.right)"
        }.joined(separator: "\n")
    }
}

/// One subcommand: what it is called, what it takes, and what it does.
struct Command: Sendable {
    /// A `--name` with or without a value behind it.
    struct Option: Sendable {
        let name: String
        /// What its value is called in the help; nil for an option that is only given or not.
        var value: String?
        let summary: String

        static let json = Option(name: "json", summary: "print JSON for programs; its shape is documented and stable")

        /// Options that every command takes, in front of its name or behind it.
        static let common = [
            Option(name: "socket", value: "PATH", summary: "the daemon's control socket (IKED_SOCKET)"),
            Option(name: "help", summary: "print what the command does and takes"),
        ]

        /// `--level N`.
        var spelling: String { "--\(name)" + (value.map { " \($0)" } ?? "") }
    }

    let name: String
    /// As the usage line shows them: `[NAME]`.
    var operands = ""
    var operandCount = 0...0
    /// One line for the list of commands.
    let summary: String
    /// The rest of its help.
    var details = ""
    var options: [Option] = []
    /// The commands behind this one's name: `pki issue`. Their names begin with it.
    var subcommands: [Command] = []
    let run: @Sendable (Invocation, Console) throws(Failure) -> ExitCode

    /// In the order that the help lists them.
    static let all: [Command] = [
        status, up, down, list, pools, explain, ping, trace, reload, log, doctor, check, new, pki, version, help,
    ]
}

/// What `ikectl` tells the shell.
package enum ExitCode: Int32, Sendable {
    case ok = 0
    /// What was asked for did not come about: the negotiation failed, nothing matched, a file is invalid.
    case failed = 1
    /// The command line makes no sense.
    case usage = 2
    /// The daemon cannot be reached or does not answer.
    case unreachable = 3
}

extension Command {
    static let log = Command(
        name: "log",
        summary: "show the daemon's log as it is written, until interrupted",
        options: [
            Option(
                name: "level",
                value: "N",
                summary: "lines up to this level: 0 what matters, 1 what happens, 2 how (default 1)"
            )
        ],
        run: LogCommand.run
    )
}

enum LogCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let highest = try invocation.number("level", in: 0...4) ?? 1
        var daemon = try DaemonConnection(for: invocation)
        try daemon.listen(to: "log") { message in
            let line = LogLine(message)
            guard line.level <= highest else { return }
            console.print(console.palette.paint(Clock.now, .quiet) + " " + line.rendered(console.palette))
        }
        return .ok
    }
}

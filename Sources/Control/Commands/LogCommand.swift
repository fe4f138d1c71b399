import Glibc

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
            console.print(console.palette.paint(clock(), .quiet) + " " + line.rendered(console.palette))
        }
        return .ok
    }

    /// The time of day, `12:03:04`; log events do not carry one.
    private static func clock() -> String {
        var now = time(nil)
        var parts = tm()
        guard localtime_r(&now, &parts) != nil else { return "--:--:--" }
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Quantities.twoDigits(Int($0)) }.joined(separator: ":")
    }
}

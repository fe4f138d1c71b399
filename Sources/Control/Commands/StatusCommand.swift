extension Command {
    static let status = Command(
        name: "status",
        operands: "[NAME]",
        operandCount: 0...1,
        summary: "show what is up: IKE SAs, CHILD SAs, traffic, and what is down",
        details: """
            A connection that is configured and has no SA is listed, too: as down, or as waiting when a peer or
            traffic is to bring it up. NAME limits the list to a connection, or to those with a child of that name.
            """,
        options: [
            .json,
            Option(
                name: "watch",
                summary: "show it again every second until interrupted; with --json a line each time"
            ),
            Option(name: "short", summary: "one line for each tunnel"),
            Option(name: "verbose", summary: "also show offloads, SPIs of IKE SAs, drops, modes, reqids, MTUs"),
        ],
        run: StatusCommand.run
    )
}

enum StatusCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        guard invocation.has("watch") else {
            let report = try report(for: invocation)
            console.print(lines(report, invocation, console).joined(separator: "\n"))
            return .ok
        }
        // What is wrong from the start ends the command; what goes wrong later is shown until it is over.
        _ = try report(for: invocation)
        try Watch(console).run { (columns) throws(Failure) in
            do throws(Failure) {
                return lines(try report(for: invocation), invocation, console, columns: columns)
            } catch {
                if invocation.has("json") { throw error }
                return [console.palette.paint(Console.printableLines(error.message), .bad)]
            }
        }
        return .ok
    }

    private static func report(for invocation: Invocation) throws(Failure) -> StatusReport {
        var daemon = try DaemonConnection(for: invocation)
        let report = try StatusReport(from: &daemon)
        guard let name = invocation.operands.first else { return report }
        let named = report.tunnels(named: name)
        guard !named.isEmpty else { throw report.unknown(name) }
        return report.limited(to: Set(named.map(\.connection)))
    }

    private static func lines(
        _ report: StatusReport,
        _ invocation: Invocation,
        _ console: Console,
        columns: Int? = nil
    ) -> [String] {
        if invocation.has("json") { return [report.json.encoded(pretty: !invocation.has("watch"))] }
        let table = StatusTable(
            report,
            palette: console.palette,
            isVerbose: invocation.has("verbose"),
            limit: min(columns ?? Line.standardLimit, Line.standardLimit)
        )
        return invocation.has("short") ? table.shortLines : table.lines
    }
}

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
                summary: "throughput of each tunnel, every second until interrupted; JSON with --json"
            ),
            Option(name: "short", summary: "one line for each tunnel"),
            Option(
                name: "sort",
                value: "KEY",
                summary: "by name, state (what needs a look first), traffic or age (most, youngest first)"
            ),
            Option(
                name: "filter",
                value: "TEXT",
                summary: "only connections with this in a name, identity, address or state"
            ),
            Option(name: "verbose", summary: "also show offloads, SPIs of IKE SAs, drops, modes, reqids, MTUs"),
        ],
        run: StatusCommand.run
    )
}

enum StatusCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let order = try order(invocation)
        var history = ThroughputHistory()
        guard invocation.has("watch") else {
            let report = try report(for: invocation, order, history)
            console.print { add(report, to: &$0, invocation, console) }
            return .ok
        }
        // What is wrong from the start ends the command; what goes wrong later is shown until it is over.
        _ = try report(for: invocation, order, history)
        try Watch(console).run { (columns) throws(Failure) in
            do throws(Failure) {
                return try drawing(invocation, console, order, &history, columns: columns)
            } catch {
                if invocation.has("json") { throw error }
                return [console.palette.paint(Console.printableLines(error.message), .bad)]
            }
        }
        return .ok
    }

    private static func order(_ invocation: Invocation) throws(Failure) -> StatusReport.Order? {
        guard let text = invocation.value("sort") else { return nil }
        guard let order = StatusReport.Order(rawValue: text) else {
            let known = StatusReport.Order.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage("--sort takes one of \(known), not '\(text)'", of: invocation.command.name)
        }
        return order
    }

    private static func report(
        for invocation: Invocation,
        _ order: StatusReport.Order?,
        _ history: ThroughputHistory
    ) throws(Failure) -> StatusReport {
        var daemon = try DaemonConnection(for: invocation)
        var report = try StatusReport.limited(to: invocation.operands.first, from: &daemon)
        if let text = invocation.value("filter") { report = report.matching(text) }
        guard let order else { return report }
        return report.sorted(by: order) { invocation.has("watch") ? history.rate(of: $0) : $0.octets }
    }

    /// One look with `--watch`: the blocks of all details with `--verbose`, else a line for each tunnel.
    private static func drawing(
        _ invocation: Invocation,
        _ console: Console,
        _ order: StatusReport.Order?,
        _ history: inout ThroughputHistory,
        columns: Int?
    ) throws(Failure) -> [String] {
        let report = try report(for: invocation, order, history)
        history.note(report, at: .now)
        if invocation.has("json") || invocation.has("verbose") || invocation.has("short") {
            let text = Page.text { add(report, to: &$0, invocation, console, columns: columns) }
            // The last line is ended, too.
            return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { String($0) }
        }
        let width = columns ?? Line.standardLimit
        let table = WatchTable(report: report, history: history, palette: console.palette, columns: width).lines
        let status = StatusTable(report, palette: console.palette, limit: min(width, Line.standardLimit))
        return status.totalLines + (table.isEmpty ? [] : [""] + table)
    }

    private static func add(
        _ report: StatusReport,
        to page: inout Page,
        _ invocation: Invocation,
        _ console: Console,
        columns: Int? = nil
    ) {
        if invocation.has("json") {
            page.add(pretty: !invocation.has("watch")) { report.write(to: &$0) }
            return page.endLine()
        }
        let table = StatusTable(
            report,
            palette: console.palette,
            isVerbose: invocation.has("verbose"),
            limit: min(columns ?? Line.standardLimit, Line.standardLimit)
        )
        if invocation.has("short") { table.addShort(to: &page) } else { table.add(to: &page) }
    }
}

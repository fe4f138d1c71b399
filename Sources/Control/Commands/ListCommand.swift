extension Command {
    static let list = Command(
        name: "list",
        operands: "[NAME]",
        operandCount: 0...1,
        summary: "show the configured connections: peers, proposals, selectors, times",
        options: [.json],
        run: ListCommand.run
    )
}

enum ListCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        var daemon = try DaemonConnection(for: invocation)
        let report = try StatusReport.limited(to: invocation.operands.first, from: &daemon, withSAs: false)
        let connections = report.connections.compactMap(\.configuration)
        if invocation.has("json") {
            console.print { page in
                page.add(pretty: true) { $0.array(of: connections) { $0.write(to: &$1) } }
                page.endLine()
            }
        } else if connections.isEmpty {
            console.print("No connections are configured.")
        } else {
            let table = ConnectionTable(palette: console.palette)
            console.print { page in
                for (position, connection) in connections.enumerated() {
                    if position > 0 { page.endLine() }
                    for line in table.lines(for: connection) { page.add(line) }
                }
            }
        }
        return .ok
    }
}

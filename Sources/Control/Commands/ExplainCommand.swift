import VICI

extension Command {
    static let explain = Command(
        name: "explain",
        operands: "[NAME]",
        operandCount: 0...1,
        summary: "say why a tunnel is not up, and what to change",
        details: """
            Of a connection: how it stands, when it is tried again, its last failures in either role with what both sides
            have, and the setting that they point to. Failures of peers that no connection was found for are told with the
            connections that they may have meant. Without NAME the latest failures of all.
            """,
        options: [.json],
        run: ExplainCommand.run
    )
}

enum ExplainCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        var daemon = try DaemonConnection(for: invocation)
        let text = ExplanationText(palette: console.palette)
        guard let name = invocation.operands.first else {
            let explanation = try explain([:], &daemon)
            if invocation.has("json") {
                console.print(explanation.json.encoded(pretty: true))
            } else if explanation.failures.isEmpty {
                console.print("Nothing has failed since the daemon started.")
            } else {
                let blocks = explanation.failures.map { text.lines(for: $0, names: true).joined(separator: "\n") }
                console.print(blocks.joined(separator: "\n\n"))
            }
            return .ok
        }
        let connection = try StatusReport.about(name, from: &daemon).connection(of: name)
        let explanation = try explain(["ike": .text(connection.name)], &daemon)
        if invocation.has("json") {
            console.print(explanation.json.encoded(pretty: true))
        } else {
            console.print(text.lines(for: connection, explanation).joined(separator: "\n"))
        }
        return .ok
    }

    private static func explain(
        _ message: VICIMessage,
        _ daemon: inout DaemonConnection
    ) throws(Failure) -> Explanation {
        let answer = try daemon.call("explain", message)
        if let refusal = answer.refusal { throw .failed(refusal) }
        return Explanation(answer)
    }
}

extension StatusReport {
    /// The connection that a name means, by itself or by a child of it.
    func connection(of name: String) throws(Failure) -> Connection {
        let tunnel = try tunnel(named: name)
        guard let connection = connections.first(where: { $0.name == tunnel.connection }) else { throw unknown(name) }
        return connection
    }
}

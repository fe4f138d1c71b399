import VICI

extension Command {
    static let trace = Command(
        name: "trace",
        operands: "[NAME]",
        operandCount: 0...1,
        summary: "show the messages of an exchange, decrypted and decoded, as they come and go",
        details: """
            Each message is shown with its exchange, number, addresses and size, and what each payload says; proofs,
            passwords and keys never are. It ends with the first exchange that has its answer, a negotiation with
            IKE_AUTH; with --follow it goes on until interrupted. Nothing is sent: 'ikectl up', 'ping' or the peer gives
            the cause. NAME is a connection or one of its children; before a peer has said who it is, all connections
            that it may mean show its messages. The daemon has no work with it while nobody looks on.
            """,
        options: [Option(name: "follow", summary: "go on until interrupted")],
        run: TraceCommand.run
    )
}

enum TraceCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        var daemon = try DaemonConnection(for: invocation)
        var connection: String?
        if let name = invocation.operands.first {
            connection = try StatusReport.about(name, from: &daemon, withSAs: false).connection(of: name).name
        }
        let follows = invocation.has("follow")
        try daemon.listen(
            to: "trace",
            until: { message in
                let line = TraceLine(message)
                if let connection, !line.isAbout(connection) { return true }
                console.print(line.rendered(console.palette, at: Clock.precise))
                return follows || !line.endsAnExchange
            }
        )
        return .ok
    }
}

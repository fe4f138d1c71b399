import VICI

extension Command {
    static let down = Command(
        name: "down",
        operands: "NAME",
        operandCount: 1...1,
        summary: "take a tunnel down, with the peer",
        details: """
            NAME is a connection (its IKE SAs with all their CHILD SAs), a child, or CONNECTION/CHILD.
            """,
        options: [.timeout],
        run: DownCommand.run
    )
}

enum DownCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let patience = try invocation.patience()
        var daemon = try DaemonConnection(for: invocation)
        let name = invocation.operands[0]
        let report = try StatusReport.about(name, from: &daemon)
        let tunnel = try report.tunnel(named: name)
        let ikeSAs = report.connections.first { $0.name == tunnel.connection }?.ikeSAs ?? []
        guard tunnel.child.map({ child in ikeSAs.flatMap(\.children).contains { $0.name == child } }) ?? !ikeSAs.isEmpty
        else {
            throw .failed("\(tunnel) is not up")
        }

        var message: VICIMessage = ["ike": .text(tunnel.connection)]
        message["child"] = tunnel.child
        message.set("timeout", .number(patience * 1000))
        let timeout = Duration.seconds(patience) + .seconds(5)
        let answer = try daemon.call("terminate", message, timeout: timeout, events: ["control-log"]) { _, message in
            console.print(LogLine(message).rendered(console.palette))
        }
        if let refusal = answer.refusal { throw .failed("\(tunnel) is not down: \(refusal)") }
        let count = answer.number("terminated") ?? 1
        let what = tunnel.child == nil ? "IKE SA" : "CHILD SA"
        console.print("\(tunnel) is down, \(Quantities.count(count, what)) deleted")
        return .ok
    }
}

import VICI

extension Command {
    static let up = Command(
        name: "up",
        operands: "NAME",
        operandCount: 1...1,
        summary: "bring a tunnel up, show the negotiation, and say why when it fails",
        details: """
            NAME is a child, a connection (all its children), or CONNECTION/CHILD. A child that is up already is left
            alone. The daemon's log lines of the negotiation are shown as they come.
            """,
        options: [.timeout],
        run: UpCommand.run
    )
}

extension Command.Option {
    /// For the commands that wait for a peer.
    static let timeout = Self(
        name: "timeout",
        value: "SECONDS",
        summary: "how long to wait for the peer (default \(defaultTimeout))"
    )
    static let defaultTimeout = 30
}

extension Invocation {
    /// What `--timeout` says, in seconds.
    func patience() throws(Failure) -> Int {
        try number("timeout", in: 1...86_400) ?? Command.Option.defaultTimeout
    }
}

enum UpCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let patience = try invocation.patience()
        var daemon = try DaemonConnection(for: invocation)
        let name = invocation.operands[0]
        let report = try StatusReport.about(name, from: &daemon)
        let tunnel = try report.tunnel(named: name)
        guard let connection = report.connections.first(where: { $0.name == tunnel.connection }),
            let configuration = connection.configuration
        else {
            throw .failed("'\(tunnel.connection)' is not configured any more")
        }

        var children: [String?] = configuration.children.map(\.name)
        if let child = tunnel.child { children = [child] }
        if children.isEmpty { children = [nil] }  // an IKE SA of its own

        var code = ExitCode.ok
        for child in children {
            let tunnel = Tunnel(connection: connection.name, child: child)
            if connection.isUp(child) {
                console.print("\(tunnel) is up already")
                continue
            }
            console.print(console.palette.paint("bringing up \(tunnel)", .quiet))
            let answer = try initiate(tunnel, patience, &daemon, console)
            if let refusal = answer.refusal {
                console.complain("\(tunnel) is not up: \(refusal)")
                code = .failed
            } else {
                console.print(try success(tunnel, &daemon, console))
            }
        }
        return code
    }

    private static func initiate(
        _ tunnel: Tunnel,
        _ patience: Int,
        _ daemon: inout DaemonConnection,
        _ console: Console
    ) throws(Failure) -> VICIMessage {
        var message: VICIMessage = ["ike": .text(tunnel.connection)]
        message["child"] = tunnel.child
        message.set("timeout", .number(patience * 1000))
        // The daemon keeps the time; the margin only catches one that hangs.
        let timeout = Duration.seconds(patience) + .seconds(5)
        return try daemon.call("initiate", message, timeout: timeout, events: ["control-log"]) { _, message in
            console.print(LogLine(message).rendered(console.palette))
        }
    }

    /// `site-b/net is up: 10.1.0.0/16 ⇄ 10.2.0.0/16, AES_GCM_16_256`
    private static func success(
        _ tunnel: Tunnel,
        _ daemon: inout DaemonConnection,
        _ console: Console
    ) throws(Failure) -> String {
        let palette = console.palette
        var text = palette.paint("\(palette.filled) \(tunnel) is up", .good)
        let report = try StatusReport(from: &daemon, connection: tunnel.connection)
        let ikeSAs = report.connections.first { $0.name == tunnel.connection }?.ikeSAs ?? []
        if let child = ikeSAs.flatMap(\.children).last(where: { $0.name == tunnel.child && $0.isUp }) {
            let local = child.localSelectors.joined(separator: ", ")
            let remote = child.remoteSelectors.joined(separator: ", ")
            text += Columns.printable(": \(local) \(palette.both) \(remote)")
            if let cipher = child.suite.cipher { text += Columns.printable(", \(cipher)") }
        }
        return text
    }
}

extension StatusReport.Connection {
    /// Whether a child has an SA that takes traffic; without a child, whether an IKE SA stands.
    fileprivate func isUp(_ child: String?) -> Bool {
        guard let child else { return ikeSAs.contains(where: \.isUp) }
        return ikeSAs.filter(\.isUp).flatMap(\.children).contains { $0.name == child && $0.isUp }
    }
}

import Inet
import VICI

extension Command {
    static let log = Command(
        name: "log",
        summary: "show the daemon's log as it is written, until interrupted",
        details: """
            Only what the daemon logs is there to be shown: --set changes how much that is, of one subsystem or of all,
            until the daemon ends, and says what holds then. The subsystems are ike (negotiations and SAs), esp
            (packets), net (addresses and names), cfg (configuration) and dmn (the daemon); the levels are error,
            warning, info and debug.
            """,
        options: [
            Option(
                name: "level",
                value: "N",
                summary: "lines up to this level: 0 what matters, 1 what happens, 2 how (default 2)"
            ),
            Option(name: "connection", value: "NAME", summary: "only lines about this connection"),
            Option(name: "peer", value: "ADDRESS", summary: "only lines about a peer at this address"),
            Option(
                name: "set",
                value: "LEVELS",
                summary: "log more or less from now on: ike=debug,net=warning or all=info"
            ),
            .json,
        ],
        run: LogCommand.run
    )
}

enum LogCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let highest = try invocation.number("level", in: 0...4) ?? 2
        if let levels = invocation.value("set") { return try set(levels, invocation, console) }
        let connection = invocation.value("connection")
        let peer = try invocation.value("peer").map { (text) throws(Failure) in
            guard let address = IPAddress(text) else {
                throw .usage("--peer takes an address, not '\(text)'", of: invocation.command.name)
            }
            return address.description
        }
        let isJSON = invocation.has("json")
        var daemon = try DaemonConnection(for: invocation)
        try daemon.listen(to: "log") { message in
            let line = LogLine(message)
            guard line.level <= highest, connection.map(line.isAbout(connection:)) ?? true,
                peer.map(line.isAbout(peer:)) ?? true
            else { return }
            console.print(
                isJSON
                    ? line.json(at: Clock.precise).encoded(pretty: false)
                    : console.palette.paint(Clock.now, .quiet) + " " + line.rendered(console.palette)
            )
        }
        return .ok
    }

    /// Changes the daemon's levels.
    private static func set(
        _ levels: String,
        _ invocation: Invocation,
        _ console: Console
    ) throws(Failure) -> ExitCode {
        var message = VICIMessage()
        for pair in levels.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw .usage("--set takes SUBSYSTEM=LEVEL, not '\(pair)'", of: invocation.command.name)
            }
            message.append(String(parts[0]), .text(parts[1]))
        }
        var daemon = try DaemonConnection(for: invocation)
        let answer = try daemon.call("log-levels", message)
        if let refusal = answer.refusal { throw .failed(refusal) }
        let words = answer.entries.filter { $0.name != "success" }.map { "\($0.name)=\(answer[$0.name] ?? "")" }
        console.print(Columns.printable(words.joined(separator: " ")))
        return .ok
    }
}

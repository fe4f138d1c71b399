import IKEWire

extension Command {
    static let pools = Command(
        name: "pools",
        operands: "[NAME]",
        operandCount: 0...1,
        summary: "show the pools of addresses, and who has which address",
        details: """
            An address is online while an IKE SA uses it. One that is offline is kept for whom had it last, and given
            away only when the pool has no other left.
            """,
        options: [
            .json,
            Option(name: "leases", summary: "also each lease: address, identity, and for how long it is as it is"),
        ],
        run: PoolsCommand.run
    )
}

enum PoolsCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        var daemon = try DaemonConnection(for: invocation)
        let name = invocation.operands.first
        let pools = try PoolStatus.all(of: &daemon, named: name, withLeases: invocation.has("leases"))
        if let name, pools.isEmpty { throw try unknown(name, &daemon) }
        if invocation.has("json") {
            console.print(JSON.array(pools.map(\.json)).encoded(pretty: true))
        } else if pools.isEmpty {
            console.print("No pools are configured.")
        } else {
            console.print(PoolTable(pools, palette: console.palette).lines.joined(separator: "\n"))
        }
        return .ok
    }

    private static func unknown(_ name: String, _ daemon: inout DaemonConnection) throws(Failure) -> Failure {
        let names = try PoolStatus.all(of: &daemon, named: nil, withLeases: false).map(\.name)
        guard !names.isEmpty else { return .failed("no pool '\(name)': none is configured") }
        let suggestion = Spelling.nearest(to: name, among: names)
        return .failed("no pool '\(name)'" + (suggestion.map { ", did you mean '\($0)'?" } ?? ""))
    }
}

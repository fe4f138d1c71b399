import Glibc
import VICI

extension Command {
    static let ping = Command(
        name: "ping",
        operands: "NAME",
        operandCount: 1...1,
        summary: "ask a peer whether it lives, and say how long it takes to answer",
        details: """
            Each try is an empty INFORMATIONAL exchange, protected by the IKE SA: nobody but the peer can answer it, and
            no firewall inside the tunnel matters. It is sent again like any request when the answer does not come, and a
            peer that stays silent loses the IKE SA, as by its own liveness checks.
            """,
        options: [
            Option(name: "count", value: "N", summary: "how often (default 4)"),
            Option(name: "interval", value: "SECONDS", summary: "the pause between two (default 1)"),
            .timeout, .json,
        ],
        run: PingCommand.run
    )
}

enum PingCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        let patience = try invocation.patience()
        let count = try invocation.number("count", in: 1...100_000) ?? 4
        let interval = try invocation.number("interval", in: 0...3600) ?? 1
        var daemon = try DaemonConnection(for: invocation)
        let name = invocation.operands[0]
        let connection = try StatusReport.about(name, from: &daemon, withSAs: false).connection(of: name)
        let message: VICIMessage = ["ike": .text(connection.name), "timeout": .number(patience * 1000)]
        var times: [Int] = []
        for number in 1...count {
            let answer = try daemon.call("ping", message, timeout: .seconds(patience) + .seconds(5))
            if let refusal = answer.refusal {
                console.complain("\(Columns.printable(connection.name)): \(refusal)")
            } else {
                let time = answer.number("round-trip", as: Int.self) ?? 0
                times.append(time)
                if !invocation.has("json") { console.print(line(answer, number, time)) }
            }
            if number < count { sleep(UInt32(interval)) }
        }
        if invocation.has("json") {
            console.print(
                JSON.object([
                    ("connection", .string(connection.name)), ("sent", .integer(count)),
                    ("answered", .integer(times.count)),
                    ("round_trips", .array(times.map { .number(milliseconds($0)) })),
                ]).encoded(pretty: true)
            )
        } else {
            console.print(summary(times, of: count))
        }
        return times.count == count ? .ok : .failed
    }

    /// `office#3 198.51.100.7:4500: answer 1 after 12.34 ms`
    private static func line(_ answer: VICIMessage, _ number: Int, _ time: Int) -> String {
        let name = (answer["ikesa-name"] ?? "") + (answer["ikesa-uniqueid"].map { "#\($0)" } ?? "")
        let address = IKESAStatus.End(answer, .remote).address ?? "its peer"
        return Columns.printable("\(name) \(address)") + ": answer \(number) after \(milliseconds(time)) ms"
    }

    private static func summary(_ times: [Int], of count: Int) -> String {
        let text = "\(times.count) of \(count) answered"
        guard let least = times.min(), let most = times.max() else { return text }
        let mean = times.reduce(0, +) / times.count
        return text + ", min/mean/max \(milliseconds(least))/\(milliseconds(mean))/\(milliseconds(most)) ms"
    }

    /// Microseconds as milliseconds with two decimals.
    private static func milliseconds(_ time: Int) -> String {
        let hundredths = (max(time, 0) + 5) / 10
        return "\(hundredths / 100).\(Quantities.twoDigits(hundredths % 100))"
    }
}

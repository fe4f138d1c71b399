import SwanConf
import VICI

extension Command {
    static let doctor = Command(
        name: "doctor",
        summary: "look at this host for what keeps tunnels down, and say what to do",
        details: """
            The device and rights that the daemon needs, the ports and who has them, other IKE daemons, the firewall of
            this host, clock, MTUs, the paths to peers, forwarding, reverse path filters and the kernel's offloads.
            Nothing is changed. As root it sees all of it. The exit code is 1 when something keeps the daemon from
            working.
            """,
        options: [.json],
        run: DoctorCommand.run
    )
}

enum DoctorCommand {
    @Sendable static func run(_ invocation: Invocation, _ console: Console) throws(Failure) -> ExitCode {
        var doctor = Doctor(host: .live)
        if let settings = try? Configuration.load(path: CheckCommand.defaultFile).daemon {
            doctor.ikePort = Int(settings.port)
            doctor.natPort = Int(settings.portNATT)
        }
        let findings = doctor.findings { daemon(invocation) }
        return report(findings, asJSON: invocation.has("json"), console)
    }

    /// Prints what was found; the exit code says whether anything fails.
    static func report(_ findings: [Finding], asJSON: Bool, _ console: Console) -> ExitCode {
        if asJSON {
            console.print(JSON.array(findings.map(\.json)).encoded(pretty: true))
        } else {
            for finding in findings { console.print(finding.lines(console.palette).joined(separator: "\n")) }
        }
        return findings.contains { $0.level == .failure } ? .failed : .ok
    }

    /// Whether there is a daemon, and which tunnels it has.
    private static func daemon(_ invocation: Invocation) -> Doctor.DaemonAnswer {
        do throws(Failure) {
            var daemon = try DaemonConnection(for: invocation)
            let answer = try daemon.call("version")
            var tunnels: [Doctor.Tunnel] = []
            try daemon.call("list-sas", events: ["list-sa"]) { _, message in
                for (name, section) in message.sections {
                    let ikeSA = IKESAStatus(connection: name, section)
                    tunnels += ikeSA.children.compactMap { Doctor.Tunnel(ikeSA, $0) }
                }
            }
            let name = "\(answer["daemon"] ?? "iked") \(answer["version"] ?? "")"
            return Doctor.DaemonAnswer(finding: .ok("daemon", "\(name) answers"), tunnels: tunnels)
        } catch {
            let advice = "start it: systemctl start iked, and see journalctl -u iked"
            return Doctor.DaemonAnswer(finding: .warning("daemon", error.message, advice))
        }
    }
}

extension Finding {
    var json: JSON {
        .object([
            ("level", .string(level.rawValue)), ("subject", .string(subject)), ("message", .string(message)),
            ("advice", .text(advice)),
        ])
    }

    /// `WARN  clock       nothing keeps it right`, and what to do under it.
    func lines(_ palette: Palette) -> [String] {
        let (word, style): (String, Palette.Style) =
            switch level {
            case .ok: ("OK", .good)
            case .warning: ("WARN", .warning)
            case .failure: ("FAIL", .bad)
            case .unchecked: ("-", .quiet)
            }
        var line = Line(palette)
        line.add(word, style, width: 6)
        line.add(subject, .quiet, width: 12)
        return line.filled(with: Self.words(message, .plain), next: { Self.indented(palette) }).map(\.rendered)
            + (advice.map { advice in
                Self.indented(palette).filled(with: Self.words(advice, .strong), next: { Self.indented(palette) })
                    .map(\.rendered)
            } ?? [])
    }

    private static func words(_ text: String, _ style: Palette.Style) -> [(text: String, style: Palette.Style)] {
        text.split(whereSeparator: \.isWhitespace).map { (String($0), style) }
    }

    private static func indented(_ palette: Palette) -> Line {
        var line = Line(palette)
        line.skip(18)
        return line
    }
}

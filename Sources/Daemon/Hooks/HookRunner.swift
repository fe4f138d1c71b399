import Glibc
import IKECore
import IKEWire
import Inet
import LinuxNet

/// The process that runs programs for the daemon, which itself forbids itself to (`SystemCallFilter`).
///
/// The daemon starts it before it gives anything up, as itself with other arguments. It does one thing after another, in the
/// order in which it is asked, and ends when the daemon has. Whoever has taken over the daemon can ask it for the command lines
/// that were configured at the start, with variables that start with PLUTO_, and to change name servers; for nothing else.
package enum HookRunner {
    /// What the daemon's socket is called here.
    package static let descriptor: Int32 = 3
    /// How long a program may take.
    static let limit: Duration = .seconds(10)
    /// Octets of what a program writes that reach the log.
    private static let mostOutput = 8192

    /// Serves the daemon until it is gone.
    package static func run() {
        // Meant for the daemon, which still has things for us to do when it ends.
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { _ = Glibc.signal(signal, SIG_IGN) }
        var session = Session(owners: [0])
        session.serve(FileDescriptor(adopting: descriptor))
    }

    /// What was done so far and must be undone at the end.
    struct Session {
        /// Whose programs are run.
        let owners: Set<uid_t>
        /// Nil: not said yet.
        private var permitted: Set<String>?
        private var undo: [ResolverTool.Call] = []

        init(owners: Set<uid_t>) { self.owners = owners }

        mutating func serve(_ socket: consuming FileDescriptor) {
            var buffer = [UInt8](repeating: 0, count: HookRequest.longest)
            while true {
                var wanted = pollfd(fd: socket.raw, events: Int16(POLLIN), revents: 0)
                _ = poll(&wanted, 1, -1)
                let count = read(socket.raw, &buffer, buffer.count)
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else { break }
                guard let request = HookRequest(buffer[..<count]) else { continue }
                let report = perform(request).octets
                // A daemon that does not read has other worries than this line.
                _ = send(socket.raw, report, report.count, Int32(MSG_NOSIGNAL))
            }
            for call in undo { _ = HookRunner.run(call) }
        }

        mutating func perform(_ request: HookRequest) -> HookReport {
            switch request {
            case .permit(let commands):
                guard permitted == nil else {
                    return HookReport(hasFailed: true, lines: ["what may be run is settled"])
                }
                permitted = Set(commands)
                return HookReport(hasFailed: false, lines: [])
            case .script(let arguments, let environment):
                let command = arguments.joined(separator: " ")
                guard permitted?.contains(command) == true else {
                    let reason = "it was not configured when iked started; start it anew"
                    return HookReport(hasFailed: true, lines: ["\(command) is not run: \(reason)"])
                }
                // A variable such as LD_PRELOAD would make any program another one.
                let variables = environment.filter { $0.hasPrefix("PLUTO_") }
                return HookRunner.runScript(arguments, variables, owners: owners)
            case .resolvers(let interface, let choice, let servers, let domains):
                return setResolvers(interface, choice, servers, domains)
            }
        }

        private mutating func setResolvers(
            _ interface: String,
            _ choice: ResolverTool.Choice,
            _ servers: [String],
            _ domains: [String]
        ) -> HookReport {
            // All of it goes to a program of root's: nothing but names and addresses may.
            guard DomainName.text(interface.utf8) != nil, servers.allSatisfy({ IPAddress($0) != nil }),
                domains.allSatisfy({ DomainName.text($0.utf8) != nil })
            else { return HookReport(hasFailed: true, lines: ["the request to change name servers makes no sense"]) }
            guard let tool = ResolverTool(choice, exists: { access($0, F_OK) == 0 }) else {
                let program = choice == .auto ? "resolvectl (with systemd-resolved) or resolvconf" : choice.rawValue
                return HookReport(
                    hasFailed: !servers.isEmpty,
                    lines: [
                        "no \(program) on this host to ask \(servers.joined(separator: ", ")) for names; see install_dns"
                    ]
                )
            }
            let revert = tool.revert(interface)
            let calls = servers.isEmpty ? revert : tool.set(interface, servers: servers, domains: domains)
            undo = servers.isEmpty ? [] : revert
            let failures = calls.compactMap { HookRunner.run($0) }
            guard failures.isEmpty else { return HookReport(hasFailed: true, lines: failures) }
            let names = domains.isEmpty ? "all names" : domains.joined(separator: ", ")
            let words =
                servers.isEmpty
                ? "name servers of \(interface) taken back"
                : "\(servers.joined(separator: ", ")) will be asked for \(names)"
            return HookReport(hasFailed: false, lines: [words])
        }
    }

    /// - Returns: what went wrong.
    private static func run(_ call: ResolverTool.Call) -> String? {
        let words = "\(call.path) \(call.arguments.joined(separator: " "))"
        do throws(Errno) {
            let outcome = try ChildProcess.run(
                call.path,
                call.arguments,
                environment: [searchPath],
                input: Array(call.input.utf8.prefix(4096)),
                limit: limit,
                mostOutput: mostOutput
            )
            guard outcome.ending != .exited(0) else { return nil }
            return "\(words) \(outcome.ending.words): \(lines(outcome.output).joined(separator: "; "))"
        } catch {
            return "\(error)"
        }
    }

    static func runScript(_ arguments: [String], _ environment: [String], owners: Set<uid_t>) -> HookReport {
        guard let path = arguments.first else { return HookReport(hasFailed: true, lines: ["no program to run"]) }
        if let reason = distrust(path, owners) {
            return HookReport(hasFailed: true, lines: ["\(path) is not run: \(reason)"])
        }
        do throws(Errno) {
            let outcome = try ChildProcess.run(
                path,
                Array(arguments.dropFirst()),
                environment: [searchPath] + environment,
                limit: limit,
                mostOutput: mostOutput
            )
            let hasFailed = outcome.ending != .exited(0)
            let verb = environment.first { $0.hasPrefix("PLUTO_VERB=") }?.dropFirst("PLUTO_VERB=".count) ?? ""
            return HookReport(
                hasFailed: hasFailed,
                lines: ["\(path) for \(verb) \(outcome.ending.words)"] + lines(outcome.output)
            )
        } catch {
            return HookReport(hasFailed: true, lines: ["\(error)"])
        }
    }

    private static let searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Why a file is not run: who can write it decides what we do.
    private static func distrust(_ path: String, _ owners: Set<uid_t>) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return String(cString: strerror(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return "it is no file" }
        guard owners.contains(status.st_uid) else { return "it must belong to root" }
        guard status.st_mode & 0o022 == 0 else { return "others than its owner can write it (chmod go-w)" }
        return nil
    }

    private static func lines(_ output: [UInt8]) -> [String] {
        String(decoding: output, as: UTF8.self).split(separator: "\n").prefix(64).map { String($0).singleLine }
    }
}

extension ChildProcess.Ending {
    fileprivate var words: String {
        switch self {
        case .exited(0): "is done"
        case .exited(let status): "failed with status \(status)"
        case .killed(let signal): "was ended by signal \(signal)"
        case .timedOut: "was ended: it took longer than \(HookRunner.limit.wholeSeconds) s"
        }
    }
}

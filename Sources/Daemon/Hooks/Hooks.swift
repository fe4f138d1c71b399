import Glibc
import LinuxNet

/// The daemon's side of its hook runner: what is to be done outside of the daemon, in order, and what came of it.
final class Hooks {
    /// Requests that wait until the runner takes them; further ones are dropped.
    private static let mostWaiting = 4096

    private let runner: Runner
    private var waiting: [[UInt8]] = []
    /// Requests whose reports are still to come.
    private var underway = 0

    private struct Runner: ~Copyable {
        let process: ChildProcess
        let socket: FileDescriptor
    }

    /// Starts the runner, which has all that this process may do now.
    init() throws(Errno) {
        runner = try FileDescriptor.datagramPair().split { (ours, its) throws(Errno) in
            let process = try ChildProcess(
                "/proc/self/exe",
                [Options.hookRunnerArgument],
                environment: [],
                descriptors: [(its.raw, HookRunner.descriptor), (STDERR_FILENO, STDERR_FILENO)]
            )
            return Runner(process: process, socket: ours)
        }
    }

    /// For the event loop: readable when a report is there.
    var raw: Int32 { runner.socket.raw }

    /// - Returns: what went wrong, for the log.
    func submit(_ request: HookRequest) -> String? {
        let octets = request.octets
        guard octets.count < HookRequest.longest, waiting.count < Self.mostWaiting else {
            return "a hook is not run: \(waiting.count) wait already"
        }
        waiting.append(octets)
        underway += 1
        hand()
        return nil
    }

    /// Whether the runner has ended, which it is not meant to.
    private(set) var isGone = false

    /// The reports that are there.
    func collect() -> [HookReport] {
        var reports: [HookReport] = []
        var buffer = [UInt8](repeating: 0, count: HookRequest.longest)
        while true {
            let count = read(runner.socket.raw, &buffer, buffer.count)
            isGone = count == 0
            guard count > 0 else { break }
            underway -= 1
            if let report = HookReport(buffer[..<count]) { reports.append(report) }
        }
        hand()
        return reports
    }

    /// Hands over what waits, as far as the socket takes it; the next report makes room.
    private func hand() {
        while let first = waiting.first {
            guard send(runner.socket.raw, first, first.count, Int32(MSG_NOSIGNAL)) >= 0 else { return }
            waiting.removeFirst()
        }
    }

    /// No more will come: waits until all is done and undone, but not for ever.
    func finish(limit: Duration) -> [HookReport] {
        let deadline = MonotonicClock.nanoseconds(after: limit)
        var reports: [HookReport] = []
        while underway > 0, MonotonicClock.nanoseconds < deadline {
            var wanted = pollfd(fd: runner.socket.raw, events: Int16(POLLIN), revents: 0)
            _ = poll(&wanted, 1, 50)
            reports += collect()
            if isGone { break }
        }
        shutdown(runner.socket.raw, Int32(SHUT_WR))
        _ = runner.process.wait(until: deadline)
        return reports
    }
}

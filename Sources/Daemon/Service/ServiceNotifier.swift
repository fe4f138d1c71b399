import IKECore
import LinuxNet

/// Tells the service manager how the daemon does (sd_notify(3)), by the protocol itself: datagrams of `KEY=value` lines to the
/// socket that the environment names. Without one nothing is said, and nothing is due.
struct ServiceNotifier: ~Copyable {
    private let socket: UnixDatagram?
    /// How often the manager wants to hear that the event loop turns; nil: never.
    private let watchdogInterval: Duration?
    private var watchdogAt: Instant?
    /// When something was last said in words.
    private var describedAt: Instant?
    /// When the words that were said last are to be replaced; nil: they hold.
    private var descriptionAt: Instant?

    /// The words change with every SA; the manager need not hear each of them.
    private static let descriptionInterval: Duration = .seconds(1)

    /// - Parameters:
    ///   - environment: looks up an environment variable.
    ///   - process: our process id: a watchdog that is meant for another process is none of ours.
    init(environment: (String) -> String?, process: Int32, now: Instant) {
        socket = environment("NOTIFY_SOCKET").flatMap(Self.opened)
        watchdogInterval = socket == nil ? nil : Self.watchdogInterval(environment, process)
        watchdogAt = watchdogInterval.map { now + $0 }
    }

    /// A path, or an abstract name; systemd's other kinds are for virtual machines.
    private static func opened(_ name: String) -> UnixDatagram? {
        guard name.hasPrefix("/") || name.hasPrefix("@") else { return nil }
        return try? UnixDatagram(to: name)
    }

    /// Half of the time after which the manager takes the daemon for stuck, as sd_watchdog_enabled(3) advises.
    private static func watchdogInterval(_ environment: (String) -> String?, _ process: Int32) -> Duration? {
        guard let limit = environment("WATCHDOG_USEC").flatMap(Int64.init), limit > 1 else { return nil }
        if let owner = environment("WATCHDOG_PID"), owner != String(process) { return nil }
        return .microseconds(limit / 2)
    }

    // MARK: - States

    /// The daemon works, or works by its new configuration.
    mutating func ready(_ words: String, now: Instant) { describe("READY=1\nSTATUS=\(words)", now) }

    /// The configuration is being read again; `ready` says that this is done.
    func reloading(now: Instant) { say("RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)") }

    mutating func stopping(_ words: String, now: Instant) { describe("STOPPING=1\nSTATUS=\(words)", now) }

    // MARK: - Time

    /// What the last words were about has changed: others are due, now or soon.
    mutating func noteChange(_ now: Instant) {
        guard socket != nil, descriptionAt == nil else { return }
        descriptionAt = max(now, describedAt.map { $0 + Self.descriptionInterval } ?? now)
    }

    /// When `timePassed` is to be called.
    var nextDeadline: Instant? { [watchdogAt, descriptionAt].compactMap { $0 }.min() }

    /// Says what is due.
    ///
    /// - Parameter words: what the daemon does, in a line.
    mutating func timePassed(_ now: Instant, words: () -> String) {
        if let at = watchdogAt, at <= now, let interval = watchdogInterval {
            say("WATCHDOG=1")
            watchdogAt = now + interval
        }
        if let at = descriptionAt, at <= now { describe("STATUS=\(words())", now) }
    }

    private mutating func describe(_ lines: String, _ now: Instant) {
        say(lines)
        describedAt = now
        descriptionAt = nil
    }

    /// A manager that does not listen is no reason to fail.
    private func say(_ lines: String) { try? socket?.send(Array(lines.utf8)) }
}

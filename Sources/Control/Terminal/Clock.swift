import Glibc

/// The time of day for lines that come as things happen; the daemon's events do not carry one.
enum Clock {
    /// `12:03:04`.
    static var now: String { text(withMilliseconds: false) }

    /// `12:03:04.567`.
    static var precise: String { text(withMilliseconds: true) }

    private static func text(withMilliseconds: Bool) -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        guard localtime_r(&now.tv_sec, &parts) != nil else { return "--:--:--" }
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Quantities.twoDigits(Int($0)) }
            .joined(separator: ":")
        guard withMilliseconds else { return time }
        let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
        return "\(time).\(milliseconds)"
    }
}

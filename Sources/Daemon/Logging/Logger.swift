import Glibc
import IKECore
import LinuxNet
import SwanConf

/// Writes log records: to standard error as text or JSON, or to the journal with its fields.
struct Logger: ~Copyable {
    var levels = LogLevels(.info)
    private var format = LogFormat.text
    private var isForJournal = false
    private var journal: UnixDatagram?

    /// Where systemd's journal takes entries.
    static let journalPath = "/run/systemd/journal/socket"

    init() {}

    /// As `log_level` and `log_format` say.
    init(_ settings: DaemonSettings, journal path: String = Self.journalPath) {
        levels = LogLevels(LogRecord.Level(settings.logLevel))
        switch settings.logFormat {
        case .text: break
        case .json: format = .json
        case .journal:
            isForJournal = true
            journal = try? UnixDatagram(to: path)
        }
    }

    func write(_ record: LogRecord) {
        guard levels.admits(record) else { return }
        // What the journal does not take is not lost.
        if isForJournal, (try? journal?.send(Array(record.journalEntry.utf8))) != nil { return }
        let line = format.line(record, at: Self.timestamp())
        line.withCString { text in
            let length = strlen(text)
            var written = 0
            while written < length {
                let count = Glibc.write(STDERR_FILENO, text + written, length - written)
                if count <= 0 { return }
                written += count
            }
        }
    }

    /// UTC with milliseconds, as in RFC 3339.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        let date =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))-\(padded(Int(parts.tm_mday), 2))"
        let time = "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2)):\(padded(Int(parts.tm_sec), 2))"
        return "\(date)T\(time).\(padded(now.tv_nsec / 1_000_000, 3))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension LogRecord.Level {
    var label: String {
        switch self {
        case .error: "error  "
        case .warning: "warning"
        case .info: "info   "
        case .debug: "debug  "
        }
    }

    init(_ level: DaemonSettings.LogLevel) {
        switch level {
        case .error: self = .error
        case .warning: self = .warning
        case .info: self = .info
        case .debug: self = .debug
        }
    }

    /// charon's numbers, which VICI clients filter by: 0 for what must be seen, 1 for the course of things, 2 for details.
    var viciLevel: Int {
        switch self {
        case .error, .warning: 0
        case .info: 1
        case .debug: 2
        }
    }
}

extension String {
    /// What a peer put into a message cannot make new lines in the log, nor move a terminal's cursor.
    var singleLine: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}

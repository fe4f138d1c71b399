import IKECore
import VICI

/// How much is logged, of each subsystem.
struct LogLevels: Equatable {
    private var levels: [LogRecord.Subsystem: LogRecord.Level]

    /// The same for all.
    init(_ level: LogRecord.Level) {
        levels = Dictionary(uniqueKeysWithValues: LogRecord.Subsystem.allCases.map { ($0, level) })
    }

    func admits(_ record: LogRecord) -> Bool { record.level <= levels[record.subsystem] ?? .info }

    /// Changes what a message names: subsystems, or `all`, with a level each. A word that means nothing changes nothing.
    ///
    /// - Returns: what is wrong with the message; nil: nothing.
    mutating func change(by message: VICIMessage) -> String? {
        var changed = levels
        for entry in message.entries {
            guard case .value(let octets) = entry.element else { return "'\(entry.name)' takes one level" }
            let word = String(decoding: octets, as: UTF8.self).lowercased()
            guard let level = LogRecord.Level.named[word] else {
                return "'\(word)' is no level: error, warning, info or debug"
            }
            if entry.name == "all" {
                for subsystem in LogRecord.Subsystem.allCases { changed[subsystem] = level }
            } else if let subsystem = LogRecord.Subsystem(rawValue: entry.name) {
                changed[subsystem] = level
            } else {
                let known = LogRecord.Subsystem.allCases.map(\.rawValue).joined(separator: ", ")
                return "there is no subsystem '\(entry.name)': all, \(known)"
            }
        }
        levels = changed
        return nil
    }

    /// The level of each subsystem.
    var message: VICIMessage {
        VICIMessage(
            entries: LogRecord.Subsystem.allCases.map { subsystem in
                VICIMessage.Entry(subsystem.rawValue, .text((levels[subsystem] ?? .info).word))
            }
        )
    }
}

extension LogRecord.Level {
    static let named: [String: Self] = ["error": .error, "warning": .warning, "info": .info, "debug": .debug]

    var word: String {
        switch self {
        case .error: "error"
        case .warning: "warning"
        case .info: "info"
        case .debug: "debug"
        }
    }

    /// syslog(3)'s numbers, which the journal takes.
    var priority: Int {
        switch self {
        case .error: 3
        case .warning: 4
        case .info: 6
        case .debug: 7
        }
    }
}

extension Daemon {
    /// The command `log-levels`: changes levels until the daemon ends, and says what they are.
    func changeLogLevels(_ message: VICIMessage) -> VICIMessage {
        if let failure = logger.levels.change(by: message) { return .failure(failure) }
        return VICIMessage(entries: VICIMessage.success.entries + logger.levels.message.entries)
    }
}

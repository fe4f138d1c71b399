/// Keeps lines of one kind from flooding the log: a few at once, then one in each `interval`, which says how many went unsaid.
package struct LogLimit: Sendable {
    private var limit = RateLimit(burst: 10, interval: .seconds(2))
    private var unsaid = 0

    package init() {}

    /// The record to log, if it is to be logged now; nothing is put into words otherwise.
    package mutating func admit(_ now: Instant, _ record: () -> LogRecord) -> LogRecord? {
        guard limit.take(now) else {
            unsaid += 1
            return nil
        }
        var record = record()
        if unsaid > 0 { record.message += " (and \(unsaid) more of this kind since the last such line)" }
        unsaid = 0
        return record
    }
}

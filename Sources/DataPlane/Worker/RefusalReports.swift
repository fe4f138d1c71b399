/// Which of the packets that are refused the control plane hears of: a few in each second, since anybody can send them
/// and a report costs more than a packet.
struct RefusalReports {
    /// Nanoseconds between two reports.
    private static let interval: UInt64 = 100_000_000

    private var nextAt: UInt64 = 0

    /// Whether a refusal at `now`, in nanoseconds of the monotonic clock, is reported.
    mutating func admits(_ now: UInt64) -> Bool {
        guard now >= nextAt else { return false }
        nextAt = now &+ Self.interval
        return true
    }
}

import Support

/// What many schedules came to.
struct Tally {
    private(set) var runs = 0
    private(set) var packets = 0
    private(set) var duration = Duration.zero
    /// Seeds that failed, by the property that did not hold.
    private(set) var failures: [String: [UInt64]] = [:]

    mutating func add(_ outcome: Schedule.Outcome) {
        runs += 1
        packets += outcome.packets
        duration += outcome.duration
        if let first = outcome.violations.first { note(first, seed: outcome.seed) }
    }

    mutating func note(_ violation: Violation, seed: UInt64) { failures[violation.property, default: []].append(seed) }

    mutating func merge(_ other: Tally) {
        runs += other.runs
        packets += other.packets
        duration += other.duration
        failures.merge(other.failures, uniquingKeysWith: +)
    }

    var violations: Int { failures.values.map(\.count).reduce(0, +) }

    /// The first failing seed of each property.
    var examples: [UInt64] { failures.values.compactMap { $0.min() }.sorted() }

    func lines(elapsed: Duration) -> [String] {
        let hours = duration / .seconds(3600)
        let seconds = elapsed / .seconds(1)
        let speed = seconds > 0 ? hours / seconds : 0
        var lines = [
            "\(runs) schedules, \(violations) with violations, \(packets) user packets delivered",
            "\(rounded(hours)) simulated hours in \(rounded(seconds)) s: \(rounded(speed)) simulated hours per second, "
                + "\(rounded(seconds > 0 ? Double(runs) / seconds : 0)) schedules per second",
        ]
        for (property, seeds) in failures.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "  \(property): \(seeds.count), seeds \(seeds.sorted().prefix(10).map(String.init).joined(separator: " "))"
            )
        }
        return lines
    }

    private func rounded(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}

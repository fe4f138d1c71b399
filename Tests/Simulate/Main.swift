import Glibc
import Support

/// Runs random schedules of whole networks in virtual time and says which properties did not hold; see `scripts/simulate`.
@main
struct Main {
    static func main() async {
        do {
            let options = try Options(CommandLine.arguments.dropFirst())
            exit(options.isReplay ? replay(options) : await explore(options))
        } catch {
            print("simulate: \(error)")
            exit(2)
        }
    }

    /// One seed with everything that happens.
    private static func replay(_ options: Options) -> Int32 {
        let outcome = run(options.seed, options, keepsLog: true)
        for line in outcome.log { print(line) }
        print("seed \(options.seed): \(outcome.violations.first.map { "VIOLATION at \($0)" } ?? "every property held")")
        return outcome.violations.isEmpty ? 0 : 1
    }

    private static func explore(_ options: Options) async -> Int32 {
        let clock = ContinuousClock()
        let start = clock.now
        let tally = await withTaskGroup(of: Tally.self) { group in
            for job in 0..<options.jobs {
                group.addTask {
                    var tally = Tally()
                    for run in stride(from: job, to: options.runs, by: options.jobs) {
                        let outcome = Self.run(options.seed &+ UInt64(run), options)
                        if let violation = outcome.violations.first { print("seed \(outcome.seed): \(violation)") }
                        tally.add(outcome)
                    }
                    return tally
                }
            }
            return await group.reduce(into: Tally()) { $0.merge($1) }
        }
        for seed in tally.examples { show(seed, options) }
        for line in tally.lines(elapsed: clock.now - start) { print(line) }
        return tally.violations == 0 ? 0 : 1
    }

    /// The end of the message log of a seed that failed: the run is repeated, now with its log.
    private static func show(_ seed: UInt64, _ options: Options) {
        print("\nseed \(seed), the last \(shownLines) lines (all: scripts/simulate --seed \(seed)):")
        for line in run(seed, options, keepsLog: true).log.suffix(shownLines) { print(line) }
        print("")
    }

    private static func run(_ seed: UInt64, _ options: Options, keepsLog: Bool = false) -> Schedule.Outcome {
        let schedule = Schedule(seed: seed, hours: options.hours, keepsLog: keepsLog)
        schedule.network.properties.removeAll { options.omitted.contains(type(of: $0).name) }
        return schedule.run()
    }

    private static let shownLines = 60
}

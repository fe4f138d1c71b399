import Glibc
import Support

/// Runs random schedules of whole networks in virtual time and says which properties did not hold; see `scripts/simulate`.
@main
struct Main {
    static func main() async {
        do {
            let options = try Options(CommandLine.arguments.dropFirst())
            switch options.task {
            case .explore: exit(await explore(options))
            case .replay: exit(replay(options))
            case .interleave: exit(await interleave(options))
            case .plantFaults: exit(await plantFaults(options))
            }
        } catch {
            print("simulate: \(error)")
            exit(2)
        }
    }

    /// Prints a line at once, also into a file: some runs take hours.
    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    /// Does `body` for each number below `count`, several at a time, and sums up what comes of it.
    private static func each(
        _ count: Int,
        jobs: Int,
        _ body: @escaping @Sendable (Int, inout Tally) -> Void
    ) async -> Tally {
        await withTaskGroup(of: Tally.self) { group in
            for job in 0..<jobs {
                group.addTask {
                    var tally = Tally()
                    for number in stride(from: job, to: count, by: jobs) { body(number, &tally) }
                    return tally
                }
            }
            return await group.reduce(into: Tally()) { $0.merge($1) }
        }
    }

    // MARK: - Schedules

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
        let tally = await each(options.runs, jobs: options.jobs) { number, tally in
            let outcome = run(options.seed &+ UInt64(number), options)
            if let violation = outcome.violations.first { say("seed \(outcome.seed): \(violation)") }
            tally.add(outcome)
        }
        for seed in tally.examples {
            // The run is repeated, now with its log.
            show(run(seed, options, keepsLog: true).log, "seed \(seed)", rest: "scripts/simulate --seed \(seed)")
        }
        for line in tally.lines(elapsed: clock.now - start) { print(line) }
        return tally.violations == 0 ? 0 : 1
    }

    private static func run(_ seed: UInt64, _ options: Options, keepsLog: Bool = false) -> Schedule.Outcome {
        let schedule = Schedule(seed: seed, hours: options.hours, keepsLog: keepsLog)
        schedule.network.properties.removeAll { options.omitted.contains(type(of: $0).name) }
        return schedule.run()
    }

    /// The end of the message log of a run that failed.
    private static func show(_ log: [String], _ title: String, rest: String) {
        print("\n\(title), the last \(shownLines) lines (all: \(rest)):")
        for line in log.suffix(shownLines) { print(line) }
        print("")
    }

    private static let shownLines = 60

    // MARK: - Interleavings

    private static func interleave(_ options: Options) async -> Int32 {
        let all = Interleaving.all(seeds: 1...interleavingSeeds)
        let tally = await each(all.count, jobs: options.jobs) { number, tally in
            guard let violation = all[number].run().violations.first else { return }
            say("\(all[number]): \(violation)")
            tally.note(violation, seed: UInt64(number))
        }
        for number in tally.examples {
            let interleaving = all[Int(number)]
            for line in interleaving.run(keepsLog: true).journal.lines(last: shownLines) { print(line) }
            print("that was \(interleaving)\n")
        }
        print("\(all.count) interleavings of two exchanges, \(tally.violations) with violations")
        return tally.violations == 0 ? 0 : 1
    }

    private static let interleavingSeeds: UInt64 = 10

    // MARK: - Faults

    /// Every fault that is known, each until a property notices it.
    private static func plantFaults(_ options: Options) async -> Int32 {
        let all = PlantedFault.all
        let tally = await each(all.count, jobs: options.jobs) { number, tally in
            let discovery = Discovery(of: all[number], mostRuns: mostRunsWithAFault)
            guard let violation = discovery.violation else {
                say("\(all[number]): NOT NOTICED in \(discovery.runs) schedules")
                return
            }
            say("\(all[number]): noticed by \(violation.property) in schedule \(discovery.runs)")
            tally.note(violation, seed: UInt64(number))
        }
        print("\(tally.violations) of \(all.count) planted faults noticed")
        return tally.violations == all.count ? 0 : 1
    }

    private static let mostRunsWithAFault = 2000
}

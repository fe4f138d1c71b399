import Support
import Testing

/// Random schedules of whole networks: some, for `scripts/simulate`, which is optimised, runs thousands. With `--seed N` it shows what
/// happens in one.
@Suite struct ScheduleTests {
    @Test(arguments: Array(stride(from: 120, to: 160, by: 10)))
    func everyPropertyHolds(_ first: Int) {
        for seed in first..<first + 10 {
            let outcome = Schedule(seed: UInt64(seed)).run()
            #expect(outcome.violations.map(\.description) == [], "scripts/simulate --seed \(seed)")
        }
    }

    @Test func theSameSeedGivesTheSameRun() {
        let runs = (1...2).map { _ in Schedule(seed: 3, keepsLog: true).run().log }
        #expect(!runs[0].isEmpty)
        #expect(runs[0] == runs[1])
    }
}

import IKECore
import Testing

@Suite struct GrowingPauseTests {
    @Test func itDoublesUpToItsLimit() {
        let pause = GrowingPause(first: .seconds(5), longest: .seconds(60))
        let pauses = [0, 1, 2, 3, 4, 5, 6, 1000, .max, .min].map { pause.after(tries: $0) }
        #expect(pauses == [5, 5, 10, 20, 40, 60, 60, 60, 60, 5].map { .seconds($0) })
        #expect(pause.after(tries: UInt64.max) == .seconds(60))
    }

    @Test func aFirstPauseBeyondTheLimitStays() {
        let pause = GrowingPause(first: .seconds(600), longest: .seconds(300))
        #expect([1, 2, 100].allSatisfy { pause.after(tries: $0) == .seconds(600) })
    }
}

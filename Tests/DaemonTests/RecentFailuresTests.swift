import IKECore
import Testing

@testable import Daemon

@Suite struct RecentFailuresTests {
    private typealias Failures = RecentFailures<Int, String>

    private let start = Instant(nanoseconds: 0)

    @Test func aPlaceIsLeftAloneForAWhile() {
        var failures = Failures()
        failures.keep("x", at: 1, start)
        #expect(failures.failure(at: 1, start) == "x")
        #expect(failures.failure(at: 2, start) == nil)
        #expect(failures.failure(at: 1, start + Failures.time) == nil)
    }

    @Test func theyAreBoundedAndOldOnesMakeRoom() {
        var failures = Failures()
        for place in 0..<(Failures.most * 2) { failures.keep("x", at: place, start) }
        #expect(failures.failure(at: 0, start) != nil)
        #expect(failures.failure(at: Failures.most, start) == nil)
        let later = start + Failures.time
        failures.keep("y", at: Failures.most, later)
        #expect(failures.failure(at: Failures.most, later) == "y")
    }
}

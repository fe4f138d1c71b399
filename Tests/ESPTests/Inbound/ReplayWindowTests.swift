import Support
import Testing

import ESP

@Suite struct ReplayWindowTests {
    static let sizes = [32, 33, 63, 64, 65, 100, 127, 128, 129, 256, 1000, 1024, 2048, 4095, 4096]

    /// What the window ought to do, said with a set: the slow way that cannot be wrong.
    struct NaiveWindow {
        let size: UInt64
        var highest: UInt64 = 0
        var seen: Set<UInt64> = []

        func check(_ sequence: UInt64) -> ReplayWindow.Verdict {
            if sequence == 0 { return .tooOld }
            if sequence <= highest, highest - sequence >= size { return .tooOld }
            return seen.contains(sequence) ? .duplicate : .acceptable
        }

        mutating func commit(_ sequence: UInt64) -> Bool {
            guard check(sequence) == .acceptable else { return false }
            seen.insert(sequence)
            highest = max(highest, sequence)
            return true
        }
    }

    /// `#expect` cannot hold a call that changes its subject.
    func expect(_ window: inout ReplayWindow, takes sequence: UInt64, at place: SourceLocation = #_sourceLocation) {
        let isNew = window.commit(sequence)
        #expect(isNew, sourceLocation: place)
    }

    func expect(_ window: inout ReplayWindow, refuses sequence: UInt64, at place: SourceLocation = #_sourceLocation) {
        let isNew = window.commit(sequence)
        #expect(!isNew, sourceLocation: place)
    }

    @Test(arguments: [0, 32, 64, 4096])
    func theseSizesAreAccepted(size: Int) {
        #expect(ReplayWindow(size: size)?.size == size)
    }

    @Test(arguments: [-1, 1, 31, 4097, Int.max, Int.min])
    func otherSizesAreRefused(size: Int) {
        #expect(ReplayWindow(size: size) == nil)
    }

    @Test(arguments: sizes)
    func itAgreesWithASetWhateverTheOrder(size: Int) throws {
        for seed in 1...6 as ClosedRange<UInt64> {
            var random = SplitMix64(seed: seed)
            var window = try #require(ReplayWindow(size: size))
            var naive = NaiveWindow(size: UInt64(size))
            for _ in 0..<3_000 {
                let span = UInt64(size)
                let sequence: UInt64 =
                    switch UInt8.random(in: 0..<10, using: &random) {
                    case 0: naive.highest + UInt64.random(in: 1...(span * 4), using: &random)
                    case 1: naive.highest + 1
                    case 2: naive.highest &- (span - 1)
                    case 3: naive.highest &- span
                    case 4: UInt64.random(in: 0...3, using: &random)
                    default: naive.highest &+ 8 &- UInt64.random(in: 0...(span + 16), using: &random)
                    }
                // Before the first packet there is nothing: numbers that went below zero are ones far ahead.
                guard sequence < 1 << 40 else { continue }
                #expect(window.check(sequence) == naive.check(sequence))
                if UInt8.random(in: 0..<4, using: &random) != 0 {
                    let (isNew, expected) = (window.commit(sequence), naive.commit(sequence))
                    #expect(isNew == expected)
                }
                #expect(window.highest == naive.highest)
            }
        }
    }

    @Test(arguments: sizes)
    func everyPacketOfAShuffledRunPassesOnceIfTheWindowHoldsTheRun(size: Int) throws {
        var random = SplitMix64(seed: UInt64(size))
        var window = try #require(ReplayWindow(size: size, highest: 1 << 33))
        for run in 0..<8 as Range<UInt64> {
            let first = (1 << 33) + 1 + run * UInt64(size)
            let order = (first..<(first + UInt64(size))).shuffled(using: &random)
            let taken = order.filter { window.commit($0) }
            #expect(taken == order)
            for sequence in order { #expect(window.check(sequence) == .duplicate) }
        }
    }

    @Test func zeroIsNeverValid() throws {
        for size in [0, 32] {
            var window = try #require(ReplayWindow(size: size))
            #expect(window.check(0) == .tooOld)
            expect(&window, refuses: 0)
        }
    }

    @Test func aNewWindowTakesAnyNumberFirst() throws {
        for first in [1, 31, 32, 33, 63, 64, 65, 1 << 20, UInt64(UInt32.max), .max] {
            var window = try #require(ReplayWindow(size: 64))
            #expect(window.check(first) == .acceptable)
            expect(&window, takes: first)
            #expect(window.check(first) == .duplicate)
            #expect(window.highest == first)
        }
    }

    @Test(arguments: sizes)
    func theLeftEdgeIsExact(size: Int) throws {
        for highest in [4096, 4097, 4159, 4160, 10_000, 1 << 32, .max] as [UInt64] {
            var window = try #require(ReplayWindow(size: size))
            expect(&window, takes: highest)
            let edge = highest - UInt64(size) + 1
            #expect(window.check(edge) == (edge == 0 ? .tooOld : .acceptable))
            #expect(window.check(edge &- 1) == .tooOld)
        }
    }

    @Test func aWindowThatTakesOverRefusesAllThatWasBefore() throws {
        for highest in [0, 1, 62, 63, 64, 65, 127, 1000, UInt64(UInt32.max)] {
            var window = try #require(ReplayWindow(size: 128, highest: highest))
            for sequence in highest.subtractingReportingOverflow(200).overflow ? 0...highest : (highest - 200)...highest
            {
                #expect(window.check(sequence) != .acceptable)
            }
            for sequence in (highest + 1)...(highest + 300) {
                #expect(window.check(sequence) == .acceptable)
            }
            expect(&window, takes: highest + 3)
            #expect(window.check(highest + 2) == .acceptable)
            #expect(window.check(highest) != .acceptable)
        }
    }

    @Test func packetsCheckedTogetherAreStillCommittedOnce() throws {
        var window = try #require(ReplayWindow(size: 32))
        #expect(window.check(7) == .acceptable)
        #expect(window.check(7) == .acceptable)
        expect(&window, takes: 7)
        expect(&window, refuses: 7)
    }

    @Test func withoutAWindowDuplicatesPassAndTheHighestIsKept() throws {
        var window = try #require(ReplayWindow(size: 0))
        for sequence in [5, 5, 3, 1 << 40, 5] as [UInt64] {
            #expect(window.check(sequence) == .acceptable)
            expect(&window, takes: sequence)
        }
        #expect(window.highest == 1 << 40)
    }

    @Test func theLastNumberCanBeReached() throws {
        var window = try #require(ReplayWindow(size: 32, highest: .max - 2))
        expect(&window, takes: .max)
        expect(&window, takes: .max - 1)
        expect(&window, refuses: .max)
        #expect(window.check(.max - 32) == .tooOld)
    }
}

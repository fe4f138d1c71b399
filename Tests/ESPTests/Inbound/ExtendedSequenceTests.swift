import Support
import Testing

import ESP

@Suite struct ExtendedSequenceTests {
    /// The pseudo-code of RFC 4303 appendix A2.3, with its 32-bit arithmetic; nil where Seqh leaves the 2^32 subspaces.
    static func appendixA2(low: UInt32, highest: UInt64, window: UInt32) -> UInt64? {
        let highestLow = UInt32(truncatingIfNeeded: highest)
        let highestHigh = UInt32(truncatingIfNeeded: highest >> 32)
        let bottom = highestLow &- window &+ 1
        let high: UInt32
        if highestLow >= window - 1 {
            if low >= bottom {
                high = highestHigh
            } else {
                guard highestHigh < .max else { return nil }
                high = highestHigh + 1
            }
        } else if low >= bottom {
            guard highestHigh > 0 else { return nil }
            high = highestHigh - 1
        } else {
            high = highestHigh
        }
        return UInt64(high) << 32 | UInt64(low)
    }

    static let subspaces: [UInt64] = [0, 1, 2, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff]

    /// Numbers around every place where the RFC's cases change.
    static func borders(window: UInt32) -> [UInt32] {
        let places: [UInt32] = [0, 1, 31, window - 2, window - 1, window, window + 1, 1 << 31, .max - window, .max]
        return places.flatMap { [$0 &- 1, $0, $0 &+ 1] }
    }

    @Test(arguments: [32, 33, 64, 1024, 4095, 4096])
    func itIsTheRFCsAtEveryBorder(size: Int) throws {
        let window = UInt32(size)
        for subspace in Self.subspaces {
            for highestLow in Self.borders(window: window) {
                let highest = subspace << 32 | UInt64(highestLow)
                let replayWindow = try #require(ReplayWindow(size: size, highest: highest))
                let bottom = highestLow &- window &+ 1
                let lows =
                    Self.borders(window: window) + [
                        bottom &- 1, bottom, bottom &+ 1, highestLow &- 1, highestLow, highestLow &+ 1,
                    ]
                for low in lows {
                    let expected = Self.appendixA2(low: low, highest: highest, window: window)
                    #expect(
                        replayWindow.extendedSequence(low: low) == expected,
                        "low \(low), highest \(highest), window \(window)"
                    )
                }
            }
        }
    }

    @Test func itIsTheRFCsForRandomNumbers() throws {
        var random = SplitMix64(seed: 4303)
        for _ in 0..<20_000 {
            let highest = random.next() >> UInt64.random(in: 0..<64, using: &random)
            let low = UInt32(truncatingIfNeeded: random.next())
            let window = try #require(ReplayWindow(size: 64, highest: highest))
            #expect(window.extendedSequence(low: low) == Self.appendixA2(low: low, highest: highest, window: 64))
        }
    }

    @Test func theCrossingIntoTheNextSubspaceIsFollowedBothWays() throws {
        let border: UInt64 = 1 << 32
        let before = try #require(ReplayWindow(size: 64, highest: border - 3))
        #expect(before.extendedSequence(low: 0xffff_fffe) == border - 2)
        #expect(before.extendedSequence(low: 0) == border)
        #expect(before.extendedSequence(low: 5) == border + 5)
        let after = try #require(ReplayWindow(size: 64, highest: border + 3))
        #expect(after.extendedSequence(low: 0xffff_ffff) == border - 1)
        #expect(after.extendedSequence(low: 4) == border + 4)
        #expect(after.extendedSequence(low: 0xffff_ffc4) == border - 60)
        // One older than the window would be taken for one of the end of this subspace.
        #expect(after.extendedSequence(low: 0xffff_ffc3) == border + 0xffff_ffc3)
    }

    @Test func aNewSATakesNothingFromBeforeItsFirstPacket() throws {
        let new = try #require(ReplayWindow(size: 32))
        #expect(new.extendedSequence(low: 1) == 1)
        #expect(new.extendedSequence(low: 0xffff_ffe0) == 0xffff_ffe0)
        #expect(new.extendedSequence(low: 0xffff_ffe1) == nil)
        #expect(new.extendedSequence(low: 0xffff_ffff) == nil)
    }

    @Test func nothingComesAfterTheLastSubspace() throws {
        let last = try #require(ReplayWindow(size: 32, highest: .max - 100))
        #expect(last.extendedSequence(low: 0xffff_ffff) == .max)
        #expect(last.extendedSequence(low: 0) == nil)
    }

    @Test func withoutAWindowTheNearestNumberIsTaken() throws {
        let window = try #require(ReplayWindow(size: 0, highest: 0x5_0000_0000))
        #expect(window.extendedSequence(low: 0) == 0x5_0000_0000)
        #expect(window.extendedSequence(low: 0x8000_0000) == 0x5_8000_0000)
        #expect(window.extendedSequence(low: 0x8000_0001) == 0x4_8000_0001)
        #expect(window.extendedSequence(low: 0xffff_ffff) == 0x4_ffff_ffff)
    }
}

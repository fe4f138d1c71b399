import Support
import Testing

/// Every pair of exchanges begun by both sides at about the same time, over fast, uneven, slow and lossy networks: each pair in two
/// of the eight circumstances. `scripts/simulate --interleavings`, which is optimised, runs all of them, ten times.
@Suite struct InterleavingTests {
    /// An odd number of pairs makes each fourth one another pair in each of the circumstances.
    private static let some = Interleaving.all().enumerated().filter { $0.offset % 4 == 0 }.map(\.element)

    @Test(arguments: some) func everyPropertyHoldsWhenBothSidesBegin(_ interleaving: Interleaving) {
        let network = interleaving.run()
        #expect(network.violations.map(\.description) == [])
    }
}

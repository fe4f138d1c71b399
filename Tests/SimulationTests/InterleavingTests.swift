import Support
import Testing

/// Every pair of exchanges begun by both sides at about the same time, over fast, uneven and slow networks.
@Suite struct InterleavingTests {
    @Test(arguments: Interleaving.all()) func everyPropertyHoldsWhenBothSidesBegin(_ interleaving: Interleaving) {
        let network = interleaving.run()
        #expect(network.violations.map(\.description) == [])
    }
}

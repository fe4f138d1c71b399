import Synchronization

/// A number that one thread writes and any thread reads, without locks and without the cost of atomic addition.
///
/// Readers see each number whole, but two of them not at the same moment.
struct Tally: ~Copyable, Sendable {
    private let number = Atomic<UInt64>(0)

    var value: UInt64 { number.load(ordering: .relaxed) }

    /// Only for the one thread that writes, or for one at a time.
    func add(_ amount: UInt64 = 1) {
        number.store(number.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Only for the one thread that writes, or for one at a time.
    func set(_ value: UInt64) { number.store(value, ordering: .relaxed) }
}

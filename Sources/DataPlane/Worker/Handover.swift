import Synchronization

/// Carries a value with one owner into the closure of another thread.
///
/// The conformance is unchecked because the value itself need not be safe for two threads: whoever makes the box gives the
/// value away with it, and `take` hands it out once.
final class Handover<Value: ~Copyable>: @unchecked Sendable {
    private let isTaken = Atomic<Bool>(false)
    private var value: Value?

    init(_ value: consuming Value) { self.value = consume value }

    /// The value, for the first caller; nil for every other.
    func take() -> Value? {
        guard !isTaken.exchange(true, ordering: .acquiringAndReleasing) else { return nil }
        return value.take()
    }
}

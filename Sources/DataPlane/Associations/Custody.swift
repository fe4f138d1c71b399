import Glibc
import Synchronization

/// Says who has an SA in hands, of all workers and the control plane. Sequence numbers, replay window, cipher state, path and
/// counts of an SA are touched by none but the one who has it.
///
/// A worker takes an SA once for a batch, so that this costs nothing for a packet; where each SA has its own worker, nobody
/// ever waits. Who has to wait is served in the order of asking, after a batch, which is why waiting is yielding the processor.
package struct Custody: ~Copyable, Sendable {
    /// The numbers that are drawn: of workers, and `control` for everyone else.
    package static let control = UInt32.max - 1
    private static let nobody = UInt32.max

    /// The next ticket to be drawn, and the one that is served: they are equal while nobody has the SA.
    private let next = Atomic<UInt32>(0)
    private let served = Atomic<UInt32>(0)
    private let holder = Atomic<UInt32>(nobody)

    package init() {}

    /// Whether the caller, who has this number, has it.
    package func isHeld(by number: UInt32) -> Bool { holder.load(ordering: .relaxed) == number }

    /// Takes it if nobody has it or waits for it.
    package func takeAtOnce(_ number: UInt32) -> Bool {
        let ticket = served.load(ordering: .acquiring)
        guard next.compareExchange(expected: ticket, desired: ticket &+ 1, ordering: .acquiring).exchanged else {
            return false
        }
        holder.store(number, ordering: .relaxed)
        return true
    }

    /// Takes it, after everybody who has asked before. Not to be called by one who has it, nor by one who has another: two
    /// could wait for each other.
    package func take(_ number: UInt32) {
        let ticket = next.wrappingAdd(1, ordering: .relaxed).oldValue
        while served.load(ordering: .acquiring) != ticket { sched_yield() }
        holder.store(number, ordering: .relaxed)
    }

    /// For the control plane.
    package func whileHeld<Result>(_ body: () -> Result) -> Result {
        take(Self.control)
        defer { letGo() }
        return body()
    }

    /// Gives it back.
    package func letGo() {
        holder.store(Self.nobody, ordering: .relaxed)
        served.wrappingAdd(1, ordering: .releasing)
    }
}

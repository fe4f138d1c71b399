/// A trapped policy in the outbound worker's hands: what of it is under way.
final class Trap {
    enum State {
        /// The next packet begins a negotiation.
        case set
        /// The control plane negotiates; packets are held. It will say how that ended.
        case acquiring
        /// The negotiation failed. Packets are dropped until this monotonic time, in nanoseconds.
        case pausing(until: UInt64)
    }

    /// The pause after the first failure, in nanoseconds; each further one doubles it.
    private static let firstPause: UInt64 = 1_000_000_000
    /// The longest pause is the first one times two to the power of this: 32 s.
    private static let mostDoublings = 5

    let id: TrapID
    private(set) var state = State.set
    /// Whether the negotiation that runs has let a packet go already.
    var hasReleased = false
    private var failures = 0

    init(_ id: TrapID) { self.id = id }

    /// Whether a packet that comes now begins a negotiation.
    func isReady(_ now: UInt64) -> Bool {
        switch state {
        case .set: true
        case .acquiring: false
        case .pausing(let until): until <= now
        }
    }

    func begin() {
        state = .acquiring
        hasReleased = false
    }

    func succeed() {
        state = .set
        failures = 0
    }

    func fail(_ now: UInt64) {
        state = .pausing(until: now &+ Self.firstPause << UInt64(min(failures, Self.mostDoublings)))
        failures += 1
    }
}

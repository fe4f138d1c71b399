import IKECore

/// Why places were of no use a moment ago, so that they are left alone for a while.
///
/// Bounded: when it is full, no more are kept.
struct RecentFailures<Place: Hashable, Failure> {
    static var most: Int { 256 }
    /// How long a place is left alone.
    static var time: Duration { .seconds(30) }

    private var kept: [Place: (failure: Failure, until: Instant)] = [:]

    func failure(at place: Place, _ now: Instant) -> Failure? {
        guard let entry = kept[place], now < entry.until else { return nil }
        return entry.failure
    }

    mutating func keep(_ failure: Failure, at place: Place, _ now: Instant) {
        if kept.count >= Self.most { kept = kept.filter { now < $0.value.until } }
        guard kept.count < Self.most else { return }
        kept[place] = (failure, now + Self.time)
    }
}

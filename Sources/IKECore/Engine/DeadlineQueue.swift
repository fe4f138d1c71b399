import IKEWire

/// The earliest deadline over all IKE SAs: a binary heap with one live entry for each SA.
///
/// An SA whose deadline moved gets a new entry; the one it had is stale and is passed over when it comes up.
/// So scheduling and taking both cost O(log n).
struct DeadlineQueue {
    private struct Entry {
        let deadline: Instant
        let spi: IKESPI
    }

    private var heap: [Entry] = []
    private var scheduled: [IKESPI: Instant] = [:]

    /// How many SAs have a deadline.
    var count: Int { scheduled.count }

    /// The earliest deadline, or nil when nothing is scheduled.
    mutating func next() -> Instant? {
        dropStale()
        return heap.first?.deadline
    }

    /// Sets or, with nil, clears the deadline of the SA that has our SPI `spi`.
    mutating func schedule(_ spi: IKESPI, at deadline: Instant?) {
        guard scheduled[spi] != deadline else { return }
        scheduled[spi] = deadline
        guard let deadline else { return }
        heap.append(Entry(deadline: deadline, spi: spi))
        siftUp(from: heap.count - 1)
    }

    /// Takes the SA whose deadline is the earliest and not after `now`.
    mutating func popDue(_ now: Instant) -> IKESPI? {
        dropStale()
        guard let first = heap.first, first.deadline <= now else { return nil }
        removeFirst()
        scheduled[first.spi] = nil
        return first.spi
    }

    private mutating func dropStale() {
        while let first = heap.first, scheduled[first.spi] != first.deadline { removeFirst() }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown()
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

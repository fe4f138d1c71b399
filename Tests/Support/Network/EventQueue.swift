import IKECore

/// What is to happen, the earliest first and in the order of its scheduling where the times are equal.
struct EventQueue<Event> {
    /// The heap moves only these; the events stay where they are.
    private struct Entry {
        let at: Instant
        let order: Int
        let slot: Int

        static func < (left: Self, right: Self) -> Bool {
            left.at == right.at ? left.order < right.order : left.at < right.at
        }
    }

    private var heap: [Entry] = []
    private var events: [Event?] = []
    private var freeSlots: [Int] = []
    private var counter = 0

    var next: Instant? { heap.first?.at }

    mutating func schedule(_ event: Event, at instant: Instant) {
        counter += 1
        let slot = freeSlots.popLast() ?? events.count
        if slot == events.count { events.append(event) } else { events[slot] = event }
        heap.append(Entry(at: instant, order: counter, slot: slot))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest event, if it is due.
    mutating func popDue(_ now: Instant) -> Event? {
        guard let first = heap.first, first.at <= now else { return nil }
        removeFirst()
        freeSlots.append(first.slot)
        defer { events[first.slot] = nil }
        return events[first.slot]
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

import Glibc
import LinuxNet
import Synchronization

/// Who works outbound at a queue of the device.
///
/// In general that is the inbound thread of the queue, which waits for the device as well: the answer to a packet that it has just
/// given to the device, such as an acknowledgement of TCP, leaves without another thread being woken, which takes longer than the
/// packet itself. Only while both directions are busy the worker's own thread has the device, so that one tunnel uses two
/// processors.
final class OutboundTurns: Sendable {
    /// A direction is busy for so long after a turn with many packets, in milliseconds.
    private static let busyMilliseconds: Int32 = 20
    /// How many packets are many. Fewer are acknowledgements, or no burden.
    private static let many = 32

    private let worker: Mutex<OutboundWorker>
    private let queue: TUNQueue
    private let events: EventMailbox
    /// What its own thread waits with, and the inbound one.
    private let epoll: Epoll
    private let inboundEpoll: Epoll
    /// Monotonic times of the last turns with many packets, in nanoseconds.
    private let lastManyInbound = Tally()
    private let lastManyOutbound = Tally()

    /// - Parameter epoll: what the worker registers its descriptors with.
    init(
        _ worker: consuming sending OutboundWorker,
        queue: TUNQueue,
        events: EventMailbox,
        epoll: Epoll,
        inboundEpoll: Epoll
    ) throws(Errno) {
        self.worker = Mutex(worker)
        self.queue = queue
        self.events = events
        self.epoll = epoll
        self.inboundEpoll = inboundEpoll
        try inboundEpoll.add(queue.raw, .readable, token: InboundWorker.deviceToken)
    }

    /// Whether a direction that last had many packets at one time is still busy at another.
    private func isBusy(_ lastMany: borrowing Tally, at now: UInt64) -> Bool {
        // Another thread may have read the clock a little later.
        Int64(bitPattern: now &- lastMany.value) < Int64(Self.busyMilliseconds) * 1_000_000
    }

    private func isBusyBothWays(at now: UInt64) -> Bool {
        isBusy(lastManyInbound, at: now) && isBusy(lastManyOutbound, at: now)
    }

    // MARK: - Its own thread

    /// Takes turns until the worker is told to stop.
    func run() {
        var ready = Epoll.EventBuffer()
        var hasDevice = false
        var goesOn = true
        while goesOn {
            do {
                try epoll.wait(into: &ready, milliseconds: hasDevice ? Self.busyMilliseconds : -1)
            } catch {
                // Only a broken descriptor set fails, and no packet can be waited for any more.
                events.postDeviceFailure(error)
                return
            }
            waitForMore()
            let now = MonotonicClock.nanoseconds
            for index in 0..<ready.count where goesOn {
                let token = ready[index].token
                if token == OutboundWorker.deviceToken { hasDevice = true }
                goesOn = worker.withLock { turn(of: &$0, for: token, at: now) }
            }
            if hasDevice, !isBusyBothWays(at: now) { hasDevice = !giveDevice() }
        }
    }

    /// Leaves the device to the inbound thread, if it can be read. For a moment both wait for it, so that nobody does at no time.
    private func giveDevice() -> Bool {
        worker.withLock { worker in
            guard !worker.isDevicePaused else { return false }
            do {
                try inboundEpoll.add(queue.raw, .readable, token: InboundWorker.deviceToken)
            } catch {
                return false
            }
            worker.forgoDevice()
            return true
        }
    }

    /// Whoever waits for this processor may go first: on a busy machine more packets are there then, and leave in one call, while on
    /// an idle one this returns at once.
    private func waitForMore() { sched_yield() }

    /// Has the worker take a turn, and notes whether that had many packets. Returns false when it is told to stop.
    private func turn(of worker: inout OutboundWorker, for token: UInt64, at now: UInt64) -> Bool {
        let goesOn = worker.turn(for: token, at: now)
        if worker.packetsOfTurn >= Self.many { lastManyOutbound.set(now) }
        return goesOn
    }

    // MARK: - The inbound thread

    /// Notes how many packets have come from the peers in a turn.
    ///
    /// - Parameter now: monotonic time in nanoseconds.
    func noteInbound(_ packets: Int, at now: UInt64) {
        if packets >= Self.many { lastManyInbound.set(now) }
    }

    /// Sends what the device has. If its own thread is to go on with that, it has the device then.
    ///
    /// - Parameter now: monotonic time in nanoseconds.
    func takeTurn(at now: UInt64) {
        if isBusy(lastManyOutbound, at: now) { waitForMore() }
        let goesOn = worker.withLock { worker in
            _ = turn(of: &worker, for: OutboundWorker.deviceToken, at: now)
            guard worker.isDevicePaused || isBusyBothWays(at: now) else { return true }
            return !worker.watchDevice()
        }
        // It cannot fail for a descriptor that is in the set.
        if !goesOn { try? inboundEpoll.remove(queue.raw) }
    }
}

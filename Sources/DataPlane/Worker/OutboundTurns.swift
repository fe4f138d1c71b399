import Glibc
import LinuxNet
import Synchronization

/// Who works outbound at a queue of the device.
///
/// While packets are few that is the inbound thread of the queue, which waits for the device as well: the answer to a packet that
/// it has just given to the device leaves without another thread being woken, which takes longer than all the rest of a ping.
/// Where there is more to do in either direction, the worker's own thread takes over, until the device has been quiet for a while.
final class OutboundTurns: Sendable {
    /// For so long the device is quiet before its own thread leaves it to the inbound one, and for so long the inbound one counts
    /// as busy, in milliseconds.
    static let quietTime: Int32 = 20

    private let worker: Mutex<OutboundWorker>
    private let queue: TUNQueue
    private let events: EventMailbox
    /// What its own thread waits with, and the inbound one.
    private let epoll: Epoll
    private let inboundEpoll: Epoll

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

    // MARK: - Its own thread

    /// Takes turns until the worker is told to stop.
    func run() {
        var ready = Epoll.EventBuffer()
        var hasDevice = false
        var goesOn = true
        while goesOn {
            do {
                try epoll.wait(into: &ready, milliseconds: hasDevice ? Self.quietTime : -1)
            } catch {
                // Only a broken descriptor set fails, and no packet can be waited for any more.
                events.postDeviceFailure(error)
                return
            }
            if ready.count == 0, hasDevice {
                hasDevice = !giveDevice()
                continue
            }
            // Whoever waits for this processor may go first: on a busy machine more packets are there then, and leave in one
            // call, while on an idle one this returns at once.
            sched_yield()
            for index in 0..<ready.count where goesOn {
                let token = ready[index].token
                if token == OutboundWorker.deviceToken { hasDevice = true }
                goesOn = worker.withLock { $0.turn(for: token) }
            }
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

    // MARK: - The inbound thread

    /// Sends what the device has, or some of it. Where there is more to do, or the caller has other things to do, the other thread
    /// takes over.
    ///
    /// - Parameter now: monotonic time in nanoseconds.
    func takeTurn(at now: UInt64, isBusy: Bool) {
        guard isBusy || !worker.withLock({ $0.shortTurn(at: now) }), worker.withLock({ $0.watchDevice() }) else {
            return
        }
        // It cannot fail for a descriptor that is in the set.
        try? inboundEpoll.remove(queue.raw)
    }
}

import CLinux
import Glibc

/// A thread of the operating system that runs one closure and is joined by its owner.
///
/// Workers block in epoll_wait, which a thread of the cooperative pool must never do.
package final class NativeThread: Sendable {
    /// As `ps -L` shows it.
    package let name: String
    private let handle: pthread_t

    /// Starts a thread; `name` (at most 15 octets) shows in `ps -L` and debuggers.
    ///
    /// - Parameter processor: the only one that the thread runs on, one of `Processors.usable`; nil: any. One that is gone
    ///   by then is as good as nil.
    package init(
        name: String,
        processor: Int? = nil,
        _ body: @escaping @Sendable () -> Void
    ) throws(Errno) {
        let start = Unmanaged.passRetained(Start(name: name, processor: processor, body: body))
        var handle = pthread_t()
        let failure = pthread_create(&handle, nil, runThread, start.toOpaque())
        guard failure == 0 else {
            start.release()
            throw Errno("pthread_create", code: failure)
        }
        self.name = name
        self.handle = handle
    }

    /// The processor time that the thread has used; nil where the system does not tell. Not to be asked for after `join`.
    ///
    /// A thread that waits in epoll_wait uses none, so the growth of this is the share of time in which it is busy, and
    /// the thread itself has nothing to do for it.
    package var processorTime: Duration? {
        var clock = clockid_t()
        guard pthread_getcpuclockid(handle, &clock) == 0 else { return nil }
        return Self.time(of: clock)
    }

    /// The processor time of the calling thread.
    package static var ownProcessorTime: Duration? { time(of: CLOCK_THREAD_CPUTIME_ID) }

    private static func time(of clock: clockid_t) -> Duration? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Waits until the closure has returned. To be called exactly once, and not by the thread itself.
    package func join() {
        pthread_join(handle, nil)
    }
}

private final class Start: Sendable {
    let name: String
    let processor: Int?
    let body: @Sendable () -> Void

    init(name: String, processor: Int?, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.processor = processor
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    _ = clinux_name_thread(start.name)
    if let processor = start.processor { _ = clinux_pin_thread(UInt32(clamping: processor)) }
    start.body()
    return nil
}

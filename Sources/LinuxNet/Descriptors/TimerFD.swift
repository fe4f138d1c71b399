import CLinux
import Glibc

/// One alarm in monotonic time, waited for in an epoll set (timerfd(2)).
package struct TimerFD: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    package init() throws(Errno) {
        let flags = Int32(TFD_CLOEXEC | TFD_NONBLOCK)
        descriptor = FileDescriptor(adopting: try checked("timerfd_create") { timerfd_create(CLOCK_MONOTONIC, flags) })
    }

    /// For an epoll set: readable from the alarm until `clear()` or the next `set`.
    package var raw: Int32 { descriptor.raw }

    /// Sets the one alarm to a time of `MonotonicClock`; one that has passed rings at once, nil silences it.
    package func set(at nanoseconds: UInt64?) throws(Errno) {
        var setting = itimerspec()
        if let nanoseconds {
            // All zero would mean "off", so the beginning of time is its first nanosecond.
            let time = max(1, nanoseconds)
            setting.it_value.tv_sec = Int(time / 1_000_000_000)
            setting.it_value.tv_nsec = Int(time % 1_000_000_000)
        }
        try checked("timerfd_settime") { timerfd_settime(descriptor.raw, Int32(TFD_TIMER_ABSTIME), &setting, nil) }
    }

    /// Acknowledges an alarm, so that the descriptor is no longer readable.
    package func clear() {
        var count: UInt64 = 0
        _ = retrying { Glibc.read(raw, &count, 8) }
    }
}

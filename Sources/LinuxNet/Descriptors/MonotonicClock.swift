import Glibc

/// The time that only moves forward (CLOCK_MONOTONIC), in nanoseconds since an arbitrary start.
package enum MonotonicClock {
    /// Now. Costs some 20 ns and no system call, still worth reading once for each batch rather than for each packet.
    package static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec))
    }

    /// So much later than now.
    package static func nanoseconds(after duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return nanoseconds &+ UInt64(clamping: seconds) &* 1_000_000_000
            &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }
}

import CLinux

/// What becomes of memory that the process has freed.
package enum FreedMemory {
    /// How much of it stays at hand, in octets: what the C library has for a start.
    private static let atHand: Int32 = 128 << 10

    /// Has it go back to the system as soon as there is much of it (mallopt(3)).
    ///
    /// By itself the C library learns from the largest block that was ever freed, and keeps twice as much from then on: after
    /// thousands of SAs have come up, some megabytes that are never needed again.
    package static func goesBack() {
        _ = mallopt(M_MMAP_THRESHOLD, atHand)
        _ = mallopt(M_TRIM_THRESHOLD, atHand)
    }
}

import CLinux
import Glibc

/// A doorbell between threads (eventfd(2)): rung from any thread, waited for in an epoll set.
package struct EventFD: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    package init() throws(Errno) {
        let flags = Int32(EFD_CLOEXEC | EFD_NONBLOCK)
        descriptor = FileDescriptor(adopting: try checked("eventfd") { eventfd(0, flags) })
    }

    /// For an epoll set: readable from a `ring()` until `clear()`.
    package var raw: Int32 { descriptor.raw }

    /// Rings. Many rings before a `clear()` are one; that the counter is full means that it has been rung, too.
    package func ring() {
        var one: UInt64 = 1
        _ = retrying { Glibc.write(raw, &one, 8) }
    }

    /// Silences the doorbell; to be called before looking at what it announces.
    package func clear() {
        var count: UInt64 = 0
        _ = retrying { Glibc.read(raw, &count, 8) }
    }
}

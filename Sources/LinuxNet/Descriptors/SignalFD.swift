import CLinux
import Glibc

/// Signals as events of an epoll set instead of interruptions (signalfd(2)).
package struct SignalFD: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Blocks `signals` in the calling thread and collects them here. Threads inherit the blocking: to be created on
    /// the main thread before any other starts, or a signal may still end the process through another thread.
    package init(_ signals: [Int32]) throws(Errno) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        let blocked = pthread_sigmask(SIG_BLOCK, &set, nil)
        guard blocked == 0 else { throw Errno("pthread_sigmask", code: blocked) }
        let flags = Int32(SFD_CLOEXEC | SFD_NONBLOCK)
        descriptor = FileDescriptor(adopting: try checked("signalfd") { signalfd(-1, &set, flags) })
    }

    /// For an epoll set: readable while a signal waits.
    package var raw: Int32 { descriptor.raw }

    /// The number of the next signal, or nil when none waits.
    package func next() throws(Errno) -> Int32? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let count = try withUnsafeMutableBytes(of: &information) { (buffer) throws(Errno) in
            try descriptor.read(into: buffer)
        }
        return count == size ? Int32(bitPattern: information.ssi_signo) : nil
    }
}

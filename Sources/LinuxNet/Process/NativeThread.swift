import CLinux
import Glibc

/// A thread of the operating system that runs one closure and is joined by its owner.
///
/// Workers block in epoll_wait, which a thread of the cooperative pool must never do.
package final class NativeThread: Sendable {
    private let handle: pthread_t

    /// Starts a thread; `name` (at most 15 octets) shows in `ps -L` and debuggers.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let failure = pthread_create(&handle, nil, runThread, start.toOpaque())
        guard failure == 0 else {
            start.release()
            throw Errno("pthread_create", code: failure)
        }
        self.handle = handle
    }

    /// Waits until the closure has returned. To be called exactly once, and not by the thread itself.
    package func join() {
        pthread_join(handle, nil)
    }
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    _ = clinux_name_thread(start.name)
    start.body()
    return nil
}

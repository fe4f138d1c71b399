import LinuxNet

/// Waits for descriptors and calls who watches them; everything of the control plane runs on its one thread.
final class EventLoop {
    private let epoll: Epoll
    private var events = Epoll.EventBuffer()
    private var watchers: [UInt64: (UInt64) -> Void] = [:]
    private var lastToken: UInt64 = 0
    private var isRunning = false

    init() throws(Errno) { epoll = try Epoll() }

    /// Calls `body` with the token returned here whenever `raw` has one of `events`.
    @discardableResult
    func watch(_ raw: Int32, _ events: Epoll.Events, _ body: @escaping (UInt64) -> Void) throws(Errno) -> UInt64 {
        lastToken += 1
        try epoll.add(raw, events, token: lastToken)
        watchers[lastToken] = body
        return lastToken
    }

    func change(_ token: UInt64, _ raw: Int32, _ events: Epoll.Events) throws(Errno) {
        try epoll.modify(raw, events, token: token)
    }

    func unwatch(_ token: UInt64, _ raw: Int32) {
        watchers[token] = nil
        try? epoll.remove(raw)
    }

    func stop() { isRunning = false }

    /// Runs until `stop` is called from within.
    func run() throws(Errno) {
        isRunning = true
        while isRunning {
            try epoll.wait(into: &events)
            for index in 0..<events.count {
                let token = events[index].token
                watchers[token]?(token)
            }
        }
    }
}

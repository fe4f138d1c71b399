import CLinux
import Glibc

/// Waits for many descriptors at once (epoll(7)). One thread waits; any thread may add and remove.
package final class Epoll: Sendable {
    /// What to wait for, and what has happened.
    package struct Events: OptionSet, Hashable, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let readable = Self(rawValue: EPOLLIN.rawValue)
        package static let writable = Self(rawValue: EPOLLOUT.rawValue)
        /// The other side is gone; always reported.
        package static let hangUp = Self(rawValue: EPOLLHUP.rawValue)
        /// The descriptor has an error to fetch; always reported.
        package static let error = Self(rawValue: EPOLLERR.rawValue)
        /// The other side will write no more.
        package static let readHangUp = Self(rawValue: EPOLLRDHUP.rawValue)
        /// Report changes only (edge triggered) instead of states (level triggered).
        package static let edge = Self(rawValue: EPOLLET.rawValue)
    }

    private let descriptor: FileDescriptor

    package init() throws(Errno) {
        descriptor = FileDescriptor(adopting: try checked("epoll_create") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    /// Starts to wait for `events` of a descriptor; they are reported with `token`.
    package func add(_ raw: Int32, _ events: Events, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_ADD, raw, events, token)
    }

    /// Replaces what is waited for, and the token. No events: only hang-ups and errors are reported.
    package func modify(_ raw: Int32, _ events: Events, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_MOD, raw, events, token)
    }

    /// Stops waiting. Closing the descriptor does the same unless a duplicate of it stays open.
    package func remove(_ raw: Int32) throws(Errno) {
        try control(EPOLL_CTL_DEL, raw, [], 0)
    }

    private func control(_ operation: Int32, _ raw: Int32, _ events: Events, _ token: UInt64) throws(Errno) {
        var event = epoll_event(events: events.rawValue, data: epoll_data_t(u64: token))
        try checked("epoll_ctl") { epoll_ctl(descriptor.raw, operation, raw, &event) }
    }

    /// Waits until something has happened or `milliseconds` have passed (-1: for ever, 0: only look), and leaves the
    /// events in `buffer`; none also when a signal ended the wait.
    package func wait(into buffer: inout EventBuffer, milliseconds: Int32 = -1) throws(Errno) {
        let room = buffer.events
        let count = epoll_wait(descriptor.raw, room.baseAddress, Int32(room.count), milliseconds)
        buffer.count = max(0, Int(count))
        if count < 0, errno != EINTR { throw .last("epoll_wait") }
    }

    /// The events of one wait, in memory that is allocated once and reused.
    package struct EventBuffer: ~Copyable {
        fileprivate let events: UnsafeMutableBufferPointer<epoll_event>
        /// How many events the last wait has left.
        package fileprivate(set) var count = 0

        /// `capacity` is how many events one wait reports at most; the rest comes with the next one.
        package init(capacity: Int = 64) {
            events = .allocate(capacity: max(1, min(capacity, 4096)))
            events.initialize(repeating: epoll_event())
        }

        deinit { events.deallocate() }

        /// One event of the last wait: whose it is and what has happened.
        package subscript(index: Int) -> (token: UInt64, events: Events) {
            precondition(index >= 0 && index < count, "events are read from 0 to count")
            let event = events[index]
            return (event.data.u64, Events(rawValue: event.events))
        }
    }
}

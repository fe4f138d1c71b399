import CLinux
import Glibc
package import Inet

/// A TCP connection to a server, for a thread that has nothing else to do: each call waits, but never beyond the deadline.
package struct TCPConnection: ~Copyable {
    private let descriptor: FileDescriptor
    /// By `MonotonicClock`, in nanoseconds.
    private let deadline: UInt64

    /// Connects. ETIMEDOUT where the deadline comes first.
    ///
    /// - Parameter mark: as that of `SocketSettings`; 0: none.
    package init(to server: SocketAddress, mark: UInt32 = 0, until deadline: UInt64) throws(Errno) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let domain = server.address.domain
        let descriptor = FileDescriptor(adopting: try checked("open TCP socket") { socket(domain, kind, 0) })
        if mark != 0 { try descriptor.setOption(SOL_SOCKET, SO_MARK, Int32(bitPattern: mark), "SO_MARK") }
        try Self.connect(descriptor.raw, to: server, until: deadline)
        self.descriptor = descriptor
        self.deadline = deadline
    }

    private static func connect(_ raw: Int32, to server: SocketAddress, until deadline: UInt64) throws(Errno) {
        var storage = sockaddr_storage()
        let length = server.store(to: &storage)
        let result = withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(raw, $0, length) }
        }
        guard result != 0 else { return }
        guard errno == EINPROGRESS else { throw .last("connect to \(server)") }
        try wait(raw, for: POLLOUT, until: deadline, "connect to \(server)")
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        try checked("getsockopt") { getsockopt(raw, SOL_SOCKET, SO_ERROR, &failure, &size) }
        guard failure == 0 else { throw Errno("connect to \(server)", code: failure) }
    }

    /// Sends all of it.
    package func send(_ octets: [UInt8]) throws(Errno) {
        var rest = octets[...]
        while !rest.isEmpty {
            let raw = descriptor.raw
            let count = rest.withUnsafeBytes { bytes in
                retrying { Glibc.send(raw, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                try Self.wait(raw, for: POLLOUT, until: deadline, "send")
            } else {
                throw .last("send")
            }
        }
    }

    /// What has arrived, up to a number of octets; empty when the server has said all.
    package func receive(atMost limit: Int) throws(Errno) -> [UInt8] {
        while true {
            try Self.wait(descriptor.raw, for: POLLIN, until: deadline, "receive")
            var result: Result<Int?, Errno> = .success(nil)
            let octets = [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
                do throws(Errno) {
                    let count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                    result = .success(count)
                    used = count ?? 0
                } catch {
                    result = .failure(error)
                }
            }
            if try result.get() != nil { return octets }
        }
    }

    private static func wait(
        _ raw: Int32,
        for events: Int32,
        until deadline: UInt64,
        _ operation: @autoclosure () -> String
    ) throws(Errno) {
        let now = MonotonicClock.nanoseconds
        guard now < deadline else { throw Errno(operation(), code: ETIMEDOUT) }
        // Rounded up, so that it is not called again and again within the last millisecond.
        let milliseconds = Int32(clamping: (deadline - now) / 1_000_000 + 1)
        var entry = pollfd(fd: raw, events: Int16(truncatingIfNeeded: events), revents: 0)
        let count = try checked(operation()) { poll(&entry, 1, milliseconds) }
        guard count > 0 else { throw Errno(operation(), code: ETIMEDOUT) }
    }
}

import Glibc

/// A connected Unix stream socket that closes itself. The only place of this module that makes system calls.
struct UnixSocket: ~Copyable {
    private let descriptor: Int32

    /// Why a read or a write got nowhere.
    enum Failure: Error {
        case timeout
        case closed
        case system(call: String, errno: Int32)
    }

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Connects to the listener at `path`; waits for a place in its queue no longer than `timeout`.
    static func connect(to path: String, timeout: Duration) throws(VICIClientError) -> UnixSocket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        // The kernel wants a terminating zero, and a zero inside would name another file.
        guard path.utf8.count < room, !path.utf8.contains(0) else { throw .pathTooLong(path) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }

        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
        let socket = UnixSocket(descriptor: descriptor)
        socket.wait(atMost: timeout, option: SO_SNDTIMEO)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return socket }
        switch errno {
        case ENOENT, ENOTDIR: throw .noSocket(path: path)
        case ECONNREFUSED, ENOTSOCK: throw .nobodyListens(path: path)
        case EACCES, EPERM: throw .permissionDenied(path: path)
        case EAGAIN: throw .timeout(waitingFor: "the connection", seconds: timeout.inSeconds)
        case let other: throw .system(call: "connect to \(path)", errno: other)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Writes all octets, waiting at most `timeout` for each part that the socket does not take at once.
    func write(_ bytes: [UInt8], timeout: Duration?) throws(Failure) {
        wait(atMost: timeout, option: SO_SNDTIMEO)
        var rest = bytes[...]
        while !rest.isEmpty {
            // MSG_NOSIGNAL: a daemon that went away is an error to report, not a signal to die of.
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw Self.failure(of: "send")
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Reads what has arrived, at least one octet, waiting at most `timeout` (nil: for ever).
    func read(timeout: Duration?) throws(Failure) -> [UInt8] {
        wait(atMost: timeout, option: SO_RCVTIMEO)
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.readSize) { buffer, initializedCount in
                count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                initializedCount = max(count, 0)
            }
            if count > 0 { return bytes }
            if count == 0 { throw .closed }
            if errno != EINTR { throw Self.failure(of: "recv") }
        }
    }

    /// What the system calls an error number.
    static func text(of errno: Int32) -> String {
        strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }

    private static let readSize = 64 * 1024

    private static func failure(of call: String) -> Failure {
        switch errno {
        case EAGAIN: .timeout
        case EPIPE, ECONNRESET: .closed
        case let other: .system(call: call, errno: other)
        }
    }

    /// Bounds each following call in one direction. Zero means for ever to the kernel, so shorter waits become 1 ms.
    private func wait(atMost timeout: Duration?, option: Int32) {
        var limit = timeval()
        if let timeout {
            let (seconds, attoseconds) = max(timeout, .milliseconds(1)).components
            limit.tv_sec = Int(seconds)
            limit.tv_usec = Int(attoseconds / 1_000_000_000_000)
        }
        setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
}

extension Duration {
    /// As a number of seconds, for messages.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

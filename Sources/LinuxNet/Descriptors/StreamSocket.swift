import Glibc

/// One end of a connected stream, of a Unix socket or of TCP; non-blocking.
package struct StreamSocket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// The next connection that waits at a listening socket, or nil when none does; `name` is what errors call the listener.
    init?(acceptingAt listener: borrowing FileDescriptor, _ name: String) throws(Errno) {
        while true {
            let raw = retrying { Glibc.accept(listener.raw, nil, nil) }
            if raw >= 0 {
                let accepted = FileDescriptor(adopting: raw)
                try checked("fcntl") { fcntl(accepted.raw, F_SETFD, FD_CLOEXEC) }
                try checked("fcntl") { fcntl(accepted.raw, F_SETFL, O_NONBLOCK) }
                self.init(accepted)
                return
            }
            switch errno {
            case EAGAIN: return nil
            case ECONNABORTED: continue
            default: throw .last("accept \(name)")
            }
        }
    }

    /// Connects to a Unix socket at `path`.
    package init(connectingTo path: String) throws(Errno) {
        let descriptor = try unixSocket()
        try connectUnix(descriptor, to: path)
        self.descriptor = descriptor
    }

    /// For an epoll set.
    package var raw: Int32 { descriptor.raw }

    /// Reads what has arrived; nil if nothing has, 0 when the peer has closed.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int? {
        try descriptor.read(into: buffer)
    }

    /// Writes what fits and returns how much that was; nil if nothing fits. A peer that is gone is EPIPE, not a signal.
    package func write(_ buffer: UnsafeRawBufferPointer) throws(Errno) -> Int? {
        let count = retrying { send(raw, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL)) }
        if count >= 0 { return count }
        if errno == EAGAIN { return nil }
        throw .last("send")
    }
}

/// A new non-blocking Unix stream socket.
func unixSocket() throws(Errno) -> FileDescriptor {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    return FileDescriptor(adopting: try checked("socket") { socket(AF_UNIX, kind, 0) })
}

func bindUnix(_ descriptor: borrowing FileDescriptor, to path: String) throws(Errno) {
    let raw = descriptor.raw
    try withUnixAddress(path) { (address, length) throws(Errno) in
        try checked("bind \(path)") { bind(raw, address, length) }
    }
}

func connectUnix(_ descriptor: borrowing FileDescriptor, to path: String) throws(Errno) {
    let raw = descriptor.raw
    try withUnixAddress(path) { (address, length) throws(Errno) in
        try checked("connect \(path)") { connect(raw, address, length) }
    }
}

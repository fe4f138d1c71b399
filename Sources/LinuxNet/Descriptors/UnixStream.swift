import Glibc

/// One end of a connected Unix stream socket; non-blocking.
package struct UnixStream: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Connects to a listener at `path`.
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

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

/// The socket address of a path. The kernel takes 107 octets and a zero.
private func withUnixAddress(
    _ path: String,
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Errno) -> Void
) throws(Errno) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let octets = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard octets.count < capacity else {
        throw Errno("socket path \(path)", code: ENAMETOOLONG, advice: "use a path of at most \(capacity - 1) octets")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
    try withUnsafePointer(to: &address) { (pointer) throws(Errno) in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { (generic) throws(Errno) in
            try body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

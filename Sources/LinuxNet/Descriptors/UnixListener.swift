import Glibc

/// A Unix stream socket that accepts connections at a path, open to this user only (mode 0600).
package struct UnixListener: ~Copyable, Sendable {
    package let path: String
    private let descriptor: FileDescriptor
    /// Which file we have made, so that another daemon's file at the same path is never removed.
    private let identity: FileIdentity?

    /// Listens at `path`. What a crashed process has left there is taken over: a socket that nobody answers is
    /// replaced. One that somebody answers is an error, and so is a file of another kind.
    package init(path: String) throws(Errno) {
        let descriptor = try unixSocket()
        try Self.claim(path, with: descriptor)
        try checked("listen \(path)") { listen(descriptor.raw, 64) }
        self.path = path
        self.identity = FileIdentity(path)
        self.descriptor = descriptor
    }

    deinit {
        if let identity, FileIdentity(path) == identity { unlink(path) }
    }

    /// For an epoll set: readable while a connection waits.
    package var raw: Int32 { descriptor.raw }

    /// The next connection, or nil when none waits.
    package func accept() throws(Errno) -> StreamSocket? { try StreamSocket(acceptingAt: descriptor, path) }

    private static func claim(_ path: String, with descriptor: borrowing FileDescriptor) throws(Errno) {
        // On Linux the mode of a socket before bind() is the mode of its file, so there is no moment with a wider one.
        let raw = descriptor.raw
        try checked("fchmod \(path)") { fchmod(raw, 0o600) }
        do {
            try bindUnix(descriptor, to: path)
        } catch let error where error.code == EADDRINUSE {
            try removeStale(path)
            try bindUnix(descriptor, to: path)
        }
    }

    private static func removeStale(_ path: String) throws(Errno) {
        let probe = try unixSocket()
        do {
            try connectUnix(probe, to: path)
        } catch let error where error.code == ECONNREFUSED {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
                throw Errno("bind \(path)", code: EADDRINUSE, advice: "a file that is no socket is in the way")
            }
            try checked("unlink \(path)") { unlink(path) }
            return
        } catch let error where error.code == ENOENT {
            return  // Its owner has removed it in the meantime.
        } catch let error where error.code != EAGAIN {
            throw error
        }
        // Connected, or (EAGAIN) its queue is full: somebody lives there.
        throw Errno("bind \(path)", code: EADDRINUSE, advice: "another daemon is running on this socket")
    }
}

/// Which file a path leads to.
private struct FileIdentity: Equatable {
    let device: dev_t
    let inode: ino_t

    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
    }
}

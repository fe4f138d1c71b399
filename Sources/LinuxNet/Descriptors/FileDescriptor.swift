import Glibc

/// An open file descriptor with one owner; it is closed exactly when that owner is gone.
///
/// Reading and writing go through a borrowed descriptor and the kernel makes them atomic, so threads may share one that
/// lives in a class.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number for system calls; valid for as long as this value lives.
    package let raw: Int32

    /// Takes over a descriptor that a system call has just returned.
    package init(adopting raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// Hands the descriptor to an owner outside of this type, who has to close it.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    /// Reads at most `buffer.count` octets (of a device or datagram socket: one packet).
    ///
    /// Nil if nothing is there yet, 0 at the end of a stream.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int? {
        let count = retrying { Glibc.read(raw, buffer.baseAddress, buffer.count) }
        if count >= 0 { return count }
        if errno == EAGAIN { return nil }
        throw .last("read")
    }

    /// Writes at most `buffer.count` octets and returns how many were taken; nil if there is no room right now.
    package func write(_ buffer: UnsafeRawBufferPointer) throws(Errno) -> Int? {
        let count = retrying { Glibc.write(raw, buffer.baseAddress, buffer.count) }
        if count >= 0 { return count }
        if errno == EAGAIN { return nil }
        throw .last("write")
    }

    /// Two connected descriptors that keep the boundaries of what is written to them: a device or a network in memory.
    package static func datagramPair() throws(Errno) -> DescriptorPair {
        var raw: (Int32, Int32) = (-1, -1)
        let kind = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        try checked("socketpair") {
            withUnsafeMutableBytes(of: &raw) {
                socketpair(AF_UNIX, kind, 0, $0.baseAddress?.assumingMemoryBound(to: Int32.self))
            }
        }
        return DescriptorPair(first: FileDescriptor(adopting: raw.0), second: FileDescriptor(adopting: raw.1))
    }
}

/// Two descriptors that belong together.
package struct DescriptorPair: ~Copyable {
    package let first: FileDescriptor
    package let second: FileDescriptor

    /// Gives both away, to two owners.
    package consuming func split<Result: ~Copyable, Failure: Error>(
        _ body: (consuming FileDescriptor, consuming FileDescriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(first, second)
    }
}

import Glibc

/// A Unix datagram socket that sends to one receiver (unix(7)): a path, or behind `@` a name of the abstract namespace, which
/// belongs to no file. Non-blocking.
package struct UnixDatagram: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let receiver: String

    /// Opens a socket for datagrams to `receiver`, which need not be there yet.
    package init(to receiver: String) throws(Errno) {
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = FileDescriptor(adopting: try checked("socket") { socket(AF_UNIX, kind, 0) })
        self.receiver = receiver
    }

    /// Sends one datagram; EAGAIN if the receiver has no room.
    package func send(_ octets: [UInt8]) throws(Errno) {
        let raw = descriptor.raw
        let receiver = receiver
        try withUnixAddress(receiver) { (address, length) throws(Errno) in
            try checked("send to \(receiver)") {
                sendto(raw, octets, octets.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
    }
}

import CLinux
import Glibc

/// One packet whose octets lie in several places, for a write that gathers them.
package struct GatheredPacket: ~Copyable {
    private let vectors: UnsafeMutablePointer<iovec>
    private let capacity: Int
    private var count = 0

    /// Room for `capacity` pieces.
    package init(capacity: Int) {
        self.capacity = max(1, min(capacity, Int(UIO_MAXIOV)))
        vectors = .allocate(capacity: self.capacity)
        vectors.initialize(repeating: iovec(), count: self.capacity)
    }

    deinit { vectors.deallocate() }

    package mutating func removeAll() { count = 0 }

    /// Adds a piece, whose memory must stay until the packet is written. No more than `capacity` of them.
    package mutating func append(_ start: UnsafeRawPointer, _ octets: Int) {
        precondition(count < capacity, "a packet has no more pieces than its maker asked room for")
        vectors[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: start), iov_len: octets)
        count += 1
    }

    /// Writes it; 0, or what errno says.
    func write(to descriptor: borrowing FileDescriptor) -> Int32 {
        retrying { writev(descriptor.raw, vectors, Int32(truncatingIfNeeded: count)) } >= 0 ? 0 : errno
    }

    /// The octets in one place.
    package var bytes: [UInt8] {
        (0..<count).flatMap { Array(UnsafeRawBufferPointer(start: vectors[$0].iov_base, count: vectors[$0].iov_len)) }
    }
}

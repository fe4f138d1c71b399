import Glibc
import IKECrypto
import LinuxNet

/// A file that is open for reading, and what the system says of it. A pipe that nobody writes to does not hold us up.
struct OpenFile: ~Copyable {
    let status: stat
    private let descriptor: FileDescriptor

    /// - Parameter followsLink: otherwise a symbolic link is an error, ELOOP.
    init(_ path: String, followsLink: Bool) throws(Errno) {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLink ? 0 : O_NOFOLLOW))
        guard raw >= 0 else { throw Errno("open \(path)", code: errno) }
        let opened = FileDescriptor(adopting: raw)
        var status = stat()
        guard fstat(opened.raw, &status) == 0 else { throw Errno("look at \(path)", code: errno) }
        self.status = status
        descriptor = opened
    }

    var isRegular: Bool { status.st_mode & S_IFMT == S_IFREG }

    /// Fills `buffer` with the file's beginning, and returns how many octets there were for it.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        var count = 0
        while count < buffer.count {
            let read = try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            guard let read, read > 0 else { break }
            count += read
        }
        return count
    }

    /// The first `count` octets; EIO where there are fewer.
    func secret(count: Int) throws(Errno) -> SecretBytes {
        var found = 0
        let secret = try SecretBytes(count: count) { (octets) throws(Errno) in found = try read(into: octets) }
        guard found == count else { throw Errno("read all of it", code: EIO) }
        return secret
    }
}

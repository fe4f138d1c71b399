import Glibc
import LinuxNet

/// Files of the daemon's own that outlive it, in the directory of `--state`, which nobody but its user enters.
enum StateFile {
    /// Makes the directory if it is missing.
    static func prepare(_ directory: String) throws(Errno) {
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw Errno("make the directory \(directory) of --state", code: errno)
        }
    }

    /// Writes a file of its own and renames it, so that the old content or the new is there, whole, whatever happens.
    static func replace(_ name: String, in directory: String, with content: UnsafeRawBufferPointer) throws(Errno) {
        let path = "\(directory)/\(name)"
        let temporary = path + ".new"
        unlink(temporary)
        let raw = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard raw >= 0 else { throw Errno("make \(temporary)", code: errno) }
        let file = FileDescriptor(adopting: raw)
        var rest = content
        while !rest.isEmpty {
            guard let written = try file.write(rest), written > 0 else {
                throw Errno("write \(temporary)", code: EIO)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
        guard fsync(file.raw) == 0 else { throw Errno("write \(temporary)", code: errno) }
        guard rename(temporary, path) == 0 else { throw Errno("rename \(temporary)", code: errno) }
        let opened = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw Errno("open \(directory)", code: errno) }
        defer { close(opened) }
        guard fsync(opened) == 0 else { throw Errno("write \(directory)", code: errno) }
    }

    /// A file's content; nil where there is none. EFBIG for one that is longer than `limit`, EINVAL for what is no file.
    static func read(_ name: String, in directory: String, limit: Int) throws(Errno) -> [UInt8]? {
        let path = "\(directory)/\(name)"
        do throws(Errno) {
            let file = try OpenFile(path, followsLink: false)
            guard file.isRegular else { throw Errno("read \(path)", code: EINVAL) }
            guard file.status.st_size <= limit else { throw Errno("read \(path)", code: EFBIG) }
            var content = [UInt8](repeating: 0, count: Int(file.status.st_size))
            let count = try content.withUnsafeMutableBufferPointer { (octets) throws(Errno) in
                try file.read(into: UnsafeMutableRawBufferPointer(octets))
            }
            return Array(content.prefix(count))
        } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
    }
}

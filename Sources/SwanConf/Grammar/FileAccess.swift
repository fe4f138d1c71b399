import Glibc

/// Why the system refused a file.
struct FileError: Error {
    /// In the system's words, such as "No such file or directory".
    let reason: String

    init(errno code: Int32) {
        reason = String(cString: strerror(code))
    }

    init(reason: String) {
        self.reason = reason
    }
}

/// All that this target asks of the operating system.
enum FileAccess {
    /// The contents of a file.
    /// - Parameter regularOnly: whether a device or a pipe, which may never end or begin, is refused.
    static func read(_ path: String, limit: Int, regularOnly: Bool) throws(FileError) -> [UInt8] {
        if regularOnly {
            var status = stat()
            guard stat(path, &status) == 0 else { throw FileError(errno: errno) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(reason: "it is not a regular file") }
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(errno: errno) }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkSize)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count > 0 {
                contents += chunk.prefix(count)
                guard contents.count <= limit else { throw FileError(reason: "it is larger than \(limit) octets") }
            } else if count == 0 {
                return contents
            } else if errno != EINTR {
                throw FileError(errno: errno)
            }
        }
    }

    /// The paths that match a shell pattern, in no particular order; none is not an error.
    static func paths(matching pattern: String) throws(FileError) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        switch glob(pattern, GLOB_NOSORT, nil, &found) {
        case 0:
            return (0..<Int(found.gl_pathc)).compactMap { index in
                found.gl_pathv[index].map { String(cString: $0) }
            }
        case GLOB_NOMATCH:
            return []
        case GLOB_NOSPACE:
            throw FileError(errno: ENOMEM)
        default:
            throw FileError(reason: "a directory cannot be read")
        }
    }

    /// The path without links, `.` and `..`, by which a file is recognised; the path itself when there is no such file.
    static func canonicalPath(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static let chunkSize = 1 << 16
}

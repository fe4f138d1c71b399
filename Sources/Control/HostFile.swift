import Glibc

/// What is read of this host's files and directories, by whichever command.
enum HostFile {
    /// The octets of an open file or pipe from here to its end, but no more than `limit`. Nil where it cannot be read, and errno says
    /// why.
    static func octets(of descriptor: Int32, limit: Int) -> [UInt8]? {
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while octets.count < limit {
            let count = read(descriptor, &chunk, min(chunk.count, limit - octets.count))
            if count > 0 {
                octets += chunk.prefix(count)
            } else if count == 0 {
                break
            } else if errno != EINTR {
                return nil
            }
        }
        return octets
    }

    /// The names in a directory, in order. Nil where it cannot be read, and errno says why.
    static func names(in directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { octets in
                String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

import Glibc
import IKECrypto

/// What the `pki` commands ask of the file system; a refusal names the path and the system's reason.
enum PKIFile {
    /// Octets of the largest file that is read: more than any certificate, key or list of one operator.
    private static let limit = 1 << 24

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw refusal(path) }
        defer { close(descriptor) }
        guard let contents = HostFile.octets(of: descriptor, limit: limit + 1) else { throw refusal(path) }
        guard contents.count <= limit else { throw .failed("\(path): the file is larger than \(limit) octets") }
        return contents
    }

    /// A file that may hold a private key, so that its octets are wiped.
    static func readSecret(_ path: String) throws(Failure) -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw refusal(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw refusal(path) }
        guard status.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: status.st_size), size <= limit else {
            throw .failed("\(path): not a regular file of at most \(limit) octets")
        }
        return try SecretBytes(count: size) { (octets) throws(Failure) in
            guard Glibc.read(descriptor, octets.baseAddress, size) == size else { throw refusal(path) }
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Puts a file in the place of another, as a whole or not at all.
    static func write(_ octets: [UInt8], to path: String) throws(Failure) {
        let new = path + ".new"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw refusal(new) }
        try octets.span.withUnsafeBytes { (octets) throws(Failure) in try write(octets, to: descriptor, new) }
        guard rename(new, path) == 0 else { throw refusal(path) }
    }

    /// Makes a file that only its owner can read. One that is there already is never overwritten: it may be the only copy of a key.
    static func writeSecret(_ octets: UnsafeRawBufferPointer, to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno != EEXIST else { throw .failed("\(path) exists already and is not overwritten") }
            throw refusal(path)
        }
        try write(octets, to: descriptor, path)
    }

    /// Makes a directory where there is none.
    static func makeDirectory(_ path: String, mode: mode_t) throws(Failure) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw refusal(path) }
    }

    /// The files of a directory whose names do not begin with a dot, in order; none where there is no directory.
    static func files(in directory: String) throws(Failure) -> [String] {
        guard let names = HostFile.names(in: directory) else {
            guard errno == ENOENT else { throw refusal(directory) }
            return []
        }
        return names.filter { !$0.hasPrefix(".") }.map { "\(directory)/\($0)" }
    }

    /// Writes all octets and closes the file.
    private static func write(_ octets: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(Failure) {
        defer { close(descriptor) }
        var rest = octets
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            guard count >= 0 || errno == EINTR else { throw refusal(path) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(count, 0)))
        }
        guard fsync(descriptor) == 0 else { throw refusal(path) }
    }

    private static func refusal(_ path: String) -> Failure {
        .failed("\(path): \(String(cString: strerror(errno)))")
    }
}

/// Runs what libcrypto may refuse, and says about which file or thing it did.
func withFailure<R: ~Copyable>(
    _ subject: String,
    _ body: () throws(CryptoError) -> R
) throws(Failure) -> R {
    do throws(CryptoError) {
        return try body()
    } catch {
        throw .failed("\(subject): \(error)")
    }
}

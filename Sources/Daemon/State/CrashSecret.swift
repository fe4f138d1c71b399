import Glibc
import IKECrypto
import LinuxNet

/// The secret that crash tokens are made from (RFC 6290 section 5.1): 32 octets that survive the daemon, in a file that
/// nobody but its user reads.
///
/// Who knows it can end every IKE SA of this host, so a file that others could have read or written is replaced by a new
/// one. That costs the tokens that were given out, no more.
enum CrashSecret {
    static let fileName = "crash-secret"
    private static let length = 32

    /// The secret in `directory`, which is made if it is missing, and so is the secret.
    static func load(directory: String) throws(Errno) -> SecretBytes {
        try StateFile.prepare(directory)
        if let secret = try read("\(directory)/\(fileName)") { return secret }
        let secret = SystemRandom().secret(length)
        try secret.withUnsafeBytes { (octets) throws(Errno) in
            try StateFile.replace(fileName, in: directory, with: octets)
        }
        return secret
    }

    /// Nil where there is none, or none that only we can have read.
    private static func read(_ path: String) throws(Errno) -> SecretBytes? {
        do throws(Errno) {
            let file = try OpenFile(path, followsLink: false)
            let isOurs = file.status.st_uid == geteuid() && file.status.st_mode & 0o077 == 0
            guard file.isRegular, isOurs, file.status.st_size == length else { return nil }
            return try file.secret(count: length)
        } catch {
            guard error.code == ENOENT || error.code == ELOOP else { throw error }
            return nil
        }
    }
}

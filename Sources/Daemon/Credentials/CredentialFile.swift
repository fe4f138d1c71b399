import Glibc
import IKECrypto
import LinuxNet

/// Why a key, a certificate or a list cannot be used: which, and what is wrong with it.
struct CredentialError: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// A file with a key or a certificate, read whole.
struct CredentialFile {
    let path: String
    /// A private key may be in it, so that the octets are wiped.
    let contents: SecretBytes
    /// Others than its owner and this process's own group may read it.
    let isReadableByOthers: Bool

    /// Lists of revoked certificates are the largest.
    private static let mostOctets = 4 << 20

    init(path: String) throws(CredentialError) {
        self.path = path
        let file = try Self.open(path)
        let status = file.status
        guard file.isRegular else { throw CredentialError(description: "\(path) is not a regular file") }
        guard let size = Int(exactly: status.st_size), (1...Self.mostOctets).contains(size) else {
            throw CredentialError(description: "\(path) has \(status.st_size) octets, not 1 to \(Self.mostOctets)")
        }
        let isGroupForeign = status.st_gid != getegid()
        isReadableByOthers = status.st_mode & (isGroupForeign ? 0o077 : 0o007) != 0
        do throws(Errno) {
            contents = try file.secret(count: size)
        } catch {
            throw CredentialError(description: "\(path): \(error)")
        }
    }

    private static func open(_ path: String) throws(CredentialError) -> OpenFile {
        do throws(Errno) {
            return try OpenFile(path, followsLink: true)
        } catch {
            throw CredentialError(description: "\(path): \(String(cString: strerror(error.code)))")
        }
    }

    /// The octets of what is no secret.
    var octets: [UInt8] { contents.withUnsafeBytes { [UInt8]($0) } }
}

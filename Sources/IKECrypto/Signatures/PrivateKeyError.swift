/// Why a file gives no private key.
package enum PrivateKeyError: Error, Equatable, Sendable {
    /// The key is encrypted, and no passphrase was given.
    case needsPassphrase
    /// The key is encrypted under another passphrase.
    case wrongPassphrase
    /// The file holds no private key that can be read.
    case malformed
    /// A private key of a kind, a form or an encryption, named in the text, that is not offered.
    case unsupported(String)
}

extension PrivateKeyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .needsPassphrase: "the private key is encrypted: its passphrase is needed"
        case .wrongPassphrase: "the passphrase does not open the private key"
        case .malformed: "no private key in PEM or DER (PKCS#8, PKCS#1 or SEC 1)"
        case .unsupported(let what): "\(what) is not supported"
        }
    }
}

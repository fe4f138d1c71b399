/// The passphrase of an encrypted private key or PKCS #12 file: a section `private<suffix>` of `secrets`, or one named for the
/// directory that the file is in.
package struct PassphraseConfiguration: Hashable, Sendable {
    /// The directories of private keys, which the names of sections start with.
    package static let keyKinds = ["private", "rsa", "ecdsa", "pkcs8"]
    /// The directory of PKCS #12 files.
    package static let containerKind = "pkcs12"
    static let kinds = keyKinds + [containerKind]

    /// The section's name, such as `private-gateway`.
    package let name: String
    /// The file's name within the directory.
    package let file: String
    package let passphrase: ConcealedBytes

    init(name: String, section: Section) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .passphrase, path: "secrets.\(name)")
        guard let file = try reader.value("file") else {
            throw reader.failure("the secret `\(name)` has no `file = ...`, the name of the file that it decrypts")
        }
        guard let secret = try reader.value("secret") else {
            throw reader.failure("the secret `\(name)` has no `secret = ...`")
        }
        guard let octets = SecretText.decode(secret.text), !octets.isEmpty else {
            throw secret.failure("behind `0x` `secret` takes pairs of hexadecimal digits, behind `0s` it takes Base64")
        }
        self.name = name
        self.file = file.text
        passphrase = ConcealedBytes(octets)
    }

    static func isKind(of name: String) -> Bool { kinds.contains { name.hasPrefix($0) } }
}

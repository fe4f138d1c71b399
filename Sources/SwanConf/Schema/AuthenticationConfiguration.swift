package import IKEWire

/// How one end of an IKE SA proves who it is: a `local` or `remote` section.
package struct AuthenticationConfiguration: Hashable, Sendable {
    /// The proof.
    package enum Method: Hashable, Sendable {
        /// A pre-shared key (RFC 7296 section 2.15).
        case psk
    }

    /// The proof that this end gives.
    package let method: Method
    /// Nil for the local end: its address. Nil for the remote end: whoever knows the key.
    package let id: Identification?
}

// MARK: - Reading

extension AuthenticationConfiguration {
    init(reading reader: SectionReader) throws(ConfigurationError) {
        method = try Self.method(reader)
        id = try reader.value("id").flatMap { value throws(ConfigurationError) in
            try Identification.read(value)
        }
    }

    private static func method(_ reader: SectionReader) throws(ConfigurationError) -> Method {
        guard let value = try reader.value("auth") else {
            throw reader.failure(
                "without `auth` swanctl authenticates by public key, which is not supported yet by iked: write `auth = psk`"
            )
        }
        let name = value.text.lowercased()
        if name == "psk" {
            return .psk
        }
        let known = ["pubkey", "rsa", "ecdsa", "bliss", "ed25519", "ed448", "ike:", "eap", "xauth", "any", "null"]
        if known.contains(where: name.hasPrefix) {
            throw value.failure("`auth = \(value.text)` is not supported yet by iked, only `auth = psk`")
        }
        throw value.unexpected("`psk`", suggestion: Spelling.nearest(to: name, among: ["psk"]))
    }
}

extension Identification {
    /// - Returns: nil for `%any` and what else stands for everybody.
    static func read(_ value: SettingText) throws(ConfigurationError) -> Identification? {
        if isWildcard(value.text) {
            return nil
        }
        guard !value.text.contains("*") else {
            throw value.failure("identities with wildcards, as `\(value.text)`, are not supported yet by iked")
        }
        guard !value.text.contains("=") else {
            throw value.failure(
                "distinguished names are not supported yet by iked in their text form, as `\(value.text)`" + value.hint
            )
        }
        // `@` alone is what remains of `@#6b6579` without quotes, where `#` starts a comment.
        guard let id = Identification(value.text), !id.data.isEmpty else {
            throw value.failure(
                "`\(value.text)` is not an identity such as `gw.example.org`, `192.0.2.1`, `user@example.org`"
                    + " or, in quotes, `@#6b6579`"
            )
        }
        return id
    }
}

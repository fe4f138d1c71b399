package import IKEWire

/// Which signatures `auth` admits: a type of key, and hashes behind it, as in `pubkey`, `ecdsa-sha384` or
/// `ike:rsa/pss-sha256-sha512`.
package struct SignatureConfiguration: Hashable, Sendable {
    package enum KeyType: String, CaseIterable, Hashable, Sendable {
        case any = "pubkey"
        case rsa
        case rsaPSS = "rsa/pss"
        case ecdsa, ed25519, ed448
    }

    package let keyType: KeyType
    /// In the order in which they were written; empty: all that are in use today.
    package let hashes: [HashAlgorithm]

    /// What holds where nothing is said: any key and any hash.
    init() {
        keyType = .any
        hashes = []
    }

    /// The key types that `auth` may begin with.
    static var words: [String] { KeyType.allCases.map(\.rawValue) }

    /// Nil if `text` does not begin with a type of key.
    init?(_ value: SettingText) throws(ConfigurationError) {
        let text = value.text.lowercased()
        // The prefix tells signatures in IKE from those in certificates, of which nothing is asked here.
        let parts = (text.hasPrefix("ike:") ? text.dropFirst(4) : text[...]).split(
            separator: "-",
            omittingEmptySubsequences: false
        )
        guard let keyType = parts.first.flatMap({ KeyType(rawValue: String($0)) }) else { return nil }
        var hashes: [HashAlgorithm] = []
        for part in parts.dropFirst() {
            guard let hash = Self.hashNames[String(part)] else {
                throw value.failure(
                    "`\(part)` in `\(value.setting.key) = \(value.text)` is not a hash that iked signs with: "
                        + Self.hashNames.keys.sorted().joined(separator: ", "),
                    suggestion: Spelling.nearest(to: String(part), among: Self.hashNames.keys.sorted())
                )
            }
            hashes.append(hash)
        }
        self.keyType = keyType
        self.hashes = hashes
    }

    private static let hashNames: [String: HashAlgorithm] = [
        "sha1": .sha1, "sha256": .sha2_256, "sha384": .sha2_384, "sha512": .sha2_512, "identity": .identity,
    ]
}

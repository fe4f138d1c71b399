/// Where a certificate or public key comes from.
package enum CredentialReference: Hashable, Sendable {
    /// A file, by its name within the directory for its kind or by a path.
    case file(String)
    /// The thing itself, as the control socket brings it, or behind `0x` or `0s`.
    case octets([UInt8])

    /// Nil for digits that are none.
    init?(_ text: String) {
        if text.hasPrefix("-----BEGIN") {
            self = .octets(Array(text.utf8))
        } else if ["0x", "0s"].contains(text.prefix(2).lowercased()) {
            guard let octets = SecretText.decode(text), !octets.isEmpty else { return nil }
            self = .octets(octets)
        } else {
            self = .file(text)
        }
    }
}

extension CredentialReference: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let name): name
        case .octets(let octets): "(\(octets.count) octets)"
        }
    }
}

package import IKEWire

/// A secret that peers share: a section of `secrets`.
package struct SecretConfiguration: Hashable, Sendable {
    /// What the secret is for.
    package enum Kind: Hashable, Sendable {
        /// A pre-shared key of IKE: `ike<suffix>`.
        case ike
    }

    /// The section's name, such as `ike-gateway`.
    package let name: String
    /// What it is for.
    package let kind: Kind
    /// Whose secret it is. An SA may use it when one of its identities is an owner; without owners every SA may.
    package let owners: [Identification]
    /// The secret itself; never empty.
    package let data: ConcealedBytes

    /// Reads a section of `secrets`, whose name starts with the kind.
    package init(name: String, section: Section) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .sharedSecret, path: "secrets.\(name)")
        guard name.hasPrefix("ike") else { throw reader.failure("`\(name)` is not a secret of the kind `ike`") }
        guard let value = try reader.value("secret") else {
            throw reader.failure("the secret `\(name)` has no `secret = ...`")
        }
        // The text of a secret must not get into a message.
        guard let data = SecretText.decode(value.text) else {
            throw value.failure("behind `0x` `secret` takes pairs of hexadecimal digits, behind `0s` it takes Base64")
        }
        guard !data.isEmpty else { throw value.failure("`secret` is empty") }
        self.name = name
        kind = .ike
        owners = try Self.owners(reader)
        self.data = ConcealedBytes(data)
    }

    /// A secret as the control socket's `load-shared` brings it.
    /// - Parameter owners: identities as they are written in a configuration.
    package init(name: String, kind: Kind, owners: [String], data: [UInt8]) throws(ConfigurationError) {
        let setting = Setting(key: "owners", value: .list(owners))
        guard !data.isEmpty else {
            throw ConfigurationError(at: SourcePlace(path: "load-shared"), "the secret is empty")
        }
        var identifications: [Identification] = []
        for owner in owners {
            let text = SettingText(text: owner, setting: setting, offset: 0, path: "load-shared")
            if let id = try Identification.read(text, allowsPattern: false) {
                identifications.append(id)
            }
        }
        self.name = name
        self.kind = kind
        self.owners = identifications
        self.data = ConcealedBytes(data)
    }

    /// `id`, `id-2` and so on. Beside other owners `%any` says nothing more: that one end is the named owner is enough.
    private static func owners(_ reader: SectionReader) throws(ConfigurationError) -> [Identification] {
        var owners: [Identification] = []
        for setting in reader.section.settings where setting.key.hasPrefix("id") {
            if let id = try Identification.read(try reader.value(of: setting), allowsPattern: false) {
                owners.append(id)
            }
        }
        return owners
    }
}

package import IKEWire

/// A secret that peers share: a section of `secrets`.
package struct SecretConfiguration: Hashable, Sendable {
    /// What the secret is for.
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// A pre-shared key of IKE: `ike<suffix>`.
        case ike
        /// A user's password: `eap<suffix>`.
        case eap
    }

    /// The section's name, such as `ike-gateway`.
    package let name: String
    /// What it is for.
    package let kind: Kind
    /// Whose secret it is. An SA may use it when one of its identities is an owner; without owners every SA may.
    package let owners: [Identification]
    /// Whose password it is, where it is one: the names as they are written. Without any it is this end's own.
    package let users: [String]
    /// The secret itself; never empty.
    package let data: ConcealedBytes

    /// Reads a section of `secrets`, whose name starts with the kind.
    package init(name: String, section: Section) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .sharedSecret, path: "secrets.\(name)")
        guard let kind = Kind.allCases.first(where: { name.hasPrefix($0.rawValue) }) else {
            throw reader.failure("`\(name)` is not a secret of the kinds `ike` and `eap`")
        }
        guard let value = try reader.value("secret") else {
            throw reader.failure("the secret `\(name)` has no `secret = ...`")
        }
        // The text of a secret must not get into a message.
        guard let data = SecretText.decode(value.text) else {
            throw value.failure("behind `0x` `secret` takes pairs of hexadecimal digits, behind `0s` it takes Base64")
        }
        guard !data.isEmpty else { throw value.failure("`secret` is empty") }
        self.name = name
        self.kind = kind
        owners = kind == .ike ? try Self.owners(reader) : []
        users = kind == .eap ? try Self.users(reader) : []
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
        for owner in kind == .ike ? owners : [] {
            let text = SettingText(text: owner, setting: setting, offset: 0, path: "load-shared")
            if let id = try Identification.read(text, allowsPattern: false) {
                identifications.append(id)
            }
        }
        self.name = name
        self.kind = kind
        self.owners = identifications
        users = kind == .eap ? owners : []
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

    /// The same settings, as names that are not identities of IKE.
    private static func users(_ reader: SectionReader) throws(ConfigurationError) -> [String] {
        var users: [String] = []
        for setting in reader.section.settings where setting.key.hasPrefix("id") {
            let value = try reader.value(of: setting)
            guard !value.text.isEmpty else { throw value.failure("`\(setting.key)` names no user") }
            users.append(value.text)
        }
        return users
    }
}

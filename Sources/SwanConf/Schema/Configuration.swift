import IKEWire

/// All that iked is told: the typed form of a `swanctl.conf` with a section for the daemon itself.
///
/// An immutable value: a reload reads another one and compares.
package struct Configuration: Equatable, Sendable {
    /// In the order of the file; names are unique.
    package let connections: [ConnectionConfiguration]
    /// In the order of the file; names are unique.
    package let secrets: [SecretConfiguration]
    /// Passphrases of private keys, in the order of the file; names are unique.
    package let passphrases: [PassphraseConfiguration]
    /// In the order of the file; names are unique.
    package let pools: [PoolConfiguration]
    /// In the order of the file; names are unique.
    package let authorities: [AuthorityConfiguration]
    /// What stands in the section `iked`, and defaults for the rest.
    package let daemon: DaemonSettings
    /// What is not wrong, but hardly on purpose.
    package let warnings: [ConfigurationWarning]

    /// Reads a file and what it includes.
    package static func load(path: String) throws(ConfigurationError) -> Configuration {
        try Configuration(tree: SettingsTree.load(path: path))
    }

    /// Reads a text as if it stood in a file of that name, which errors name and includes are relative to.
    package init(parsing text: String, file: String) throws(ConfigurationError) {
        try self.init(tree: SettingsTree.parse(text, file: file))
    }

    /// - Parameter tree: a section without a name that holds everything.
    init(tree: Section) throws(ConfigurationError) {
        try Self.checkTop(tree)
        daemon = try DaemonSettings(section: tree.section("iked") ?? Section(name: "iked"))
        let readings = ConnectionReadings()
        connections = try Self.parts("connections", of: tree) { name, section throws(ConfigurationError) in
            try ConnectionConfiguration(name: name, section: section, readings)
        }
        try Self.checkSecretKinds(tree)
        secrets = try Self.parts("secrets", of: tree) { name, section throws(ConfigurationError) in
            PassphraseConfiguration.isKind(of: name) ? nil : try SecretConfiguration(name: name, section: section)
        }
        passphrases = try Self.parts("secrets", of: tree) { name, section throws(ConfigurationError) in
            PassphraseConfiguration.isKind(of: name) ? try PassphraseConfiguration(name: name, section: section) : nil
        }
        pools = try Self.parts("pools", of: tree) { name, section throws(ConfigurationError) in
            try PoolConfiguration(name: name, section: section)
        }
        authorities = try Self.parts("authorities", of: tree) { name, section throws(ConfigurationError) in
            try AuthorityConfiguration(name: name, section: section)
        }
        try Self.checkPools(connections, pools, tree)
        warnings = Self.missingSecrets(connections, secrets, tree) + Self.keyLogging(tree)
    }
}

// MARK: - Reading

extension Configuration {
    /// The named sections within `connections`, `secrets` and the like; those that `read` returns nil for are of another kind.
    private static func parts<Part>(
        _ name: String,
        of tree: Section,
        _ read: (String, Section) throws(ConfigurationError) -> Part?
    ) throws(ConfigurationError) -> [Part] {
        guard let section = tree.section(name) else { return [] }
        if let stray = section.settings.first {
            throw ConfigurationError(
                at: SourcePlace(stray.location, path: "\(name).\(stray.key)"),
                "`\(stray.key)` must stand within a named section, as in `\(name) { example { \(stray.key) = ... } }`"
            )
        }
        var names: Set<String> = []
        var parts: [Part] = []
        for part in section.sections {
            guard names.insert(part.name).inserted else {
                throw ConfigurationError(
                    at: SourcePlace(part.location, path: "\(name).\(part.name)"),
                    "two sections of `\(name)` are called `\(part.name)`"
                )
            }
            if let made = try read(part.name, part) { parts.append(made) }
        }
        return parts
    }

    /// The sections that a configuration may consist of. Others serve as templates, and then some section names them.
    private static func checkTop(_ tree: Section) throws(ConfigurationError) {
        let known = ["connections", "secrets", "pools", "authorities", "iked"]
        if let stray = tree.settings.first {
            throw ConfigurationError(
                at: SourcePlace(stray.location, path: stray.key),
                "no setting can stand outside of a section, as `\(stray.key)` does"
            )
        }
        for section in tree.sections where !known.contains(section.name) && !section.isReferenced {
            let place = SourcePlace(section.location, path: section.name)
            switch section.name {
            case _ where section.name.hasPrefix("charon"):
                throw ConfigurationError(at: place, "settings of the daemon belong in `iked { ... }`")
            default:
                throw ConfigurationError(
                    at: place,
                    "`\(section.name)` is not a section of the configuration, and no section inherits from it",
                    suggestion: Spelling.nearest(to: section.name, among: known)
                )
            }
        }
    }

    private static func checkPools(
        _ connections: [ConnectionConfiguration],
        _ pools: [PoolConfiguration],
        _ tree: Section
    ) throws(ConfigurationError) {
        let names = pools.map(\.name)
        for (connection, section) in zip(connections, tree.section("connections")?.sections ?? []) {
            guard let unknown = connection.pools.first(where: { !names.contains($0) }) else { continue }
            throw ConfigurationError(
                at: SourcePlace(section.location, path: "connections.\(connection.name)"),
                "connection `\(connection.name)` names the pool `\(unknown)`, which is not among `pools`",
                suggestion: Spelling.nearest(to: unknown, among: names)
            )
        }
    }

    private static func checkSecretKinds(_ tree: Section) throws(ConfigurationError) {
        if let secrets = tree.section("secrets") {
            _ = try SectionReader(Section(name: "secrets", sections: secrets.sections), as: .secrets, path: "secrets")
        }
    }
}

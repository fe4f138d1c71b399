import IKEWire

extension Configuration {
    /// Connections that no pre-shared key fits: their peers will be refused.
    static func missingSecrets(
        _ connections: [ConnectionConfiguration],
        _ secrets: [SecretConfiguration],
        _ tree: Section
    ) -> [ConfigurationWarning] {
        guard !secrets.contains(where: { $0.kind == .ike && $0.owners.isEmpty }) else { return [] }
        let owners = Set(secrets.filter { $0.kind == .ike }.flatMap(\.owners))
        let sections = tree.section("connections")?.sections ?? []
        return zip(connections, sections).compactMap { connection, section in
            guard connection.usesSecret, !connection.canUseSecret(of: owners) else { return nil }
            return ConfigurationWarning(
                at: SourcePlace(section.location, path: "connections.\(connection.name)"),
                "no secret `ike...` is for an identity of the connection `\(connection.name)`, so it cannot authenticate"
            )
        }
    }

    /// A key log undoes all protection, so it does not go unsaid.
    static func keyLogging(_ tree: Section) -> [ConfigurationWarning] {
        guard let setting = tree.section("iked")?.setting("key_log") else { return [] }
        return [
            ConfigurationWarning(
                at: SourcePlace(setting.location, path: "iked.key_log"),
                "`key_log` writes the keys of all SAs to a file, and whoever reads it can read all traffic"
            )
        ]
    }
}

extension ConnectionConfiguration {
    fileprivate var usesSecret: Bool { ([local, remote] + laterLocal + laterRemote).contains { $0.method == .psk } }

    /// Whether a secret with one of the owners may fit. Where an identity is not known before a peer appears,
    /// any owner may be the one.
    fileprivate func canUseSecret(of owners: Set<Identification>) -> Bool {
        ([remote] + laterRemote).contains { remote in
            guard let id = remote.id else { return !owners.isEmpty }
            return owners.contains(id)
        } || owners.contains { isLocal($0) }
    }

    /// Without an identity the local end is known by its address.
    private func isLocal(_ owner: Identification) -> Bool {
        ([local] + laterLocal).contains { local in
            local.id.map { $0 == owner } ?? (owner.type == .ipv4Address || owner.type == .ipv6Address)
        }
    }
}

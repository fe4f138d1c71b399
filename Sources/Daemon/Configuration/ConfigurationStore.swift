import IKECore
import IKECrypto
import SwanConf

/// The connections, secrets, keys and certificates in force: those of the file and the directories beside it, and those that came
/// over the control socket.
///
/// A name from the control socket goes before the same name in the file. Reading the file again replaces only what
/// came from it.
struct ConfigurationStore {
    private(set) var file: Configuration
    private let directory: CredentialDirectory
    private var fileConnections: [LoadedConnection]
    private var fileCredentials: CredentialSet
    private var loadedConnections: [LoadedConnection] = []
    private var loadedSecrets: [SecretConfiguration] = []
    private var loadedCredentials = CredentialSet()
    private var loadedPools: [PoolConfiguration] = []
    private var fileAuthorities: [LoadedAuthority]
    private var loadedAuthorities: [LoadedAuthority] = []
    /// What responders say of our own certificates.
    var ownStatus: [OCSPResponse] = []
    /// Connections of the file that the control socket unloaded; reading the file again brings them back.
    private var unloadedNames: Set<String> = []
    /// What is wrong with files in the directories.
    private(set) var warnings: [String]

    /// ESP can go in UDP only, whatever the connections say.
    var isConfinedToUDP = false

    /// A connection as it was written, and as the engine takes it, with the certificates that it names.
    private final class LoadedConnection: Sendable {
        let configuration: ConnectionConfiguration
        let connection: Connection

        init(_ configuration: ConnectionConfiguration, _ directory: CredentialDirectory) throws(CredentialError) {
            self.configuration = configuration
            connection = try Connection(configuration, directory)
        }
    }

    typealias LoadedAuthority = (configuration: AuthorityConfiguration, certificate: X509Certificate)

    private static func load(
        _ authorities: [AuthorityConfiguration],
        _ directory: CredentialDirectory
    ) throws(CredentialError) -> [LoadedAuthority] {
        var loaded: [LoadedAuthority] = []
        for authority in authorities { loaded.append((authority, try directory.authority(authority))) }
        return loaded
    }

    /// - Parameter path: that of the file, which the directories are next to.
    init(file: Configuration, path: String) throws(CredentialError) {
        self.file = file
        directory = CredentialDirectory(ofConfiguration: path)
        fileConnections = []
        fileAuthorities = try Self.load(file.authorities, directory)
        (fileCredentials, warnings) = directory.read(file.passphrases)
        for connection in file.connections {
            fileConnections.append(try LoadedConnection(connection, directory))
        }
    }

    private var active: [LoadedConnection] {
        let names = unloadedNames.union(loadedConnections.map(\.configuration.name))
        if names.isEmpty { return fileConnections }
        return fileConnections.filter { !names.contains($0.configuration.name) } + loadedConnections
    }

    var connections: [ConnectionConfiguration] { active.map(\.configuration) }

    var connectionNames: [String] { active.map(\.configuration.name) }

    var secrets: [SecretConfiguration] {
        let names = Set(loadedSecrets.map(\.name))
        return file.secrets.filter { !names.contains($0.name) } + loadedSecrets
    }

    var pools: [PoolConfiguration] {
        let names = Set(loadedPools.map(\.name))
        return file.pools.filter { !names.contains($0.name) } + loadedPools
    }

    mutating func load(_ pool: PoolConfiguration) {
        loadedPools.removeAll { $0.name == pool.name }
        loadedPools.append(pool)
    }

    /// - Returns: whether there was such a pool.
    mutating func unload(pool name: String) -> Bool {
        let known = loadedPools.contains { $0.name == name }
        loadedPools.removeAll { $0.name == name }
        return known
    }

    /// Authorities with names, of both origins.
    var authorities: [LoadedAuthority] {
        let names = Set(loadedAuthorities.map(\.configuration.name))
        return fileAuthorities.filter { !names.contains($0.configuration.name) } + loadedAuthorities
    }

    /// The names of those that came over the control socket.
    var loadedAuthorityNames: [String] { loadedAuthorities.map(\.configuration.name) }

    mutating func load(_ authority: AuthorityConfiguration) throws(CredentialError) {
        let certificate = try directory.authority(authority)
        loadedAuthorities.removeAll { $0.configuration.name == authority.name }
        loadedAuthorities.append((authority, certificate))
    }

    /// - Returns: whether there was such an authority.
    mutating func unload(authority name: String) -> Bool {
        let known = loadedAuthorities.contains { $0.configuration.name == name }
        loadedAuthorities.removeAll { $0.configuration.name == name }
        return known
    }

    /// Keys and certificates of both origins, those of authorities with names included.
    var credentials: CredentialSet {
        fileCredentials.union(loadedCredentials).union(CredentialSet(authorities: authorities.map(\.certificate)))
    }

    /// The certificates of ours that responders can be asked about, for the connections that pass their answers on.
    var certificatesWithStatus: [UnsettledCertificate] {
        guard active.contains(where: \.configuration.ocsp.replies) else { return [] }
        return policy.credentials.certificatesWithResponder
    }

    /// Connections that came over the control socket: those that `swanctl` may unload when its file does not have them.
    var loadedConnectionNames: [String] { loadedConnections.map(\.configuration.name) }

    /// Ids of the secrets that came over the control socket.
    var loadedSecretNames: [String] { loadedSecrets.map(\.name) }

    /// Keys that came over the control socket.
    var loadedKeys: [CredentialSet.KeyID] { loadedCredentials.keyIDs }

    var policy: Policy {
        Policy(
            connections: active.map { isConfinedToUDP ? $0.connection.confinedToUDP : $0.connection },
            secrets: secrets.filter { $0.kind == .ike }.map { SharedKey($0) },
            eapSecrets: secrets.filter { $0.kind == .eap }.map { EAPSecret($0) },
            credentials: Credentials(
                credentials,
                services: authorities.map { AuthorityServices($0) },
                status: ownStatus
            ),
            pools: pools.map { AddressPool($0) }
        )
    }

    func connection(named name: String) -> ConnectionConfiguration? {
        if let loaded = loadedConnections.first(where: { $0.configuration.name == name }) {
            return loaded.configuration
        }
        guard !unloadedNames.contains(name) else { return nil }
        return fileConnections.first { $0.configuration.name == name }?.configuration
    }

    /// What reading the file again has changed about the connections in force, by their names in the order of the file.
    /// Those that the control socket brought are in force whatever the file says, so that nothing changes about them.
    struct Changes {
        var new: [String] = []
        /// With the settings that are not what they were; settings of the daemon alone, such as `updown`, are not among them.
        var changed: [(name: String, settings: ConnectionChanges)] = []
        var gone: [String] = []
        var unchanged: [String] = []

        var loaded: [String] { new + changed.map(\.name) }
    }

    /// Replaces what came from the file and the directories; a certificate that cannot be had changes nothing.
    mutating func replaceFile(_ new: Configuration) throws(CredentialError) -> Changes {
        let before = Dictionary(active.map { ($0.configuration.name, $0) }) { first, _ in first }
        var connections: [LoadedConnection] = []
        for connection in new.connections {
            if let old = before[connection.name], old.configuration == connection, !connection.namesCredentials {
                connections.append(old)
            } else {
                connections.append(try LoadedConnection(connection, directory))
            }
        }
        let authorities = try Self.load(new.authorities, directory)
        fileAuthorities = authorities
        file = new
        fileConnections = connections
        (fileCredentials, warnings) = directory.read(new.passphrases)
        unloadedNames = []
        return changes(since: before)
    }

    private func changes(since before: [String: LoadedConnection]) -> Changes {
        var changes = Changes()
        for now in active {
            let name = now.configuration.name
            guard let old = before[name] else {
                changes.new.append(name)
                continue
            }
            if old === now || old.configuration == now.configuration && old.connection == now.connection {
                changes.unchanged.append(name)
            } else {
                changes.changed.append((name, now.connection.changes(since: old.connection)))
            }
        }
        let names = Set(active.map(\.configuration.name))
        changes.gone = before.keys.filter { !names.contains($0) }.sorted()
        return changes
    }

    mutating func load(_ connection: ConnectionConfiguration) throws(CredentialError) {
        let loaded = try LoadedConnection(connection, directory)
        loadedConnections.removeAll { $0.configuration.name == connection.name }
        loadedConnections.append(loaded)
    }

    /// - Returns: whether there was such a connection.
    mutating func unload(connection name: String) -> Bool {
        guard connection(named: name) != nil else { return false }
        loadedConnections.removeAll { $0.configuration.name == name }
        unloadedNames.insert(name)
        return true
    }

    mutating func load(_ secret: SecretConfiguration) {
        loadedSecrets.removeAll { $0.name == secret.name }
        loadedSecrets.append(secret)
    }

    /// - Returns: whether there was such a secret.
    mutating func unload(secret name: String) -> Bool {
        let known = loadedSecrets.contains { $0.name == name }
        loadedSecrets.removeAll { $0.name == name }
        return known
    }

    mutating func load(_ credentials: CredentialSet) {
        loadedCredentials = loadedCredentials.union(credentials)
    }

    /// - Returns: whether there was such a key.
    mutating func unload(key id: CredentialSet.KeyID) -> Bool {
        loadedCredentials.removeKey(id)
    }

    /// Forgets all secrets, keys and certificates that came over the control socket.
    mutating func clearCredentials() {
        loadedSecrets = []
        loadedCredentials = CredentialSet()
    }
}

extension ConnectionConfiguration {
    /// Whether it means files, in which other certificates or keys may stand than when it was read the last time.
    fileprivate var namesCredentials: Bool {
        ([local, remote] + laterLocal + laterRemote).contains { round in
            !round.certificates.isEmpty || !round.publicKeys.isEmpty || !round.authorities.isEmpty
        }
    }
}

extension AuthorityServices {
    fileprivate init(_ authority: ConfigurationStore.LoadedAuthority) {
        self.init(
            authority.certificate,
            revocationListURLs: authority.configuration.revocationListURLs,
            ocspURLs: authority.configuration.ocspURLs,
            certificateBase: authority.configuration.certificateBase
        )
    }
}

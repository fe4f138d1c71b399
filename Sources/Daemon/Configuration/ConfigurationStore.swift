import IKECore
import SwanConf

/// The connections and secrets in force: those of the file, and those that came over the control socket.
///
/// A name from the control socket goes before the same name in the file. Reading the file again replaces only what
/// came from it.
struct ConfigurationStore {
    private(set) var file: Configuration
    private var loadedConnections: [ConnectionConfiguration] = []
    private var loadedSecrets: [SecretConfiguration] = []
    /// Connections of the file that the control socket unloaded; reading the file again brings them back.
    private var unloadedNames: Set<String> = []

    init(file: Configuration) { self.file = file }

    var connections: [ConnectionConfiguration] {
        let names = unloadedNames.union(loadedConnections.map(\.name))
        return file.connections.filter { !names.contains($0.name) } + loadedConnections
    }

    var secrets: [SecretConfiguration] {
        let names = Set(loadedSecrets.map(\.name))
        return file.secrets.filter { !names.contains($0.name) } + loadedSecrets
    }

    /// Ids of the secrets that came over the control socket.
    var loadedSecretNames: [String] { loadedSecrets.map(\.name) }

    var policy: Policy {
        Policy(
            connections: connections.map { Connection($0) },
            secrets: secrets.map { SharedKey($0) }
        )
    }

    func connection(named name: String) -> ConnectionConfiguration? { connections.first { $0.name == name } }

    /// Replaces what came from the file.
    ///
    /// - Returns: the names that are new or changed, and those that are gone.
    mutating func replaceFile(_ new: Configuration) -> (loaded: [String], unloaded: [String]) {
        let old = file.connections
        file = new
        unloadedNames = []
        let loaded = new.connections.filter { !old.contains($0) }.map(\.name)
        let names = Set(new.connections.map(\.name))
        return (loaded, old.map(\.name).filter { !names.contains($0) })
    }

    mutating func load(_ connection: ConnectionConfiguration) {
        loadedConnections.removeAll { $0.name == connection.name }
        loadedConnections.append(connection)
    }

    /// - Returns: whether there was such a connection.
    mutating func unload(connection name: String) -> Bool {
        guard connection(named: name) != nil else { return false }
        loadedConnections.removeAll { $0.name == name }
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
}

package import IKECrypto
package import IKEWire
import Inet

/// The connections and secrets that the engine works by: an immutable value, replaced as a whole.
package struct Policy: Sendable {
    package var connections: [Connection]
    package var secrets: [SharedKey]
    package var eapSecrets: [EAPSecret]
    package var credentials: Credentials
    package var pools: [AddressPool]

    package init(
        connections: [Connection] = [],
        secrets: [SharedKey] = [],
        eapSecrets: [EAPSecret] = [],
        credentials: Credentials = Credentials(),
        pools: [AddressPool] = []
    ) {
        self.connections = connections
        self.secrets = secrets
        self.eapSecrets = eapSecrets
        self.credentials = credentials
        self.pools = pools
    }

    func pool(named name: String) -> AddressPool? { pools.first { $0.name == name } }

    package func connection(named name: String) -> Connection? { connections.first { $0.name == name } }

    /// The connections whose address patterns admit a peer at `remote` that talks to us at `local`, the most specific first.
    func candidates(local: IPAddress, remote: IPAddress) -> [Connection] {
        connections.enumerated()
            .compactMap { index, connection -> (connection: Connection, specificity: Int, index: Int)? in
                guard let near = AddressPattern.bestMatch(of: connection.localAddresses, for: local),
                    let far = AddressPattern.bestMatch(of: connection.remoteAddresses, for: remote)
                else { return nil }
                return (connection, near + far, index)
            }
            .sorted { ($1.specificity, $0.index) < ($0.specificity, $1.index) }
            .map(\.connection)
    }

    /// The pre-shared key for an SA between these identities, the most specific first.
    ///
    /// A key that names owners is used only where the peer is one of them, or where it names us alone: a key shared
    /// with one peer must not let that peer pass for another.
    func sharedKey(local: Identification, remote: Identification) -> SharedKey? {
        secrets.enumerated()
            .compactMap { index, key -> (key: SharedKey, score: Int, index: Int)? in
                guard let score = key.score(local: local, remote: remote) else { return nil }
                return (key, score, index)
            }
            .max { ($0.score, $1.index) < ($1.score, $0.index) }?
            .key
    }
}

/// A pre-shared key and those who hold it.
package struct SharedKey: Sendable {
    package var name: String
    package var owners: [Identification]
    package var secret: SecretBytes

    package init(name: String, owners: [Identification], secret: SecretBytes) {
        self.name = name
        self.owners = owners
        self.secret = secret
    }

    func score(local: Identification, remote: Identification) -> Int? {
        if owners.isEmpty { return 0 }
        let ownsLocal = owners.contains { $0.isSameIdentity(as: local) }
        if owners.contains(where: { $0.isSameIdentity(as: remote) }) { return ownsLocal ? 3 : 2 }
        return ownsLocal && owners.allSatisfy { $0.isSameIdentity(as: local) } ? 1 : nil
    }
}

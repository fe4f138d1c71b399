import IKECore
import IKECrypto
import IKEWire

/// Keys and certificates of one origin.
struct CredentialSet {
    var privateKeys: [PrivateKey] = []
    var certificates: [X509Certificate] = []
    var authorities: [X509Certificate] = []
    var revocationLists: [RevocationList] = []

    /// Names a private key over the control socket: the SHA-1 hash of its public key in hexadecimal.
    typealias KeyID = String

    var keyIDs: [KeyID] { privateKeys.map { $0.publicKey.id } }

    /// - Returns: whether there was such a key.
    mutating func removeKey(_ id: KeyID) -> Bool {
        let known = keyIDs.contains(id)
        privateKeys.removeAll { $0.publicKey.id == id }
        return known
    }

    /// Those of both; what is in both counts once.
    func union(_ other: CredentialSet) -> CredentialSet {
        var all = self
        all.privateKeys += other.privateKeys.filter { key in !privateKeys.contains { $0.publicKey == key.publicKey } }
        all.certificates += other.certificates.filter { !certificates.contains($0) }
        all.authorities += other.authorities.filter { !authorities.contains($0) }
        all.revocationLists += other.revocationLists.filter { !revocationLists.contains($0) }
        return all
    }
}

extension CredentialSet {
    /// Whoever put the file there trusts the authorities in it, as swanctl has it.
    init(_ file: PKCS12File) {
        let all = file.others + [file.certificate].compactMap { $0 }
        self.init(
            privateKeys: [file.privateKey].compactMap { $0 },
            certificates: all.filter { !$0.isAuthority },
            authorities: all.filter(\.isAuthority)
        )
    }
}

extension Credentials {
    init(_ set: CredentialSet, services: [AuthorityServices], status: [OCSPResponse]) {
        self.init(
            privateKeys: set.privateKeys,
            certificates: set.certificates,
            trust: TrustStore(
                authorities: set.authorities,
                revocationLists: set.revocationLists,
                services: services
            ),
            status: status
        )
    }
}

extension PublicKey {
    /// As `load-key` and `get-keys` name it.
    var id: CredentialSet.KeyID { hexadecimal(keyHash) }
}

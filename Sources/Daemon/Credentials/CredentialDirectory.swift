import Glibc
import IKECrypto
import SwanConf

/// The keys and certificates beside the configuration, in directories laid out as swanctl's:
///
///     x509/                          certificates of ends, ours and peers'
///     x509ca/                        authorities that are trusted
///     x509crl/                       lists of revoked certificates
///     pubkey/                        public keys without a certificate
///     private/ rsa/ ecdsa/ pkcs8/    private keys
///     pkcs12/                        PKCS #12 files: a key, its certificate, authorities that are trusted
///
/// Files are in PEM or DER, PKCS #12 in DER alone, whatever their names; those that begin with a dot are passed over.
struct CredentialDirectory {
    /// The directory of the configuration.
    let path: String

    init(ofConfiguration file: String) {
        path = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
    }

    /// What all the directories hold.
    ///
    /// A file that cannot be used is left out and warned of: whoever needs it is refused, nobody else.
    func read(_ passphrases: [PassphraseConfiguration]) -> (credentials: CredentialSet, warnings: [String]) {
        var set = CredentialSet()
        var warnings: [String] = []
        func each(_ directory: String, _ take: (CredentialFile) throws -> Void) {
            do throws(CredentialError) {
                for name in try names(in: directory) {
                    do {
                        try take(try CredentialFile(path: "\(path)/\(directory)/\(name)"))
                    } catch let error as CredentialError {
                        warnings.append("left out: \(error)")
                    } catch {
                        warnings.append("left out: \(path)/\(directory)/\(name): \(error)")
                    }
                }
            } catch {
                warnings.append("left out: \(error)")
            }
        }
        each("x509") { set.certificates += try X509Certificate.parse($0.octets) }
        each("x509ca") { file in
            for certificate in try X509Certificate.parse(file.octets) {
                guard certificate.isAuthority else {
                    throw CredentialError(description: "\(file.path) is not a certificate of an authority (CA:TRUE)")
                }
                set.authorities.append(certificate)
            }
        }
        each("x509crl") { set.revocationLists += try RevocationList.parse($0.octets) }
        func eachSecret(_ kind: String, _ take: (CredentialFile, SecretBytes?) throws -> Void) {
            each(kind) { file in
                let secret = passphrases.first { $0.name.hasPrefix(kind) && file.path.hasSuffix("/\($0.file)") }
                try take(file, secret.map { SecretBytes(copying: $0.passphrase.bytes) })
                if file.isReadableByOthers {
                    warnings.append("\(file.path) can be read by others than its owner: chmod 600 \(file.path)")
                }
            }
        }
        for kind in PassphraseConfiguration.keyKinds {
            eachSecret(kind) { file, passphrase in
                set.privateKeys.append(try PrivateKey(parsing: file.contents, passphrase: passphrase))
            }
        }
        eachSecret(PassphraseConfiguration.containerKind) { file, password in
            set = set.union(CredentialSet(try PKCS12File(parsing: file.contents, password: password)))
        }
        return (set, warnings)
    }

    /// A directory that is not there has no files; one that may not be read is a mistake that somebody wants to know of.
    private func names(in directory: String) throws(CredentialError) -> [String] {
        guard let stream = opendir("\(path)/\(directory)") else {
            guard errno != ENOENT else { return [] }
            throw CredentialError(description: "\(path)/\(directory): \(String(cString: strerror(errno)))")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = Glibc.readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    // MARK: - What a connection names

    func certificates(_ references: [CredentialReference], in directory: String) throws(CredentialError)
        -> [X509Certificate]
    {
        try all(references, in: directory) { octets throws(CryptoError) in try X509Certificate.parse(octets) }
    }

    /// The certificate of a section of `authorities`.
    func authority(_ configuration: AuthorityConfiguration) throws(CredentialError) -> X509Certificate {
        let found = try certificates([configuration.certificate], in: "x509ca")
        guard let certificate = found.first, found.count == 1, certificate.isAuthority else {
            throw CredentialError(
                description:
                    "\(configuration.certificate) of authorities.\(configuration.name) is not the certificate of "
                    + "one authority (CA:TRUE)"
            )
        }
        return certificate
    }

    func publicKeys(_ references: [CredentialReference]) throws(CredentialError) -> [PublicKey] {
        try all(references, in: "pubkey") { octets throws(CryptoError) in [try PublicKey.parse(octets)] }
    }

    private func all<Credential>(
        _ references: [CredentialReference],
        in directory: String,
        _ parse: ([UInt8]) throws(CryptoError) -> [Credential]
    ) throws(CredentialError) -> [Credential] {
        var found: [Credential] = []
        for reference in references {
            let octets: [UInt8]
            switch reference {
            case .octets(let given): octets = given
            case .file(let name): octets = try CredentialFile(path: place(of: name, in: directory)).octets
            }
            do {
                found += try parse(octets)
            } catch {
                throw CredentialError(description: "\(reference) in \(directory)/ cannot be used: \(error)")
            }
        }
        return found
    }

    private func place(of name: String, in directory: String) -> String {
        name.hasPrefix("/") ? name : "\(path)/\(directory)/\(name)"
    }
}

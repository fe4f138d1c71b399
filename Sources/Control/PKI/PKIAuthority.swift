import Glibc
import IKECrypto
import IKEWire

/// A CA that lives in a directory: one laid out as swanctl's, with a folder `ca` beside for its key, its certificate and the index
/// of what it issued. That folder stays where it is; hosts never need it.
struct PKIAuthority {
    let directory: PKIDirectory
    let certificate: X509Certificate
    private let key: PrivateKey
    private(set) var index: PKIIndex

    /// What the CA's files are called.
    var name: String {
        let subject = certificate.subjectText
        return PKIDirectory.fileName(subject.hasPrefix("CN=") ? String(subject.dropFirst(3)) : subject)
    }

    // MARK: - Making and finding

    /// A new CA, with its files.
    static func make(
        named name: String,
        kind: PublicKey.Kind,
        days: Int,
        in directory: PKIDirectory
    ) throws(Failure) -> PKIAuthority {
        let folder = Folder(directory)
        guard !PKIFile.exists(folder.key) else { throw .failed("\(folder.path) holds a CA already") }
        let now = UnixTime.now
        let (key, certificate) = try withFailure("the CA") { () throws(CryptoError) in
            let key = try PrivateKey.make(kind)
            let builder = CertificateBuilder(
                commonName: name,
                publicKey: key.publicKey,
                notBefore: now.withMargin,
                notAfter: now.adding(days: days),
                purpose: .authority
            )
            return (key, try builder.signed(by: key, of: nil))
        }
        let authority = PKIAuthority(directory: directory, certificate: certificate, key: key, index: PKIIndex())
        try directory.make()
        try PKIFile.makeDirectory(folder.path, mode: 0o700)
        try write(key, to: folder.key)
        let pem = try withFailure("the CA") { () throws(CryptoError) in try certificate.pem() }
        try PKIFile.write(pem, to: folder.certificate)
        try PKIFile.write(pem, to: directory.authorityPath(authority.name))
        try authority.index.write(to: folder.index)
        return authority
    }

    /// The CA of a directory.
    init(in directory: PKIDirectory) throws(Failure) {
        let folder = Folder(directory)
        guard PKIFile.exists(folder.key) else {
            throw .failed("\(folder.path) holds no CA: '\(Help.program) pki ca' makes one")
        }
        let certificateFile = try PKIFile.read(folder.certificate)
        let certificates = try withFailure(folder.certificate) { () throws(CryptoError) in
            try X509Certificate.parse(certificateFile)
        }
        let keyFile = try PKIFile.readSecret(folder.key)
        let key: PrivateKey
        do throws(PrivateKeyError) {
            key = try PrivateKey(parsing: keyFile, passphrase: nil)
        } catch {
            throw .failed("\(folder.key): \(error)")
        }
        guard let certificate = certificates.first, certificate.publicKey == key.publicKey else {
            throw .failed("\(folder.path): certificate and key do not belong together")
        }
        self.init(directory: directory, certificate: certificate, key: key, index: try PKIIndex(path: folder.index))
    }

    private init(directory: PKIDirectory, certificate: X509Certificate, key: PrivateKey, index: PKIIndex) {
        self.directory = directory
        self.certificate = certificate
        self.key = key
        self.index = index
    }

    // MARK: - Issuing

    /// Issues a certificate to a host with these names, and puts all that the host needs into `target`; with a password also a
    /// PKCS #12 file.
    mutating func issue(
        to names: [AlternativeName],
        commonName: String,
        kind: PublicKey.Kind,
        days: Int,
        into target: PKIDirectory,
        containerPassword: SecretBytes? = nil
    ) throws(Failure) -> (certificate: X509Certificate, name: String) {
        let file = PKIDirectory.fileName(commonName)
        let container = containerPassword == nil ? [] : [target.containerPath(file)]
        for path in [target.keyPath(file), target.certificatePath(file)] + container where PKIFile.exists(path) {
            throw .failed("\(path) exists already and is not overwritten")
        }
        let now = UnixTime.now
        guard now < certificate.notAfter else {
            throw .failed("the CA \"\(certificate.subjectText)\" has expired on \(certificate.notAfter)")
        }
        let (key, issued) = try withFailure(commonName) { () throws(CryptoError) in
            let key = try PrivateKey.make(kind)
            let builder = CertificateBuilder(
                commonName: commonName,
                alternativeNames: names,
                publicKey: key.publicKey,
                notBefore: max(now.withMargin, certificate.notBefore),
                // Nobody would trust it longer than its CA.
                notAfter: min(now.adding(days: days), certificate.notAfter),
                purpose: .endEntity
            )
            return (key, try builder.signed(by: self.key, of: certificate))
        }
        // The index first: what is issued must be known, or it could not be revoked.
        index.add(issued)
        try index.write(to: Folder(directory).index)
        try target.make()
        try Self.write(key, to: target.keyPath(file))
        try PKIFile.write(
            withFailure(commonName) { () throws(CryptoError) in try issued.pem() },
            to: target.certificatePath(file)
        )
        if let password = containerPassword {
            let contents = try withFailure(commonName) { () throws(CryptoError) in
                try PKCS12File.make(
                    key: key,
                    certificate: issued,
                    others: [certificate],
                    name: commonName,
                    password: password
                )
            }
            try contents.withUnsafeBytes { (octets) throws(Failure) in
                try PKIFile.writeSecret(octets, to: target.containerPath(file))
            }
        }
        try handOut(to: target)
        return (issued, file)
    }

    /// The CA's certificate, and its revocation list if it made one, for a host.
    private func handOut(to target: PKIDirectory) throws(Failure) {
        guard target.path != directory.path else { return }
        let pem = try withFailure("the CA") { () throws(CryptoError) in try certificate.pem() }
        try PKIFile.write(pem, to: target.authorityPath(name))
        let list = directory.revocationListPath(name)
        guard PKIFile.exists(list) else { return }
        try PKIFile.write(PKIFile.read(list), to: target.revocationListPath(name))
    }

    // MARK: - Revoking

    /// Takes a certificate back; false if it was before.
    mutating func revoke(_ revoked: X509Certificate) throws(Failure) -> Bool {
        guard revoked.issuer == certificate.subject, index.contains(revoked) else {
            throw .failed(
                "the certificate of \"\(revoked.subjectText)\" was not issued by this CA, \"\(certificate.subjectText)\""
            )
        }
        let isNew = index.revoke(revoked.serialNumber, at: .now)
        if isNew { try index.write(to: Folder(directory).index) }
        return isNew
    }

    /// Makes a current revocation list, which is good for so many days.
    func writeRevocationList(days: Int) throws(Failure) -> (list: RevocationList, path: String) {
        let now = UnixTime.now
        let builder = RevocationListBuilder(
            entries: index.revoked,
            // Grows from list to list without being kept anywhere.
            number: UInt64(max(now.seconds, 0)),
            thisUpdate: now,
            nextUpdate: now.adding(days: days)
        )
        let (list, pem) = try withFailure("the revocation list") { () throws(CryptoError) in
            let list = try builder.signed(by: key, of: certificate)
            return (list, try list.pem())
        }
        let path = directory.revocationListPath(name)
        try directory.make()
        try PKIFile.write(pem, to: path)
        return (list, path)
    }

    // MARK: - Files

    private struct Folder {
        let path: String

        init(_ directory: PKIDirectory) { path = "\(directory.path)/ca" }

        var key: String { "\(path)/key.pem" }
        var certificate: String { "\(path)/certificate.pem" }
        var index: String { "\(path)/index" }
    }

    private static func write(_ key: PrivateKey, to path: String) throws(Failure) {
        let pem = try withFailure(path) { () throws(CryptoError) in try key.pem() }
        try pem.withUnsafeBytes { (octets) throws(Failure) in try PKIFile.writeSecret(octets, to: path) }
    }
}

extension UnixTime {
    static var now: UnixTime { UnixTime(seconds: Int64(time(nil))) }

    /// An hour before, so that a peer whose clock is slow takes a new certificate at once.
    var withMargin: UnixTime { UnixTime(seconds: seconds - 3600) }

    func adding(days: Int) -> UnixTime { UnixTime(seconds: seconds + Int64(days) * 86_400) }
}

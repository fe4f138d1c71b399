import IKECrypto

/// A directory laid out as swanctl's, ready to be copied to a host:
///
///     x509/     the host's certificate
///     private/  its key, for the owner alone
///     x509ca/   the CA's certificate
///     x509crl/  the CA's revocation list
struct PKIDirectory {
    let path: String

    static let defaultPath = "pki"

    func certificatePath(_ name: String) -> String { "\(path)/x509/\(name).pem" }
    func keyPath(_ name: String) -> String { "\(path)/private/\(name).pem" }
    /// For a phone or another computer, where it is imported: iked itself looks into `pkcs12`.
    func containerPath(_ name: String) -> String { "\(path)/\(name).p12" }
    func authorityPath(_ name: String) -> String { "\(path)/x509ca/\(name).pem" }
    func revocationListPath(_ name: String) -> String { "\(path)/x509crl/\(name).pem" }

    /// Makes the directories.
    func make() throws(Failure) {
        try PKIFile.makeDirectory(path, mode: 0o755)
        for folder in ["x509", "x509ca", "x509crl"] { try PKIFile.makeDirectory("\(path)/\(folder)", mode: 0o755) }
        try PKIFile.makeDirectory("\(path)/private", mode: 0o700)
    }

    /// All that the directory says about trust: self-signed certificates of `x509ca` are trusted, others may stand in between.
    func trustStore() throws(Failure) -> TrustStore {
        var authorities: [X509Certificate] = []
        for file in try PKIFile.files(in: "\(path)/x509ca") {
            let octets = try PKIFile.read(file)
            authorities += try withFailure(file) { () throws(CryptoError) in try X509Certificate.parse(octets) }
        }
        guard !authorities.isEmpty else { throw .failed("\(path)/x509ca holds no CA certificate") }
        var lists: [RevocationList] = []
        for file in try PKIFile.files(in: "\(path)/x509crl") {
            let octets = try PKIFile.read(file)
            lists += try withFailure(file) { () throws(CryptoError) in try RevocationList.parse(octets) }
        }
        return TrustStore(
            authorities: authorities.filter(\.isSelfSigned),
            intermediates: authorities.filter { !$0.isSelfSigned },
            revocationLists: lists
        )
    }

    /// A name as part of a file's: what could be taken for a path, an option or a blank becomes "-".
    static func fileName(_ name: String) -> String {
        let text = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._@".contains($0)) ? $0 : "-" })
        return text.hasPrefix(".") || text.hasPrefix("-") ? "_" + text : text
    }
}

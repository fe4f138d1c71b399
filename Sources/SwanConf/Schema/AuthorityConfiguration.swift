/// An authority, where it says what it has revoked, and where it publishes what it issues: a section of `authorities`.
package struct AuthorityConfiguration: Hashable, Sendable {
    /// The section's name; never empty.
    package let name: String
    /// Its certificate (`cacert`, within x509ca/, or `file`), which is trusted.
    package let certificate: CredentialReference
    /// Where its revocation list is (`crl_uris`), besides where its certificates say.
    package let revocationListURLs: [String]
    /// Where its OCSP responder is (`ocsp_uris`), besides where its certificates say.
    package let ocspURLs: [String]
    /// What the URL of each certificate that it has issued begins with (`cert_uri_base`): behind it comes the SHA-1 hash of the
    /// certificate in lower case hexadecimal. Nil: it publishes none.
    package let certificateBase: String?

    /// Reads a section of `authorities`, or the one of a `load-authority`.
    package init(name: String, section: Section) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .authorities, path: "authorities.\(name)")
        guard !name.isEmpty else { throw reader.failure("an authority needs a name") }
        self.name = name
        certificate = try Self.certificate(reader, name)
        revocationListURLs = try Self.urls("crl_uris", reader)
        ocspURLs = try Self.urls("ocsp_uris", reader)
        certificateBase = try reader.read("cert_uri_base", "a URI such as `http://pki.example.org/certs/`") { text in
            let isPrintable = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            return Self.isHTTP(text) && isPrintable && text.utf8.count <= Self.longestBase ? text : nil
        }
    }

    /// With a hash behind it it is a URL that others take, too.
    private static let longestBase = 1024

    private static func certificate(
        _ reader: SectionReader,
        _ name: String
    ) throws(ConfigurationError) -> CredentialReference {
        let file = try reader.value("file")
        guard let value = try reader.value("cacert") else {
            guard let file else {
                throw reader.failure("the authority `\(name)` has neither `cacert = ...` nor `file = ...`")
            }
            guard file.text.hasPrefix("/") else { throw file.unexpected("the whole path of a file") }
            return .file(file.text)
        }
        guard file == nil else { throw reader.failure("`cacert` and `file` exclude each other") }
        guard let reference = CredentialReference(value.text) else {
            throw value.failure("behind `0x` and `0s` `cacert` takes hexadecimal digits or Base64")
        }
        return reference
    }

    /// Anything else would be of no use: nobody here speaks it, and for certificates it is all that peers must know.
    private static func isHTTP(_ text: String) -> Bool { text.lowercased().hasPrefix("http://") }

    private static func urls(_ key: String, _ reader: SectionReader) throws(ConfigurationError) -> [String] {
        var urls: [String] = []
        for value in try reader.list(key) ?? [] {
            guard isHTTP(value.text) else {
                throw value.unexpected("URIs such as `http://pki.example.org/ca.crl`")
            }
            urls.append(value.text)
        }
        return urls
    }
}

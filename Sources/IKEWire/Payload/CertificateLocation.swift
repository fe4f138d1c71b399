/// Where a certificate is to be had, sent in place of the certificate (RFC 7296 section 3.6, encodings 12 and 13).
///
///     | SHA-1 hash of what is there, 20 octets | URL ... |
package struct CertificateLocation: Hashable, Sendable {
    package let name: Name
    /// Printable ASCII, up to 2048 characters; of whatever scheme.
    package let url: String

    /// What is there, wherever that is.
    package struct Name: Hashable, Sendable {
        package let content: Content
        /// SHA-1, 20 octets.
        package let hash: [UInt8]
    }

    package enum Content: Hashable, Sendable {
        /// One certificate.
        case certificate
        /// A CertificateBundle.
        case bundle
    }

    private static let hashLength = 20
    private static let longestURL = 2048

    package init(certificateHash: [UInt8], url: String) {
        name = Name(content: .certificate, hash: certificateHash)
        self.url = url
    }

    /// Nil for a payload that holds something else, or no hash and URL in spite of its encoding.
    package init?(_ certificate: Certificate) {
        switch certificate.encoding {
        case .hashAndURL: name = Name(content: .certificate, hash: Array(certificate.data.prefix(Self.hashLength)))
        case .hashAndURLBundle: name = Name(content: .bundle, hash: Array(certificate.data.prefix(Self.hashLength)))
        default: return nil
        }
        let url = certificate.data.dropFirst(Self.hashLength)
        guard (1...Self.longestURL).contains(url.count), url.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        self.url = String(decoding: url, as: UTF8.self)
    }

    package var certificate: Certificate {
        let encoding: CertificateEncoding =
            switch name.content {
            case .certificate: .hashAndURL
            case .bundle: .hashAndURLBundle
            }
        return Certificate(encoding: encoding, data: name.hash + Array(url.utf8))
    }
}

/// Which certificates an end would accept (RFC 7296 section 3.7).
///
///     | encoding      | certification authorities ...                 |
package struct CertificateRequest: Hashable, Sendable {
    package var encoding: CertificateEncoding
    /// For X.509 a list of SHA-1 hashes; see `authorityKeyHashes`.
    package var authorities: [UInt8]

    package init(encoding: CertificateEncoding, authorities: [UInt8]) {
        self.encoding = encoding
        self.authorities = authorities
    }

    /// The SHA-1 hashes of the trusted authorities' public keys, 20 octets each, if the encoding is one of X.509's.
    ///
    /// A request is a hint that may be ignored, so octets that are no whole hash at the end are dropped rather than refused.
    package var authorityKeyHashes: [[UInt8]] {
        guard [.x509Signature, .hashAndURL, .hashAndURLBundle].contains(encoding) else { return [] }
        return stride(from: 0, to: authorities.count - authorities.count % 20, by: 20).map {
            Array(authorities[$0..<$0 + 20])
        }
    }
}

// MARK: - Octets

extension CertificateRequest {
    init(from reader: inout Reader) throws(WireError) {
        encoding = CertificateEncoding(rawValue: try reader.uint8(.certificateEncoding))
        authorities = reader.rest()
    }

    func write(to writer: inout Writer) {
        writer.uint8(encoding.rawValue)
        writer.octets(authorities)
    }
}

/// A certificate, a revocation list or a pointer to one (RFC 7296 section 3.6).
///
///     | encoding      | data ...                                      |
package struct Certificate: Hashable, Sendable {
    package var encoding: CertificateEncoding
    package var data: [UInt8]

    package init(encoding: CertificateEncoding, data: [UInt8]) {
        self.encoding = encoding
        self.data = data
    }
}

// MARK: - Octets

extension Certificate {
    init(from reader: inout Reader) throws(WireError) {
        encoding = CertificateEncoding(rawValue: try reader.uint8(.certificateEncoding))
        data = reader.rest()
    }

    func write(to writer: inout Writer) {
        writer.uint8(encoding.rawValue)
        writer.octets(data)
    }
}

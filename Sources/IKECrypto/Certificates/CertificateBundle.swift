import COpenSSL

/// Several certificates in one file, as a "Hash and URL of a bundle" leads to (RFC 7296 section 3.6):
///
///     CertificateOrCRL ::= CHOICE { cert [0] Certificate, crl [1] CertificateList }   -- EXPLICIT TAGS
///     CertificateBundle ::= SEQUENCE OF CertificateOrCRL
package enum CertificateBundle {
    private static let mostCertificates = 16

    /// The certificates of a bundle, in their order; revocation lists are passed over. Throws `malformed` for what is no bundle,
    /// or one without a certificate or with more than 16, and as `X509Certificate` does.
    package static func certificates(in der: [UInt8]) throws(CryptoError) -> [X509Certificate] {
        let outer = try DERElement.all(in: der[...])
        guard outer.count == 1, outer[0].isSequence else { throw .malformed("certificate bundle") }
        var certificates: [X509Certificate] = []
        for element in try DERElement.all(in: outer[0].content) {
            switch element.explicitTag {
            case 0: certificates.append(try X509Certificate(der: Array(element.content)))
            case 1: continue
            default: throw .malformed("certificate bundle")
            }
            guard certificates.count <= mostCertificates else { throw .malformed("certificate bundle") }
        }
        guard !certificates.isEmpty else { throw .malformed("certificate bundle") }
        return certificates
    }
}

/// One element of DER, whose content is left as it is.
private struct DERElement {
    let tag: Int32
    let tagClass: Int32
    let isConstructed: Bool
    let content: ArraySlice<UInt8>

    var isSequence: Bool { tagClass == V_ASN1_UNIVERSAL && tag == V_ASN1_SEQUENCE && isConstructed }

    /// The number of a tag that is around another element; nil for any other.
    var explicitTag: Int32? { tagClass == V_ASN1_CONTEXT_SPECIFIC && isConstructed ? tag : nil }

    /// The elements that stand one after the other, to the end.
    static func all(in octets: ArraySlice<UInt8>) throws(CryptoError) -> [DERElement] {
        var elements: [DERElement] = []
        var rest = octets
        while !rest.isEmpty {
            let element = try DERElement(first: rest)
            elements.append(element)
            rest = rest[element.content.endIndex...]
        }
        return elements
    }

    private init(first octets: ArraySlice<UInt8>) throws(CryptoError) {
        var (length, tag, tagClass) = (0, Int32(0), Int32(0))
        let (flags, header) = octets.withUnsafeBufferPointer { octets -> (Int32, Int) in
            var position = octets.baseAddress
            let flags = ASN1_get_object(&position, &length, &tag, &tagClass, octets.count)
            guard let first = octets.baseAddress, let position else { return (flags, 0) }
            return (flags, position - first)
        }
        ERR_clear_error()
        // Bit 8 says that it cannot be read, bit 1 that its length is left open, which DER does not allow.
        guard flags & 0x81 == 0, header > 0, length >= 0, length <= octets.count - header else {
            throw .malformed("certificate bundle")
        }
        self.tag = tag
        self.tagClass = tagClass
        isConstructed = flags & V_ASN1_CONSTRUCTED != 0
        let start = octets.startIndex + header
        content = octets[start..<start + length]
    }
}

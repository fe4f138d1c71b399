import Testing

@testable import IKEWire

/// Hashes and URLs in place of certificates (RFC 7296 section 3.6).
@Suite struct CertificateLocationTests {
    private let hash = [UInt8](1...20)

    @Test func aLocationIsAHashAndAURL() throws {
        let location = CertificateLocation(certificateHash: hash, url: "http://pki.example.org/a")
        #expect(location.certificate.encoding == .hashAndURL)
        #expect(location.certificate.data == hash + Array("http://pki.example.org/a".utf8))
        #expect(CertificateLocation(location.certificate) == location)
        var bundle = location.certificate
        bundle.encoding = .hashAndURLBundle
        let found = try #require(CertificateLocation(bundle))
        #expect(found.name.content == .bundle && found.name != location.name && found.certificate == bundle)
        #expect(Payload(.certificate(bundle)).summary == "CERT hash and URL of X.509 bundle, http://pki.example.org/a")
    }

    @Test func anythingElseIsNone() {
        let urls: [[UInt8]] = [
            [], Array("http://a/\n".utf8), Array("http://a b/".utf8), Array("http://\u{e4}/".utf8), [0],
            Array(repeating: 0x61, count: 2049),
        ]
        for url in urls {
            #expect(CertificateLocation(Certificate(encoding: .hashAndURL, data: hash + url)) == nil)
        }
        for data in [[], hash, Array(hash.dropLast())] {
            #expect(CertificateLocation(Certificate(encoding: .hashAndURLBundle, data: data)) == nil)
        }
        let data = hash + Array("http://a/".utf8)
        #expect(CertificateLocation(Certificate(encoding: .x509Signature, data: data)) == nil)
    }
}

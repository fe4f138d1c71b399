import IKEWire
import Inet
import Testing

/// Resolvers that are asked over an encrypted transport (RFC 9464), and names of domains.
@Suite struct EncryptedDNSTests {
    private static let name = Array("dns.example.org".utf8)
    /// `alpn` with "dot" and "h2", then `port` 8853 (RFC 9460).
    private static let parameters: [UInt8] =
        [0, 1, 0, 7, 3] + Array("dot".utf8) + [2] + Array("h2".utf8) + [0, 3, 0, 2, 0x22, 0x95]
    private static let value: [UInt8] = [0, 10, 2, 15, 10, 2, 0, 53, 10, 2, 0, 54] + name + parameters

    @Test func aResolverIsRead() throws {
        let resolver = try #require(EncryptedResolver(ConfigurationAttribute(.encryptedDNSIP4, value: Self.value)))
        #expect(resolver.priority == 10)
        #expect(resolver.name == "dns.example.org" && resolver.protocols == ["dot", "h2"])
        #expect(resolver.description == "dns.example.org at 10.2.0.53, 10.2.0.54 (dot, h2)")
        let six: [UInt8] = [0, 1, 1, 15] + (try #require(IPAddress("fd02::53"))).bytes + Self.name
        let other = try #require(EncryptedResolver(ConfigurationAttribute(.encryptedDNSIP6, value: six)))
        #expect(other.description == "dns.example.org at fd02::53")
    }

    @Test func neitherPrefixesNorChangedOctetsTrap() {
        for count in 0..<Self.value.count {
            let prefix = ConfigurationAttribute(.encryptedDNSIP4, value: Array(Self.value.prefix(count)))
            let endsBetweenParameters = [12 + 15, 12 + 15 + 11].contains(count)
            #expect((EncryptedResolver(prefix) != nil) == endsBetweenParameters, "\(count) octets")
            for octet in [0, 1, 0x7f, 0xff] as [UInt8] {
                var changed = Self.value
                changed[count] = octet
                for type in [ConfigurationAttributeType.encryptedDNSIP4, .encryptedDNSIP6, .encryptedDNSDigestInfo] {
                    _ = EncryptedResolver(ConfigurationAttribute(type, value: changed))
                    _ = ResolverDigest(ConfigurationAttribute(type, value: changed))
                }
            }
        }
        #expect(EncryptedResolver(ConfigurationAttribute(.internalIP4DNS, value: Self.value)) == nil)
    }

    @Test func aDigestIsRead() throws {
        let value: [UInt8] = [1, 15] + Self.name + [0, 2] + [UInt8](repeating: 7, count: 32)
        let digest = try #require(ResolverDigest(ConfigurationAttribute(.encryptedDNSDigestInfo, value: value)))
        #expect(digest.name == "dns.example.org" && digest.algorithm == .sha2_256 && digest.digest.count == 32)
        #expect(ResolverDigest(ConfigurationAttribute(.encryptedDNSDigestInfo, value: [2, 0, 0, 2])) == nil)
        #expect(ResolverDigest(ConfigurationAttribute(.encryptedDNSDigestInfo, value: Array(value.prefix(19)))) == nil)
    }

    @Test(arguments: [
        ("example.org", "example.org"), ("example.org.", "example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_tcp.example", "_tcp.example"), ("", nil), (".", nil), ("a..b", nil), ("-a.b", nil), ("a b", nil),
        ("a\nb", nil), ("a\0", nil), ("bücher.example", nil), ("a/b", nil),
        (String(repeating: "a", count: 64), nil), (String(repeating: "a.", count: 127) + "a", nil),
    ])
    func nothingButANameIsOne(text: String, name: String?) {
        #expect(DomainName.text(text.utf8) == name)
    }
}

import IKECrypto
import Support
import Testing

/// The digests of "abc" and of no octets, from FIPS 180-2 appendix A to C and NIST's examples, and HMAC for cookies.
@Suite struct DigestTests {
    private let abc = Array("abc".utf8)

    @Test func knownDigests() throws {
        let sha1: Hex = "a9993e364706816aba3e25717850c26c9cd0d89d"
        let sha256: Hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let sha384: Hex = """
            cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163
            1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7
            """
        let sha512: Hex = """
            ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
            2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
            """
        let nothing: Hex = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        #expect(try Digest.sha1(abc) == sha1.bytes)
        #expect(try Digest.sha256(abc) == sha256.bytes)
        #expect(try Digest.sha384(abc) == sha384.bytes)
        #expect(try Digest.sha512(abc) == sha512.bytes)
        #expect(try Digest.sha1() == nothing.bytes)
        #expect(try Digest.sha1([]) == nothing.bytes)
        #expect(try Digest.sha1([0x61], [], [0x62, 0x63]) == sha1.bytes)
    }

    /// RFC 4231 test case 2.
    @Test func hmacOfACookie() throws {
        let key = SecretBytes(copying: Array("Jefe".utf8))
        let expected: Hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        let code = try HMAC.sha256(key: key, Array("what do ya want ".utf8), Array("for nothing?".utf8))
        #expect(code == expected.bytes)
        #expect(try HMAC.isValidSHA256(code, key: key, Array("what do ya want for nothing?".utf8)))
        #expect(try !HMAC.isValidSHA256(code, key: key, Array("what do ya want for something?".utf8)))
        #expect(try !HMAC.isValidSHA256(Array(code.dropLast()), key: key, Array("what do ya want for nothing?".utf8)))
        #expect(try !HMAC.isValidSHA256([], key: .empty, []))
    }

    /// RFC 1321 appendix A.5.
    @Test func knownDigestsOfMD5() throws {
        let abc: Hex = "900150983cd24fb0d6963f7d28e17f72"
        let nothing: Hex = "d41d8cd98f00b204e9800998ecf8427e"
        #expect(try Digest.md5(SecretBytes(copying: self.abc)) == SecretBytes(copying: abc.bytes))
        #expect(
            try Digest.md5(SecretBytes(copying: [0x61]), .empty, SecretBytes(copying: [0x62, 0x63]))
                == SecretBytes(copying: abc.bytes)
        )
        #expect(try Digest.md5() == SecretBytes(copying: nothing.bytes))
    }

    /// RFC 2202 section 2, test case 2.
    @Test func hmacOfMD5() throws {
        let key = SecretBytes(copying: Array("Jefe".utf8))
        let octets = Array("what do ya want for nothing?".utf8)
        let expected: Hex = "750c783e6ab0b503eaa86e310a5db738"
        #expect(try HMAC.md5(key: key, octets) == expected.bytes)
        #expect(try HMAC.isValidMD5(expected.bytes, key: key, octets))
        #expect(try !HMAC.isValidMD5(expected.bytes, key: key, octets + [0]))
        #expect(try !HMAC.isValidMD5(Array(expected.bytes.dropLast()), key: key, octets))
    }
}

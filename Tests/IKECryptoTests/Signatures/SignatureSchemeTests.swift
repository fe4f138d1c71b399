import IKECrypto
import IKEWire
import Support
import Testing

/// The AlgorithmIdentifiers of RFC 7427, and which key takes which scheme.
@Suite struct SignatureSchemeTests {
    /// RFC 7427 appendix A and RFC 8420 appendix A, octet by octet.
    private static let published: [(SignatureScheme, Hex)] = [
        (.rsaPKCS1(.sha2_256), "300d 0609 2a86 4886 f70d 0101 0b05 00"),
        (.rsaPKCS1(.sha2_384), "300d 0609 2a86 4886 f70d 0101 0c05 00"),
        (.rsaPKCS1(.sha2_512), "300d 0609 2a86 4886 f70d 0101 0d05 00"),
        (.ecdsa(.sha2_256), "300a 0608 2a86 48ce 3d04 0302"),
        (.ecdsa(.sha2_384), "300a 0608 2a86 48ce 3d04 0303"),
        (.ecdsa(.sha2_512), "300a 0608 2a86 48ce 3d04 0304"),
        (
            .rsaPSS(.sha2_256),
            """
            3046 0609 2a86 4886 f70d 0101 0a30 39a0 0f30 0d06 0960 8648 0165 0304 0201 0500
            a11c 301a 0609 2a86 4886 f70d 0101 0830 0d06 0960 8648 0165 0304 0201 0500 a203 0201 20a3 0302 0101
            """
        ),
        (.ed25519, "3005 0603 2b65 70"),
        (.ed448, "3005 0603 2b65 71"),
    ]

    @Test func schemesHaveTheOctetsOfRFC7427() {
        for (scheme, octets) in Self.published {
            #expect(scheme.algorithmIdentifier == octets.bytes, "\(scheme)")
            #expect(SignatureScheme(algorithmIdentifier: octets.bytes) == scheme)
        }
        for scheme in [SignatureScheme.rsaPSS(.sha2_384), .rsaPSS(.sha2_512)] {
            #expect(SignatureScheme(algorithmIdentifier: scheme.algorithmIdentifier) == scheme)
        }
    }

    /// RFC 8247 section 3.2: none of these may be used; nor is DSA offered.
    @Test(
        arguments: [
            "300d 0609 2a86 4886 f70d 0101 0505 00",
            "3009 0607 2a86 48ce 3d04 01",
            "3009 0607 2a86 48ce 3804 03",
            "300b 0609 6086 4801 6503 0403 02",
            "300d 0609 2a86 4886 f70d 0101 0a30 00",
            """
            303e 0609 2a86 4886 f70d 0101 0a30 31a0 0b30 0906 052b 0e03 021a 0500 a118 3016
            0609 2a86 4886 f70d 0101 0830 0906 052b 0e03 021a 0500 a203 0201 14a3 0302 0101
            """,
        ] as [Hex]
    )
    func sha1AndDSAAreNoScheme(octets: Hex) {
        #expect(SignatureScheme(algorithmIdentifier: octets.bytes) == nil)
    }

    @Test func nullMayBeLeftOutOrAdded() {
        let withoutNull: Hex = "300b 0609 2a86 4886 f70d 0101 0b"
        #expect(SignatureScheme(algorithmIdentifier: withoutNull.bytes) == .rsaPKCS1(.sha2_256))
        let withNull: Hex = "300c 0608 2a86 48ce 3d04 0302 0500"
        #expect(SignatureScheme(algorithmIdentifier: withNull.bytes) == .ecdsa(.sha2_256))
        // PSS with hashes that have no NULL, then without the trailer field, which has a default.
        let pss: Hex = """
            3042 0609 2a86 4886 f70d 0101 0a30 35a0 0d30 0b06 0960 8648 0165 0304 0201
            a11a 3018 0609 2a86 4886 f70d 0101 0830 0b06 0960 8648 0165 0304 0201 a203 0201 20a3 0302 0101
            """
        #expect(SignatureScheme(algorithmIdentifier: pss.bytes) == .rsaPSS(.sha2_256))
        let withoutTrailer: Hex = """
            3041 0609 2a86 4886 f70d 0101 0a30 34a0 0f30 0d06 0960 8648 0165 0304 0201 0500
            a11c 301a 0609 2a86 4886 f70d 0101 0830 0d06 0960 8648 0165 0304 0201 0500 a203 0201 20
            """
        #expect(SignatureScheme(algorithmIdentifier: withoutTrailer.bytes) == .rsaPSS(.sha2_256))
    }

    @Test func parametersOfPSSMustAgree() throws {
        let good = SignatureScheme.rsaPSS(.sha2_256).algorithmIdentifier
        // The hash, MGF1's name and its hash, the salt, the trailer field.
        for (position, octet) in [(29, 2), (46, 7), (59, 3), (66, 0x21), (66, 0x14), (71, 2)] {
            var changed = good
            #expect(changed[position] != UInt8(octet))
            changed[position] = UInt8(octet)
            #expect(SignatureScheme(algorithmIdentifier: changed) == nil, "octet \(position)")
        }
    }

    @Test func whatIsNoAlgorithmIdentifierIsNoScheme() {
        for (scheme, _) in Self.published {
            let octets = scheme.algorithmIdentifier
            for count in octets.indices {
                #expect(SignatureScheme(algorithmIdentifier: Array(octets.prefix(count))) == nil)
            }
            #expect(SignatureScheme(algorithmIdentifier: octets + [0]) == nil)
            for index in octets.indices {
                for bit in 0..<8 {
                    var changed = octets
                    changed[index] ^= 1 << bit
                    let other = SignatureScheme(algorithmIdentifier: changed)
                    #expect(other != scheme, "octet \(index), bit \(bit)")
                }
            }
        }
    }

    @Test func keysTakeTheSchemesOfTheirKind() throws {
        let sha2: [HashAlgorithm] = [.sha2_256, .sha2_384, .sha2_512]
        let rsa = [SignatureScheme.rsaPKCS1(.sha1)] + sha2.map { .rsaPKCS1($0) } + sha2.map { .rsaPSS($0) }
        let ecdsa = sha2.map { SignatureScheme.ecdsa($0) }
        let fitting: [String: [SignatureScheme]] = [
            "rsa2048": rsa,
            "p256": ecdsa + [.ecdsaConcatenated(.sha2_256)],
            "p384": ecdsa + [.ecdsaConcatenated(.sha2_384)],
            "p521": ecdsa + [.ecdsaConcatenated(.sha2_512)],
            "ed25519": [.ed25519],
            "ed448": [.ed448],
        ]
        let hashes = sha2 + [.sha1, .identity, .streebog256, HashAlgorithm(rawValue: 99)]
        let all = hashes.flatMap { [SignatureScheme.rsaPKCS1($0), .rsaPSS($0), .ecdsa($0), .ecdsaConcatenated($0)] }
        for (name, schemes) in fitting {
            let key = try Fixture.publicKey(name)
            for scheme in all + [.ed25519, .ed448] {
                #expect(scheme.fits(key) == schemes.contains(scheme), "\(scheme), \(key)")
            }
        }
    }

    @Test func schemesWithoutAnAlgorithmIdentifierHaveNoOctets() {
        #expect(SignatureScheme.ecdsaConcatenated(.sha2_256).algorithmIdentifier == [])
        #expect(SignatureScheme.rsaPSS(.sha1).algorithmIdentifier == [])
        #expect(SignatureScheme.ecdsa(.identity).algorithmIdentifier == [])
        let sha1: Hex = "300d 0609 2a86 4886 f70d 0101 0505 00"
        #expect(SignatureScheme.rsaPKCS1(.sha1).algorithmIdentifier == sha1.bytes)
    }

    @Test func edDSAHashesByItself() {
        #expect(SignatureScheme.ed25519.hash == .identity)
        #expect(SignatureScheme.ecdsa(.sha2_384).hash == .sha2_384)
    }
}

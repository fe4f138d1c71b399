import IKECrypto
import IKEWire
import Support
import Testing

/// Verifying, and where the result is determined signing, against published vectors.
@Suite struct SignatureVectorTests {
    private struct VerifyingFile: Decodable {
        let numberOfTests: Int
        let testGroups: [Group]

        struct Group: Decodable {
            let publicKeyDer: Hex
            let tests: [Case]
        }

        struct Case: Decodable {
            let tcId: Int
            let msg, sig: Hex
            let result: WycheproofResult
        }
    }

    @Test(
        arguments: [
            ("ecdsa_secp256r1_sha256", .ecdsa(.sha2_256)),
            ("ecdsa_secp384r1_sha384", .ecdsa(.sha2_384)),
            ("ecdsa_secp521r1_sha512", .ecdsa(.sha2_512)),
            ("ecdsa_secp256r1_sha256_p1363", .ecdsaConcatenated(.sha2_256)),
            ("ecdsa_secp384r1_sha384_p1363", .ecdsaConcatenated(.sha2_384)),
            ("ecdsa_secp521r1_sha512_p1363", .ecdsaConcatenated(.sha2_512)),
            ("ed25519", .ed25519),
            ("ed448", .ed448),
            ("rsa_signature_2048_sha256", .rsaPKCS1(.sha2_256)),
            ("rsa_signature_2048_sha384", .rsaPKCS1(.sha2_384)),
            ("rsa_signature_2048_sha512", .rsaPKCS1(.sha2_512)),
            ("rsa_pss_2048_sha256_mgf1_32", .rsaPSS(.sha2_256)),
            ("rsa_pss_2048_sha384_mgf1_48", .rsaPSS(.sha2_384)),
            ("rsa_pss_4096_sha512_mgf1_64", .rsaPSS(.sha2_512)),
        ] as [(String, SignatureScheme)]
    )
    func wycheproof(_ name: String, _ scheme: SignatureScheme) throws {
        let file: VerifyingFile = try Vectors.json("wycheproof/\(name)_test.json")
        var ran = 0
        for group in file.testGroups {
            let key = try PublicKey(subjectPublicKeyInfo: group.publicKeyDer.bytes)
            for test in group.tests {
                let isValid = key.verify(test.sig.bytes, of: test.msg.bytes, by: scheme)
                switch test.result {
                case .valid: #expect(isValid, "case \(test.tcId)")
                case .invalid: #expect(!isValid, "case \(test.tcId)")
                case .acceptable: break
                }
                ran += 1
            }
        }
        #expect(ran == file.numberOfTests)
    }

    private struct SigningFile: Decodable {
        let numberOfTests: Int
        let testGroups: [Group]

        struct Group: Decodable {
            let privateKeyPkcs8: Hex
            let sha: String
            let tests: [Case]
        }

        struct Case: Decodable {
            let msg, sig: Hex
        }
    }

    @Test func rsaSignaturesOfWycheproofAreMade() throws {
        let file: SigningFile = try Vectors.json("wycheproof/rsa_pkcs1_2048_sig_gen_test.json")
        let hashes: [String: HashAlgorithm] = [
            "SHA-1": .sha1, "SHA-256": .sha2_256, "SHA-384": .sha2_384, "SHA-512": .sha2_512,
        ]
        var tally = Tally()
        for group in file.testGroups {
            let key = try PrivateKey(parsing: group.privateKeyPkcs8.bytes, passphrase: nil)
            for test in group.tests {
                guard let hash = hashes[group.sha] else {
                    tally.skip("another hash")
                    continue
                }
                #expect(try key.sign(test.msg.bytes, by: .rsaPKCS1(hash)) == test.sig.bytes)
                tally.run()
            }
        }
        tally.expect(ran: 35, skipped: ["another hash": 8], of: file.numberOfTests)
    }

    private struct EdDSACase {
        let algorithm: UInt8
        let secret, publicKey, message, signature: Hex

        /// PKCS#8 around the secret (RFC 8410 section 7).
        var privateKey: [UInt8] {
            let count = UInt8(secret.bytes.count)
            return [0x30, count + 14, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, algorithm]
                + [0x04, count + 2, 0x04, count] + secret.bytes
        }
    }

    /// RFC 8032 sections 7.1 (tests 1 and 2) and 7.4 (blank).
    private static let edDSACases = [
        EdDSACase(
            algorithm: 0x70,
            secret: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: """
                e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
                """
        ),
        EdDSACase(
            algorithm: 0x70,
            secret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: """
                92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
                """
        ),
        EdDSACase(
            algorithm: 0x71,
            secret: """
                6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b
                """,
            publicKey: """
                5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180
                """,
            message: "",
            signature: """
                533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a\
                9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600
                """
        ),
    ]

    @Test func edDSAOfRFC8032() throws {
        for test in Self.edDSACases {
            let key = try PrivateKey(parsing: test.privateKey, passphrase: nil)
            let scheme: SignatureScheme = test.algorithm == 0x70 ? .ed25519 : .ed448
            #expect(
                Array(key.publicKey.subjectPublicKeyInfo.suffix(test.publicKey.bytes.count)) == test.publicKey.bytes
            )
            #expect(try key.sign(test.message.bytes, by: scheme) == test.signature.bytes)
        }
    }
}

import IKECrypto
import Support
import Testing

/// RFC 2759 section 9.2 and RFC 3079 section 3.5.3.
@Suite struct MSCHAPV2ProofTests {
    private struct File: Decodable {
        let tests: [Case]
    }

    private struct Case: Decodable {
        let username: Hex
        let authenticator_challenge: Hex
        let peer_challenge: Hex
        let nt_response: Hex
        let authenticator_response: String
        let mppe: Keys

        struct Keys: Decodable {
            let eap_msk_64_per_draft_kamath: Hex
        }

        func proof(userName: [UInt8]? = nil, password: String = "clientPass") throws -> MSCHAPV2Proof {
            try MSCHAPV2Proof(
                authenticatorChallenge: authenticator_challenge.bytes,
                peerChallenge: peer_challenge.bytes,
                userName: userName ?? username.bytes,
                password: NTPasswordHash(password: SecretBytes(copying: Array(password.utf8)))
            )
        }
    }

    private let example: Case

    init() throws {
        example = try #require(try Vectors.json("rfc/rfc2759-rfc3079-mschapv2.json", as: File.self).tests.first)
    }

    @Test func theResponseIsThatOfTheRFC() throws {
        let proof = try example.proof()
        #expect(proof.response == example.nt_response.bytes)
        #expect(proof.isResponse(example.nt_response.bytes))
        #expect(!proof.isResponse(Array(example.nt_response.bytes.dropLast())))
        #expect(!proof.isResponse([]))
        #expect(try !example.proof(password: "clientpass").isResponse(example.nt_response.bytes))
    }

    @Test func theServersProofIsThatOfTheRFC() throws {
        let proof = try example.proof()
        let expected = try Hex(String(example.authenticator_response.dropFirst(2))).bytes
        #expect(try proof.authenticatorResponse() == expected)
        #expect(try proof.isAuthenticatorResponse(expected))
        #expect(try !proof.isAuthenticatorResponse(expected.reversed()))
        #expect(try !example.proof(password: "other").isAuthenticatorResponse(expected))
    }

    @Test func theKeyIsThatOfTheRFC() throws {
        let expected = SecretBytes(copying: example.mppe.eap_msk_64_per_draft_kamath.bytes)
        #expect(try example.proof().masterSessionKey() == expected)
    }

    @Test func aDomainInFrontOfTheNameDoesNotCount() throws {
        let proof = try example.proof(userName: Array(#"EXAMPLE\User"#.utf8))
        #expect(proof.response == example.nt_response.bytes)
        #expect(try example.proof(userName: Array(#"\User\"#.utf8)).response != example.nt_response.bytes)
    }

    @Test func everyPasswordHasAHash() throws {
        let zero = [UInt8](repeating: 0, count: 16)
        var seen: Set<[UInt8]> = []
        for password in [[], Array("é".utf8), Array("🔑".utf8), [0xFF], [0xFF, 0xFF], [0xF0, 0x9F], [0x00]] {
            let proof = try MSCHAPV2Proof(
                authenticatorChallenge: zero,
                peerChallenge: zero,
                userName: [],
                password: NTPasswordHash(password: SecretBytes(copying: password))
            )
            seen.insert(proof.response)
        }
        // The octet 0xFF and the start of a character are both one U+FFFD.
        #expect(seen.count == 6)
    }
}

import IKECrypto
import IKEWire
import Support
import Testing

/// Whole packets of ESP and IKE that documents print.
@Suite struct AEADPacketTests {
    private struct GCMFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let key, salt, iv, aad, plaintext_with_trailer, ct_and_icv: Hex
        }
    }

    /// AES-GCM in ESP, with and without extended sequence numbers.
    @Test func packetsOfTheGCMDraft() throws {
        let file: GCMFile = try Vectors.json("rfc/draft-mcgrew-gcm-test-01.json")
        var tally = Tally()
        for test in file.tests {
            let suite = try CipherSuite(encryption: .aesGCM16, keyLength: test.key.bytes.count * 8, integrity: nil)
            let keys = CipherKeys(encryption: SecretBytes(copying: test.key.bytes + test.salt.bytes), integrity: .empty)
            let sealed = try PacketCipher(suite, keys: keys, direction: .seal)
                .seal(iv: test.iv.bytes, aad: test.aad.bytes, plaintext: test.plaintext_with_trailer.bytes)
            #expect(sealed == test.ct_and_icv.bytes)
            let opened = try PacketCipher(suite, keys: keys, direction: .open)
                .open(iv: test.iv.bytes, aad: test.aad.bytes, ciphertextAndICV: sealed)
            #expect(opened == test.plaintext_with_trailer.bytes)
            tally.run()
        }
        tally.expect(ran: 14, of: file.tests.count)
    }

    private struct ChaChaFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let kind: String
            let keymat, nonce, plaintext, ciphertext, aad, tag: Hex
            /// The SK payload and the whole message, of the IKE case.
            let encrypted_payload, ike_message: Hex?
        }
    }

    /// RFC 7634 appendix A (ESP) and B (IKE), where KEYMAT is the key followed by the salt.
    @Test func packetsOfRFC7634() throws {
        let file: ChaChaFile = try Vectors.json("rfc/rfc7634-chacha20poly1305.json")
        let suite = try CipherSuite(encryption: .chaCha20Poly1305, keyLength: nil, integrity: nil)
        var tally = Tally()
        for test in file.tests {
            let keys = CipherKeys(encryption: SecretBytes(copying: test.keymat.bytes), integrity: .empty)
            let iv = Array(test.nonce.bytes.dropFirst(4))
            let sealed = try PacketCipher(suite, keys: keys, direction: .seal)
                .seal(iv: iv, aad: test.aad.bytes, plaintext: test.plaintext.bytes)
            #expect(sealed == test.ciphertext.bytes + test.tag.bytes, "\(test.kind)")
            if let message = test.ike_message {
                #expect(message.bytes == test.aad.bytes + iv + sealed)
            }
            tally.run()
        }
        tally.expect(ran: 2, of: file.tests.count)
    }
}

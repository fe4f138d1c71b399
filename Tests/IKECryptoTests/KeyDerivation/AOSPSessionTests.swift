import IKECrypto
import IKEWire
import Support
import Testing

/// A session of Android's IKE tests from the shared secret to the decrypted IKE_AUTH request and its AUTH value.
@Suite struct AOSPSessionTests {
    private struct File: Decodable {
        let constants: [String: [String: String]]
    }

    private let record: [String: [UInt8]]
    private let encrypted: [String: [UInt8]]
    private let psk: [String: [UInt8]]
    private let natDetection: [String: [UInt8]]

    private let suite: CipherSuite
    private let prf: PRF

    init() throws {
        let file: File = try Vectors.json("aosp/iketests-constants.json")
        func octets(_ name: String) throws -> [String: [UInt8]] {
            // Some constants are text, marked as such.
            try #require(file.constants[name]).compactMapValues { try? Hex($0).bytes }
        }
        record = try octets("SaRecordTest.java")
        encrypted = try octets("IkeSkPayloadTest.java").merging(octets("IkeEncryptedPayloadBodyTest.java")) { $1 }
        psk = try octets("IkeAuthPskPayloadTest.java")
        natDetection = try octets("IkeNotifyPayloadTest.java")
        suite = try CipherSuite(encryption: .aesCBC, keyLength: 128, integrity: .hmacSHA1_96)
        prf = try PRF(.hmacSHA1)
    }

    private func keys() throws -> IKEKeys {
        let nonceI = try #require(record["IKE_NONCE_INIT_HEX_STRING"])
        let nonceR = try #require(record["IKE_NONCE_RESP_HEX_STRING"])
        let skeyseed = try KeyDerivation.skeyseed(
            prf: prf,
            sharedSecret: SecretBytes(copying: #require(record["IKE_SHARED_DH_KEY_HEX_STRING"])),
            nonceI: nonceI,
            nonceR: nonceR
        )
        #expect(skeyseed.exposed == record["IKE_SKEYSEED_HEX_STRING"])
        return try KeyDerivation.ikeKeys(
            prf: prf,
            suite: suite,
            skeyseed: skeyseed,
            nonceI: nonceI,
            nonceR: nonceR,
            spiI: IKESPI(rawValue: 0x5f54_bf6d_8b48_e6e1),
            spiR: IKESPI(rawValue: 0x9092_32b3_d1ed_cb5c)
        )
    }

    @Test func keysOfTheIKESA() throws {
        let keys = try keys()
        #expect(keys.d.exposed == record["IKE_SK_D_HEX_STRING"])
        #expect(keys.ai.exposed == record["IKE_SK_AUTH_INIT_HEX_STRING"])
        #expect(keys.ar.exposed == record["IKE_SK_AUTH_RESP_HEX_STRING"])
        #expect(keys.ei.exposed == record["IKE_SK_ENCR_INIT_HEX_STRING"])
        #expect(keys.er.exposed == record["IKE_SK_ENCR_RESP_HEX_STRING"])
        #expect(keys.pi.exposed == record["IKE_SK_PRF_INIT_HEX_STRING"])
        #expect(keys.pr.exposed == record["IKE_SK_PRF_RESP_HEX_STRING"])
    }

    @Test func keysOfTheFirstChildSA() throws {
        let keys = try KeyDerivation.childKeys(
            prf: prf,
            suite: suite,
            skD: keys().d,
            sharedSecret: nil,
            nonceI: #require(record["IKE_NONCE_INIT_HEX_STRING"]),
            nonceR: #require(record["IKE_NONCE_RESP_HEX_STRING"])
        )
        #expect(keys.initiator.encryption.exposed == record["FIRST_CHILD_ENCR_INIT_HEX_STRING"])
        #expect(keys.initiator.integrity.exposed == record["FIRST_CHILD_AUTH_INIT_HEX_STRING"])
        #expect(keys.responder.encryption.exposed == record["FIRST_CHILD_ENCR_RESP_HEX_STRING"])
        #expect(keys.responder.integrity.exposed == record["FIRST_CHILD_AUTH_RESP_HEX_STRING"])
    }

    /// The message is header, SK payload header, IV, ciphertext and ICV; the plaintext ends in padding and its length.
    @Test func theIKEAuthRequestIsDecryptedWithTheDerivedKeys() throws {
        let message = try #require(encrypted["IKE_AUTH_INIT_REQUEST_HEX_STRING"])
        let expected = try #require(encrypted["IKE_AUTH_INIT_REQUEST_DECRYPTED_BODY_HEX_STRING"])
        let aad = Array(message.prefix(28 + 4))
        let iv = Array(message.dropFirst(aad.count).prefix(suite.ivLength))
        let sealed = Array(message.dropFirst(aad.count + iv.count))

        let opener = try PacketCipher(suite, keys: keys().initiator, direction: .open)
        let opened = try opener.open(iv: iv, aad: aad, ciphertextAndICV: sealed)
        let paddingLength = try Int(#require(opened.last))
        #expect(paddingLength == encrypted["IKE_AUTH_INIT_REQUEST_PADDING"]?.count)
        #expect(Array(opened.dropLast(paddingLength + 1)) == expected)

        let sealer = try PacketCipher(suite, keys: keys().initiator, direction: .seal)
        #expect(try sealer.seal(iv: iv, aad: aad, plaintext: opened) == sealed)

        let others = try PacketCipher(suite, keys: keys().responder, direction: .open)
        #expect(throws: CryptoError.authenticationFailed) {
            try others.open(iv: iv, aad: aad, ciphertextAndICV: sealed)
        }
    }

    @Test func theAUTHValueIsThatOfThePreSharedKey() throws {
        let secret = try SecretBytes(copying: #require(psk["PSK_HEX_STRING"]))
        let message = try #require(psk["PSK_IKE_INIT_REQUEST_HEX_STRING"])
        let nonce = try #require(psk["PSK_NONCE_RESP_HEX_STRING"])
        let idBody = try #require(psk["PSK_ID_INITIATOR_PAYLOAD_HEX_STRING"])
        let expected = try #require(psk["PSK_AUTH_PAYLOAD_SIGNATURE_HEX_STRING"])
        let skP = try keys().pi
        let authentication = try SharedKeyAuthentication.sign(
            prf: prf,
            psk: secret,
            message: message,
            peerNonce: nonce,
            skP: skP,
            idBody: idBody
        )
        #expect(authentication == expected)

        func isAccepted(
            _ value: [UInt8],
            psk: SecretBytes? = nil,
            message other: [UInt8]? = nil,
            idBody otherID: [UInt8]? = nil
        ) throws -> Bool {
            try SharedKeyAuthentication.verify(
                value,
                prf: prf,
                psk: psk ?? secret,
                message: other ?? message,
                peerNonce: nonce,
                skP: skP,
                idBody: otherID ?? idBody
            )
        }
        #expect(try isAccepted(expected))
        #expect(try !isAccepted(Array(expected.dropLast())))
        #expect(try !isAccepted([]))
        #expect(try !isAccepted(expected.dropLast() + [0]))
        #expect(try !isAccepted(expected, psk: SecretBytes(copying: Array("Juniper123".utf8))))
        #expect(try !isAccepted(expected, message: message + [0]))
        #expect(try !isAccepted(expected, idBody: [1, 0, 0, 0, 10, 80, 80, 14]))
    }

    /// SHA-1 over both SPIs, address and port (RFC 7296 section 2.23).
    @Test func theNATDetectionHash() throws {
        let spis = try #require(natDetection["IKE_INITIATOR_SPI_HEX_STRING"]) + [UInt8](repeating: 0, count: 8)
        let hash = try Digest.sha1(spis, [10, 80, 80, 13], [0x01, 0xF4])
        #expect(hash == natDetection["NAT_DETECTION_SOURCE_IP_DATA_HEX_STRING"])
    }
}

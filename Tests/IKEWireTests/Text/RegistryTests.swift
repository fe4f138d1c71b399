import IKEWire
import Testing

/// Names of what is registered, numbers for the rest, so that a log can be read beside the RFC.
@Suite struct RegistryTests {
    @Test func registeredNumbersHaveTheirNames() {
        #expect(ExchangeType.ikeSAInit.description == "IKE_SA_INIT")
        #expect(PayloadType.encryptedFragment.description == "SKF")
        #expect(ProtocolID.esp.description == "ESP")
        #expect(NotifyType.noProposalChosen.description == "NO_PROPOSAL_CHOSEN")
        #expect(NotifyType(rawValue: 16430).description == "IKEV2_FRAGMENTATION_SUPPORTED")
        #expect(IDType.keyID.description == "ID_KEY_ID")
        #expect(AuthenticationMethod.sharedKey.description == "pre-shared key")
        #expect(ConfigurationAttributeType.internalIP4Address.description == "INTERNAL_IP4_ADDRESS")
        #expect(TrafficSelectorType.ipv6AddressRange.description == "TS_IPV6_ADDR_RANGE")
        #expect(TransformType.additionalKeyExchange3.description == "additional key exchange 3")
    }

    @Test func otherNumbersArePrinted() {
        #expect(ExchangeType(rawValue: 200).description == "exchange type 200")
        #expect(PayloadType(rawValue: 200).description == "payload type 200")
        #expect(NotifyType(rawValue: 40960).description == "notify type 40960")
        #expect(EncryptionAlgorithm(rawValue: 1024).description == "ENCR_1024")
    }

    @Test func errorsAreTheNotificationsBelow16384() {
        #expect(NotifyType.authenticationFailed.isError)
        #expect(NotifyType(rawValue: 16383).isError)
        #expect(!NotifyType.initialContact.isError)
    }

    @Test(arguments: [
        (Transform.encryption(.aesGCM16, keyLength: 256), "AES_GCM_16_256"),
        (.encryption(.chaCha20Poly1305), "CHACHA20_POLY1305"),
        (.prf(.hmacSHA2_384), "PRF_HMAC_SHA2_384"),
        (.integrity(.hmacSHA2_256_128), "HMAC_SHA2_256_128"),
        (.keyExchange(.curve25519), "CURVE_25519"),
        (.sequenceNumbers(.standard), "NO_EXT_SEQ"),
        (Transform(type: .additionalKeyExchange1, id: 36), "KE1_ML_KEM_768"),
        (Transform(type: TransformType(rawValue: 99), id: 3), "TYPE_99_3"),
    ])
    func transformsPrintAsStrongSwanPrintsThem(transform: Transform, printed: String) {
        #expect(transform.description == printed)
    }

    @Test func spisAreHexadecimal() {
        #expect(IKESPI(rawValue: 0xabc).description == "0000000000000abc")
        #expect(IKESPI(bytes: IKESPI(rawValue: 0x0102_0304_0506_0708).bytes)?.rawValue == 0x0102_0304_0506_0708)
        #expect(ESPSPI(rawValue: 0xc012_3456).description == "c0123456")
        #expect(ESPSPI(bytes: [0xc0, 0x12, 0x34, 0x56])?.rawValue == 0xc012_3456)
        #expect(ESPSPI(bytes: [1, 2, 3]) == nil && IKESPI(bytes: [1, 2, 3, 4]) == nil)
    }

    @Test func errorsReadAsSentences() {
        #expect(
            WireError(40, .nonce, .outOfRange(value: 15, allowed: 16...256)).description
                == "nonce at octet 40: is 15, must be from 16 to 256"
        )
        #expect(
            WireError(24, .messageLength, .mismatch(value: 29, expected: 28)).description
                == "message length at octet 24: is 29, 28 is expected"
        )
    }
}

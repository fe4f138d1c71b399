import IKECrypto
import RADIUS
import Support
import Testing

@Suite struct MPPEKeyTests {
    private let server = RADIUSTestServer()
    private let request: [UInt8] = [1, 0, 0, 20] + (0..<16).map { UInt8($0) }

    private func decrypt(_ value: [UInt8]) throws -> SecretBytes {
        try MPPEKey.decrypt(value, secret: server.secret, requestAuthenticator: Array(request[4...]))
    }

    @Test(arguments: [1, 15, 16, 31, 32, 33, 128])
    func aKeyComesOutAsItWentIn(length: Int) throws {
        let key = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(try decrypt(server.encrypt(key: key, for: request)) == SecretBytes(copying: key))
    }

    /// Computed once with Python's hashlib, so that encrypting and decrypting cannot be wrong together.
    @Test func aKeyThatAnotherProgramHasEncryptedIsRead() throws {
        let value: Hex =
            "8001d146b70ccc551778e2cc8c2fae76a234d5f1eda9ead664e20ab532737cd79eb809cba18113899ca464a33938e878228b"
        let key = (0..<32).map { UInt8(0xA0 + $0) }
        #expect(try decrypt(value.bytes) == SecretBytes(copying: key))
    }

    @Test func lengthsThatNoKeyHasAreRefused() throws {
        let value = try server.encrypt(key: [UInt8](repeating: 1, count: 32), for: request)
        for count in value.indices where count < 2 || (count - 2) % 16 != 0 || count == 2 {
            #expect(throws: RADIUSError.malformedKey) { try decrypt(Array(value[..<count])) }
        }
        // The key says that it is longer than what was sent.
        #expect(throws: RADIUSError.malformedKey) { try decrypt(Array(value[..<18])) }
        #expect(throws: RADIUSError.malformedKey) { try decrypt(server.encrypt(key: [], for: request, padding: 15)) }
    }

    // MARK: - The Master Session Key

    private func key(_ attributes: [Attribute]) throws -> SecretBytes? {
        try Packet(code: .accessAccept, identifier: 0, authenticator: [], attributes: attributes)
            .masterSessionKey(secret: server.secret, requestAuthenticator: Array(request[4...]))
    }

    @Test func theReceivingKeyIsTheFirstHalf() throws {
        let received = [UInt8](repeating: 0xAA, count: 32)
        let sent = [UInt8](repeating: 0xBB, count: 32)
        let attributes = [
            server.mppe(16, try server.encrypt(key: sent, for: request)),
            server.mppe(17, try server.encrypt(key: received, salt: [0x90, 2], for: request)),
        ]
        #expect(try key(attributes) == SecretBytes(copying: received + sent))
        #expect(try key(attributes.reversed()) == SecretBytes(copying: received + sent))
    }

    @Test func theShortKeysOfMSCHAPv2AreFilledUpWithZeros() throws {
        let received = [UInt8](repeating: 0xAA, count: 16)
        let sent = [UInt8](repeating: 0xBB, count: 16)
        let attributes = [
            server.mppe(17, try server.encrypt(key: received, for: request)),
            server.mppe(16, try server.encrypt(key: sent, for: request)),
        ]
        let zeros = [UInt8](repeating: 0, count: 32)
        #expect(try key(attributes) == SecretBytes(copying: received + sent + zeros))
    }

    @Test func withoutBothKeysThereIsNone() throws {
        #expect(try key([]) == nil)
        #expect(try key([server.mppe(17, try server.encrypt(key: [1], for: request))]) == nil)
        #expect(try key([Attribute(.vendorSpecific, [0, 0, 0, 9, 1])]) == nil)
    }

    @Test(
        arguments: [[], [0, 0, 1], [0, 0, 1, 0x37, 16], [0, 0, 1, 0x37, 16, 1], [0, 0, 1, 0x37, 16, 9, 1]] as [[UInt8]]
    )
    func malformedVendorAttributesAreRefused(value: [UInt8]) {
        #expect(throws: RADIUSError.self) { try key([Attribute(.vendorSpecific, value)]) }
    }
}

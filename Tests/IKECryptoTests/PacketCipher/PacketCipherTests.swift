import IKECrypto
import IKEWire
import Testing

@Suite struct PacketCipherTests {
    private let aad: [UInt8] = Array("associated".utf8)
    private let plaintext: [UInt8] = (0..<176).map { UInt8(truncatingIfNeeded: $0) }

    @Test func thereAreSixtyTwoSuites() {
        #expect(everySuite.count == 2 + 3 * 8 + 3 * 2 * 6)
    }

    @Test(arguments: everySuite)
    func whatIsSealedOpensAgain(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        for (index, count) in [0, 16, 32, 64, 176].enumerated() {
            let iv = try sealer.makeIV(counter: UInt64(index))
            let text = Array(plaintext.prefix(count))
            let sealed = try sealer.seal(iv: iv, aad: aad, plaintext: text)
            #expect(sealed.count == count + suite.icvLength)
            #expect(count == 0 || Array(sealed.prefix(count)) != text)
            #expect(try opener.open(iv: iv, aad: aad, ciphertextAndICV: sealed) == text)
            #expect(try sealer.seal(iv: iv, aad: aad, plaintext: text) == sealed, "a context must not remember packets")
        }
    }

    @Test(arguments: everySuite)
    func anyChangedOctetIsNoticed(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        let iv = try sealer.makeIV(counter: 1)
        for text in [[], Array(plaintext.prefix(48))] {
            let sealed = try sealer.seal(iv: iv, aad: aad, plaintext: text)
            for index in sealed.indices {
                var changed = sealed
                changed[index] ^= 0x40
                #expect(throws: CryptoError.authenticationFailed) {
                    try opener.open(iv: iv, aad: aad, ciphertextAndICV: changed)
                }
            }
            for index in aad.indices {
                var changed = aad
                changed[index] ^= 1
                #expect(throws: CryptoError.authenticationFailed) {
                    try opener.open(iv: iv, aad: changed, ciphertextAndICV: sealed)
                }
            }
            for index in iv.indices {
                var changed = iv
                changed[index] ^= 0x80
                #expect(throws: CryptoError.authenticationFailed) {
                    try opener.open(iv: changed, aad: aad, ciphertextAndICV: sealed)
                }
            }
            #expect(throws: CryptoError.authenticationFailed) {
                try opener.open(iv: iv, aad: [], ciphertextAndICV: sealed)
            }
            #expect(try opener.open(iv: iv, aad: aad, ciphertextAndICV: sealed) == text, "failures must leave no trace")
        }
    }
}

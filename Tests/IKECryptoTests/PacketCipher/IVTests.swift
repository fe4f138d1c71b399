import IKECrypto
import IKEWire
import Testing

@Suite struct IVTests {
    @Test func countersAreSentAsTheyAre() throws {
        for suite in everySuite where suite.blockLength == 1 {
            let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
            #expect(try sealer.makeIV(counter: 0x0102_0304_0506_0708) == [1, 2, 3, 4, 5, 6, 7, 8])
            #expect(try sealer.makeIV(counter: 0) == [0, 0, 0, 0, 0, 0, 0, 0])
        }
    }

    /// An IV of CBC depends on the key, never repeats, and shows no counter.
    @Test func countersOfCBCAreEncrypted() throws {
        for suite in everySuite where suite.blockLength == 16 {
            let one = try PacketCipher(suite, keys: suite.someKeys(seed: 1), direction: .seal)
            let other = try PacketCipher(suite, keys: suite.someKeys(seed: 2), direction: .seal)
            var seen: Set<[UInt8]> = []
            for counter: UInt64 in 0..<100 {
                let iv = try one.makeIV(counter: counter)
                #expect(iv.count == 16)
                #expect(try one.makeIV(counter: counter) == iv)
                #expect(try other.makeIV(counter: counter) != iv)
                #expect(seen.insert(iv).inserted)
            }
        }
    }

    /// AES of a zero block under a zero key, the value that GCM calls H in its first test case.
    @Test func theIVIsTheEncryptedCounterBlock() throws {
        let suite = try CipherSuite(encryption: .aesCBC, keyLength: 128, integrity: .hmacSHA1_96)
        let keys = CipherKeys(
            encryption: SecretBytes(copying: [UInt8](repeating: 0, count: 16)),
            integrity: SecretBytes(copying: [UInt8](repeating: 0, count: 20))
        )
        let iv = try PacketCipher(suite, keys: keys, direction: .seal).makeIV(counter: 0)
        #expect(iv == [0x66, 0xE9, 0x4B, 0xD4, 0xEF, 0x8A, 0x2C, 0x3B, 0x88, 0x4C, 0xFA, 0x59, 0xCA, 0x34, 0x2B, 0x2E])
    }
}

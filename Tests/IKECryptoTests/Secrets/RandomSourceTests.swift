import IKECrypto
import Support
import Testing

@Suite struct RandomSourceTests {
    @Test func theSystemFillsEverything() {
        let random = SystemRandom()
        #expect(random.bytes(0).isEmpty)
        #expect(random.secret(0).isEmpty)
        #expect(random.bytes(32) != random.bytes(32))
        #expect(random.secret(32) != random.secret(32))
        #expect(random.uint64() != random.uint64())
        // More than one request of libcrypto's, of which the last octets come from the last.
        let many = random.bytes(200_003)
        #expect(many.count == 200_003)
        #expect(many.suffix(64).contains { $0 != 0 })
        #expect(Set(many).count == 256)
    }

    @Test func aSeedRepeats() {
        let one = SeededRandom(seed: 42)
        let same = SeededRandom(seed: 42)
        let other = SeededRandom(seed: 43)
        #expect(one.bytes(100) == same.bytes(100))
        #expect(one.uint32() == same.uint32())
        #expect(one.uint64() == same.uint64())
        #expect(one.secret(16) == same.secret(16))
        #expect(one.bytes(16) != other.bytes(16))
    }
}

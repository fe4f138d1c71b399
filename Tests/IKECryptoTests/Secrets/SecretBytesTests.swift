import IKECrypto
import Support
import Testing

@Suite struct SecretBytesTests {
    private let secret = SecretBytes(copying: Array("correct horse".utf8))

    /// Printed, dumped, reflected, interpolated or inside another value: never the content, in no spelling.
    @Test func theContentIsNeverPrinted() {
        let keys = CipherKeys(encryption: secret, integrity: secret)
        var dumped = ""
        dump(keys, to: &dumped)
        dump(secret, to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(keys)", String(reflecting: keys),
            "\([secret])", "\(Optional(secret) as Any)", dumped,
        ]
        for text in texts {
            #expect(!text.contains("correct"))
            #expect(!text.contains("636f7272"))
            #expect(!text.contains("99, 111, 114"))
        }
        #expect("\(secret)" == "<13 secret bytes>")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test func equalityIsThatOfTheContent() {
        #expect(secret == SecretBytes(copying: Array("correct horse".utf8)))
        #expect(secret != SecretBytes(copying: Array("correct Horse".utf8)))
        #expect(secret != SecretBytes(copying: Array("correct hors".utf8)))
        #expect(secret != .empty)
        #expect(SecretBytes.empty == SecretBytes(copying: []))
    }

    @Test func slicesOutsideAreNil() {
        #expect(secret.slice(0..<7)?.exposed == Array("correct".utf8))
        #expect(secret.slice(8..<13)?.exposed == Array("horse".utf8))
        #expect(secret.slice(13..<13)?.isEmpty == true)
        #expect(secret.slice(0..<14) == nil)
        #expect(secret.slice(-1..<3) == nil)
        #expect(secret.slice(14..<20) == nil)
        #expect(SecretBytes.empty.slice(0..<0) == .empty)
    }

    @Test func partsAreJoinedInOrder() {
        #expect(SecretBytes.concatenation(secret, .empty, secret).exposed == Array("correct horsecorrect horse".utf8))
        #expect(SecretBytes.concatenation() == .empty)
    }

    @Test func whatIsNotFilledIsZero() throws {
        let made = SecretBytes(count: 4) { $0[1] = 7 }
        #expect(made.exposed == [0, 7, 0, 0])
        struct Refusal: Error {}
        #expect(throws: Refusal.self) {
            try SecretBytes(count: 4) { (_) throws(Refusal) in throw Refusal() }
        }
    }

    /// The allocator gives freed memory of the same size to the next who asks. What of it is not the allocator's own
    /// note must then hold nothing of the secret; if other memory is given, there is nothing to see.
    @Test func theLastOwnerWipesTheMemory() {
        let count = 512
        // Octets that nobody else leaves there, since other tests use the same memory meanwhile.
        let content = SeededRandom(seed: 0x5EC2E7).bytes(count)
        var address: UnsafeRawPointer?
        do {
            let secret = SecretBytes(copying: content)
            let copy = secret
            secret.withUnsafeBytes { address = $0.baseAddress }
            #expect(copy == secret)
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { memory.deallocate() }
        if UnsafeRawPointer(memory.baseAddress) == address {
            let survivors = stride(from: 0, to: count, by: 16).filter { offset in
                memory[offset..<offset + 16].elementsEqual(content[offset..<offset + 16])
            }
            #expect(survivors.isEmpty)
        }
    }

    /// libcrypto reads an address of `nil` as "no key given", which an empty key is not.
    @Test func noOctetsHaveAnAddressAllTheSame() {
        SecretBytes.empty.withUnsafeBytes { #expect($0.baseAddress != nil) }
    }
}

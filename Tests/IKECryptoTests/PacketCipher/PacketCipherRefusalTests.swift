import IKECrypto
import IKEWire
import Testing

/// What a packet cipher does not do.
@Suite struct PacketCipherRefusalTests {
    @Test(arguments: everySuite)
    func keysOfAnotherLengthAreRefused(_ suite: CipherSuite) {
        let keys = suite.someKeys()
        for direction: PacketCipher.Direction in [.seal, .open] {
            for change in [-1, 1] {
                let encryption = SecretBytes(copying: [UInt8](repeating: 1, count: keys.encryption.count + change))
                #expect(
                    throws: CryptoError.invalidKeyLength(
                        algorithm: "\(suite.encryption)",
                        octets: encryption.count
                    )
                ) {
                    try PacketCipher(
                        suite,
                        keys: CipherKeys(encryption: encryption, integrity: keys.integrity),
                        direction: direction
                    )
                }
                let integrity = SecretBytes(
                    copying: [UInt8](repeating: 1, count: max(keys.integrity.count + change, 1))
                )
                #expect(throws: CryptoError.self) {
                    try PacketCipher(
                        suite,
                        keys: CipherKeys(encryption: keys.encryption, integrity: integrity),
                        direction: direction
                    )
                }
            }
        }
    }

    @Test(arguments: everySuite)
    func theOtherDirectionIsRefused(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        let iv = try sealer.makeIV(counter: 0)
        let sealed = try sealer.seal(iv: iv, aad: [], plaintext: [])
        #expect(throws: CryptoError.wrongDirection) { try opener.seal(iv: iv, aad: [], plaintext: []) }
        #expect(throws: CryptoError.wrongDirection) { try sealer.open(iv: iv, aad: [], ciphertextAndICV: sealed) }
        #expect(throws: CryptoError.wrongDirection) { try opener.makeIV(counter: 0) }
    }

    @Test(arguments: everySuite)
    func whatIsTooShortOrNoWholeBlockIsRefused(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        let iv = try sealer.makeIV(counter: 3)
        for count in 0..<suite.icvLength {
            #expect(throws: CryptoError.invalidLength(field: "ciphertext with ICV", octets: count)) {
                try opener.open(iv: iv, aad: [], ciphertextAndICV: [UInt8](repeating: 0, count: count))
            }
        }
        for count in [0, iv.count - 1, iv.count + 1] {
            let wrong = [UInt8](repeating: 0, count: count)
            #expect(throws: CryptoError.invalidLength(field: "IV", octets: count)) {
                try sealer.seal(iv: wrong, aad: [], plaintext: [])
            }
            #expect(throws: CryptoError.invalidLength(field: "IV", octets: count)) {
                try opener.open(iv: wrong, aad: [], ciphertextAndICV: [UInt8](repeating: 0, count: 64))
            }
        }
        if suite.blockLength > 1 {
            for count in [1, 15, 17] {
                #expect(throws: CryptoError.invalidLength(field: "ciphertext in whole blocks", octets: count)) {
                    try sealer.seal(iv: iv, aad: [], plaintext: [UInt8](repeating: 0, count: count))
                }
            }
        }
    }

    /// Extended sequence numbers stand in an AEAD's associated data; a trailer would not be protected.
    @Test func anAEADTakesNoTrailer() throws {
        for suite in everySuite where suite.isAEAD {
            let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
            let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
            try withPacket { iv, text, icv, trailer in
                let none = UnsafeRawBufferPointer(start: nil, count: 0)
                #expect(throws: CryptoError.invalidLength(field: "AEAD trailer", octets: 4)) {
                    try sealer.seal(iv: iv, aad: none, trailer: trailer, input: text, output: text, count: 16, icv: icv)
                }
                #expect(throws: CryptoError.invalidLength(field: "AEAD trailer", octets: 4)) {
                    try opener.open(iv: iv, aad: none, trailer: trailer, input: text, output: text, count: 16, icv: icv)
                }
            }
        }
    }

    @Test(arguments: everySuite)
    func lengthsThatLibcryptoCannotCountAreRefused(_ suite: CipherSuite) throws {
        let sealer = try PacketCipher(suite, keys: suite.someKeys(), direction: .seal)
        let opener = try PacketCipher(suite, keys: suite.someKeys(), direction: .open)
        try withPacket { iv, text, icv, _ in
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            for count in [-16, Int(Int32.max) + 1, Int.max, Int.min] {
                #expect(throws: CryptoError.self) {
                    try sealer.seal(iv: iv, aad: none, trailer: none, input: text, output: text, count: count, icv: icv)
                }
                #expect(throws: CryptoError.invalidLength(field: "ciphertext", octets: count)) {
                    try opener.open(iv: iv, aad: none, trailer: none, input: text, output: text, count: count, icv: icv)
                }
            }
        }
    }

    private func withPacket(
        _ body: (
            _ iv: UnsafeRawPointer, _ text: UnsafeMutableRawPointer, _ icv: UnsafeMutableRawPointer,
            _ trailer: UnsafeRawBufferPointer
        ) throws -> Void
    ) throws {
        var memory = [UInt8](repeating: 0, count: 128)
        try memory.withUnsafeMutableBytes { memory in
            let base = try #require(memory.baseAddress)
            try body(base, base + 32, base + 64, UnsafeRawBufferPointer(rebasing: memory[100..<104]))
        }
    }
}

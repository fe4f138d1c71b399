import IKECrypto

/// A password that people type once: five groups of four characters, 100 random bits.
enum GeneratedPassword {
    /// None of them is taken for another.
    private static let alphabet = Array("abcdefghjkmnpqrstuvwxyz123456789".utf8)

    static func make() -> SecretBytes {
        let random = SystemRandom()
        return SecretBytes(count: 24) { octets in
            random.fill(octets)
            for index in octets.indices {
                octets[index] = index % 5 == 4 ? UInt8(ascii: "-") : alphabet[Int(octets[index]) % alphabet.count]
            }
        }
    }
}

import IKECrypto
import IKEWire
import Support
import Testing

@Suite struct KeyExchangeTests {
    static let methods: [KeyExchangeMethod] = [
        .modp2048, .modp3072, .modp4096, .modp6144, .modp8192, .ecp256, .ecp384, .ecp521,
        .brainpool256, .brainpool384, .brainpool512, .curve25519, .curve448,
    ]

    @Test(arguments: methods)
    func bothSidesAgree(_ method: KeyExchangeMethod) throws {
        let random = SystemRandom()
        let initiator = try KeyExchange(method, random: random)
        let responder = try KeyExchange(method, random: random)
        #expect(initiator.publicValue.count == KeyExchange.publicValueLength(of: method))
        #expect(initiator.publicValue != responder.publicValue)
        let secret = try initiator.sharedSecret(with: responder.publicValue)
        #expect(try responder.sharedSecret(with: initiator.publicValue) == secret)
        #expect(secret.exposed.contains { $0 != 0 })
    }

    @Test(arguments: methods)
    func theSameSeedMakesTheSameKey(_ method: KeyExchangeMethod) throws {
        let one = try KeyExchange(method, random: SeededRandom(seed: 7))
        let same = try KeyExchange(method, random: SeededRandom(seed: 7))
        let other = try KeyExchange(method, random: SeededRandom(seed: 8))
        #expect(one.publicValue == same.publicValue)
        #expect(one.publicValue != other.publicValue)
    }

    @Test func whatIsNotOfferedIsRefusedByName() {
        for method: KeyExchangeMethod in [
            .none, .modp768, .modp1024, .modp1536, .ecp192, .ecp224, .modp1024s160, .modp2048s224, .modp2048s256,
            .brainpool224, .mlkem512, .mlkem768, .mlkem1024, KeyExchangeMethod(rawValue: 65_000),
        ] {
            #expect(!KeyExchange.isSupported(method))
            #expect(throws: CryptoError.unsupported("\(method)")) {
                try KeyExchange(method, random: SystemRandom())
            }
        }
    }

    /// A random source that is broken must not hang the choice of a private key, nor make one that is no secret.
    @Test(arguments: [UInt8(0), 0xFF])
    func aConstantRandomSourceMakesNoCurveKey(_ octet: UInt8) {
        for method: KeyExchangeMethod in [.ecp256, .ecp384, .ecp521, .brainpool256, .brainpool384, .brainpool512] {
            #expect(throws: CryptoError.self) {
                try KeyExchange(method, random: ConstantRandom(octet))
            }
        }
    }

    /// Candidates at and above the order, and zero, are passed over; the next one is taken.
    @Test func privateKeysOutOfRangeArePassedOver() throws {
        let order: Hex = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
        let good = [UInt8](repeating: 0, count: 31) + [1]
        let zero = [UInt8](repeating: 0, count: 32)
        let highest = [UInt8](repeating: 0xFF, count: 32)
        let key = try KeyExchange(.ecp256, random: FixedRandom(order.bytes + zero + highest + good))
        let generator: Hex = """
            6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296
            4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5
            """
        #expect(key.publicValue == generator.bytes)
    }

    @Test func pointsOffTheCurveAreRefused() throws {
        for method: KeyExchangeMethod in [.ecp256, .ecp384, .ecp521, .brainpool256, .brainpool384, .brainpool512] {
            let ours = try KeyExchange(method, random: SeededRandom(seed: 1))
            let theirs = try KeyExchange(method, random: SeededRandom(seed: 2)).publicValue
            var changed = theirs
            changed[changed.count - 1] ^= 1
            let length = theirs.count
            for peer in [changed, [UInt8](repeating: 0, count: length), [UInt8](repeating: 0xFF, count: length)] {
                #expect(throws: CryptoError.invalidPublicValue(method, .notOnCurve)) {
                    try ours.sharedSecret(with: peer)
                }
            }
            for wrong in [0, 1, length - 1, length + 1] {
                let fault = CryptoError.PublicValueFault.length(expected: length, received: wrong)
                #expect(throws: CryptoError.invalidPublicValue(method, fault)) {
                    try ours.sharedSecret(with: Array((theirs + [0]).prefix(wrong)))
                }
            }
            #expect(try ours.sharedSecret(with: theirs).count == length / 2, "refusals must leave the key usable")
        }
    }

    /// RFC 7748 section 6: the points of order 1, 2, 4 and 8 of Curve25519 and of order 1, 2 and 4 of Curve448.
    @Test func pointsOfSmallOrderAreRefused() throws {
        let curve25519: [Hex] = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000080",
        ]
        let zeros = [UInt8](repeating: 0, count: 55)
        let curve448 = [
            [0] + zeros,
            [1] + zeros,
            [0xFE] + [UInt8](repeating: 0xFF, count: 27) + [0xFE] + [UInt8](repeating: 0xFF, count: 27),
            [0xFF] + [UInt8](repeating: 0xFF, count: 27) + [0xFE] + [UInt8](repeating: 0xFF, count: 27),
        ]
        for (method, points) in [(KeyExchangeMethod.curve25519, curve25519.map(\.bytes)), (.curve448, curve448)] {
            let ours = try KeyExchange(method, random: SeededRandom(seed: 3))
            for point in points {
                #expect(throws: CryptoError.invalidPublicValue(method, .smallOrder)) {
                    try ours.sharedSecret(with: point)
                }
            }
        }
    }
}

/// A random source that is broken in the plainest way.
private final class ConstantRandom: RandomSource {
    private let octet: UInt8

    init(_ octet: UInt8) { self.octet = octet }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        buffer.initializeMemory(as: UInt8.self, repeating: octet)
    }
}

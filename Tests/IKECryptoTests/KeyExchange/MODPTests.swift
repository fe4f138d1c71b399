import IKECrypto
import IKEWire
import Support
import Testing

/// MODP groups: the primes of RFC 3526, exchanges computed from them, and the values that RFC 6989 refuses.
@Suite struct MODPTests {
    private struct ExchangeFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let group: UInt16
            let comment: String
            let i, r, gi, gr, shared: Hex
        }
    }

    /// Among them a public value and a shared secret that begin with a zero octet, which must stay.
    @Test func exchangesOfEachGroup() throws {
        let file: ExchangeFile = try Vectors.json("computed/modp-exchange.json")
        var tally = Tally()
        for test in file.tests {
            let method = KeyExchangeMethod(rawValue: test.group)
            let initiator = try KeyExchange(method, random: FixedRandom(test.i.bytes))
            let responder = try KeyExchange(method, random: FixedRandom(test.r.bytes))
            #expect(initiator.publicValue == test.gi.bytes, "\(test.comment)")
            #expect(responder.publicValue == test.gr.bytes, "\(test.comment)")
            #expect(try initiator.sharedSecret(with: test.gr.bytes).exposed == test.shared.bytes, "\(test.comment)")
            #expect(try responder.sharedSecret(with: test.gi.bytes).exposed == test.shared.bytes, "\(test.comment)")
            tally.run()
        }
        tally.expect(ran: 7, of: file.tests.count)
    }

    private struct PrimeFile: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let group: UInt16
            let bits: Int
            let prime: Hex

            enum CodingKeys: String, CodingKey {
                case group, bits
                case prime = "prime_hex"
            }
        }
    }

    /// 1 < r < p - 1, seen from both ends of each range.
    @Test func onlyValuesWithinTheRangeAreTaken() throws {
        let file: PrimeFile = try Vectors.json("rfc/rfc3526-modp-primes.json")
        let short = "a group of 1536 bits, which is not offered"
        var tally = Tally()
        for test in file.tests {
            let method = KeyExchangeMethod(rawValue: test.group)
            guard test.bits >= 2048 else {
                #expect(!KeyExchange.isSupported(method))
                tally.skip(short)
                continue
            }
            let prime = test.prime.bytes
            let ours = try KeyExchange(method, random: SeededRandom(seed: 1))
            let zeros = [UInt8](repeating: 0, count: prime.count - 1)
            let beyond = [UInt8](repeating: 0xFF, count: prime.count)
            for refused in [zeros + [0], zeros + [1], prime.ending(plus: -1), prime, beyond] {
                #expect(throws: CryptoError.invalidPublicValue(method, .outOfRange)) {
                    try ours.sharedSecret(with: refused)
                }
            }
            for taken in [zeros + [2], zeros + [3], prime.ending(plus: -2)] {
                #expect(try ours.sharedSecret(with: taken).count == prime.count)
            }
            for count in [0, 1, prime.count - 1, prime.count + 1] {
                let fault = CryptoError.PublicValueFault.length(expected: prime.count, received: count)
                #expect(throws: CryptoError.invalidPublicValue(method, fault)) {
                    try ours.sharedSecret(with: [UInt8](repeating: 2, count: count))
                }
            }
            tally.run()
        }
        tally.expect(ran: 5, skipped: [short: 1], of: file.tests.count)
    }
}

extension [UInt8] {
    /// The same octets with the last one changed by a small amount.
    fileprivate func ending(plus difference: Int8) -> [UInt8] {
        dropLast() + [UInt8(truncatingIfNeeded: Int(last ?? 0) + Int(difference))]
    }
}

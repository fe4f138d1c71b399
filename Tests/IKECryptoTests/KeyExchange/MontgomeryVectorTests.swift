import IKECrypto
import IKEWire
import Support
import Testing

/// Curve25519 and Curve448 against published vectors.
@Suite struct MontgomeryVectorTests {
    private struct Case: Decodable {
        let `public`, `private`, shared: Hex
        let result: WycheproofResult
        let comment: String
    }

    /// Values on the twist and values beyond the field are taken, as RFC 8031 section 3.2 asks; only what leaves
    /// nothing secret is not.
    @Test(
        arguments: [
            ("x25519", KeyExchangeMethod.curve25519, 487, 31, 0),
            ("x448", .curve448, 487, 11, 12),
        ]
    )
    func wycheproof(_ name: String, _ method: KeyExchangeMethod, _ agreed: Int, _ zero: Int, _ length: Int) throws {
        let file = try WycheproofFile<Case>.read("wycheproof/\(name)_test.json")
        let expectedLength = try #require(KeyExchange.publicValueLength(of: method))
        var tally = (agreed: 0, zero: 0, length: 0)
        for test in file.cases {
            let ours = try KeyExchange(method, random: FixedRandom(test.private.bytes))
            if test.public.bytes.count != expectedLength {
                let fault = CryptoError.PublicValueFault.length(
                    expected: expectedLength,
                    received: test.public.bytes.count
                )
                #expect(test.result == .invalid)
                #expect(throws: CryptoError.invalidPublicValue(method, fault), "\(test.comment)") {
                    try ours.sharedSecret(with: test.public.bytes)
                }
                tally.length += 1
            } else if test.shared.bytes.allSatisfy({ $0 == 0 }) {
                #expect(throws: CryptoError.invalidPublicValue(method, .smallOrder), "\(test.comment)") {
                    try ours.sharedSecret(with: test.public.bytes)
                }
                tally.zero += 1
            } else {
                #expect(try ours.sharedSecret(with: test.public.bytes).exposed == test.shared.bytes, "\(test.comment)")
                tally.agreed += 1
            }
        }
        #expect(tally == (agreed, zero, length))
        #expect(tally.agreed + tally.zero + tally.length == file.numberOfTests)
    }

    private struct RFC8031File: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let random_i, random_r, pub_i, pub_r, shared: Hex
        }
    }

    /// RFC 8031 appendix A, from the random octets before any bit of them is set.
    @Test func curve25519OfRFC8031() throws {
        let file: RFC8031File = try Vectors.json("rfc/rfc8031-x25519.json")
        var tally = Tally()
        for test in file.tests {
            let initiator = try KeyExchange(.curve25519, random: FixedRandom(test.random_i.bytes))
            let responder = try KeyExchange(.curve25519, random: FixedRandom(test.random_r.bytes))
            #expect(initiator.publicValue == test.pub_i.bytes)
            #expect(responder.publicValue == test.pub_r.bytes)
            #expect(try initiator.sharedSecret(with: test.pub_r.bytes).exposed == test.shared.bytes)
            #expect(try responder.sharedSecret(with: test.pub_i.bytes).exposed == test.shared.bytes)
            tally.run()
        }
        tally.expect(ran: 1, of: file.tests.count)
    }
}

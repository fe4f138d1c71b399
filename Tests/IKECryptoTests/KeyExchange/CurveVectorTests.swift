import IKECrypto
import IKEWire
import Support
import Testing

/// ECP and Brainpool groups against published vectors.
@Suite struct CurveVectorTests {
    private struct Case: Decodable {
        let `public`, `private`, shared: Hex
        let result: WycheproofResult
        let comment: String
    }

    struct File: Sendable, CustomTestStringConvertible {
        let name: String
        let method: KeyExchangeMethod
        let coordinateLength: Int
        /// What stands before `x | y`: SEC 1's octet for an uncompressed point, or that behind an X.509 public key's
        /// header.
        let prefix: Hex
        /// Cases that agree on a secret, points off the curve, and encodings that are not `prefix | x | y`.
        let agreed: Int
        let offCurve: Int
        let otherEncoding: Int

        var testDescription: String { name }
    }

    private static let files = [
        File(
            name: "ecdh_secp256r1_ecpoint",
            method: .ecp256,
            coordinateLength: 32,
            prefix: "04",
            agreed: 330,
            offCurve: 16,
            otherEncoding: 9
        ),
        File(
            name: "ecdh_secp384r1_ecpoint",
            method: .ecp384,
            coordinateLength: 48,
            prefix: "04",
            agreed: 771,
            offCurve: 16,
            otherEncoding: 3
        ),
        File(
            name: "ecdh_secp521r1_ecpoint",
            method: .ecp521,
            coordinateLength: 66,
            prefix: "04",
            agreed: 632,
            offCurve: 16,
            otherEncoding: 13
        ),
        File(
            name: "ecdh_brainpoolP256r1",
            method: .brainpool256,
            coordinateLength: 32,
            prefix: "305a301406072a8648ce3d020106092b240303020801010703420004",
            agreed: 517,
            offCurve: 19,
            otherEncoding: 268
        ),
        File(
            name: "ecdh_brainpoolP384r1",
            method: .brainpool384,
            coordinateLength: 48,
            prefix: "307a301406072a8648ce3d020106092b240303020801010b03620004",
            agreed: 641,
            offCurve: 19,
            otherEncoding: 276
        ),
        File(
            name: "ecdh_brainpoolP512r1",
            method: .brainpool512,
            coordinateLength: 64,
            prefix: "30819b301406072a8648ce3d020106092b240303020801010d0381820004",
            agreed: 511,
            offCurve: 19,
            otherEncoding: 264
        ),
    ]

    @Test(arguments: files)
    func wycheproof(_ file: File) throws {
        let cases = try WycheproofFile<Case>.read("wycheproof/\(file.name)_test.json")
        var agreed = 0
        var offCurve = 0
        var otherEncoding = 0
        // Most cases share a private key, and making one takes as long as using it.
        var keys: [Hex: KeyExchange] = [:]
        for test in cases.cases {
            let ours =
                try keys[test.private]
                ?? KeyExchange(file.method, random: FixedRandom(scalar(test.private, file.coordinateLength)))
            keys[test.private] = ours
            let point = test.public.bytes
            guard point.starts(with: file.prefix.bytes),
                point.count == file.prefix.bytes.count + 2 * file.coordinateLength
            else {
                // IKE has one encoding only; whatever another one is, its length gives it away.
                let length = CryptoError.PublicValueFault.length(
                    expected: 2 * file.coordinateLength,
                    received: point.count
                )
                #expect(throws: CryptoError.invalidPublicValue(file.method, length), "\(test.comment)") {
                    try ours.sharedSecret(with: point)
                }
                otherEncoding += 1
                continue
            }
            let peer = Array(point.suffix(2 * file.coordinateLength))
            // An acceptable point stands here too: one octet of it is modified, which the source counts as a fault of
            // encoding.
            if test.result != .valid {
                #expect(throws: CryptoError.invalidPublicValue(file.method, .notOnCurve), "\(test.comment)") {
                    try ours.sharedSecret(with: peer)
                }
                offCurve += 1
            } else {
                #expect(try ours.sharedSecret(with: peer).exposed == test.shared.bytes, "\(test.comment)")
                agreed += 1
            }
        }
        #expect(agreed == file.agreed)
        #expect(offCurve == file.offCurve)
        #expect(otherEncoding == file.otherEncoding)
        #expect(agreed + offCurve + otherEncoding == cases.numberOfTests)
    }

    /// A private key as an integer of DER, brought to the length of a coordinate.
    private func scalar(_ integer: Hex, _ length: Int) -> [UInt8] {
        let digits = integer.bytes.drop { $0 == 0 }
        return [UInt8](repeating: 0, count: max(length - digits.count, 0)) + digits
    }

    private struct RFC5903File: Decodable {
        let tests: [Case]

        struct Case: Decodable {
            let group: UInt16
            let i, r, girx, KEi, KEr: Hex
        }
    }

    /// RFC 5903 section 8, whose KE payloads have eight octets in front of the public value.
    @Test func ecpOfRFC5903() throws {
        let file: RFC5903File = try Vectors.json("rfc/rfc5903-ecp.json")
        var tally = Tally()
        for test in file.tests {
            let method = KeyExchangeMethod(rawValue: test.group)
            let length = try #require(KeyExchange.publicValueLength(of: method)) / 2
            let initiator = try KeyExchange(method, random: FixedRandom(scalar(test.i, length)))
            let responder = try KeyExchange(method, random: FixedRandom(scalar(test.r, length)))
            #expect(initiator.publicValue == Array(test.KEi.bytes.dropFirst(8)))
            #expect(responder.publicValue == Array(test.KEr.bytes.dropFirst(8)))
            #expect(try initiator.sharedSecret(with: responder.publicValue).exposed == test.girx.bytes)
            #expect(try responder.sharedSecret(with: initiator.publicValue).exposed == test.girx.bytes)
            tally.run()
        }
        tally.expect(ran: 3, of: file.tests.count)
    }
}

import IKEWire
import Support
import Testing

@Suite struct PayloadChainTests {
    private static let chain: [Payload] = [
        Payload(.identificationInitiator(Identification(type: .fqdn, data: Array("a.example".utf8)))),
        Payload(.notify(Notify(.initialContact))),
        Payload(.vendorID([1])),
    ]

    @Test func aChainDecodesToWhatWasEncoded() throws {
        let (first, octets) = try PayloadChain.encode(Self.chain)
        #expect(first == .identificationInitiator)
        #expect(try PayloadChain.decode(first: first, octets, at: 0) == Self.chain)
    }

    @Test func everyProperPrefixOfAChainIsRefused() throws {
        let (first, octets) = try PayloadChain.encode(Self.chain)
        for count in 0..<octets.count {
            #expect(throws: WireError.self) {
                try PayloadChain.decode(first: first, Array(octets.prefix(count)), at: 0)
            }
        }
    }

    /// A liveness check holds no payloads.
    @Test func anEmptyChainHasNoFirstPayload() throws {
        let (first, octets) = try PayloadChain.encode([])
        #expect(first == .none && octets.isEmpty)
        #expect(try PayloadChain.decode(first: .none, [], at: 0).isEmpty)
    }

    @Test func errorsCountFromTheMessagesFirstOctet() {
        let truncated: Hex = "0000 0008 01"
        #expect(throws: WireError(1004, .payloadLength, .truncated(needed: 4, available: 1))) {
            try PayloadChain.decode(first: .delete, truncated.bytes, at: 1000)
        }
    }

    @Test(arguments: [0, 1, 2, 3])
    func aPayloadShorterThanItsHeaderIsRefused(length: UInt8) {
        let allowed = 4...65535
        #expect(throws: WireError(2, .payloadLength, .outOfRange(value: Int(length), allowed: allowed))) {
            try PayloadChain.decode(first: .vendorID, [0, 0, 0, length], at: 0)
        }
    }

    @Test func payloadsBehindTheEndOfTheChainAreRefused() {
        #expect(throws: WireError(4, .message, .leftover(count: 4))) {
            try PayloadChain.decode(first: .vendorID, [0, 0, 0, 4, 0, 0, 0, 4], at: 0)
        }
    }

    @Test func moreThanTheMostPayloadsAreRefused() throws {
        let most = PayloadChain.maximumPayloads
        let payloads = Array(repeating: Payload(.vendorID([])), count: most)
        var (first, octets) = try PayloadChain.encode(payloads)
        #expect(try PayloadChain.decode(first: first, octets, at: 0).count == most)
        octets = [PayloadType.vendorID.rawValue, 0, 0, 4] + octets
        #expect(throws: WireError(4 * most, .payloadCount, .tooMany(limit: most))) {
            try PayloadChain.decode(first: first, octets, at: 0)
        }
        #expect(throws: WireError(0, .payloadCount, .tooMany(limit: most))) {
            try PayloadChain.encode(payloads + [Payload(.vendorID([]))])
        }
    }

    @Test func aPayloadLongerThanItsLengthFieldIsNotEncoded() throws {
        let longest = [UInt8](repeating: 0, count: 65531)
        #expect(try PayloadChain.encode([Payload(.vendorID(longest))]).bytes.count == 65535)
        #expect(throws: WireError(65536, .payloadLength, .outOfRange(value: 65536, allowed: 0...65535))) {
            try PayloadChain.encode([Payload(.vendorID(longest + [0]))])
        }
    }
}

// MARK: - Encrypted payloads (RFC 7296 section 3.1)

extension PayloadChainTests {
    private static let encrypted: [Payload] = [
        Payload(.encrypted(Encrypted(firstPayload: .notify, body: [1, 2, 3]))),
        Payload(.encryptedFragment(EncryptedFragment(firstPayload: .notify, number: 1, total: 2, body: [1]))),
    ]

    private static func header() -> Header {
        Header(
            initiatorSPI: IKESPI(rawValue: 1),
            responderSPI: IKESPI(rawValue: 2),
            exchangeType: .informational,
            flags: [],
            messageID: 0
        )
    }

    @Test(arguments: encrypted)
    func anEncryptedPayloadMayFollowOthersButNothingMayFollowIt(payload: Payload) throws {
        let other = Payload(.vendorID([7]))
        let message = Message(header: Self.header(), payloads: [other, payload])
        let octets = try message.encoded()
        #expect(try Message(parsing: octets).payloads == [other, payload])
        #expect(throws: WireError(28, .payload, .misplaced(payload.type))) {
            try Message(header: Self.header(), payloads: [payload, other]).encoded()
        }
        // Its next-payload field is about what is inside, so whatever follows is left over.
        var longer = octets + [0, 0, 0, 4]
        longer[27] += 4
        #expect(throws: WireError(octets.count, .message, .leftover(count: 4))) { try Message(parsing: longer) }
    }

    @Test(arguments: encrypted)
    func anEncryptedPayloadMustNotHoldAnother(payload: Payload) throws {
        let octets = Array(try Message(header: Self.header(), payloads: [payload]).encoded().dropFirst(28))
        #expect(throws: WireError(28, .payload, .misplaced(payload.type))) {
            try PayloadChain.decode(first: payload.type, octets, at: 28)
        }
        #expect(throws: WireError(0, .payload, .misplaced(payload.type))) { try PayloadChain.encode([payload]) }
    }

    @Test(arguments: [(0, 1), (2, 1), (1, 0), (0, 0)])
    func aFragmentNumberMustBeWithinTheTotal(number: UInt16, total: UInt16) {
        let fragment = EncryptedFragment(firstPayload: .none, number: number, total: total, body: [1])
        #expect(throws: WireError.self) {
            try Message(header: Self.header(), payloads: [Payload(.encryptedFragment(fragment))]).encoded()
        }
        let octets: Hex = "0000000000000001 0000000000000002 35 20 25 00 00000000 00000025 0000 0009"
        let numbers = [0, UInt8(number), 0, UInt8(total), 1]
        #expect(throws: WireError.self) { try Message(parsing: octets.bytes + numbers) }
    }
}

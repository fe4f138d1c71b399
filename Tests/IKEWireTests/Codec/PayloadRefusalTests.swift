import IKEWire
import Inet
import Support
import Testing

/// Contents that a payload's own rules forbid, and what they must say.
@Suite struct PayloadRefusalTests {
    @Test(
        arguments: [
            (PayloadType.nonce, "000102030405060708090a0b0c0d0e", WireError.Field.nonce),
            (.nonce, "", .nonce),
            (.identificationInitiator, "01 000000 c00002", .identificationData),
            (.identificationResponder, "01 000000 c000020101", .identificationData),
            (.identificationInitiator, "05 000000 c0000201", .identificationData),
            (.identificationInitiator, "0d 000000 61", .identificationData),
            // SPIs of the wrong size.
            (.notify, "03 08 4009 0102030405060708", .spiSize),
            (.notify, "02 01 4009 01", .spiSize),
            (.notify, "01 04 4009 01020304", .spiSize),
            (.delete, "01 08 0001 0102030405060708", .spiSize),
            (.delete, "01 00 0001", .spiCount),
            (.delete, "03 00 0000", .spiSize),
            (.delete, "03 08 0001 0102030405060708", .spiSize),
            (.delete, "09 04 0000", .spiSize),
            (.delete, "09 00 0001", .spiSize),
            (.delete, "03 04 0002 01020304", .spi),
            (.delete, "03 04 0001 0102030405060708", .payload),
            (.delete, "03 04 0401", .spiCount),
            // Traffic selectors: counts, lengths, and ranges that end before they begin.
            (.trafficSelectorsInitiator, "00 000000", .selectorCount),
            (.trafficSelectorsInitiator, "02 000000 07 00 0010 0000ffff 0a000000 0a0000ff", .selectorType),
            (.trafficSelectorsInitiator, "01 000000 07 00 000f 0000ffff 0a000000 0a0000", .addressRange),
            (.trafficSelectorsInitiator, "01 000000 07 00 0011 0000ffff 0a000000 0a0000ff 00", .selectorLength),
            (.trafficSelectorsInitiator, "01 000000 08 00 0010 0000ffff 0a000000 0a0000ff", .addressRange),
            (.trafficSelectorsInitiator, "01 000000 07 00 0003 0000ffff 0a000000 0a0000ff", .selectorLength),
            (.trafficSelectorsResponder, "01 000000 07 00 0010 0000ffff 0a000001 0a000000", .addressRange),
            (.trafficSelectorsResponder, "01 000000 07 06 0010 00510050 0a000000 0a000001", .portRange),
            (.trafficSelectorsResponder, "01 000000 07 06 0010 ffff0001 0a000000 0a000001", .portRange),
            (.trafficSelectorsResponder, "01 000000 07 00 0010 0000ffff 0a000000 0a0000ff 00", .payload),
            // Configuration attributes that reach beyond the payload.
            (.configuration, "01 000000 0001 0004 0a0000", .attributeValue),
            (.configuration, "01 000000 0001 00", .attributeLength),
            // EAP: a length that is not the payload's, no type where one must be, octets where none may be.
            (.eap, "01 01 0006 01", .eapLength),
            (.eap, "01 01 0004", .eapType),
            (.eap, "03 01 0005 01", .eapData),
            (.eap, "03 01 0003", .eapLength),
            (.eap, "", .eapCode),
            // Puzzle solutions: no keys, and keys of different lengths.
            (.puzzleSolution, "", .puzzleSolution),
            (.puzzleSolution, "01020304 05", .puzzleSolution),
        ] as [(PayloadType, Hex, WireError.Field)]
    )
    func contentAgainstTheRulesIsRefused(type: PayloadType, content: Hex, field: WireError.Field) {
        let error = #expect(throws: WireError.self) { try decode(type, content.bytes) }
        #expect(error?.field == field)
    }

    @Test func aNonceMayHave16To256Octets() throws {
        for count in Nonce.lengths {
            #expect(try decode(.nonce, Array(repeating: 1, count: count)).nonce?.count == count)
        }
        #expect(throws: WireError(4, .nonce, .outOfRange(value: 257, allowed: 16...256))) {
            try decode(.nonce, Array(repeating: 1, count: 257))
        }
    }

    @Test func theKeysOfAPuzzleSolutionHaveUpTo64Octets() throws {
        for length in PuzzleSolution.keyLengths {
            let keys = try decode(.puzzleSolution, Array(repeating: 1, count: 4 * length)).puzzleSolution?.keys
            #expect(keys == Array(repeating: Array(repeating: 1, count: length), count: 4))
        }
        #expect(throws: WireError(4, .puzzleSolution, .outOfRange(value: 65, allowed: 1...64))) {
            try decode(.puzzleSolution, Array(repeating: 1, count: 260))
        }
    }

    @Test func aPuzzleIsTheThreeOctetsOfItsNotification() {
        let puzzle = Puzzle(prf: .hmacSHA2_256, difficulty: 18)
        #expect(puzzle.notify == Notify(.puzzle, data: [0, 5, 18]))
        #expect(Puzzle(puzzle.notify) == puzzle)
        #expect(Puzzle(Notify(.puzzle, data: [0, 5])) == nil)
        #expect(Puzzle(Notify(.puzzle, data: [0, 5, 18, 0])) == nil)
        #expect(Puzzle(Notify(.cookie, data: [0, 5, 18])) == nil)
    }

    /// Some peers still name the IKE SA in a notification as RFC 4306 had it.
    @Test func aNotificationWithTheSPIOfTheIKESAIsAccepted() throws {
        let content: Hex = "01 08 4009 0102030405060708"
        #expect(try decode(.notify, content.bytes).notify(.rekeySA)?.spi == Array(1...8))
    }

    @Test func reservedOctetsAreKeptAndIgnored() throws {
        let contents: [(PayloadType, plain: Hex, marked: Hex)] = [
            (.keyExchange, "001f 0000 01", "001f abcd 01"),
            (.identificationInitiator, "02 000000 61", "02 abcdef 61"),
            (.authentication, "02 000000 61", "02 abcdef 61"),
            (.configuration, "01 000000 0001 0000", "01 abcdef 8001 0000"),
            (.trafficSelectorsInitiator, "01 000000 0b 00 0004", "01 abcdef 0b 00 0004"),
            (.trafficSelectorsResponder, "01 000000 0b 00 0004", "01 abcdef 0b 00 0004"),
        ]
        for (type, plain, marked) in contents {
            let payloads = try decode(type, marked.bytes)
            #expect(try decode(type, plain.bytes) == payloads)
            #expect(try PayloadChain.encode(payloads).bytes.dropFirst(4) == marked.bytes[...])
        }
    }

    /// The octets that authentication signs are those that came (RFC 7296 section 2.15).
    @Test func theSignedOctetsOfAnIdentificationHoldItsReservedOctets() throws {
        let content: Hex = "02 abcdef 61"
        #expect(
            try decode(.identificationInitiator, content.bytes).identificationInitiator?.bodyOctets == content.bytes
        )
    }

    @Test func configurationAttributesAreBounded() throws {
        let most = Configuration.maximumAttributes
        let content: [UInt8] = [1, 0, 0, 0] + Array(repeating: [0, 1, 0, 0], count: most).joined()
        #expect(try decode(.configuration, content).configuration?.attributes.count == most)
        #expect(throws: WireError(8 + 4 * most, .attributeCount, .tooMany(limit: most))) {
            try decode(.configuration, content + [0, 1, 0, 0])
        }
    }

    @Test func codesThatEAPDoesNotKnowAreKept() throws {
        let content: Hex = "05 01 0006 0102"
        let message = try #require(try decode(.eap, content.bytes).eap)
        #expect(message.type == nil && message.data == [1, 2])
        #expect(message.encoded == content.bytes)
        #expect(try EAPMessage(parsing: content.bytes) == message)
    }

    @Test(
        arguments: [
            .nonce(Array(repeating: 1, count: 15)),
            .nonce(Array(repeating: 1, count: 257)),
            .identificationInitiator(Identification(type: .ipv4Address, data: [1, 2, 3])),
            .notify(Notify(.rekeySA, protocolID: .esp, spi: [1, 2, 3])),
            .notify(Notify(.rekeySA, protocolID: .none, spi: Array(repeating: 1, count: 256))),
            .delete(Delete(protocolID: .ike, spis: [[1, 2, 3, 4, 5, 6, 7, 8]])),
            .delete(Delete(protocolID: .esp, spis: [[1, 2, 3, 4], [1, 2, 3]])),
            .delete(Delete(protocolID: .esp, spis: Array(repeating: [1, 2, 3, 4], count: Delete.maximumSPIs + 1))),
            .trafficSelectorsInitiator([]),
            .trafficSelectorsInitiator(Array(repeating: .selector(.all(.v4)), count: 256)),
            .trafficSelectorsResponder([
                .selector(TrafficSelector(addresses: IPAddress.anyV4...IPAddress.anyV6))
            ]),
            .configuration(
                Configuration(type: .request, attributes: [ConfigurationAttribute(.init(rawValue: 0x8000))])
            ),
            .eap(.request(identifier: 1, type: .identity, data: Array(repeating: 0, count: 65531))),
            .puzzleSolution(PuzzleSolution(keys: [[1], [2], [3]])),
            .puzzleSolution(PuzzleSolution(keys: [[1], [2], [3], [4, 5]])),
            .puzzleSolution(PuzzleSolution(keys: [[], [], [], []])),
            .unknown(.none, []),
        ] as [Payload.Body]
    )
    func whatDecodingWouldRefuseIsNotEncoded(body: Payload.Body) {
        #expect(throws: WireError.self) { try PayloadChain.encode([Payload(body)]) }
    }

    @Test func certificateRequestsListTheirAuthorities() {
        let hashes = Array(1...50).map(UInt8.init)
        let request = CertificateRequest(encoding: .x509Signature, authorities: hashes)
        #expect(request.authorityKeyHashes == [Array(1...20), Array(21...40)])
        #expect(CertificateRequest(encoding: .crl, authorities: hashes).authorityKeyHashes.isEmpty)
    }

    private func decode(_ type: PayloadType, _ content: [UInt8]) throws -> [Payload] {
        let length = UInt16(content.count + 4)
        let octets = [0, 0, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)] + content
        return try PayloadChain.decode(first: type, octets, at: 0)
    }
}

import IKEWire
import Support
import Testing

/// The nested lengths, counts and flags of an SA payload (RFC 7296 section 3.3).
@Suite struct SecurityAssociationTests {
    @Test(
        arguments: [
            // A single proposal that says that another follows, or has a transform's flag.
            ("02 00 0010 01 01 00 01  00 00 0008 02 00 0005", WireError.Field.lastSubstructure),
            ("03 00 0010 01 01 00 01  00 00 0008 02 00 0005", .lastSubstructure),
            // A last transform that says that another follows, one that hides another, one with a proposal's flag.
            ("00 00 0010 01 01 00 01  03 00 0008 02 00 0005", .transformCount),
            ("00 00 0018 01 01 00 02  00 00 0008 02 00 0005  00 00 0008 02 00 0006", .transformCount),
            ("00 00 0010 01 01 00 01  02 00 0008 02 00 0005", .lastSubstructure),
            // Counts that are not those of the transforms.
            ("00 00 0008 01 01 00 00", .transformCount),
            ("00 00 0018 01 01 00 01  03 00 0008 02 00 0005  00 00 0008 02 00 0006", .transformCount),
            ("00 00 0010 01 01 00 02  03 00 0008 02 00 0005", .lastSubstructure),
            ("00 00 0018 01 01 00 01  00 00 0008 02 00 0005  00 00 0008 02 00 0006", .proposal),
            // Lengths that disagree.
            ("00 00 0011 01 01 00 01  00 00 0008 02 00 0005", .proposalLength),
            ("00 00 000f 01 01 00 01  00 00 0008 02 00 0005", .transformLength),
            ("00 00 0003 01 01 00 01  00 00 0008 02 00 0005", .proposalLength),
            ("00 00 0010 01 01 00 01  00 00 0007 02 00 0005", .transformID),
            ("00 00 0010 01 01 00 01  00 00 0003 02 00 0005", .transformLength),
            ("00 00 0010 01 01 00 01  00 00 0009 02 00 0005", .transformLength),
            ("00 00 0012 01 01 00 01  00 00 000a 02 00 0005 800e", .attributeValue),
            ("00 00 0014 01 01 00 01  00 00 000c 02 00 0005 000e 0001", .attributeValue),
            // SPIs of the wrong size for the protocol.
            ("00 00 0014 01 01 04 01 01020304  00 00 0008 02 00 0005", .spiSize),
            ("00 00 0010 01 03 00 01  00 00 0008 05 00 0000", .spiSize),
            ("00 00 0018 01 02 08 01 0102030405060708  00 00 0008 05 00 0000", .spiSize),
            ("00 00 0010 01 07 ff 01  00 00 0008 05 00 0000", .spi),
            // The same attribute twice.
            ("00 00 0018 01 01 00 01  00 00 0010 01 00 000c 800e 0080 800e 0100", .attributeType),
            // Numbers that do not rise by one.
            (
                "02 00 0010 01 01 00 01  00 00 0008 02 00 0005  00 00 0010 01 01 00 01  00 00 0008 02 00 0005",
                .proposalNumber
            ),
            (
                "02 00 0010 01 01 00 01  00 00 0008 02 00 0005  00 00 0010 03 01 00 01  00 00 0008 02 00 0005",
                .proposalNumber
            ),
            (
                "02 00 0010 ff 01 00 01  00 00 0008 02 00 0005  00 00 0010 00 01 00 01  00 00 0008 02 00 0005",
                .proposalNumber
            ),
            // No proposal.
            ("", .lastSubstructure),
        ] as [(Hex, WireError.Field)]
    )
    func structuresThatContradictThemselvesAreRefused(content: Hex, field: WireError.Field) throws {
        let error = #expect(throws: WireError.self) { try decode(content.bytes) }
        #expect(error?.field == field)
    }

    @Test func reservedOctetsAreKeptAndIgnored() throws {
        let plain: Hex = "00 00 0010 01 01 00 01  00 00 0008 02 00 0005"
        let marked: Hex = "00 aa 0010 01 01 00 01  00 bb 0008 02 cc 0005"
        let proposals = try decode(marked.bytes)
        #expect(try decode(plain.bytes) == proposals)
        #expect(
            try PayloadChain.encode([Payload(.securityAssociation(proposals))]).bytes.dropFirst(4) == marked.bytes[...]
        )
    }

    /// Unknown transforms must not be refused but passed over (RFC 7296 section 3.3.6).
    @Test func whatIsUnknownIsKept() throws {
        let content: Hex = "00 00 0017 01 09 02 01 abcd  00 00 000d f0 00 ffff 7fff 0001 ee"
        let proposals = try decode(content.bytes)
        let transform = try #require(proposals.first?.transforms.first)
        #expect(transform.hasUnknownAttributes && transform.keyLength == nil)
        #expect(proposals.first?.spi == [0xab, 0xcd])
        #expect(
            try PayloadChain.encode([Payload(.securityAssociation(proposals))]).bytes.dropFirst(4) == content.bytes[...]
        )
    }

    @Test func aKeyLengthInTheFormForLongValuesIsNone() throws {
        let content: Hex = "00 00 0016 01 01 00 01  00 00 000e 01 00 000c 000e 0002 0100"
        let transform = try #require(try decode(content.bytes).first?.transforms.first)
        #expect(transform.keyLength == nil && transform.hasUnknownAttributes)
    }

    @Test func attributesAreBounded() throws {
        let most = Transform.maximumAttributes
        func transform(_ count: Int) -> Transform {
            let attributes = (0..<count).map { TransformAttribute(type: UInt16($0), value: .short(0)) }
            return Transform(type: .prf, id: 5, attributes: attributes)
        }
        let accepted = [Proposal(number: 1, protocolID: .ike, transforms: [transform(most)])]
        var octets = try PayloadChain.encode([Payload(.securityAssociation(accepted))]).bytes
        #expect(try decode(Array(octets.dropFirst(4))) == accepted)
        let refused = [Proposal(number: 1, protocolID: .ike, transforms: [transform(most + 1)])]
        #expect(throws: WireError.self) { try PayloadChain.encode([Payload(.securityAssociation(refused))]) }
        octets += [0x80, 0xff, 0, 0]
        for lengthOctet in [3, 7, 15] { octets[lengthOctet] += 4 }
        let error = #expect(throws: WireError.self) { try decode(Array(octets.dropFirst(4))) }
        #expect(error?.reason == .tooMany(limit: most))
    }

    @Test(arguments: [
        [],
        [Proposal(number: 1, protocolID: .ike, transforms: [])],
        [Proposal(number: 1, protocolID: .esp, transforms: [.sequenceNumbers(.standard)])],
        [Proposal(number: 1, protocolID: .ike, spi: [1], transforms: [.prf(.hmacSHA2_256)])],
        [Proposal(number: 1, protocolID: .ike, transforms: Array(repeating: .prf(.hmacSHA2_256), count: 256))],
        [
            Proposal(number: 1, protocolID: .ike, transforms: [.prf(.hmacSHA2_256)]),
            Proposal(number: 1, protocolID: .ike, transforms: [.prf(.hmacSHA2_256)]),
        ],
        [
            Proposal(
                number: 1,
                protocolID: .ike,
                transforms: [
                    Transform(type: .prf, id: 5, attributes: [TransformAttribute(type: 0x8000, value: .short(1))])
                ]
            )
        ],
    ])
    func whatDecodingWouldRefuseIsNotEncoded(proposals: [Proposal]) {
        #expect(throws: WireError.self) { try PayloadChain.encode([Payload(.securityAssociation(proposals))]) }
    }

    private func decode(_ content: [UInt8]) throws -> [Proposal] {
        let length = UInt16(content.count + 4)
        let octets = [0, 0, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)] + content
        let payloads = try PayloadChain.decode(first: .securityAssociation, octets, at: 0)
        return try #require(payloads.securityAssociation)
    }
}

import IKEWire
import Support
import Testing

@Suite struct HeaderTests {
    private static let octets: Hex = "0102030405060708 1112131415161718 21 20 22 08 00000007 0000001c"

    @Test func theFixedFieldsAreRead() throws {
        let header = try parse(Self.octets.bytes)
        #expect(header.initiatorSPI.description == "0102030405060708")
        #expect(header.responderSPI == IKESPI(rawValue: 0x1112_1314_1516_1718))
        #expect(header.nextPayload == .securityAssociation)
        #expect(header.majorVersion == 2 && header.minorVersion == 0)
        #expect(header.exchangeType == .ikeSAInit)
        #expect(header.isFromInitiator && !header.isResponse)
        #expect(header.messageID == 7 && header.length == 28)
    }

    @Test func aTruncatedHeaderIsRefusedWithItsOffset() {
        let octets = Self.octets.bytes
        for count in 0..<Header.length {
            #expect(throws: WireError.self) { try parse(Array(octets.prefix(count))) }
        }
        #expect(throws: WireError(20, .messageID, .truncated(needed: 4, available: 3))) {
            try parse(Array(octets.prefix(23)))
        }
    }

    /// A datagram must be routed, and a foreign version answered, before anything else is looked at.
    @Test func anyVersionAndLengthPassWhereOnlyTheHeaderIsRead() throws {
        var octets = Self.octets.bytes
        octets[17] = 0x3f
        octets[24] = 0xff
        let header = try parse(octets + [1, 2, 3])
        #expect(header.majorVersion == 3 && header.minorVersion == 15)
        #expect(header.length == 0xff00_001c)
    }

    @Test(arguments: [UInt8(0), 1, 3, 15])
    func aMessageOfAnotherMajorVersionIsRefused(version: UInt8) {
        var octets = Self.octets.bytes
        octets[16] = 0
        octets[17] = version << 4
        #expect(throws: WireError(17, .version, .unsupportedVersion(version))) { try Message(parsing: octets) }
    }

    /// RFC 7296 section 3.1: the minor version, the version flag and unknown flags are ignored.
    @Test func whatTheHeaderSaysToIgnoreIsKept() throws {
        var octets = Self.octets.bytes
        octets[16] = 0
        octets[17] = 0x2f
        octets[19] = 0xff
        let message = try Message(parsing: octets)
        #expect(message.header.isResponse && message.header.isFromInitiator)
        #expect(try message.encoded() == octets)
    }

    @Test(arguments: [0, 27, 29, 4_294_967_295])
    func aLengthThatIsNotTheDatagramsIsRefused(length: UInt32) {
        var octets = Self.octets.bytes
        octets[16] = 0
        octets.replaceSubrange(24..<28, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) })
        #expect(throws: WireError(24, .messageLength, .mismatch(value: Int(length), expected: 28))) {
            try Message(parsing: octets)
        }
    }

    @Test func aVersionThatDoesNotFitIsNotEncoded() {
        var header = Header(
            initiatorSPI: .zero,
            responderSPI: .zero,
            exchangeType: .informational,
            flags: [],
            messageID: 0
        )
        header.majorVersion = 16
        #expect(throws: WireError(0, .version, .outOfRange(value: 16, allowed: 0...15))) {
            try Message(header: header, payloads: []).encoded()
        }
    }

    private func parse(_ octets: [UInt8]) throws(WireError) -> Header {
        try Header(parsing: octets.span.bytes)
    }
}

import IKEWire
import Inet
import RADIUS
import Support
import Testing

@Suite struct PacketTests {
    /// RFC 2865 section 7.2.
    private let request: Hex = """
        01 01 00 47 2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2 01 08 66 6c 6f 70 73 79 03 13 16 e9
        75 57 c3 16 18 58 95 f2 93 ff 63 44 07 72 75 04 06 c0 a8 01 10 05 06 00 00 00 14 06 06 00 00 00
        02 07 06 00 00 00 01
        """

    @Test func thePublishedRequestIsReadAndWrittenAgain() throws {
        let packet = try Packet(parsing: request.bytes)
        #expect(packet.code == .accessRequest)
        #expect(packet.identifier == 1)
        #expect(packet.attributes.map(\.type.rawValue) == [1, 3, 4, 5, 6, 7])
        #expect(packet.first(.userName)?.value == Array("flopsy".utf8))
        #expect(try packet.first(.nasIPAddress)?.address(.v4) == IPAddress("192.168.1.16"))
        #expect(try packet.first(.nasPort)?.number() == 20)
        #expect(try packet.encoded() == request.bytes)
    }

    @Test func everyProperPrefixIsRefused() {
        for prefix in everyProperPrefix(of: request.bytes) {
            #expect(throws: WireError.self) { try Packet(parsing: prefix) }
        }
    }

    @Test func octetsBehindThePacketArePadding() throws {
        #expect(try Packet(parsing: request.bytes + [0, 1, 2]) == Packet(parsing: request.bytes))
    }

    @Test(arguments: [0, 19, 4097, 0xFFFF])
    func lengthsThatNoPacketHasAreRefused(length: Int) throws {
        var octets = request.bytes + [UInt8](repeating: 0, count: 5000)
        octets[2] = UInt8(length >> 8)
        octets[3] = UInt8(length & 0xFF)
        let error = #expect(throws: WireError.self) { try Packet(parsing: octets) }
        #expect(error?.field == .radiusLength)
    }

    @Test(arguments: [[1], [1, 0], [1, 1], [1, 3], [1, 255, 0]] as [[UInt8]])
    func attributesThatDoNotFitAreRefused(attribute: [UInt8]) {
        let octets = [2, 7, 0, UInt8(20 + attribute.count)] + [UInt8](repeating: 0, count: 16) + attribute
        #expect(throws: WireError.self) { try Packet(parsing: octets) }
    }

    @Test func anAttributeWithoutAValueIsKept() throws {
        let octets: [UInt8] = [2, 7, 0, 22] + [UInt8](repeating: 9, count: 16) + [79, 2]
        let packet = try Packet(parsing: octets)
        #expect(packet.attributes == [Attribute(.eapMessage, [])])
        #expect(try packet.encoded() == octets)
    }

    @Test func whatIsTooLongIsNotWritten() {
        func packet(_ attributes: [Attribute], authenticator: Int = 16) -> Packet {
            Packet(
                code: .accessRequest,
                identifier: 0,
                authenticator: [UInt8](repeating: 0, count: authenticator),
                attributes: attributes
            )
        }
        let longest = Attribute(.state, [UInt8](repeating: 0, count: 253))
        #expect(throws: Never.self) { try packet([Attribute](repeating: longest, count: 15)).encoded() }
        #expect(throws: WireError.self) { try packet([Attribute](repeating: longest, count: 16)).encoded() }
        #expect(throws: WireError.self) { try packet([Attribute(.state, longest.value + [0])]).encoded() }
        #expect(throws: WireError.self) { try packet([], authenticator: 15).encoded() }
    }

    // MARK: - EAP

    @Test(arguments: [0, 1, 247, 248, 249, 1000])
    func anEAPMessageIsSpreadOverAttributesAndPutTogether(size: Int) throws {
        let data = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let message = EAPMessage.response(identifier: 3, type: EAPType(rawValue: 13), data: data)
        let attributes = try #require(Attribute.eap(message))
        #expect(attributes.count == (size + 5 + 252) / 253)
        let packet = Packet(
            code: .accessRequest,
            identifier: 0,
            authenticator: [UInt8](repeating: 0, count: 16),
            attributes: attributes
        )
        #expect(try Packet(parsing: packet.encoded()).eapMessage() == message)
    }

    @Test func aBrokenEAPMessageIsRefused() throws {
        let packet = Packet(
            code: .accessChallenge,
            identifier: 0,
            authenticator: [],
            attributes: [Attribute(.eapMessage, [1, 2, 0, 9, 1])]
        )
        #expect(throws: RADIUSError.self) { try packet.eapMessage() }
    }

    // MARK: - Values

    @Test func textsAreCutBetweenLetters() {
        #expect(Attribute(.nasIdentifier, text: String(repeating: "ä", count: 200)).value.count == 252)
        #expect(Attribute(.nasIdentifier, text: "gw").value == [0x67, 0x77])
    }

    @Test func numbersAndAddressesOfAnotherLengthAreRefused() {
        #expect(throws: RADIUSError.self) { try Attribute(.sessionTimeout, [0, 0, 1]).number() }
        #expect(throws: RADIUSError.self) { try Attribute(.framedIPAddress, [1, 2, 3]).address(.v4) }
        #expect(throws: RADIUSError.self) {
            try Attribute(.framedIPAddress, .init(repeating: 0, count: 16)).address(.v4)
        }
    }

    @Test func prefixesAreReadAsTheyAreAbbreviated() throws {
        let prefix = Attribute(.framedIPv6Prefix, [0, 48, 0x20, 1, 0xD, 0xB8, 0, 7])
        #expect(try prefix.prefix() == IPPrefix("2001:db8:7::/48"))
        #expect(try Attribute(.framedIPv6Prefix, [0, 0]).prefix() == IPPrefix("::/0"))
        let zeros = [UInt8](repeating: 0, count: 17)
        let malformed: [[UInt8]] = [[], [0], [0, 48, 1], [0, 129] + zeros[..<16], [0, 64] + zeros]
        for value in malformed {
            #expect(throws: RADIUSError.self) { try Attribute(.framedIPv6Prefix, value).prefix() }
        }
    }

    @Test func severalReplyMessagesAreOneText() {
        let packet = Packet(
            code: .accessReject,
            identifier: 0,
            authenticator: [],
            attributes: [Attribute(.replyMessage, text: "go"), Attribute(.replyMessage, text: "away")]
        )
        #expect(packet.replyMessage == "go away")
    }

    @Test func attributesOfAVendorAreFound() throws {
        let packet = Packet(
            code: .accessAccept,
            identifier: 0,
            authenticator: [],
            attributes: [
                Attribute(.vendorSpecific, [0, 0, 0, 9, 1]),
                Attribute(.vendorSpecific, [0, 0, 1, 0x37, 16, 3, 7, 17, 4, 8, 9]),
            ]
        )
        let found = [VendorAttribute(type: 16, value: [7]), VendorAttribute(type: 17, value: [8, 9])]
        #expect(try packet.attributes(of: VendorAttribute.microsoft) == found)
        #expect(throws: WireError.self) { try packet.attributes(of: 9) }
    }
}

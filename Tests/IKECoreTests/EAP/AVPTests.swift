import IKECrypto
import IKEWire
import Support
import Testing

@testable import IKECore

/// The attributes inside EAP-TTLS: RFC 5281 section 10.1.
@Suite struct AVPTests {
    private func parse(_ hex: Hex) throws -> [AVP] { try AVP.parse(SecretBytes(copying: hex.bytes)) }

    private func octets(_ attribute: AVP) throws -> [UInt8] {
        try #require(attribute.encoded).withUnsafeBytes { Array($0) }
    }

    @Test func attributesAreWrittenAndRead() throws {
        let name = AVP(kind: .userName, data: SecretBytes("bob"))
        let name8: Hex = "00000001 4000000b 626f6200"
        #expect(try octets(name) == name8.bytes)
        let success = AVP(kind: .msCHAP2Success, isMandatory: false, data: SecretBytes("abcd"))
        let success8: Hex = "0000001a 80000010 00000137 61626364"
        #expect(try octets(success) == success8.bytes)
        let read = try AVP.parse(SecretBytes(copying: name8.bytes + success8.bytes))
        #expect(read.map(\.kind) == [.userName, .msCHAP2Success])
        #expect(read.map(\.isMandatory) == [true, false])
        #expect(read.octets(.userName) == [UInt8]("bob"))
        #expect(read.octets(.msCHAP2Success) == [UInt8]("abcd"))
        #expect(read.octets(.eapMessage) == nil)
    }

    @Test func nothingIsNoAttributes() throws { #expect(try parse("").isEmpty) }

    @Test func theLastPaddingMayBeMissing() throws {
        #expect(try parse("00000001 4000000b 626f62").octets(.userName) == [UInt8]("bob"))
        #expect(try parse("00000001 4000000b 626f62ff 00000002 40000008").count == 2)
    }

    @Test(
        arguments: [
            "00", "00000001", "00000001 40", "00000001 4000000b", "00000001 4000000b 626f", "00000001 40000000",
            "00000001 40000007",
            "00000001 c0000008", "00000001 c000000b 00000137", "00000001 40ffffff 00", "00000001 4000000b 626f6200 00",
        ] as [Hex]
    )
    func whatIsCutShortOrLiesIsRefused(_ hex: Hex) {
        #expect(throws: WireError.self) { try parse(hex) }
    }

    @Test func thereIsALimit() throws {
        let one: Hex = "00000001 40000008"
        let most = Array(repeating: one.bytes, count: 32).flatMap { $0 }
        #expect(try AVP.parse(SecretBytes(copying: most)).count == 32)
        #expect(throws: WireError.self) { try AVP.parse(SecretBytes(copying: most + one.bytes)) }
    }

    @Test func whatMustBeUnderstoodAndIsNotEndsIt() throws {
        let hex: Hex = "0000012c c000000c 00000009"
        #expect(
            throws: NegotiationFailure.eap(
                "the client insists on attribute 300 of vendor 9 in the tunnel of EAP-TTLS, which is not supported"
            )
        ) { try [AVP](SecretBytes(copying: hex.bytes), from: "client", known: [.userName]) }
        let optional: Hex = "0000012c 8000000c 00000009"
        #expect(try [AVP](SecretBytes(copying: optional.bytes), from: "client", known: []).count == 1)
    }
}

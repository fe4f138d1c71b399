import ESP
import IKEWire
import Testing

@Suite struct EncapsulatedDatagramTests {
    func classified(_ octets: [UInt8]) -> EncapsulatedDatagram {
        EncapsulatedDatagram(classifying: octets.span.bytes)
    }

    @Test func theSingleOctetIsAKeepalive() {
        #expect(classified([0xff]) == .keepalive)
        #expect(classified([0xfe]) == .malformed)
        #expect(classified([0xff, 0xff]) == .malformed)
    }

    @Test func theMarkerPrecedesIKE() {
        #expect(classified([0, 0, 0, 0, 1, 2, 3]) == .ike)
        #expect(classified([0, 0, 0, 0]) == .ike)
        #expect(classified([0, 0, 0]) == .malformed)
    }

    @Test func everythingElseIsESP() {
        #expect(classified([0xc0, 0x12, 0x34, 0x56, 0, 0, 0, 1]) == .esp(ESPSPI(rawValue: 0xc012_3456)))
        #expect(classified([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0]) == .esp(ESPSPI(rawValue: .max)))
        #expect(classified([0xc0, 0x12, 0x34, 0x56, 0, 0, 0]) == .malformed)
        #expect(classified([]) == .malformed)
    }
}

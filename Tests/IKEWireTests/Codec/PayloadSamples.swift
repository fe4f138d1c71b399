import IKEWire
import Inet
import Support
import Testing

/// A payload, its octets with generic header, written down by hand from RFC 7296 section 3, and what it must decode to.
struct PayloadSample: Sendable, CustomTestStringConvertible {
    let name: String
    let payload: Payload
    let octets: [UInt8]
    /// The content ends with data of any length, so that one octet more is still a payload of this type.
    let isOpenEnded: Bool

    init(_ name: String, _ body: Payload.Body, openEnded: Bool = false, critical: Bool = false, _ octets: Hex) {
        self.name = name
        self.payload = Payload(body, critical: critical)
        self.octets = octets.bytes
        self.isOpenEnded = openEnded
    }

    var testDescription: String { name }

    /// The payload as the only one of a message.
    func message(of octets: [UInt8]) -> [UInt8] {
        let length = UInt32(28 + octets.count)
        let header: Hex = "0102030405060708 1112131415161718"
        return header.bytes + [payload.type.rawValue, 0x20, 37, 0x08, 0, 0, 0, 7]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + octets
    }

    static let all: [PayloadSample] = [
        PayloadSample(
            "SA for IKE, two proposals",
            .securityAssociation([
                Proposal(
                    number: 1,
                    protocolID: .ike,
                    transforms: [
                        .encryption(.aesGCM16, keyLength: 256), .prf(.hmacSHA2_384), .keyExchange(.curve25519),
                    ]
                ),
                Proposal(
                    number: 2,
                    protocolID: .ike,
                    spi: [1, 2, 3, 4, 5, 6, 7, 8],
                    transforms: [
                        .encryption(.aesCBC, keyLength: 128), .integrity(.hmacSHA2_256_128), .prf(.hmacSHA2_256),
                        .keyExchange(.modp2048),
                    ]
                ),
            ]),
            """
            0000 005c
              02 00 0024 01 01 00 03
                 03 00 000c 01 00 0014 800e 0100
                 03 00 0008 02 00 0006
                 00 00 0008 04 00 001f
              00 00 0034 02 01 08 04 0102030405060708
                 03 00 000c 01 00 000c 800e 0080
                 03 00 0008 03 00 000c
                 03 00 0008 02 00 0005
                 00 00 0008 04 00 000e
            """
        ),
        PayloadSample(
            "SA for ESP, an attribute of each form",
            .securityAssociation([
                Proposal(
                    number: 3,
                    protocolID: .esp,
                    spi: [0xc0, 0x12, 0x34, 0x56],
                    transforms: [
                        Transform(
                            type: .encryption,
                            id: 20,
                            attributes: [.keyLength(128), TransformAttribute(type: 300, value: .long([1, 2, 3]))]
                        ),
                        .sequenceNumbers(.extended), .sequenceNumbers(.standard),
                    ]
                )
            ]),
            """
            0000 0033
              00 00 002f 03 03 04 03 c0123456
                 03 00 0013 01 00 0014 800e 0080 012c 0003 010203
                 03 00 0008 05 00 0001
                 00 00 0008 05 00 0000
            """
        ),
        PayloadSample(
            "KE",
            .keyExchange(KeyExchangePayload(method: .curve25519, data: Array(1...32))),
            openEnded: true,
            "0000 0028 001f 0000 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
        ),
        PayloadSample(
            "IDi, IPv4",
            .identificationInitiator(Identification(type: .ipv4Address, data: [192, 0, 2, 1])),
            "0000 000c 01 000000 c0000201"
        ),
        PayloadSample(
            "IDr, FQDN",
            .identificationResponder(Identification(type: .fqdn, data: Array("gw.example".utf8))),
            openEnded: true,
            "0000 0012 02 000000 67772e6578616d706c65"
        ),
        PayloadSample(
            "CERT",
            .certificate(Certificate(encoding: .x509Signature, data: [0x30, 0])),
            openEnded: true,
            "0000 0007 04 3000"
        ),
        PayloadSample(
            "CERTREQ",
            .certificateRequest(CertificateRequest(encoding: .x509Signature, authorities: Array(1...20))),
            openEnded: true,
            "0000 0019 04 0102030405060708090a0b0c0d0e0f1011121314"
        ),
        PayloadSample(
            "AUTH",
            .authentication(Authentication(method: .sharedKey, data: [0xaa, 0xbb])),
            openEnded: true,
            "0000 000a 02 000000 aabb"
        ),
        PayloadSample(
            "Nonce",
            .nonce(Array(1...16)),
            openEnded: true,
            "0000 0014 0102030405060708090a0b0c0d0e0f10"
        ),
        PayloadSample(
            "N with an SPI",
            .notify(Notify(.rekeySA, protocolID: .esp, spi: [1, 2, 3, 4])),
            openEnded: true,
            "0000 000c 03 04 4009 01020304"
        ),
        PayloadSample(
            "N with data",
            .notify(Notify(.invalidKEPayload, data: [0, 19])),
            openEnded: true,
            "0000 000a 00 00 0011 0013"
        ),
        PayloadSample("D of the IKE SA", .delete(.ike), "0000 0008 01 00 0000"),
        PayloadSample(
            "D of two ESP SAs",
            .delete(.esp([ESPSPI(rawValue: 0x0102_0304), ESPSPI(rawValue: 0xc012_3456)])),
            "0000 0010 03 04 0002 01020304 c0123456"
        ),
        PayloadSample("V", .vendorID([0xde, 0xad]), openEnded: true, "0000 0006 dead"),
        PayloadSample(
            "TSi, IPv4 and IPv6",
            .trafficSelectorsInitiator([
                .selector(
                    TrafficSelector(
                        protocolID: .tcp,
                        ports: .range(80...443),
                        addresses: IPAddress(v4: 0x0a01_0000)...IPAddress(v4: 0x0a01_ffff)
                    )
                ),
                .selector(.all(.v6)),
            ]),
            """
            0000 0040 02 000000
              07 06 0010 0050 01bb 0a010000 0a01ffff
              08 00 0028 0000 ffff 00000000000000000000000000000000 ffffffffffffffffffffffffffffffff
            """
        ),
        PayloadSample(
            "TSr, opaque ports and an unknown type",
            .trafficSelectorsResponder([
                .selector(
                    TrafficSelector(
                        protocolID: .udp,
                        ports: .opaque,
                        addresses: IPAddress(v4: 0x0a00_0001)...IPAddress(v4: 0x0a00_0001)
                    )
                ),
                .unknown(.securityLabel, second: 0, data: [0x61]),
            ]),
            """
            0000 001d 02 000000
              07 11 0010 ffff 0000 0a000001 0a000001
              0a 00 0005 61
            """
        ),
        PayloadSample(
            "SK",
            .encrypted(Encrypted(firstPayload: .identificationInitiator, body: Array(1...9))),
            openEnded: true,
            "2300 000d 010203040506070809"
        ),
        PayloadSample(
            "SKF",
            .encryptedFragment(EncryptedFragment(firstPayload: .none, number: 2, total: 3, body: [0xff])),
            openEnded: true,
            "0000 0009 0002 0003 ff"
        ),
        PayloadSample(
            "CP",
            .configuration(
                Configuration(
                    type: .request,
                    attributes: [
                        ConfigurationAttribute(.internalIP4Address),
                        ConfigurationAttribute(.internalIP4DNS, value: [10, 0, 0, 53]),
                    ]
                )
            ),
            "0000 0014 01 000000 0001 0000 0003 0004 0a000035"
        ),
        PayloadSample(
            "CP without attributes",
            .configuration(Configuration(type: .acknowledge, attributes: [])),
            "0000 0008 04 000000"
        ),
        PayloadSample("EAP request", .eap(.request(identifier: 7, type: .identity)), "0000 0009 01 07 0005 01"),
        PayloadSample(
            "EAP response",
            .eap(.response(identifier: 7, type: .identity, data: [0x61])),
            "0000 000a 02 07 0006 01 61"
        ),
        PayloadSample("EAP success", .eap(.success(identifier: 8)), "0000 0008 03 08 0004"),
        PayloadSample("EAP failure", .eap(.failure(identifier: 8)), "0000 0008 04 08 0004"),
        PayloadSample(
            "PS, keys of three octets",
            .puzzleSolution(
                PuzzleSolution(keys: [[6, 0x18, 0x40], [7, 0x33, 0x24], [12, 0x8a, 0x2a], [13, 0x94, 0xd8]])
            ),
            "0000 0010 061840 073324 0c8a2a 0d94d8"
        ),
        PayloadSample(
            "unknown and critical",
            .unknown(PayloadType(rawValue: 200), [1, 2, 3]),
            openEnded: true,
            critical: true,
            "0080 0007 010203"
        ),
    ]
}

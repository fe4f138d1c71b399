import Inet
import Testing

@testable import IKEWire

/// What payloads say of themselves.
@Suite struct PayloadSummaryTests {
    private func summary(_ body: Payload.Body) -> String { Payload(body).summary }

    @Test func whatMattersIsShown() throws {
        let proposal = try Proposal(keywords: "aes256gcm16-prfsha384-x25519", number: 1, protocolID: .ike)
        #expect(
            summary(.securityAssociation([proposal])) == "SA #1 IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519"
        )
        let value = KeyExchangePayload(method: .curve25519, data: [UInt8](repeating: 1, count: 32))
        #expect(summary(.keyExchange(value)) == "KE CURVE_25519, 32 octets")
        #expect(summary(.notify(Notify(.cookie, data: [1, 2, 3]))) == "N(COOKIE) 3 octets")
        #expect(summary(.notify(Notify(.setWindowSize, data: [0, 0, 0, 5]))) == "N(SET_WINDOW_SIZE) 5")
        #expect(summary(.notify(Notify(.invalidKEPayload, data: [0, 31]))) == "N(INVALID_KE_PAYLOAD) CURVE_25519")
        #expect(summary(.delete(.ike)) == "D IKE SA")
        #expect(summary(.delete(Delete(protocolID: .esp, spis: [[0xc0, 1, 2, 3]]))) == "D ESP SPI c0010203")
        let selector = try #require(TrafficSelector(swanctl: "10.1.0.0/16"))
        #expect(summary(.trafficSelectorsInitiator([.selector(selector)])) == "TSi 10.1.0.0/16")
        #expect(Payload(.vendorID([0xab]), critical: true).summary == "V ab (critical)")
    }

    @Test func whatPeersConfideIsNot() throws {
        let secret = Array("hunter2".utf8)
        let bodies: [Payload.Body] = [
            .authentication(Authentication(method: .sharedKey, data: secret)),
            .eap(.response(identifier: 3, type: EAPType(rawValue: 6), data: secret)),
            .configuration(
                Configuration(
                    type: .request,
                    attributes: [ConfigurationAttribute(ConfigurationAttributeType(rawValue: 16_384), value: secret)]
                )
            ),
            .unknown(PayloadType(rawValue: 200), secret), .nonce(secret),
        ]
        for body in bodies {
            let text = summary(body)
            #expect(!text.contains("hunter2") && !text.contains("68756e746572"), "\(text)")
        }
    }

    @Test func addressesOfAConfigurationAreReadable() {
        let attributes = [
            ConfigurationAttribute(.internalIP4Address, value: [10, 0, 0, 1]),
            ConfigurationAttribute(.internalIP6Address),
        ]
        let text = summary(.configuration(Configuration(type: .request, attributes: attributes)))
        #expect(text == "CP(CFG_REQUEST) INTERNAL_IP4_ADDRESS 10.0.0.1, INTERNAL_IP6_ADDRESS")
    }
}

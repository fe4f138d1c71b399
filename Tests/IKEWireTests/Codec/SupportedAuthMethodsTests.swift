import IKEWire
import Testing

/// SUPPORTED_AUTH_METHODS (RFC 9593 section 3).
@Suite struct SupportedAuthMethodsTests {
    private static let ecdsa: [UInt8] = [0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]

    @Test func announcementsOfEachKindHaveTheirForm() {
        let notify = Notify.supportedAuthMethods([
            AuthMethodAnnouncement(.sharedKey),
            AuthMethodAnnouncement(.rsaSignature, authority: 2),
            AuthMethodAnnouncement(.digitalSignature, authority: 0, algorithm: Self.ecdsa),
        ])
        #expect(notify.data == [2, 2, 3, 1, 2, 15, 14, 0] + Self.ecdsa)
        #expect(notify.type.rawValue == 16443 && notify.protocolID == .none && notify.spi.isEmpty)
    }

    @Test func whatIsWrittenIsRead() throws {
        let announcements = [
            AuthMethodAnnouncement(.digitalSignature, authority: 3, algorithm: Self.ecdsa),
            AuthMethodAnnouncement(.null),
            AuthMethodAnnouncement(AuthenticationMethod(rawValue: 200), authority: 1, algorithm: [1, 2, 3]),
            AuthMethodAnnouncement(.ecdsaSHA256P256, authority: 0),
        ]
        let read = try #require(Notify.supportedAuthMethods(announcements).supportedAuthMethods)
        #expect(read == announcements)
        #expect(Notify(.supportedAuthMethods).supportedAuthMethods == [])
    }

    @Test(
        arguments: [[0], [1], [1, 2], [3, 1], [2], [2, 2, 0], [2, 2, 4, 14, 0], [255, 14, 0, 0x30]] as [[UInt8]]
    )
    func lengthsThatDoNotAddUpSayNothing(data: [UInt8]) {
        #expect(Notify(.supportedAuthMethods, data: data).supportedAuthMethods == nil)
    }

    @Test func anotherNotifyHasNone() {
        #expect(Notify(.cookie, data: [2, 2]).supportedAuthMethods == nil)
    }

    @Test func whatIsTooLongIsLeftOut() {
        let long = AuthMethodAnnouncement(.digitalSignature, algorithm: [UInt8](repeating: 0, count: 253))
        let octets = [UInt8](repeating: 0, count: 252)
        let longest = AuthMethodAnnouncement(.digitalSignature, authority: 0, algorithm: octets)
        #expect(Notify.supportedAuthMethods([long, AuthMethodAnnouncement(.sharedKey)]).data == [2, 2])
        #expect(Notify.supportedAuthMethods([longest]).supportedAuthMethods == [longest])
    }

    @Test func aTraceNamesTheMethods() {
        let payload = Payload(
            .notify(
                .supportedAuthMethods([
                    AuthMethodAnnouncement(.digitalSignature, authority: 0, algorithm: Self.ecdsa),
                    AuthMethodAnnouncement(.digitalSignature, authority: 0, algorithm: [0x30, 0]),
                    AuthMethodAnnouncement(.sharedKey),
                ])
            )
        )
        #expect(payload.summary == "N(SUPPORTED_AUTH_METHODS) 2 × digital signature, pre-shared key")
    }
}

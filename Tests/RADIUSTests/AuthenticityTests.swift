import IKECrypto
import IKEWire
import Support
import Testing

@testable import RADIUS

/// Requests prove who asks, and only the server's own answers are taken.
@Suite struct AuthenticityTests {
    private let server = RADIUSTestServer()
    private let random = SeededRandom(seed: 7)

    private func access(_ attributes: [Attribute] = [Attribute(.userName, text: "nemo")]) throws -> SignedRequest {
        try .access(identifier: 9, attributes: attributes, secret: server.secret, random: random)
    }

    /// RFC 2865 section 7.1: what makes the Response Authenticator. The message lacks what is demanded of EAP's servers.
    @Test func thePublishedResponseAuthenticatorIsRight() throws {
        let accept: Hex = """
            02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00
            0e 06 c0 a8 01 03
            """
        let authenticator: Hex = "0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a"
        let request = SignedRequest(
            code: .accessRequest,
            identifier: 0,
            authenticator: authenticator.bytes,
            octets: []
        )
        #expect(throws: RADIUSError.noMessageAuthenticator) {
            try request.checkedAnswer(accept.bytes, secret: server.secret)
        }
        #expect(throws: RADIUSError.wrongResponseAuthenticator) {
            try request.checkedAnswer(accept.bytes, secret: SecretBytes(copying: [1]))
        }
        var packet = try Packet(parsing: accept.bytes)
        packet.authenticator = authenticator.bytes
        #expect(try server.signed(packet) == accept.bytes)
    }

    @Test func theMessageAuthenticatorStandsFirstInARequest() throws {
        let request = try access()
        var packet = try Packet(parsing: request.octets)
        #expect(packet.attributes.map(\.type) == [.messageAuthenticator, .userName])
        #expect(packet.authenticator == request.authenticator)
        let code = packet.attributes[0].value
        packet.attributes[0] = Attribute(.messageAuthenticator, [UInt8](repeating: 0, count: 16))
        #expect(try HMAC.md5(key: server.secret, packet.encoded()) == code)
    }

    @Test func everyRequestHasAnAuthenticatorOfItsOwn() throws {
        #expect(try access().authenticator != access().authenticator)
    }

    @Test(arguments: [PacketCode.accessAccept, .accessReject, .accessChallenge], [0, 1, 2])
    func authenticAnswersAreTaken(code: PacketCode, place: Int) throws {
        let request = try access()
        let attributes = [Attribute(.state, [1, 2]), Attribute(.replyMessage, text: "well")]
        let octets = try server.answer(request.octets, code, attributes, signature: place)
        let answer = try request.checkedAnswer(octets, secret: server.secret)
        #expect(answer.code == code)
        #expect(answer.replyMessage == "well")
    }

    @Test func anAnswerWithoutMessageAuthenticatorIsRefused() throws {
        let request = try access()
        let octets = try server.answer(request.octets, .accessAccept, signature: nil)
        #expect(throws: RADIUSError.noMessageAuthenticator) {
            try request.checkedAnswer(octets, secret: server.secret)
        }
    }

    @Test func anAnswerWithTwoMessageAuthenticatorsIsRefused() throws {
        let request = try access()
        let another = Attribute(.messageAuthenticator, [UInt8](repeating: 0, count: 16))
        let octets = try server.answer(request.octets, .accessAccept, [another])
        #expect(throws: RADIUSError.noMessageAuthenticator) {
            try request.checkedAnswer(octets, secret: server.secret)
        }
    }

    /// As by a collision of MD5: the Response Authenticator is right, the Message-Authenticator is not.
    @Test(arguments: [[], [1], .init(repeating: 1, count: 15), .init(repeating: 1, count: 16)] as [[UInt8]])
    func aForgedMessageAuthenticatorIsRefused(code: [UInt8]) throws {
        let request = try access()
        let forged = Attribute(.messageAuthenticator, code)
        let octets = try server.answer(request.octets, .accessAccept, [forged], signature: nil)
        #expect(throws: RADIUSError.wrongMessageAuthenticator) {
            try request.checkedAnswer(octets, secret: server.secret)
        }
    }

    @Test func noOctetOfAnAnswerCanBeChanged() throws {
        let request = try access()
        let octets = try server.answer(request.octets, .accessReject, [Attribute(.replyMessage, text: "no")])
        for index in octets.indices {
            var changed = octets
            changed[index] ^= 1
            #expect(throws: RADIUSError.self) { try request.checkedAnswer(changed, secret: server.secret) }
        }
        for prefix in everyProperPrefix(of: octets) {
            #expect(throws: RADIUSError.self) { try request.checkedAnswer(prefix, secret: server.secret) }
        }
    }

    @Test func anAnswerToAnotherRequestIsRefused() throws {
        let octets = try server.answer(access().octets, .accessAccept)
        #expect(throws: RADIUSError.wrongResponseAuthenticator) {
            try access().checkedAnswer(octets, secret: server.secret)
        }
    }

    @Test func anotherSecretIsNoticed() throws {
        let request = try access()
        let octets = try RADIUSTestServer(secret: "another").answer(request.octets, .accessAccept)
        #expect(throws: RADIUSError.wrongResponseAuthenticator) {
            try request.checkedAnswer(octets, secret: server.secret)
        }
    }

    @Test(arguments: [PacketCode.accessRequest, .accountingResponse, .accountingRequest, PacketCode(rawValue: 40)])
    func packetsThatAreNoAnswersAreRefused(code: PacketCode) throws {
        let request = try access()
        let octets = try server.answer(request.octets, code)
        #expect(throws: RADIUSError.unexpected(code)) { try request.checkedAnswer(octets, secret: server.secret) }
    }

    // MARK: - Accounting

    /// RFC 2866 section 3: with zeros in the authenticator's place.
    @Test func anAccountingRequestIsSigned() throws {
        let attributes = [Attribute(.accountingStatusType, number: 1)]
        let request = try SignedRequest.accounting(identifier: 3, attributes: attributes, secret: server.secret)
        var packet = try Packet(parsing: request.octets)
        #expect(packet.code == .accountingRequest)
        packet.authenticator = [UInt8](repeating: 0, count: 16)
        #expect(try server.signed(packet) == request.octets)
    }

    @Test func anAccountingResponseMayBeWithoutMessageAuthenticatorButNotWithAWrongOne() throws {
        let request = try SignedRequest.accounting(identifier: 3, attributes: [], secret: server.secret)
        let plain = try server.answer(request.octets, .accountingResponse, signature: nil)
        let signed = try server.answer(request.octets, .accountingResponse)
        let wrong = Attribute(.messageAuthenticator, [UInt8](repeating: 1, count: 16))
        let forged = try server.answer(request.octets, .accountingResponse, [wrong], signature: nil)
        let accept = try server.answer(request.octets, .accessAccept)
        #expect(throws: Never.self) { try request.checkedAnswer(plain, secret: server.secret) }
        #expect(throws: Never.self) { try request.checkedAnswer(signed, secret: server.secret) }
        #expect(throws: RADIUSError.wrongMessageAuthenticator) {
            try request.checkedAnswer(forged, secret: server.secret)
        }
        #expect(throws: RADIUSError.unexpected(.accessAccept)) {
            try request.checkedAnswer(accept, secret: server.secret)
        }
    }
}

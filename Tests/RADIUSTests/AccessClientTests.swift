import IKECrypto
import IKEWire
import Inet
import RADIUS
import Support
import Testing

/// Conversations: what is asked, what comes of an answer, and what the next question returns.
@Suite struct AccessClientTests {
    private let server = RADIUSTestServer()
    private let addresses: [SocketAddress]
    private let access: AccessClient
    private let session: AccessSession
    private let identity = EAPMessage.response(identifier: 1, type: .identity, data: Array("anna".utf8))
    private let success = EAPMessage.success(identifier: 4)

    init() throws {
        addresses = [try SocketAddress("192.0.2.1", 1812), try SocketAddress("192.0.2.2", 1812)]
        let secret = server.secret
        access = AccessClient(
            servers: addresses.enumerated().map { RADIUSServer(name: "s\($0)", address: $1, secret: secret) },
            patience: RADIUSPatience(),
            random: SeededRandom(seed: 3)
        )
        session = AccessSession(
            nasIdentifier: "gw",
            port: 17,
            portName: "road",
            local: try SocketAddress("198.51.100.1", 4500),
            remote: try SocketAddress("203.0.113.9", 32_000)
        )
    }

    private func ask(
        _ eap: EAPMessage,
        userName: String = "anna"
    ) throws -> (octets: [UInt8], to: SocketAddress) {
        let question = AccessQuestion(
            conversation: ConversationID(rawValue: 5),
            eap: eap,
            userName: Array(userName.utf8),
            session: session
        )
        #expect(access.ask(question, now: .zero) == nil)
        guard case .send(let octets, let address) = try #require(access.client.poll()) else {
            throw Unexpected()
        }
        return (octets, address)
    }

    private struct Unexpected: Error {}

    /// What comes of an answer.
    private func outcome(_ octets: [UInt8], from source: SocketAddress) throws -> AccessOutcome {
        access.client.receive(octets, from: source, now: .zero)
        guard case .finished(let id, let end) = try #require(access.client.poll()) else { throw Unexpected() }
        let (conversation, outcome) = access.outcome(of: id, end)
        #expect(conversation == ConversationID(rawValue: 5))
        return outcome
    }

    private func outcome(_ code: PacketCode, _ attributes: [Attribute]) throws -> AccessOutcome {
        let (request, address) = try ask(identity)
        return try outcome(server.answer(request, code, attributes), from: address)
    }

    @Test func aQuestionSaysWhoAsksAndFromWhere() throws {
        let packet = try Packet(parsing: ask(identity).octets)
        #expect(packet.code == .accessRequest)
        #expect(packet.attributes.first?.type == .messageAuthenticator)
        #expect(packet.first(.userName)?.value == Array("anna".utf8))
        #expect(try packet.eapMessage() == identity)
        #expect(packet.first(.nasIdentifier)?.value == Array("gw".utf8))
        #expect(try packet.first(.nasIPAddress)?.address(.v4) == session.local.address)
        #expect(try packet.first(.nasPort)?.number() == 17)
        #expect(try packet.first(.nasPortType)?.number() == 5)
        #expect(packet.first(.nasPortID)?.value == Array("road".utf8))
        #expect(packet.first(.calledStationID)?.value == Array("198.51.100.1[4500]".utf8))
        #expect(packet.first(.callingStationID)?.value == Array("203.0.113.9[32000]".utf8))
        #expect(packet.first(.state) == nil)
    }

    @Test func aChallengeIsAnsweredWithItsStateToTheSameServer() throws {
        let challenge = EAPMessage.request(identifier: 2, type: EAPType(rawValue: 26), data: [1])
        let state = Attribute(.state, [9, 8, 7])
        let attributes = try #require(Attribute.eap(challenge)) + [state]
        // The first server is silent, so that the second is the conversation's.
        _ = try ask(identity)
        for _ in 0..<4 { access.client.timePassed(try #require(access.client.nextDeadline)) }
        var last: (octets: [UInt8], to: SocketAddress)?
        while let output = access.client.poll() { if case .send(let octets, let to) = output { last = (octets, to) } }
        let (request, address) = try #require(last)
        #expect(address == addresses[1])
        let outcome = try outcome(server.answer(request, .accessChallenge, attributes), from: address)
        guard case .challenge(let message) = outcome else { throw Unexpected() }
        #expect(message == challenge)
        let response = EAPMessage.response(identifier: 2, type: EAPType(rawValue: 26), data: [2])
        let next = try ask(response)
        #expect(next.to == addresses[1])
        #expect(try Packet(parsing: next.octets).all(.state) == [state])
        #expect(try Packet(parsing: next.octets).eapMessage() == response)
    }

    @Test func anAcceptGrantsWhatItSays() throws {
        let (request, address) = try ask(identity)
        let keys = [
            server.mppe(17, try server.encrypt(key: .init(repeating: 1, count: 32), for: request)),
            server.mppe(16, try server.encrypt(key: .init(repeating: 2, count: 32), salt: [0x81, 0], for: request)),
        ]
        let attributes =
            try #require(Attribute.eap(success)) + keys + [
                Attribute(.framedIPAddress, [10, 3, 0, 7]),
                Attribute(.framedIPAddress, [255, 255, 255, 254]),
                Attribute(.framedIPv6Address, .init(repeating: 2, count: 16)),
                Attribute(.framedIPv6Prefix, [0, 64] + .init(repeating: 3, count: 8)),
                Attribute(.framedIPv6Prefix, [0, 128] + .init(repeating: 4, count: 16)),
                Attribute(.sessionTimeout, number: 3600),
                Attribute(.accountingInterimInterval, number: 60),
                Attribute(.userName, text: "anna@example.org"),
                Attribute(.accountingClass, [1]),
                Attribute(.accountingClass, [2, 2]),
            ]
        let outcome = try outcome(server.answer(request, .accessAccept, attributes), from: address)
        guard case .accept(let message, let grant) = outcome else { throw Unexpected() }
        #expect(message == success)
        let key = [UInt8](repeating: 1, count: 32) + [UInt8](repeating: 2, count: 32)
        #expect(grant.masterSessionKey == SecretBytes(copying: key))
        #expect(
            grant.framedAddresses == [
                IPAddress("10.3.0.7"), IPAddress(bytes: [UInt8](repeating: 2, count: 16)),
                IPAddress(bytes: [UInt8](repeating: 4, count: 16)),
            ]
        )
        #expect(grant.sessionTimeout == .seconds(3600))
        #expect(grant.interimInterval == .seconds(60))
        #expect(grant.userName == Array("anna@example.org".utf8))
        #expect(grant.classes == [[1], [2, 2]])
    }

    @Test func anAcceptMayGrantNothingMore() throws {
        let outcome = try outcome(.accessAccept, #require(Attribute.eap(success)))
        guard case .accept(_, let grant) = outcome else { throw Unexpected() }
        #expect(grant.masterSessionKey == nil)
        #expect(grant.framedAddresses.isEmpty)
        #expect(grant.sessionTimeout == nil)
    }

    @Test func aRejectSaysWhatTheServerSays() throws {
        let failure = EAPMessage.failure(identifier: 4)
        let reply = Attribute(.replyMessage, text: "unpaid")
        let rejection = try outcome(.accessReject, #require(Attribute.eap(failure)) + [reply])
        guard case .reject(let message, let reason) = rejection else { throw Unexpected() }
        #expect(message == failure)
        #expect(reason == "unpaid")
        guard case .reject(nil, let silence) = try outcome(.accessReject, []) else { throw Unexpected() }
        #expect(silence == "the server gives no reason")
    }

    /// RFC 3579 section 2.6.3.
    @Test(arguments: [
        (PacketCode.accessAccept, nil), (.accessAccept, EAPMessage.failure(identifier: 4)),
        (.accessAccept, .request(identifier: 2, type: .identity)), (.accessChallenge, nil),
        (.accessChallenge, .success(identifier: 4)), (.accessReject, .success(identifier: 4)),
    ])
    func answersThatContradictThemselvesLetNobodyIn(code: PacketCode, eap: EAPMessage?) throws {
        let attributes = try eap.map { try #require(Attribute.eap($0)) } ?? []
        guard case .reject(nil, let reason) = try outcome(code, attributes) else { throw Unexpected() }
        #expect(reason.contains("the server's \(code) carries"))
    }

    @Test(arguments: [
        Attribute(.sessionTimeout, [1]), Attribute(.framedIPAddress, [1, 2, 3]), Attribute(.eapMessage, [1]),
        Attribute(.framedIPv6Address, [1]), Attribute(.framedIPv6Prefix, [0]), Attribute(.vendorSpecific, [0]),
        Attribute(.accountingInterimInterval, []),
    ])
    func malformedAttributesOfAnAcceptLetNobodyIn(attribute: Attribute) throws {
        let outcome = try outcome(.accessAccept, #require(Attribute.eap(success)) + [attribute])
        guard case .reject(nil, let reason) = outcome else { throw Unexpected() }
        #expect(reason.contains("Access-Accept cannot be used"))
    }

    @Test func anIdentityThatNoAttributeTakesIsRefusedWithoutAsking() throws {
        let question = AccessQuestion(
            conversation: ConversationID(rawValue: 5),
            eap: identity,
            userName: .init(repeating: 65, count: 254),
            session: session
        )
        guard case .reject(nil, let reason)? = access.ask(question, now: .zero) else { throw Unexpected() }
        #expect(reason.contains("254 octets"))
        #expect(access.client.poll() == nil)
    }

    @Test func withoutAnIdentityThereIsNoUserName() throws {
        #expect(try Packet(parsing: ask(identity, userName: "").octets).first(.userName) == nil)
    }

    @Test func aResponseThatFitsIntoNoPacketIsRefused() throws {
        let long = EAPMessage.response(identifier: 1, type: .identity, data: .init(repeating: 0, count: 4200))
        let question = AccessQuestion(
            conversation: ConversationID(rawValue: 5),
            eap: long,
            userName: [65],
            session: session
        )
        #expect(access.ask(question, now: .zero) == nil)
        guard case .finished(let id, let end) = try #require(access.client.poll()) else { throw Unexpected() }
        guard case .reject(nil, let reason) = access.outcome(of: id, end).outcome else { throw Unexpected() }
        #expect(reason.contains("cannot be sent"))
    }

    @Test func aConversationThatHasEndedIsForgotten() throws {
        _ = try ask(identity)
        access.end(ConversationID(rawValue: 5), now: .zero)
        #expect(access.client.nextDeadline == nil)
    }
}

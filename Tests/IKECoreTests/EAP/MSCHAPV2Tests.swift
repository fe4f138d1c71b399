import IKECore
import IKECrypto
import IKEWire
import Support
import Testing

/// EAP-MSCHAPv2 in both roles, and what EAP itself asks of any method.
@Suite struct MSCHAPV2Tests {
    @Test func bothSidesProveThePassword() throws {
        var conversation = Conversation(.alice(), .gateway())
        let ending = try conversation.run()
        let (peer, server) = (try ending.peer.get(), try ending.authenticator.get())
        #expect(peer.identity == alice && server.identity == alice)
        #expect(peer.method == .mschapV2 && server.method == .mschapV2)
        #expect(peer.tls == nil && server.tls == nil)
        #expect(peer.msk?.count == 64 && peer.msk == server.msk)
        // Identity, challenge and success with their responses, and the end.
        #expect(
            conversation.messages.map(\.code) == [
                .request, .response, .request, .response, .request, .response, .success,
            ]
        )
        #expect(conversation.messages.map(\.type).prefix(2) == [.identity, .identity])
    }

    @Test func identifiersCountUpAndAreRepeated() throws {
        var conversation = Conversation(.alice(), .gateway())
        _ = try conversation.run()
        let first = conversation.messages[0].identifier
        #expect(conversation.messages.map { $0.identifier &- first } == [0, 0, 1, 1, 2, 2, 2])
    }

    @Test func theIdentityNeedNotBeAsked() throws {
        var conversation = Conversation(.alice(), .gateway(asksIdentity: false, assumedIdentity: "vpn.example.org"))
        let ending = try conversation.run()
        #expect(try ending.authenticator.get().identity == alice)
        #expect(conversation.messages.first?.type == .mschapV2)
    }

    @Test func theServersProposalIsTakenWhereNoMethodIsConfigured() throws {
        var conversation = Conversation(.alice(nil), .gateway())
        #expect(try conversation.run().peer.get().identity == alice)
    }

    @Test func aNotificationIsAnswered() throws {
        var peer = EAPPeer.alice()
        let answer = try peer.respond(to: .request(identifier: 9, type: .notification, data: [UInt8]("hello")))
        #expect(answer == .response(identifier: 9, type: .notification))
    }

    // MARK: - Refusals

    @Test func aWrongPasswordIsToldToBothSides() throws {
        var conversation = Conversation(.alice(password: "wrong"), .gateway())
        try conversation.run().expectWrongPassword()
        #expect(conversation.messages.last?.code == .failure)
    }

    @Test func anUnknownUserSeesWhatAWrongPasswordSees() throws {
        var known = Conversation(.alice(password: "wrong"), .gateway())
        var unknown = Conversation(.alice(identity: "mallo"), .gateway())
        let ending = try unknown.run()
        _ = try known.run()
        #expect(ending.authenticatorFailure == "there is no password of the user \"mallo\" (secrets, eap)")
        #expect(unknown.messages.map(\.code) == known.messages.map(\.code))
        #expect(unknown.messages.map(\.data.count) == known.messages.map(\.data.count))
    }

    @Test func aNameThatWouldDisfigureTheLogIsEscaped() throws {
        var conversation = Conversation(.alice(identity: "a\u{1B}[2J\u{202E}b\n"), .gateway())
        #expect(
            try conversation.run().authenticatorFailure
                == "there is no password of the user \"a?[2J?b?\" (secrets, eap)"
        )
    }

    @Test func aServerWithoutThePasswordIsNotBelieved() throws {
        var conversation = Conversation(.alice(), .gateway())
        conversation.change = { number, message in
            guard number == 4 else { return message }
            var data = message.data
            data[6] = data[6] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            return .request(identifier: message.identifier, type: .mschapV2, data: data)
        }
        let ending = try conversation.run()
        #expect(
            ending.peerFailure?.hasPrefix("the server does not prove by EAP-MSCHAPv2 that it knows the password")
                == true
        )
        #expect(ending.authenticatorFailure == "the client \"alice\" does not accept our proof of its password")
    }

    @Test(
        arguments: [
            ("E=648 R=0 C=00 V=3 M=x", "the password has expired; change it by other means (E=648)"),
            ("E=647", "the account is disabled (E=647)"),
            ("E=1 M=\u{7}bell", "\"E=1 M=?bell\""),
            ("", "\"\""),
        ]
    )
    func theServersReasonIsSaidInWords(_ text: String, _ words: String) throws {
        var peer = try challengedPeer()
        let length = UInt8(text.utf8.count + 4)
        let answer = try peer.respond(
            to: .request(identifier: 2, type: .mschapV2, data: [4, 1, 0, length] + Array(text.utf8))
        )
        #expect(answer.data == [4])
        #expect(throws: failure("the server refuses \"alice\" by EAP-MSCHAPv2: \(words)")) {
            try peer.finish(.failure(identifier: 2))
        }
        #expect(throws: NegotiationFailure.self) { try peer.finish(.success(identifier: 2)) }
    }

    @Test func successBeforeTheMethodIsDoneIsNotBelieved() throws {
        var early = EAPPeer.alice()
        #expect(throws: NegotiationFailure.self) { try early.finish(.success(identifier: 0)) }
        var peer = try challengedPeer()
        let error = #expect(throws: NegotiationFailure.self) { try peer.finish(.success(identifier: 1)) }
        #expect(error?.message == "the server reports success before EAP-MSCHAPv2 is done")
    }

    @Test func failureWithoutAReasonSaysWhereItCame() throws {
        var early = EAPPeer.alice()
        #expect(
            throws: failure("the server refuses \"alice\" before any method of EAP has begun, without a reason")
        ) { try early.finish(.failure(identifier: 0)) }
        var peer = try challengedPeer()
        #expect(throws: failure("the server refuses \"alice\" by EAP-MSCHAPv2, without a reason")) {
            try peer.finish(.failure(identifier: 0))
        }
        #expect(throws: NegotiationFailure.self) { try peer.finish(.response(identifier: 0, type: .identity)) }
    }

    private func failure(_ message: String) -> NegotiationFailure {
        NegotiationFailure(.authenticationFailed, message, notify: Notify(.authenticationFailed))
    }

    private func challengedPeer() throws -> EAPPeer {
        var peer = EAPPeer.alice()
        let challenge: [UInt8] = [1, 1, 0, 21, 16] + [UInt8](repeating: 7, count: 16)
        _ = try peer.respond(to: .request(identifier: 1, type: .mschapV2, data: challenge))
        return peer
    }

    // MARK: - Methods that do not fit

    @Test func aNakNamesWhatTheClientWantsAndWhatIsConfigured() throws {
        var peer = EAPPeer.alice()
        let nak = try peer.respond(to: .request(identifier: 3, type: .md5Challenge, data: [1, 2, 3]))
        #expect(nak == .response(identifier: 3, type: .nak, data: [EAPType.mschapV2.rawValue]))
        #expect(
            throws: failure(
                "the server proposes the EAP method MD5, configured is EAP-MSCHAPv2 (auth), and the server gave up"
            )
        ) { try peer.finish(.failure(identifier: 3)) }
        #expect(throws: NegotiationFailure.self) {
            try peer.respond(to: .request(identifier: 4, type: .md5Challenge))
        }
    }

    @Test func theServerSaysWhatTheClientWanted() throws {
        var server = EAPAuthenticator.gateway(asksIdentity: false, assumedIdentity: "alice")
        let request = try server.begin()
        let wanted = [EAPType.tls.rawValue, EAPType.peap.rawValue]
        let reply = try server.process(.response(identifier: request.identifier, type: .nak, data: wanted))
        guard case .failure(let message, let failure) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(message == .failure(identifier: request.identifier))
        #expect(failure.message == "the client \"alice\" wants EAP-TLS, PEAP, configured is EAP-MSCHAPv2 (auth)")
        #expect(throws: NegotiationFailure.self) { try server.process(.response(identifier: 0, type: .identity)) }
    }

    @Test func aClientWithoutCredentialsRefusesEveryMethod() throws {
        var peer = EAPPeer.alice(nil, password: nil)
        let nak = try peer.respond(to: .request(identifier: 3, type: .mschapV2))
        #expect(nak == .response(identifier: 3, type: .nak, data: [0]))
    }

    @Test func theConfiguredMethodNeedsItsPassword() throws {
        var peer = EAPPeer.alice(password: nil)
        let error = #expect(throws: NegotiationFailure.self) {
            try peer.respond(to: .request(identifier: 3, type: .mschapV2))
        }
        #expect(error?.reason == .noCredential)
        #expect(
            error?.message
                == "EAP-MSCHAPv2 needs a password, and no secret is for the EAP identity \"alice\" (secrets, eap)"
        )
    }

    @Test func theMethodMayNotChangeInTheMiddle() throws {
        var peer = try challengedPeer()
        #expect(throws: NegotiationFailure.self) { try peer.respond(to: .request(identifier: 2, type: .tls)) }
        #expect(throws: NegotiationFailure.self) { try peer.respond(to: .success(identifier: 2)) }
        #expect(throws: NegotiationFailure.self) { try peer.respond(to: .response(identifier: 2, type: .mschapV2)) }
    }

    // MARK: - Malformed packets

    @Test(
        arguments: [
            [], [1], [1, 1, 0], [1, 1, 0, 21], [1, 1, 0, 4], [9, 1, 0, 4], [2, 1, 0, 4], [1, 1, 0, 5, 16],
            [1, 1, 0, 21, 15] + [UInt8](repeating: 0, count: 16), [1, 1, 0, 20] + [UInt8](repeating: 16, count: 17),
            [3, 1, 0, 4], [4, 1, 0, 4],
        ] as [[UInt8]]
    )
    func aBadFirstRequestEndsIt(_ data: [UInt8]) {
        var peer = EAPPeer.alice()
        let error = #expect(throws: NegotiationFailure.self) {
            try peer.respond(to: .request(identifier: 1, type: .mschapV2, data: data))
        }
        #expect(error?.reason == .invalidMessage)
    }

    @Test(arguments: [
        "", "S", "S=", "S=00", "s=" + String(repeating: "0", count: 40), "S=" + String(repeating: "z", count: 40),
    ])
    func aSuccessWithoutAProofIsNotBelieved(_ text: String) throws {
        var peer = try challengedPeer()
        let data = [3, 1, 0, UInt8(text.utf8.count + 4)] + Array(text.utf8)
        #expect(try peer.respond(to: .request(identifier: 2, type: .mschapV2, data: data)).data == [4])
        #expect(throws: NegotiationFailure.self) { try peer.finish(.success(identifier: 2)) }
    }

    /// Whatever is cut off or changed, the server fails and does not trap.
    @Test func everyBrokenResponseFails() throws {
        let whole = try responseOfAlice()
        for count in 0..<whole.count {
            #expect(try failure(with: Array(whole.prefix(count))) == .invalidMessage)
        }
        for index in 0..<4 {
            var changed = whole
            changed[index] ^= 0x40
            #expect(try failure(with: changed) == .invalidMessage)
        }
        #expect(try failure(with: whole + [0]) == .invalidMessage)
        // An acknowledgement of what was not said.
        #expect(try failure(with: [3]) == .invalidMessage)
        #expect(try failure(with: [4]) == .invalidMessage)
    }

    /// The answer to the challenge that `gateway` begins with.
    private func responseOfAlice() throws -> [UInt8] {
        var (peer, server) = (EAPPeer.alice(), EAPAuthenticator.gateway(asksIdentity: false))
        return try peer.respond(to: server.begin()).data
    }

    private func failure(with data: [UInt8]) throws -> NegotiationFailure.Reason? {
        var server = EAPAuthenticator.gateway(asksIdentity: false)
        let request = try server.begin()
        let reply = try server.process(.response(identifier: request.identifier, type: .mschapV2, data: data))
        guard case .failure(_, let failure) = reply else { return nil }
        return failure.reason
    }

    @Test func aResponseToAnotherRequestFails() throws {
        var server = EAPAuthenticator.gateway()
        let request = try server.begin()
        let reply = try server.process(.response(identifier: request.identifier &+ 1, type: .identity, data: alice))
        guard case .failure(_, let failure) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(failure.reason == .invalidMessage)
    }

    @Test func whatIsNoResponseFails() throws {
        for message in [EAPMessage.success(identifier: 0), .request(identifier: 0, type: .identity)] {
            var server = EAPAuthenticator.gateway()
            _ = try server.begin()
            guard case .failure = try server.process(message) else {
                Issue.record("\(message)")
                return
            }
        }
        var unasked = EAPAuthenticator.gateway()
        #expect(throws: NegotiationFailure.self) { try unasked.process(.response(identifier: 0, type: .identity)) }
    }
}

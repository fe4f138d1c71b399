import IKECrypto
import IKEWire
import Support
import Testing

@testable import IKECore

/// EAP-TTLS in both roles, over TLS 1.2 and 1.3.
@Suite struct EAPTTLSTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func conversation(
        _ version: TLSVersion = .tls13,
        identity: String = "alice",
        password: String = "correct horse",
        client: EAPTLSCredentials? = nil,
        gateway: EAPTLSCredentials? = nil
    ) throws -> Conversation {
        Conversation(
            .alice(.ttls, identity: identity, password: password, tls: client ?? authority.anonymous),
            .gateway(.ttls, tls: try gateway ?? authority.gateway(versions: .only(version)))
        )
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func thePasswordIsProvedInTheTunnel(version: TLSVersion) throws {
        var conversation = try conversation(version)
        let ending = try conversation.run()
        let (peer, server) = (try ending.peer.get(), try ending.authenticator.get())
        #expect(peer.identity == alice && server.identity == alice)
        #expect(peer.method == .ttls && server.method == .ttls)
        #expect(peer.msk?.count == 64 && peer.msk == server.msk)
        #expect(peer.tls?.version == version && peer.tls?.peerSubject == "CN=gw")
        #expect(server.tls?.clientCertificate == .notRequested && server.tls?.peerSubject == nil)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aClientsCertificateMayBeAskedForToo(version: TLSVersion) throws {
        var gateway = try authority.gateway(versions: .only(version))
        gateway.asksForClientCertificate = true
        var with = try conversation(client: authority.client(), gateway: gateway)
        let ending = try with.run()
        #expect(try ending.authenticator.get().tls?.peerSubject == "CN=alice")
        #expect(try ending.peer.get().tls?.clientCertificate == .given)
        var without = try conversation(gateway: gateway)
        let refused = try without.run()
        #expect(
            refused.authenticatorFailure
                == "EAP-TTLS fails: the TLS session cannot go on: peer did not return a certificate"
        )
        #expect(refused.peerFailure?.hasPrefix("EAP-TTLS fails: the peer ended TLS with the alert") == true)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aWrongPasswordIsToldToBothSides(version: TLSVersion) throws {
        var conversation = try conversation(version, password: "wrong")
        try conversation.run().expectWrongPassword()
    }

    @Test func anUnknownUserIsToldLikeAWrongPassword() throws {
        var conversation = try conversation(identity: "mallory")
        let ending = try conversation.run()
        #expect(ending.authenticatorFailure == "there is no password of the user \"mallory\" (secrets, eap)")
        #expect(ending.peerFailure?.contains("E=691") == true)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func noPasswordGoesToAServerThatIsNotTrusted(version: TLSVersion) throws {
        let other = try TestAuthority("Other CA")
        var conversation = try conversation(gateway: other.gateway(versions: .only(version)))
        let ending = try conversation.run()
        #expect(
            ending.peerFailure
                == "EAP-TTLS fails: the peer's certificate is not trusted: no trusted CA certificate for the issuer \"CN=Other CA\""
        )
        #expect(ending.authenticatorFailure == "EAP-TTLS fails: the peer ended TLS with the alert \"unknown CA\"")
    }

    @Test func successBeforeTheInnerMethodIsDoneIsNotBelieved() throws {
        var (peer, gateway) = (
            EAPPeer.alice(.ttls, tls: authority.anonymous),
            EAPAuthenticator.gateway(.ttls, tls: try authority.gateway())
        )
        var request = try gateway.begin()
        while case .request(let next) = try gateway.process(peer.respond(to: request)) {
            #expect(throws: NegotiationFailure.self) { try peer.finish(.success(identifier: request.identifier)) }
            request = next
        }
        #expect(try peer.finish(.success(identifier: request.identifier)).identity == alice)
    }

    // MARK: - Clients that do something else in the tunnel

    /// A client that sends what a test says through the tunnel, and then acknowledges.
    private struct ScriptedClient {
        var tunnel: EAPTunnel
        var gateway: EAPAuthenticator
        /// Of the gateway, in the tunnel.
        private(set) var received: [SecretBytes] = []

        init(_ authority: TestAuthority, _ version: TLSVersion) throws {
            tunnel = try EAPTunnel(
                .ttls,
                authority.anonymous.settings(.client, peer: nil, asksForClientCertificate: false)
            )
            gateway = .gateway(
                .ttls,
                asksIdentity: false,
                assumedIdentity: "anonymous",
                tls: try authority.gateway(versions: .only(version))
            )
        }

        private struct Stuck: Error {}

        /// The end that the gateway comes to; `data` is made once the session is there.
        mutating func run(_ data: (TLSSession) throws -> SecretBytes) throws -> EAPAuthenticator.Reply {
            var identifier = try gateway.begin().identifier
            var packet = try tunnel.open()
            var isSaid = false
            for _ in 0..<20 {
                let reply = try gateway.process(.response(identifier: identifier, type: .ttls, data: packet))
                guard case .request(let request) = reply else { return reply }
                identifier = request.identifier
                switch try tunnel.receive(request.data) {
                case .packet(let next): packet = next
                case .turn(let answer):
                    if !answer.isEmpty { received.append(answer) }
                    if tunnel.session.isEstablished, !isSaid {
                        isSaid = true
                        packet = try tunnel.send(data(tunnel.session))
                    } else {
                        packet = tunnel.send()
                    }
                case .failed(let failure, _): throw failure
                }
            }
            throw Stuck()
        }
    }

    private func octets(_ attributes: [AVP]) throws -> SecretBytes {
        var all = SecretBytes.empty
        for attribute in attributes { all = .concatenation(all, try #require(attribute.encoded)) }
        return all
    }

    private func run(
        _ attributes: [AVP],
        _ version: TLSVersion = .tls13
    ) throws -> Result<EAPOutcome, NegotiationFailure> {
        var client = try ScriptedClient(authority, version)
        let reply = try client.run { _ in try octets(attributes) }
        return result(reply)
    }

    private func result(_ reply: EAPAuthenticator.Reply) -> Result<EAPOutcome, NegotiationFailure> {
        switch reply {
        case .request: .failure(NegotiationFailure(.closed, "a request"))
        case .success(_, let outcome): .success(outcome)
        case .failure(_, let failure): .failure(failure)
        }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aPlainPasswordIsAccepted(version: TLSVersion) throws {
        let padded = SecretBytes("correct horse\0\0\0")
        let outcome = try run(
            [AVP(kind: .userName, data: SecretBytes("alice")), AVP(kind: .userPassword, data: padded)],
            version
        ).get()
        #expect(outcome.identity == alice && outcome.msk?.count == 64 && outcome.method == .ttls)
    }

    @Test(arguments: ["", "\0", "correct", "correct horse!", "Correct horse"])
    func aWrongPlainPasswordIsRefused(given: String) throws {
        let result = try run([
            AVP(kind: .userName, data: SecretBytes("alice")), AVP(kind: .userPassword, data: SecretBytes(given)),
        ])
        #expect(throws: NegotiationFailure.wrongPassword(alice, password)) { try result.get() }
    }

    @Test func aPlainPasswordOfAnUnknownUserIsRefused() throws {
        let result = try run([
            AVP(kind: .userName, data: SecretBytes("bob")),
            AVP(kind: .userPassword, data: SecretBytes("correct horse")),
        ])
        #expect(throws: NegotiationFailure.wrongPassword([UInt8]("bob"), nil)) { try result.get() }
    }

    private func msCHAPv2(
        _ session: TLSSession,
        password: String = "correct horse",
        change: (inout [UInt8], inout [UInt8]) -> Void = { _, _ in }
    ) throws -> SecretBytes {
        let exported = try session.export(label: "ttls challenge", context: nil, length: 17)
        var challenge = exported.withUnsafeBytes { Array($0.prefix(16)) }
        let own = [UInt8](repeating: 5, count: 16)
        let proof = try MSCHAPV2Proof(
            authenticatorChallenge: challenge,
            peerChallenge: own,
            userName: alice,
            password: NTPasswordHash(password: SecretBytes(password))
        )
        let identifier = exported.withUnsafeBytes { Array($0.suffix(1)) }
        var response = identifier + [0] + own + [UInt8](repeating: 0, count: 8) + proof.response
        change(&challenge, &response)
        return try octets([
            AVP(kind: .userName, data: SecretBytes("alice")),
            AVP(kind: .msCHAPChallenge, data: SecretBytes(copying: challenge)),
            AVP(kind: .msCHAP2Response, data: SecretBytes(copying: response)),
        ])
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func msCHAPv2WithoutEAPIsAccepted(version: TLSVersion) throws {
        var client = try ScriptedClient(authority, version)
        let reply = try client.run { try msCHAPv2($0) }
        #expect(try result(reply).get().identity == alice)
        let attributes = try AVP.parse(try #require(client.received.last))
        let success = try #require(attributes.octets(.msCHAP2Success))
        #expect(success.count == 43 && success.dropFirst().starts(with: [UInt8]("S=")))
    }

    @Test func msCHAPv2WithAWrongPasswordIsRefused() throws {
        var client = try ScriptedClient(authority, .tls13)
        let reply = try client.run { try msCHAPv2($0, password: "wrong") }
        #expect(throws: NegotiationFailure.wrongPassword(alice, password)) { try result(reply).get() }
    }

    /// A challenge that the client has chosen itself lets it replay what it has overheard.
    @Test func msCHAPv2OfAnotherSessionIsRefused() throws {
        let changes: [(inout [UInt8], inout [UInt8]) -> Void] = [
            { challenge, _ in challenge[0] ^= 1 }, { _, response in response[0] ^= 1 },
            { _, response in response.removeLast() },
            { challenge, _ in challenge = [] }, { _, response in response = [] },
        ]
        for change in changes {
            var client = try ScriptedClient(authority, .tls13)
            let reply = try client.run { try msCHAPv2($0, change: change) }
            let error = #expect(throws: NegotiationFailure.self) { try result(reply).get() }
            #expect(error?.message == "the MS-CHAPv2 response of \"alice\" does not belong to this TLS session")
        }
    }

    @Test func otherAttributesAreRefused() throws {
        let user = AVP(kind: .userName, data: SecretBytes("alice"))
        let chap = AVP.Kind(code: 3)
        let cases: [[AVP]] = [
            [user],
            [AVP(kind: .userPassword, data: SecretBytes("correct horse"))],
            [user, AVP(kind: chap, data: SecretBytes("x"))],
            [user, AVP(kind: chap, isMandatory: false, data: SecretBytes("x"))],
            [AVP(kind: .eapMessage, data: .empty)],
            [AVP(kind: .eapMessage, data: SecretBytes(copying: [2, 0, 0, 9, 1]))],
            [AVP(kind: .eapMessage, data: SecretBytes(copying: [1, 0, 0, 5, 1]))],
            [AVP(kind: .eapMessage, data: SecretBytes(copying: [2, 0, 0, 5, 26]))],
            [AVP(kind: .eapMessage, data: SecretBytes(copying: [3, 0, 0, 4]))],
        ]
        for attributes in cases {
            let result = try run(attributes)
            #expect(throws: NegotiationFailure.self) { try result.get() }
        }
        var client = try ScriptedClient(authority, .tls13)
        let reply = try client.run { _ in SecretBytes("no attributes") }
        #expect(throws: NegotiationFailure.self) { try result(reply).get() }
    }

    @Test func packetsThatAreChangedFail() throws {
        for number in 2..<14 {
            var conversation = try conversation()
            var isChanged = false
            conversation.change = { count, message in
                guard count == number, message.data.count > 12 else { return message }
                isChanged = true
                var data = message.data
                data[12] ^= 0x11
                return message.withData(data[...])
            }
            let ending = try? conversation.run()
            guard isChanged, let ending else { continue }
            #expect(ending.peerFailure != nil || ending.authenticatorFailure != nil, "message \(number)")
        }
    }
}

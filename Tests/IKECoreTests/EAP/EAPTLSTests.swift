import IKECore
import IKECrypto
import IKEWire
import Support
import Testing

/// EAP-TLS in both roles, over TLS 1.2 and 1.3.
@Suite struct EAPTLSTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func conversation(
        _ client: EAPTLSCredentials? = nil,
        _ gateway: EAPTLSCredentials? = nil,
        identity: String = "alice@example.org"
    ) throws -> Conversation {
        Conversation(
            .alice(.tls, identity: identity, password: nil, tls: try client ?? authority.client()),
            .gateway(.tls, tls: try gateway ?? authority.gateway())
        )
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func bothSidesProveTheirCertificates(version: TLSVersion) throws {
        var conversation = try conversation(nil, authority.gateway(versions: .only(version)))
        let ending = try conversation.run()
        let (peer, server) = (try ending.peer.get(), try ending.authenticator.get())
        #expect(peer.msk?.count == 64 && peer.msk == server.msk)
        #expect(peer.identity == [UInt8]("alice@example.org") && server.identity == peer.identity)
        #expect(peer.method == .tls && server.method == .tls)
        #expect(peer.tls?.version == version && server.tls?.version == version)
        #expect(peer.tls?.clientCertificate == .given && server.tls?.clientCertificate == .given)
        #expect(peer.tls?.peerSubject == "CN=gw" && server.tls?.peerSubject == "CN=alice")
        #expect(peer.tls?.cipherSuite == server.tls?.cipherSuite)
        // The last word is the client's acknowledgement, in both versions.
        #expect(conversation.messages.dropLast().last?.data == [0])
        #expect(conversation.messages.allSatisfy { $0.data.count <= 1029 })
    }

    @Test func everyConversationHasAKeyOfItsOwn() throws {
        var first = try conversation()
        var second = try conversation()
        #expect(try first.run().peer.get().msk != second.run().peer.get().msk)
    }

    @Test func theMethodIsTakenWhereTheServerProposesIt() throws {
        var conversation = Conversation(
            .alice(nil, identity: "alice@example.org", password: nil, tls: try authority.client()),
            .gateway(.tls, tls: try authority.gateway())
        )
        #expect(try conversation.run().peer.get().method == .tls)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func longChainsGoInFragmentsBothWays(version: TLSVersion) throws {
        let names = (0..<150).map { AlternativeName.dns("a-rather-long-name-number-\($0).example.org") }
        let client = try authority.issue("alice", names: names + [.email("alice@example.org")])
        let gateway = try authority.issue("gw", names: names, versions: .only(version))
        var conversation = try conversation(client, gateway)
        let ending = try conversation.run()
        #expect(try ending.peer.get().msk == ending.authenticator.get().msk)
        let more = conversation.messages.filter { ($0.data.first ?? 0) & 0x40 != 0 }
        #expect(more.filter { $0.code == .request }.count > 3 && more.filter { $0.code == .response }.count > 3)
        #expect(conversation.messages.allSatisfy { $0.data.count <= 1029 })
    }

    // MARK: - Identities

    @Test func theClientsCertificateMustConfirmItsIdentity() throws {
        var conversation = try conversation(identity: "bob@example.org")
        let ending = try conversation.run()
        #expect(
            ending.authenticatorFailure
                == "EAP-TLS fails: the certificate of \"CN=alice\" is not for bob@example.org: that is neither its subject nor "
                + "one of its subjectAltNames"
        )
        #expect(ending.peerFailure?.hasPrefix("EAP-TLS fails: the peer ended TLS with the alert") == true)
    }

    @Test func theSubjectIsAnIdentityToo() throws {
        var text = try conversation(identity: "CN=alice")
        #expect(try text.run().authenticator.get().identity == [UInt8]("CN=alice"))
        let name = try authority.client()
        let subject = try #require(name.certificates.first?.subject)
        let peer = EAPPeer(method: .tls, identity: subject, password: nil, tls: name, random: SeededRandom(seed: 1))
        var encoded = Conversation(peer, .gateway(.tls, tls: try authority.gateway()))
        #expect(try encoded.run().authenticator.get().identity == subject)
    }

    @Test func octetsThatAreNoNameAreNobody() throws {
        let credentials = try authority.client()
        for identity in [[0x30, 0x00], [0x30], [0xFF, 0xFE], [0x00]] as [[UInt8]] {
            let peer = EAPPeer(
                method: .tls,
                identity: identity,
                password: nil,
                tls: credentials,
                random: SeededRandom(seed: 1)
            )
            var conversation = Conversation(peer, .gateway(.tls, tls: try authority.gateway()))
            #expect(try conversation.run().authenticatorFailure != nil)
        }
    }

    @Test func whoGivesNoIdentityIsWhoTheCertificateSays() throws {
        var conversation = try conversation(identity: "")
        #expect(try conversation.run().authenticator.get().identity == [UInt8]("CN=alice"))
    }

    @Test func anIdentityThatNoCertificateHasFailsAtOnce() throws {
        var conversation = try conversation(identity: "%any")
        #expect(
            try conversation.run().authenticatorFailure
                == "the EAP identity \"%any\" is none that a certificate can confirm"
        )
    }

    @Test func theServersCertificateMustBeForTheExpectedIdentity() throws {
        var client = try authority.client()
        client.serverIdentity = Identification("other.example.org")
        var conversation = try conversation(client)
        let ending = try conversation.run()
        #expect(
            ending.peerFailure
                == "EAP-TLS fails: the certificate of \"CN=gw\" is not for other.example.org: that is neither its subject "
                + "nor one of its subjectAltNames"
        )
        #expect(ending.authenticatorFailure?.hasPrefix("EAP-TLS fails: the peer ended TLS with the alert") == true)
    }

    // MARK: - Certificates that are refused

    private static let past = UnixTime(seconds: Fixture.today.seconds - 3600)

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aServerThatIsNotTrustedIsRefused(version: TLSVersion) throws {
        let other = try TestAuthority("Other CA")
        var conversation = try conversation(
            nil,
            other.gateway(trust: authority.trust, versions: .only(version))
        )
        let ending = try conversation.run()
        #expect(
            ending.peerFailure
                == "EAP-TLS fails: the peer's certificate is not trusted: no trusted CA certificate for the issuer \"CN=Other CA\""
        )
        #expect(ending.authenticatorFailure == "EAP-TLS fails: the peer ended TLS with the alert \"unknown CA\"")
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aClientThatIsNotTrustedIsRefused(version: TLSVersion) throws {
        let other = try TestAuthority("Other CA")
        var conversation = try conversation(
            other.client(trust: authority.trust),
            authority.gateway(versions: .only(version))
        )
        let ending = try conversation.run()
        #expect(
            ending.authenticatorFailure
                == "EAP-TLS fails: the peer's certificate is not trusted: no trusted CA certificate for the issuer \"CN=Other CA\""
        )
        #expect(ending.peerFailure == "EAP-TLS fails: the peer ended TLS with the alert \"unknown CA\"")
    }

    @Test func expiredCertificatesAreRefused() throws {
        var server = try conversation(nil, authority.gateway(until: Self.past))
        let expired =
            "EAP-TLS fails: the peer's certificate is not trusted: the certificate of \"CN=gw\" has expired on "
            + "\(Self.past)"
        let first = try server.run()
        #expect(first.peerFailure == expired)
        #expect(
            first.authenticatorFailure == "EAP-TLS fails: the peer ended TLS with the alert \"certificate expired\""
        )
        var client = try conversation(authority.client(until: Self.past))
        let second = try client.run()
        #expect(second.authenticatorFailure == expired.replacing("CN=gw", with: "CN=alice"))
        #expect(second.peerFailure == "EAP-TLS fails: the peer ended TLS with the alert \"certificate expired\"")
    }

    @Test func certificatesForTheOtherSideAreRefused() throws {
        var server = try conversation(nil, authority.gateway(purposes: "clientAuth"))
        #expect(
            try server.run().peerFailure
                == "EAP-TLS fails: the certificate of \"CN=gw\" is not for this side of TLS: its extended "
                + "key usage lacks serverAuth"
        )
        var client = try conversation(authority.client(purposes: "serverAuth"))
        #expect(
            try client.run().authenticatorFailure
                == "EAP-TLS fails: the certificate of \"CN=alice\" is not for this side of TLS: its extended key usage lacks "
                + "clientAuth"
        )
        var fitting = try conversation(
            authority.client(purposes: "clientAuth"),
            authority.gateway(purposes: "serverAuth")
        )
        #expect(try fitting.run().peer.get().msk != nil)
    }

    @Test func thereMustBeACommonVersion() throws {
        var client = try authority.client()
        client.versions = .only(.tls12)
        var conversation = try conversation(client, authority.gateway(versions: .only(.tls13)))
        let ending = try conversation.run()
        #expect(ending.authenticatorFailure == "EAP-TLS fails: the TLS session cannot go on: unsupported protocol")
        #expect(ending.peerFailure == "EAP-TLS fails: the peer ended TLS with the alert \"protocol version\"")
    }

    @Test func credentialsThatAreMissingAreNamed() throws {
        var peer = EAPPeer.alice(.tls, password: nil, tls: authority.anonymous)
        let error = #expect(throws: NegotiationFailure.self) {
            try peer.respond(to: .request(identifier: 0, type: .tls, data: [0x20]))
        }
        #expect(error?.reason == .noCredential)
        var gateway = EAPAuthenticator.gateway(.tls, asksIdentity: false, tls: authority.anonymous)
        #expect(throws: NegotiationFailure.self) { try gateway.begin() }
        var without = EAPAuthenticator.gateway(.ttls, asksIdentity: false)
        #expect(throws: NegotiationFailure.self) { try without.begin() }
    }

    @Test func aKeyOfAnotherCertificateIsRefused() throws {
        var credentials = try authority.gateway()
        credentials.privateKey = try PrivateKey.make(.ecdsa(.p256))
        var gateway = EAPAuthenticator.gateway(
            .tls,
            asksIdentity: false,
            assumedIdentity: "alice@example.org",
            tls: credentials
        )
        let error = #expect(throws: NegotiationFailure.self) { try gateway.begin() }
        #expect(error?.reason == .cryptography)
    }

    // MARK: - Disturbances

    /// In TLS 1.3 the client is done with the handshake before the server has seen its certificate.
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func successBeforeTheServersLastWordIsNotBelieved(version: TLSVersion) throws {
        var whole = try conversation(nil, authority.gateway(versions: .only(version)))
        _ = try whole.run()
        let last = whole.messages.count - 3
        var (peer, gateway) = (
            EAPPeer.alice(.tls, identity: "alice@example.org", password: nil, tls: try authority.client()),
            EAPAuthenticator.gateway(.tls, tls: try authority.gateway(versions: .only(version)))
        )
        var request = try gateway.begin()
        for _ in 0..<last / 2 {
            guard case .request(let next) = try gateway.process(peer.respond(to: request)) else {
                Issue.record("ended early")
                return
            }
            request = next
        }
        let error = #expect(throws: NegotiationFailure.self) {
            try peer.finish(.success(identifier: request.identifier))
        }
        #expect(error?.message == "the server reports success before EAP-TLS is done")
    }

    /// Whichever packet is cut in half, both sides end without an outcome and without a trap.
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func packetsThatAreCutShortFail(version: TLSVersion) throws {
        for number in 2..<6 {
            var conversation = try conversation(nil, authority.gateway(versions: .only(version)))
            conversation.change = { $0 == number ? $1.withData($1.data.dropLast($1.data.count / 2 + 1)) : $1 }
            guard let ending = try? conversation.run() else { continue }
            #expect(ending.peerFailure != nil, "message \(number)")
        }
    }

    @Test func packetsThatAreChangedFail() throws {
        for number in 3..<8 {
            for place in [5, 11, 40] {
                var conversation = try conversation()
                var isChanged = false
                conversation.change = { count, message in
                    guard count == number, message.data.count > place else { return message }
                    isChanged = true
                    var data = message.data
                    data[place] ^= 0x11
                    return message.withData(data[...])
                }
                let ending = try? conversation.run()
                guard isChanged, let ending else { continue }
                #expect(
                    ending.peerFailure != nil || ending.authenticatorFailure != nil,
                    "message \(number) at \(place)"
                )
            }
        }
    }

    @Test func theFirstPacketMustBeTheStart() throws {
        for data in [[], [0], [0x80, 0, 0, 0, 0]] as [[UInt8]] {
            var peer = EAPPeer.alice(.tls, password: nil, tls: try authority.client())
            #expect(throws: NegotiationFailure.self) {
                try peer.respond(to: .request(identifier: 0, type: .tls, data: data))
            }
        }
    }
}

extension EAPMessage {
    /// The same message with other data.
    func withData(_ data: ArraySlice<UInt8>) -> EAPMessage {
        guard let type else { return self }
        return code == .request
            ? .request(identifier: identifier, type: type, data: Array(data))
            : .response(identifier: identifier, type: type, data: Array(data))
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Negotiations that must fail: each says why on the side that asked, and leaves nothing behind.
@Suite struct RefusalTests {
    /// After the last lingering answer nothing may be left.
    private static let longEnough: Duration = .seconds(400)

    private func failure(
        of sites: TwoSites,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> (left: NegotiationFailure, right: [LogRecord]) {
        let pair = Pair(sites)
        // A refusal of IKE_SA_INIT counts only when nothing better has come for a while.
        let id = pair.up(within: .seconds(20))
        let failure = try #require(pair.left.failure(of: id), sourceLocation: sourceLocation)
        pair.network.run(for: Self.longEnough)
        #expect(pair.isEmpty, sourceLocation: sourceLocation)
        return (failure, pair.right.logs.filter { $0.level == .error })
    }

    @Test func aWrongPreSharedKeyIsRefusedAndSaidOnBothSides() throws {
        var sites = TwoSites()
        sites.right = TwoSites.policy(
            id: "right.example",
            peer: "left.example",
            local: "10.2.0.0/16",
            remote: "10.1.0.0/16",
            secret: "another"
        )
        let (left, right) = try failure(of: sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains { $0.message.contains("pre-shared key of left.example does not match") })
    }

    @Test func aResponderWithTheWrongKeyIsRefusedByTheInitiator() throws {
        var sites = TwoSites()
        let shared = sites.left.secrets[0].secret
        sites.left.secrets = [
            SharedKey(name: "for-right", owners: [TwoSites.identity("right.example")], secret: shared)
        ]
        sites.right.connections[0].local.identity = TwoSites.identity("other.example")
        sites.left.connections[0].remote.identity = nil
        sites.right.connections[0].remote.identity = nil
        let pair = Pair(sites)
        let id = pair.up()
        let failure = try #require(pair.left.failure(of: id))
        #expect(failure.reason == .noSharedKey)
        pair.network.run(for: Self.longEnough)
        #expect(pair.isEmpty)
    }

    @Test func anUnexpectedIdentityOfTheResponderIsRefusedAndToldToIt() throws {
        var sites = TwoSites()
        sites.right.connections[0].local.identity = TwoSites.identity("impostor.example")
        sites.left.connections[0].remote.identity = TwoSites.identity("right.example")
        let (left, right) = try failure(of: sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains { $0.message.contains("asks for right.example") })
    }

    @Test func anUnknownIdentityIsRefusedByName() throws {
        var sites = TwoSites()
        sites.right.connections[0].remote.identity = TwoSites.identity("somebody.example")
        let (left, right) = try failure(of: sites)
        #expect(left.reason == .authenticationFailed)
        #expect(right.contains { $0.message.contains("left.example") && $0.message.contains("somebody.example") })
    }

    @Test func noCommonIKEProposalNamesBothListsAndTheFirstDifference() throws {
        var sites = TwoSites()
        sites.right.connections[0].proposals = TwoSites.proposals("aes256gcm16-prfsha256-x25519", .ike)
        let (left, right) = try failure(of: sites)
        #expect(left.reason == .noProposalChosen)
        #expect(left.message.contains("AES_GCM_16_128"))
        let line = try #require(right.first?.message)
        #expect(line.contains("AES_GCM_16_256") && line.contains("AES_GCM_16_128"))
    }

    @Test func noCommonESPProposalRefusesTheChildAndTakesTheUnusedSADown() throws {
        var sites = TwoSites()
        sites.right.connections[0].children[0].proposals = TwoSites.proposals("aes256gcm16-noesn", .esp)
        let (left, right) = try failure(of: sites)
        #expect(left.reason == .noProposalChosen)
        #expect(right.contains { $0.message.contains("no ESP proposal in common") })
    }

    @Test func selectorsThatDoNotOverlapAreSaidWithBothLists() throws {
        var sites = TwoSites()
        sites.right.connections[0].children[0].localSelectors = [.fixed(TwoSites.selector("172.16.0.0/12"))]
        let (left, right) = try failure(of: sites)
        #expect(left.reason == .trafficSelectorsUnacceptable)
        let line = try #require(right.first?.message)
        #expect(line.contains("172.16.0.0/12") && line.contains("10.2.0.0/16"))
    }

    @Test func swappedSelectorsAreRecognised() throws {
        var sites = TwoSites()
        sites.right.connections[0].children = [TwoSites.child("net", local: "10.1.0.0/16", remote: "10.2.0.0/16")]
        let (_, right) = try failure(of: sites)
        #expect(right.contains { $0.message.contains("swapped") })
    }

    @Test func aPeerThatNobodyConfiguredIsRefused() throws {
        var sites = TwoSites()
        sites.right.connections[0].remoteAddresses = [.range(try address("203.0.113.1")...(try address("203.0.113.9")))]
        let (left, right) = try failure(of: sites)
        #expect(left.reason == .noProposalChosen)
        #expect(right.contains { $0.message.contains("remote_addrs") })
    }

    @Test func aPeerThatDoesNotAnswerIsGivenUpAfterTheLastRetransmission() throws {
        let pair = Pair()
        pair.network.tap = { _ in nil }
        let id = pair.up(within: .seconds(300))
        let failure = try #require(pair.left.failure(of: id))
        #expect(failure.reason == .peerUnreachable)
        #expect(failure.message.contains("firewalls"))
        #expect(pair.network.sent.count == 6)
        #expect(pair.isEmpty)
    }

    @Test func anInitiatorKeepsTryingAsOftenAsConfigured() throws {
        var sites = TwoSites()
        sites.change { $0.keyingTries = 3 }
        let pair = Pair(sites)
        pair.network.tap = { _ in nil }
        let id = pair.up(within: .seconds(1000))
        #expect(pair.left.failure(of: id)?.reason == .peerUnreachable)
        #expect(pair.network.sent.count == 18)
        #expect(pair.isEmpty)
    }

    @Test func anUnknownConnectionIsSaidAtOnce() {
        let pair = Pair()
        let id = pair.network.initiate(pair.left, "nowhere", to: pair.right)
        #expect(pair.left.failure(of: id)?.reason == .noSuchConnection)
        #expect(pair.network.sent.isEmpty)
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
}

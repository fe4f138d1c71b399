import IKECore
import IKEWire
import Inet
import Support
import SwanConf
import Testing
import VICI

@testable import Daemon

/// What is remembered of failed negotiations, and what is told of it.
@Suite struct NegotiationHistoryTests {
    private let now = Instant(nanoseconds: 1_000_000_000_000)

    private func history(_ host: Host) -> NegotiationHistory {
        var history = NegotiationHistory()
        for event in host.events { history.note(event, now) }
        return history
    }

    private func failed(_ pair: Pair, within time: Duration = .seconds(20)) -> (NegotiationHistory, NegotiationHistory)
    {
        pair.up(within: time)
        return (history(pair.left), history(pair.right))
    }

    @Test func theInitiatorsFailureIsKeptByConnectionAndTheRespondersByPeer() throws {
        var sites = TwoSites()
        sites.right.connections[0].proposals = TwoSites.proposals("aes256-sha256-modp2048", .ike)
        let (left, right) = failed(Pair(sites))
        let ours = try #require(left.record(of: "site").failures.values.first)
        #expect(ours.what.role == .initiator && ours.what.failure.reason == .noProposalChosen)
        let theirs = try #require(right.strangers.first)
        #expect(theirs.what.connection == nil && theirs.what.remote.address.description == TwoSites.leftAddress)
        // The request is sent again before the initiator believes the refusal.
        #expect(theirs.count == 2 && right.strangers.count == 1)
        #expect(theirs.what.failure.offered.first?.keywords == "aes128gcm16-prfsha256-x25519".replacingGCM)
    }

    @Test func aRefusedChildIsKeptByItsName() throws {
        var sites = TwoSites()
        sites.right.connections[0].children[0].proposals = TwoSites.proposals("aes256gcm16-noesn", .esp)
        let (left, right) = failed(Pair(sites))
        let key = NegotiationHistory.Key(role: .initiator, child: "net")
        #expect(left.record(of: "site").failures[key]?.what.failure.reason == .noProposalChosen)
        let answered = NegotiationHistory.Key(role: .responder, child: "")
        #expect(right.record(of: "site").failures[answered]?.what.failure.offered.isEmpty == false)
        #expect(left.record(of: "site").closed != nil)
    }

    @Test func successClearsWhatFailedBefore() throws {
        let pair = Pair()
        pair.up()
        var history = NegotiationHistory()
        let ends = SocketAddress(address: pair.right.address, port: 500)
        let failure = NegotiationFailure(.peerUnreachable, "silence")
        history.note(
            .ikeFailed(FailedNegotiation(.initiator, connection: "site", local: ends, remote: ends, failure)),
            now
        )
        history.note(.ikeFailed(FailedNegotiation(.responder, local: ends, remote: ends, failure)), now)
        #expect(history.all.count == 2)
        for event in pair.left.events { history.note(event, now) }
        #expect(history.all.isEmpty)
    }

    @Test func strangersAreBoundedAndAConnectionThatIsGoneIsForgotten() throws {
        var history = NegotiationHistory()
        let local = SocketAddress(address: .anyV4, port: 500)
        let failure = NegotiationFailure(.noMatchingConnection, "nobody")
        for number in 0..<200 {
            let address = try #require(IPAddress("203.0.113.\(number)"))
            let remote = SocketAddress(address: address, port: 500)
            history.note(.ikeFailed(FailedNegotiation(.responder, local: local, remote: remote, failure)), now)
        }
        #expect(history.strangers.count == NegotiationHistory.mostPeers)
        #expect(history.strangers.last?.what.remote.address.description == "203.0.113.199")
        history.noteUnreachable("gone", failure, now)
        history.noteUnreachable("here", failure, now)
        history.forget(except: ["here"])
        #expect(history.record(of: "gone").failures.isEmpty && !history.record(of: "here").failures.isEmpty)
    }

    @Test func theMessageNamesTheSettingAndTheProposalToAdd() throws {
        let text = """
            connections {
                office {
                    remote_addrs = 192.0.2.9
                    proposals = aes256gcm16-prfsha384-ecp384
                    local {
                        auth = psk
                    }
                    remote {
                        auth = psk
                    }
                }
            }
            """
        let connection = try SwanConf.Configuration(parsing: text, file: "iked.conf").connections[0]
        let ends = SocketAddress(address: try #require(IPAddress("192.0.2.9")), port: 500)
        let offered = [try Proposal(keywords: "aes128-sha256-modp2048", number: 1, protocolID: .ike)]
        let failure = NegotiationFailure(.noProposalChosen, "none", offered: offered)
        let entry = NegotiationHistory.Entry(
            what: FailedNegotiation(.responder, local: ends, remote: ends, failure),
            at: now
        )
        let message = entry.message(connection, ago: .seconds(3))
        #expect(message["setting"] == "connections.office.proposals")
        #expect(message["advice"]?.contains("add aes128-sha256-prfsha256-modp2048,") == true)
        #expect(message.list("offered")?.count == 1 && message.list("configured")?.count == 1)
        #expect(message["ago"] == "3" && message["connection"] == nil)
    }
}

extension String {
    /// The table spells a cipher in its shortest way.
    fileprivate var replacingGCM: String { self.replacing("gcm16", with: "gcm") }
}

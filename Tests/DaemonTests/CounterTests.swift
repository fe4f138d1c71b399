import IKECore
import IKEWire
import Inet
import Support
import Testing
import VICI

@testable import Daemon

/// `get-counters`: how many messages and rekeyings there were.
@Suite struct CounterTests {
    private func section(_ host: Host, of connection: String? = "site") -> VICIMessage {
        var rekeyings = RekeyCounters()
        for event in host.events { rekeyings.count(event) }
        let messages = host.endpoint.messageCounters
        guard let connection else {
            return CounterSection(rekeyings: rekeyings.all, messages: messages.all).message
        }
        return CounterSection(
            rekeyings: rekeyings.connections[connection] ?? RekeyCounters.Counts(),
            messages: messages.connections[connection] ?? [:]
        ).message
    }

    @Test func aNegotiationIsCountedAtBothEnds() {
        let pair = Pair()
        pair.up()
        let (left, right) = (section(pair.left), section(pair.right))
        for name in ["ike-init-out-req", "ike-init-in-resp", "ike-auth-out-req", "ike-auth-in-resp"] {
            #expect(left[name] == "1", "\(name)")
        }
        #expect(left["ike-init-in-req"] == "0" && left["info-out-req"] == "0")
        #expect(right["ike-auth-in-req"] == "0" && right["ike-auth-out-resp"] == "1")
        let together = section(pair.right, of: nil)
        #expect(together["ike-init-in-req"] == "1" && together["ike-auth-in-req"] == "1")
    }

    @Test func rekeyingsAreCountedByWhoBeganThem() throws {
        let pair = Pair()
        pair.up()
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        pair.network.command(pair.left, .rekey([.childSA(id: sa.children[0].childSA.id)]))
        pair.network.run(for: .seconds(1))
        pair.network.command(pair.left, .rekey([.ikeSA(id: sa.id)]))
        pair.network.run(for: .seconds(1))
        let (left, right) = (section(pair.left), section(pair.right))
        #expect(left["ike-rekey-init"] == "1" && left["ike-rekey-resp"] == "0" && left["child-rekey"] == "1")
        #expect(right["ike-rekey-init"] == "0" && right["ike-rekey-resp"] == "1" && right["child-rekey"] == "1")
        #expect(left["create-child-out-req"] == "2" && left["create-child-in-resp"] == "2")
        #expect(right["create-child-in-req"] == "2")
    }

    @Test func aRepeatedMessageCountsOnce() {
        let pair = Pair()
        pair.network.silence(pair.right, for: .seconds(10))
        pair.up(within: .seconds(20))
        #expect(section(pair.left)["ike-init-out-req"] == "1" && section(pair.left)["ike-init-in-resp"] == "1")
    }

    @Test func countersBeginAnewWhenTheyAreReset() {
        let pair = Pair()
        pair.up()
        pair.left.endpoint.resetMessageCounters(of: "site")
        #expect(section(pair.left)["ike-auth-in-resp"] == "0")
        #expect(section(pair.left, of: nil)["ike-auth-in-resp"] == "1")
        pair.left.endpoint.resetMessageCounters(of: nil)
        #expect(section(pair.left, of: nil)["ike-auth-in-resp"] == "0")
    }

    @Test func aConnectionThatIsGoneIsNotCounted() {
        let pair = Pair()
        pair.up()
        var sites = TwoSites()
        sites.left.connections = []
        pair.network.feed(pair.left, .policy(sites.left))
        #expect(pair.left.endpoint.messageCounters.connections.isEmpty)
        var rekeyings = RekeyCounters()
        for event in pair.left.events { rekeyings.count(event) }
        rekeyings.forget(except: [])
        #expect(rekeyings.connections.isEmpty)
    }
}

/// The event `alert`.
@Suite struct AlertTests {
    private func alerts(_ host: Host) -> [Alert] { host.events.compactMap(\.alert) }

    private func failing(_ change: (inout TwoSites) -> Void) -> Pair {
        var sites = TwoSites()
        change(&sites)
        let pair = Pair(sites)
        pair.up(within: .seconds(60))
        return pair
    }

    @Test func whatFitsRaisesNone() {
        let pair = Pair()
        pair.up()
        #expect(alerts(pair.left).isEmpty && alerts(pair.right).isEmpty)
    }

    @Test func proposalsThatDoNotMeetRaiseOneAtBothEnds() throws {
        let pair = failing { $0.right.connections[0].proposals = TwoSites.proposals("aes256-sha256-modp2048", .ike) }
        let ours = try #require(alerts(pair.left).first)
        #expect(ours.kind == .proposalMismatchIKE && ours.connection == "site")
        #expect(ours.message["type"] == "proposal-mismatch-ike" && ours.message["msg"]?.isEmpty == false)
        #expect(ours.message["remote-host"] == TwoSites.rightAddress)
        #expect(alerts(pair.right).first?.kind == .proposalMismatchIKE)
    }

    @Test func anotherSecretIsThePeersFaultHereAndOursThere() {
        let pair = failing {
            $0.right.secrets =
                TwoSites.policy(id: "a", peer: "b", local: "10.0.0.0/8", remote: "10.0.0.0/8", secret: "x").secrets
        }
        #expect(alerts(pair.left).map(\.kind) == [.localAuthFailed])
        #expect(alerts(pair.right).map(\.kind) == [.peerAuthFailed])
    }

    @Test func selectorsThatDoNotMeetRaiseOne() {
        let pair = failing {
            $0.right.connections[0].children[0] = TwoSites.child("net", local: "10.8.0.0/16", remote: "10.9.0.0/16")
        }
        #expect(alerts(pair.left).map(\.kind) == [.selectorMismatch])
    }

    @Test func aPeerThatIsNotThereRaisesOne() {
        let pair = Pair()
        pair.network.silence(pair.right, for: .seconds(1000))
        pair.up(within: .seconds(400))
        #expect(alerts(pair.left).first?.kind == .peerInitUnreachable)
    }

    @Test func anSAThatIsNotRekeyedInTimeRaisesOneWithTheSA() throws {
        var sites = TwoSites()
        sites.left.connections[0].lifetime = Lifetime(rekey: nil, jitter: .zero, hard: .seconds(100))
        let pair = Pair(sites)
        pair.up()
        pair.network.run(for: .seconds(120))
        let alert = try #require(alerts(pair.left).first)
        #expect(alert.kind == .ikeSAExpired)
        #expect(alert.message.section("ike-sa")?.section("site")?["remote-id"] == "right.example")
    }
}

import IKECore
import Support
import Testing
import VICI

@testable import Daemon

/// How SAs look to VICI clients.
@Suite struct SAMessageTests {
    private func section() throws -> (sa: VICIMessage, child: VICIMessage) {
        let pair = Pair()
        pair.up()
        let summary = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        let traffic = Traffic(bytesIn: 10, packetsIn: 1, idleIn: .seconds(3), mtu: 1438, pathMTU: 1500)
        let message = summary.message(children: summary.children) { _ in traffic }
        let sa = try #require(message.section("site"))
        let children = try #require(sa.section("child-sas"))
        return (sa, try #require(children.sections.first?.section))
    }

    @Test func anIKESAHasStrongSwansKeysAndTheFiveNegotiatedThings() throws {
        let (sa, _) = try section()
        #expect(sa["state"] == "ESTABLISHED")
        #expect(sa["local-id"] == "left.example" && sa["remote-id"] == "right.example")
        #expect(sa["local-host"] == "192.0.2.1" && sa["local-port"] == "500")
        #expect(sa["initiator"] == "yes")
        #expect(sa["encr-alg"] == "AES_GCM_16" && sa["encr-keysize"] == "128")
        #expect(sa["prf-alg"] == "PRF_HMAC_SHA2_256" && sa["dh-group"] == "CURVE_25519")
        #expect(sa["remote-auth"] == "pre-shared key")
        #expect(sa["life-total"] == "86400")
        #expect(sa["nat-any"] == nil)
    }

    @Test func theIdentitiesOfLaterRoundsAreListed() throws {
        var sites = TwoSites()
        let second = AuthenticationPolicy(identity: TwoSites.identity("second.example"))
        sites.left.connections[0].laterLocal = [second]
        sites.right.connections[0].laterRemote = [second]
        let pair = Pair(sites)
        pair.up()
        let left = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        let right = try #require(pair.right.endpoint.summaries(now: pair.network.now).first)
        #expect(left.message.section("site")?.list("local-rounds") == ["second.example (pre-shared key)"])
        #expect(
            right.message.section("site")?.list("remote-rounds") == ["second.example (pre-shared key)"]
        )
        #expect(right.message.section("site")?.list("local-rounds") == nil)
        #expect(try section().sa.list("remote-rounds") == nil)
    }

    @Test func onlyTheSAsThatAreAskedForAreLookedAt() throws {
        let pair = Pair()
        pair.up()
        let endpoint = pair.left.endpoint
        let now = pair.network.now
        let id = try #require(endpoint.summaries(now: now).first).id
        #expect(endpoint.summaries(now: now, of: "site").map(\.id) == [id])
        #expect(endpoint.summaries(now: now, of: "other").isEmpty)
        #expect(endpoint.summaries(now: now, id: id).map(\.id) == [id])
        #expect(endpoint.summaries(now: now, id: id + 1).isEmpty)
        #expect(endpoint.summaries(now: now, id: id, of: "other").isEmpty)
        #expect(endpoint.established == 1)
    }

    @Test func aChildSAHasItsTrafficAndSelectors() throws {
        let (_, child) = try section()
        #expect(child["name"] == "net" && child["state"] == "INSTALLED" && child["mode"] == "TUNNEL")
        #expect(child["bytes-in"] == "10" && child["use-in"] == "3" && child["use-out"] == nil)
        #expect(child["mtu"] == "1438" && child["path-mtu"] == "1500")
        #expect(child.list("local-ts") == ["10.1.0.0/16"] && child.list("remote-ts") == ["10.2.0.0/16"])
        #expect(child["encap"] == nil)
    }

    @Test func whatAPeerSaysCannotBreakALogLine() {
        #expect("one\ntwo\u{1b}[31m".singleLine == "one two [31m")
    }
}

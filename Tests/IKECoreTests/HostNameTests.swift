import IKECore
import Inet
import Support
import Testing

/// Peers whose host names may mean other addresses from one negotiation to the next.
@Suite struct HostNameTests {
    private func pair(_ change: (inout Connection) -> Void = { _ in }) -> Pair {
        var sites = TwoSites()
        sites.change {
            $0.hostNames = ["peer.example"]
            $0.keyingTries = nil
            change(&$0)
        }
        return Pair(sites)
    }

    private func ends(_ pair: Pair) -> Path {
        Path(
            local: SocketAddress(address: pair.left.address, port: 500),
            remote: SocketAddress(address: pair.right.address, port: 500)
        )
    }

    @Test func aNegotiationThatBeginsAgainFindsThePeerWhereItIsNow() throws {
        let pair = pair()
        let nowhere = SocketAddress(address: try #require(IPAddress("203.0.113.99")), port: 500)
        let id = pair.network.command(
            pair.left,
            .initiate(connection: "site", .all, local: ends(pair).local, remote: nowhere)
        )
        pair.network.run(for: .seconds(200))
        #expect(pair.left.lookUps == 1)
        #expect(pair.left.outcomes[id] == nil)
        pair.left.ends = ends(pair)
        pair.network.run(for: .seconds(200))
        #expect(pair.left.lookUps == 2)
        #expect(pair.left.succeeded(id))
    }

    @Test func aTunnelIsHealedWhenThePeerHasMoved() throws {
        let pair = pair {
            $0.livenessDelay = .seconds(10)
            $0.children[0].actionOnDeadPeer = .restart
        }
        #expect(pair.left.succeeded(pair.up()))
        #expect(pair.left.lookUps == 0)
        pair.network.tap = { _ in nil }
        pair.network.run(for: .seconds(400))
        #expect(pair.left.inbound.isEmpty)
        pair.network.tap = nil
        pair.left.ends = ends(pair)
        pair.network.run(for: .seconds(400))
        #expect(pair.left.lookUps > 0)
        #expect(pair.childSAsAgree && !pair.left.inbound.isEmpty)
    }

    @Test func whatIsLookedUpWhenTheDaemonEndsIsGivenUp() throws {
        let peer = try ScriptedPeer(
            {
                var sites = TwoSites()
                sites.change {
                    $0.hostNames = ["peer.example"]
                    $0.keyingTries = nil
                }
                return sites.left
            }()
        )
        let id = peer.initiate()
        peer.pass(.seconds(200))
        #expect(peer.lookUps.count == 1)
        peer.command(.shutDown)
        peer.feed(.lookedUp(try #require(peer.lookUps.first), nil))
        #expect(peer.failure(of: id)?.reason == .closed)
        #expect(peer.engine.load.ikeSAs == 0)
    }
}

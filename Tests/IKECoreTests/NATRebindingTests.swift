import IKECore
import IKEWire
import Inet
import Support
import Testing

/// A NAT in front of the peer that gives it another port (RFC 7296 section 2.23): authentic new packets are followed,
/// nothing else.
@Suite struct NATRebindingTests {
    /// The left site behind a NAT, the right one in the open; both with a flow towards the other.
    private final class Sites {
        let network: Network
        let nat = NATBox("203.0.113.7")
        let left: Host
        let right: Host
        let rightwards: Flow
        let leftwards: Flow

        init() {
            var sites = TwoSites()
            sites.change { $0.livenessDelay = .seconds(30) }
            var settings = Settings.withoutDelay
            settings.keepaliveInterval = .seconds(20)
            network = Network()
            left = network.host("left", "10.0.0.2", behind: nat, policy: sites.left, settings: settings)
            right = network.host("right", TwoSites.rightAddress, policy: sites.right, settings: settings)
            rightwards = network.flow(from: left, "10.1.0.1", to: right, "10.2.0.1")
            leftwards = network.flow(from: right, "10.2.0.1", to: left, "10.1.0.1")
            let id = network.initiate(left, "site", to: right)
            network.run(for: .seconds(1))
            precondition(left.succeeded(id))
        }

        /// Where the right side sends to.
        var remote: SocketAddress? { right.endpoint.summaries(now: network.now).first?.remote }

        func exchange() {
            network.sendPacket(of: rightwards)
            network.run(for: .seconds(1))
            network.sendPacket(of: leftwards)
            network.run(for: .seconds(1))
        }
    }

    @Test func anESPPacketFromTheNewPortMovesTheSAsInPlace() throws {
        let sites = Sites()
        sites.exchange()
        let before = try #require(sites.remote)
        let spis = sites.right.outbound.map(\.outboundSPI)
        sites.network.run(for: .seconds(10))
        sites.nat.rebind()
        sites.exchange()
        #expect(sites.remote != before)
        #expect(sites.right.outbound.map(\.outboundSPI) == spis)
        #expect(sites.right.outbound.map(\.remote) == [try #require(sites.remote)])
        #expect(sites.rightwards.delivered == 2 && sites.leftwards.delivered == 2)
        #expect(sites.right.dataPlane.sas.first?.nextSequence == 3)
    }

    @Test func aRequestFromTheNewPortMovesTheSAsInPlace() throws {
        let sites = Sites()
        let before = try #require(sites.remote)
        sites.nat.rebind()
        let sa = try #require(sites.left.endpoint.summaries(now: sites.network.now).first)
        sites.network.command(sites.left, .rekey([.childSA(id: try #require(sa.children.first).childSA.id)]))
        sites.network.run(for: .seconds(1))
        try sites.right.expectFollowed(from: before, in: sites.network, sites.leftwards)
    }

    @Test func aRepeatedRequestFromElsewhereIsAnsweredThereAndMovesNothing() throws {
        let sites = Sites()
        let sa = try #require(sites.left.endpoint.summaries(now: sites.network.now).first)
        sites.network.command(sites.left, .rekey([.childSA(id: try #require(sa.children.first).childSA.id)]))
        sites.network.run(for: .seconds(1))
        let before = try #require(sites.remote)
        let heard = try #require(sites.network.sent.last { $0.sender == "left" })
        let answer = try #require(sites.network.sent.last { $0.sender == "right" })
        let elsewhere = try #require(IPAddress("203.0.113.66"))
        var replay = heard.datagram
        replay.local = SocketAddress(address: elsewhere, port: 666)
        sites.network.inject(replay)
        sites.network.run(for: .seconds(1))
        #expect(sites.remote == before)
        let reply = try #require(sites.network.sent.last)
        #expect(reply.datagram.remote == replay.local && reply.datagram.bytes == answer.datagram.bytes)
        #expect(sites.right.outbound.allSatisfy { $0.remote == before })
    }

    @Test func aForgedRequestFromElsewhereMovesNothing() throws {
        let sites = Sites()
        let before = try #require(sites.remote)
        let heard = try #require(sites.network.sent.last { $0.sender == "left" })
        var forged = heard.datagram
        forged.local = SocketAddress(address: try #require(IPAddress("203.0.113.66")), port: 666)
        forged.bytes[23] = 2
        sites.network.inject(forged)
        sites.network.run(for: .seconds(1))
        #expect(sites.remote == before)
    }

    @Test func aReplayedESPPacketFromElsewhereMovesNothing() throws {
        let sites = Sites()
        sites.exchange()
        sites.network.run(for: .seconds(10))
        let before = try #require(sites.remote)
        let elsewhere = SocketAddress(address: try #require(IPAddress("203.0.113.66")), port: 666)
        let child = try #require(sites.left.outbound.first)
        let sa = try #require(sites.left.dataPlane.sas.first)
        for sequence in [UInt64(1), 2] {
            let packet = ESPPacket(
                spi: child.outboundSPI,
                sequence: sequence,
                key: sa.outboundKey,
                content: UserPacket(flow: 0, number: 0),
                usesUDP: true
            )
            sites.network.inject(packet, from: elsewhere, to: child.remote)
            sites.network.run(for: .seconds(1))
            // The second one is new, as only the peer can make it.
            #expect((sites.remote == before) == (sequence == 1))
        }
    }

    @Test func whoSitsBehindTheNATDoesNotFollowTheOther() throws {
        let sites = Sites()
        sites.exchange()
        sites.network.run(for: .seconds(10))
        let child = try #require(sites.right.outbound.first)
        let sa = try #require(sites.right.dataPlane.sas.first)
        let packet = ESPPacket(
            spi: child.outboundSPI,
            sequence: 99,
            key: sa.outboundKey,
            content: UserPacket(flow: 1, number: 99),
            usesUDP: true
        )
        let from = SocketAddress(address: try #require(IPAddress(TwoSites.rightAddress)), port: 4501)
        sites.network.inject(packet, from: from, to: child.remote)
        sites.network.run(for: .seconds(1))
        let seen = sites.left.endpoint.summaries(now: sites.network.now).first?.remote.port
        #expect(sites.leftwards.delivered == 2 && seen == 4500)
    }

    @Test func trafficKeepsTheNATMappingWithoutKeepalives() {
        let sites = Sites()
        let end = sites.network.now + .seconds(100)
        sites.network.start(sites.rightwards, every: .seconds(1), until: end)
        sites.network.start(sites.leftwards, every: .seconds(1), until: end)
        sites.network.run(until: end)
        #expect(sites.left.keepalives == 0)
        sites.network.run(for: .seconds(25))
        #expect(sites.left.keepalives == 1)
    }
}

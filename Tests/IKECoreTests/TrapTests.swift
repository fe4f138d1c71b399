import IKECore
import IKEWire
import Inet
import Support
import Testing

/// CHILD SAs that a packet wants (`start_action = trap`), and policies that are trapped when their SA is lost.
@Suite struct TrapTests {
    private let packet = PacketSelectors(
        local: TwoSites.selector("10.1.0.5/32[udp/4000]"),
        remote: TwoSites.selector("10.2.0.7/32[udp/5000]")
    )

    private func acquire(_ pair: Pair, _ child: String = "net", _ packet: PacketSelectors? = nil) -> CommandID {
        let id = pair.network.command(
            pair.left,
            .acquire(
                connection: "site",
                child: child,
                packet ?? self.packet,
                local: SocketAddress(address: pair.left.address, port: 500),
                remote: SocketAddress(address: pair.right.address, port: 500)
            )
        )
        return id
    }

    private func selectors(_ childSA: ChildSA?) -> [String] {
        [childSA?.localSelectors, childSA?.remoteSelectors].map { selectors in
            (selectors ?? []).map(\.description).joined(separator: ",")
        }
    }

    // MARK: - Selectors (RFC 7296 section 2.9)

    @Test(arguments: [true, false])
    func aPeerThatTakesTheWholePolicyGivesItWhole(isFirst: Bool) throws {
        let pair = Pair()
        if !isFirst { pair.up(children: .none) }
        let id = acquire(pair)
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(selectors(pair.left.outbound.first) == ["10.1.0.0/16", "10.2.0.0/16"])
        #expect(pair.childSAsAgree)
    }

    @Test(arguments: [true, false])
    func aResponderThatNarrowsKeepsWhatThePacketNeeds(isFirst: Bool) throws {
        var sites = TwoSites()
        // Two children overlap with the offer; the second one is for the packet.
        sites.right.connections[0].children = [
            TwoSites.child("others", local: "10.2.9.0/24", remote: "10.1.0.0/16"),
            TwoSites.child("wanted", local: "10.2.0.0/24", remote: "10.1.0.0/24"),
        ]
        let pair = Pair(sites)
        if !isFirst { pair.up(children: .none) }
        let id = acquire(pair)
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(pair.right.outbound.first?.name == "wanted")
        #expect(selectors(pair.left.outbound.first) == ["10.1.0.0/24", "10.2.0.0/24"])
    }

    @Test func thePacketsSelectorsGoFirstWithinThePolicy() throws {
        var sites = TwoSites()
        sites.left.connections[0].children[0].remoteSelectors = [.fixed(TwoSites.selector("10.2.0.0/16[udp]"))]
        let peer = try ScriptedPeer(sites.left)
        let packet = PacketSelectors(
            local: TwoSites.selector("10.1.0.5"),
            remote: TwoSites.selector("10.2.0.7")
        )
        peer.command(.acquire(connection: "site", child: "net", packet, local: peer.there, remote: peer.here))
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        let offered = [request.payloads.trafficSelectorsInitiator, request.payloads.trafficSelectorsResponder]
        #expect(
            offered.map { ($0 ?? []).compactMap(\.selector).map(\.description) } == [
                ["10.1.0.5/32", "10.1.0.0/16"], ["10.2.0.7/32[udp]", "10.2.0.0/16[udp]"],
            ]
        )
    }

    @Test func aFullListOfSelectorsHasNoRoomForThoseOfAPacket() throws {
        var sites = TwoSites()
        sites.left.connections[0].children[0].remoteSelectors = (0..<255).map {
            .fixed(TwoSites.selector("10.2.\($0).0/24"))
        }
        let pair = Pair(sites)
        let id = acquire(pair)
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
    }

    // MARK: - One SA for many packets

    @Test func anSAThatAdmitsThePacketIsEnough() throws {
        let pair = Pair()
        #expect(pair.left.succeeded(pair.up()))
        let before = pair.network.sent.count
        #expect(pair.left.succeeded(acquire(pair)))
        #expect(pair.network.sent.count == before)
    }

    @Test func anSAThatDoesNotAdmitThePacketIsNot() throws {
        var sites = TwoSites()
        sites.right.connections[0].children = [
            TwoSites.child("one", local: "10.2.0.0/24", remote: "10.1.0.0/16"),
            TwoSites.child("two", local: "10.2.9.0/24", remote: "10.1.0.0/16"),
        ]
        sites.left.connections[0].children[0].remoteSelectors = [
            .fixed(TwoSites.selector("10.2.0.0/24")), .fixed(TwoSites.selector("10.2.9.0/24")),
        ]
        let pair = Pair(sites)
        #expect(pair.left.succeeded(pair.up()))
        #expect(selectors(pair.left.outbound.first).last == "10.2.0.0/24")
        let far = PacketSelectors(local: packet.local, remote: TwoSites.selector("10.2.9.1/32[udp/5000]"))
        let id = acquire(pair, "net", far)
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        #expect(pair.left.outbound.count == 2)
        #expect(selectors(pair.left.outbound.last).last == "10.2.9.0/24")
    }

    @Test func twoTrapsOfOneConnectionShareItsIKESA() throws {
        var sites = TwoSites()
        sites.left.connections[0].children.append(TwoSites.child("dmz", local: "10.1.0.0/16", remote: "10.3.0.0/16"))
        sites.right.connections[0].children.append(TwoSites.child("dmz", local: "10.3.0.0/16", remote: "10.1.0.0/16"))
        let pair = Pair(sites)
        let other = PacketSelectors(local: packet.local, remote: TwoSites.selector("10.3.0.1/32[udp/5000]"))
        let ids = [acquire(pair), acquire(pair, "dmz", other), acquire(pair)]
        pair.network.run(for: .seconds(2))
        for id in ids { #expect(pair.left.succeeded(id)) }
        #expect(pair.left.endpoint.summaries(now: pair.network.now).count == 1)
        #expect(pair.left.outbound.count == 2)
    }

    @Test func aPeerThatDoesNotAnswerFailsAllThatWaited() throws {
        var sites = TwoSites()
        sites.change { $0.keyingTries = 2 }
        let pair = Pair(sites)
        pair.network.tap = { _ in nil }
        let ids = [acquire(pair), acquire(pair)]
        pair.network.run(for: .seconds(200))
        for id in ids { #expect(pair.left.failure(of: id) == nil) }
        pair.network.run(for: .seconds(200))
        for id in ids { #expect(pair.left.failure(of: id)?.reason == .peerUnreachable) }
        #expect(pair.isEmpty)
    }

    // MARK: - Losses

    private func trapped(_ host: Host) -> [String] {
        host.events.compactMap { event in
            guard case .childTrapped(let connection, let child) = event else { return nil }
            return "\(connection)/\(child)"
        }
    }

    @Test func aDeadPeerLeavesATrap() throws {
        var sites = TwoSites()
        sites.change {
            $0.livenessDelay = .seconds(10)
            $0.children[0].actionOnDeadPeer = .trap
        }
        let pair = Pair(sites)
        #expect(pair.left.succeeded(pair.up()))
        pair.network.tap = { _ in nil }
        pair.network.run(for: .seconds(400))
        #expect(trapped(pair.left) == ["site/net"])
        #expect(pair.left.outbound.isEmpty)
        pair.network.tap = nil
        let id = acquire(pair)
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
    }

    @Test(arguments: [true, false]) func whatThePeerClosesLeavesATrap(_ wholeSA: Bool) throws {
        var sites = TwoSites()
        sites.left.connections[0].children[0].actionOnClose = .trap
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        let child = try #require(pair.right.outbound.first)
        let id = try #require(pair.right.endpoint.summaries(now: pair.network.now).first?.id)
        pair.network.command(pair.right, .terminate([wholeSA ? .ikeSA(id: id) : .childSA(id: child.id)]))
        pair.network.run(for: .seconds(2))
        #expect(trapped(pair.left) == ["site/net"])
        #expect(pair.left.outbound.isEmpty && pair.left.inbound.isEmpty)
    }

    @Test func whatWeCloseOurselvesLeavesNone() throws {
        var sites = TwoSites()
        sites.change {
            $0.children[0].actionOnClose = .trap
            $0.children[0].actionOnDeadPeer = .trap
        }
        let pair = Pair(sites)
        try #require(pair.left.succeeded(pair.up()))
        let child = try #require(pair.left.outbound.first)
        pair.network.command(pair.left, .terminate([.childSA(id: child.id)]))
        pair.network.run(for: .seconds(2))
        #expect(trapped(pair.left).isEmpty)
        #expect(trapped(pair.right) == ["site/net"])
    }
}

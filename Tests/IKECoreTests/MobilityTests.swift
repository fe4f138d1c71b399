import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Hosts that change their address (MOBIKE, RFC 4555): the SAs go along, with their SPIs, keys and sequence numbers.
@Suite struct MobilityTests {
    /// The two sites with two addresses each, and traffic both ways.
    private final class Sites {
        static var left: Host.Interface { Host.Interface("192.0.2.1") }
        static var leftToo: Host.Interface { Host.Interface("192.0.2.99") }
        static var right: Host.Interface { Host.Interface("198.51.100.2") }
        static var rightToo: Host.Interface { Host.Interface("198.51.100.99") }

        let network: Network
        let left: Host
        let right: Host
        let rightwards: Flow
        let leftwards: Flow

        init(
            left leftInterfaces: [Host.Interface] = [Sites.left, Sites.leftToo],
            right rightInterfaces: [Host.Interface] = [Sites.right, Sites.rightToo],
            seed: UInt64 = 1,
            isMobile: Bool = true,
            windowSize: UInt32 = 1,
            change: (inout Connection) -> Void = { _ in }
        ) {
            var sites = TwoSites()
            sites.change {
                $0.isMobile = isMobile
                $0.livenessDelay = .seconds(10)
                change(&$0)
            }
            var settings = Settings.withoutDelay
            settings.windowSize = windowSize
            network = Network(seed: seed)
            network.journal.isKept = true
            left = network.host("left", leftInterfaces, policy: sites.left, settings: settings)
            right = network.host("right", rightInterfaces, policy: sites.right, settings: settings)
            network.feed(left, .network(left.network))
            network.feed(right, .network(right.network))
            rightwards = network.flow(from: left, "10.1.0.1", to: right, "10.2.0.1")
            leftwards = network.flow(from: right, "10.2.0.1", to: left, "10.1.0.1")
            let id = network.initiate(left, "site", to: right)
            network.run(for: .seconds(1))
            precondition(left.succeeded(id))
        }

        func exchange() {
            network.sendPacket(of: rightwards)
            network.sendPacket(of: leftwards)
            network.run(for: .seconds(1))
        }

        func summary(_ host: Host) throws -> IKESASummary {
            try #require(host.endpoint.summaries(now: network.now).last { $0.state == .established })
        }

        /// Whether both ends use the path between these addresses, for the IKE SA as for all CHILD SAs.
        func use(_ one: IPAddress, _ other: IPAddress) throws -> Bool {
            let (mine, theirs) = (try summary(left), try summary(right))
            return mine.local.address == one && mine.remote.address == other && theirs.local.address == other
                && theirs.remote.address == one
                && left.outbound.allSatisfy { $0.local.address == one && $0.remote.address == other }
                && right.outbound.allSatisfy { $0.local.address == other && $0.remote.address == one }
        }

        /// What happened, for when it ended badly.
        var story: Comment { Comment(rawValue: network.journal.lines(last: 150).joined(separator: "\n")) }

        /// The SPIs of all that stands, which a move must not change.
        func spis() throws -> [String] {
            let sa = try summary(left)
            return ["\(sa.spiI)", "\(sa.spiR)"] + left.outbound.map { "\($0.outboundSPI)" }
                + right.outbound.map { "\($0.outboundSPI)" }
        }
    }

    private func isInformational(_ transit: Network.Transit, isResponse: Bool) -> Bool {
        guard let header = try? Message(parsing: transit.datagram.bytes).header else { return false }
        return header.exchangeType == .informational && header.isResponse == isResponse
    }

    // MARK: - Beginning

    @Test func mobilePeersMoveToPort4500WithoutANATAndKeepPlainESP() throws {
        let sites = Sites()
        #expect(try sites.summary(sites.left).local.port == 4500)
        #expect(try sites.summary(sites.right).remote.port == 4500)
        #expect(sites.left.outbound.allSatisfy { !$0.usesUDP } && sites.right.outbound.allSatisfy { !$0.usesUDP })
    }

    @Test func whoIsNotMobileStaysOnPort500AndWhereItIs() throws {
        let sites = Sites(isMobile: false)
        #expect(try sites.summary(sites.left).local.port == 500)
        let count = sites.network.sent.count
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        #expect(sites.network.sent.count == count)
        #expect(try sites.summary(sites.left).local.address == Sites.left.address)
    }

    // MARK: - Moving

    @Test(arguments: [UInt32(1), 8]) func anInitiatorWhoseAddressIsGoneMovesInPlace(_ windowSize: UInt32) throws {
        let sites = Sites(windowSize: windowSize)
        sites.exchange()
        let spis = try sites.spis()
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.run(for: .seconds(1))
        #expect(try sites.use(Sites.leftToo.address, Sites.right.address))
        #expect(try sites.spis() == spis)
        sites.exchange()
        #expect(sites.rightwards.delivered == 2 && sites.leftwards.delivered == 2)
        #expect(sites.left.dataPlane.sas.first?.nextSequence == 3)
    }

    @Test func aResponderWhoseAddressIsGoneHasTheInitiatorFollow() throws {
        let sites = Sites()
        let spis = try sites.spis()
        sites.network.readdress(sites.right, to: [Sites.rightToo])
        sites.network.run(for: .seconds(1))
        #expect(try sites.use(Sites.left.address, Sites.rightToo.address))
        #expect(try sites.spis() == spis)
        sites.exchange()
        #expect(sites.rightwards.delivered == 1 && sites.leftwards.delivered == 1)
    }

    @Test func nothingIsLostButWhatWasOnItsWay() throws {
        let sites = Sites()
        let end = sites.network.now + .seconds(10)
        sites.network.start(sites.rightwards, every: .milliseconds(5), until: end)
        sites.network.start(sites.leftwards, every: .milliseconds(5), until: end)
        sites.network.run(for: .seconds(5))
        // The new address is there before the old one is gone, and the old one still receives what is under way.
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.run(until: end + .seconds(1))
        #expect(sites.rightwards.delivered == sites.rightwards.sent)
        // Towards the one that moves: what was on its way, and what was sent until the update and the check of the new
        // address were through, four journeys of 10 ms in all.
        #expect(sites.leftwards.sent - sites.leftwards.delivered <= 9)
    }

    @Test func anAddressThatIsStillThereIsKept() throws {
        let sites = Sites()
        sites.network.readdress(sites.left, to: [Sites.leftToo, Sites.left])
        sites.network.run(for: .seconds(1))
        #expect(try sites.use(Sites.left.address, Sites.right.address))
    }

    @Test func aMoveBehindANATSwitchesUDPEncapsulationOnAndBack() throws {
        let nat = NATBox("203.0.113.7")
        let sites = Sites(right: [Sites.right])
        let spis = try sites.spis()
        sites.network.readdress(sites.left, to: [Host.Interface("10.0.0.2", behind: nat)])
        sites.network.run(for: .seconds(1))
        #expect(sites.left.outbound.allSatisfy(\.usesUDP) && sites.right.outbound.allSatisfy(\.usesUDP))
        #expect(try sites.summary(sites.right).remote.address == nat.address)
        sites.exchange()
        #expect(sites.rightwards.delivered == 1 && sites.leftwards.delivered == 1)
        sites.network.readdress(sites.left, to: [Sites.left])
        sites.network.run(for: .seconds(1))
        #expect(sites.left.outbound.allSatisfy { !$0.usesUDP } && sites.right.outbound.allSatisfy { !$0.usesUDP })
        sites.exchange()
        #expect(sites.rightwards.delivered == 2 && sites.leftwards.delivered == 2)
        #expect(try sites.spis() == spis)
    }

    @Test func aNewMappingIsFoundByTheLivenessCheck() throws {
        let nat = NATBox("203.0.113.7")
        let sites = Sites(left: [Host.Interface("10.0.0.2", behind: nat)], right: [Sites.right])
        sites.network.run(for: .seconds(25))
        let before = try sites.summary(sites.right).remote
        nat.rebind()
        sites.network.run(for: .seconds(25))
        try sites.right.expectFollowed(from: before, in: sites.network, sites.leftwards)
    }

    @Test func anAddressChangeWithoutAnyOtherAddressWaitsForOne() throws {
        let sites = Sites()
        let spis = try sites.spis()
        sites.network.readdress(sites.left, to: [])
        sites.network.run(for: .seconds(20))
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.run(for: .seconds(30))
        #expect(try sites.use(Sites.leftToo.address, Sites.right.address))
        #expect(try sites.spis() == spis)
    }

    // MARK: - Paths that die

    @Test(arguments: 1...20) func aPathThatDiesIsReplacedByAnother(_ seed: UInt64) throws {
        let sites = Sites(seed: seed)
        let spis = try sites.spis()
        sites.network.conditions.loss = seed == 1 ? 0 : 0.1
        for one in [Sites.left, Sites.leftToo] {
            sites.network.cut(one.address, Sites.right.address, for: .seconds(10_000))
        }
        sites.network.run(for: .seconds(150))
        sites.network.conditions.loss = 0
        sites.network.run(for: .seconds(60))
        #expect(try sites.summary(sites.left).remote.address == Sites.rightToo.address)
        #expect(try sites.spis() == spis)
        sites.exchange()
        #expect(sites.rightwards.delivered == 1 && sites.leftwards.delivered == 1)
    }

    @Test func theSameOctetsGoAlongEveryPath() throws {
        let sites = Sites()
        sites.network.cut(Sites.left.address, Sites.right.address, for: .seconds(10_000))
        let count = sites.network.sent.count
        sites.network.run(for: .seconds(30))
        let requests = sites.network.sent[count...].filter {
            $0.sender == "left" && isInformational($0, isResponse: false)
        }
        let probe = try #require(requests.first?.datagram.bytes)
        let paths = Set(requests.filter { $0.datagram.bytes == probe }.map(\.datagram.path))
        #expect(paths.count == 4)
    }

    // MARK: - Trust

    @Test func theCHILDSAsWaitForTheCheckOfTheNewAddress() throws {
        let sites = Sites()
        // The peer's answer to the check is lost for a while.
        var isHeld = true
        sites.network.tap = { transit in
            let isAnswer = transit.sender == "left" && self.isInformational(transit, isResponse: true)
            return isHeld && isAnswer ? nil : transit.datagram
        }
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.run(for: .seconds(1))
        #expect(try sites.summary(sites.right).remote.address == Sites.leftToo.address)
        #expect(sites.right.outbound.allSatisfy { $0.remote.address == Sites.left.address })
        isHeld = false
        sites.network.run(for: .seconds(10))
        #expect(try sites.use(Sites.leftToo.address, Sites.right.address))
    }

    @Test func anUpdateThatIsRepeatedFromElsewhereMovesNothing() throws {
        let sites = Sites()
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        let update = try #require(sites.network.sent.last { $0.sender == "left" })
        sites.network.run(for: .seconds(1))
        var replay = update.datagram
        replay.local = SocketAddress(address: try #require(IPAddress("203.0.113.66")), port: 4500)
        sites.network.inject(replay)
        sites.network.run(for: .seconds(1))
        #expect(try sites.use(Sites.leftToo.address, Sites.right.address))
    }

    // MARK: - Beside rekeying

    @Test func anIKESAThatTakesOverIsMobileAsWell() throws {
        let sites = Sites()
        for side in [sites.left, sites.right] {
            sites.network.command(side, .rekey([.ikeSA(id: try sites.summary(side).id)]))
            sites.network.run(for: .seconds(1))
        }
        let spis = try sites.spis()
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.run(for: .seconds(1))
        sites.network.readdress(sites.right, to: [Sites.rightToo])
        sites.network.run(for: .seconds(1))
        #expect(try sites.use(Sites.leftToo.address, Sites.rightToo.address))
        #expect(try sites.spis() == spis)
    }

    @Test(arguments: ["left", "right", "left right"], 1...60)
    func updatesAndRekeyingAtOnceEndWellOverABadNetwork(_ rekeying: String, _ seed: Int) throws {
        let sites = Sites(seed: UInt64(seed), windowSize: seed.isMultiple(of: 2) ? 1 : 4)
        sites.network.conditions = Network.Conditions(loss: 0.15, duplication: 0.15, latency: 0.005...0.300)
        let child = try #require(sites.left.outbound.first?.id)
        let mirrored = try #require(sites.right.outbound.first?.id)
        for host in sites.network.hosts where rekeying.contains(host.name) {
            sites.network.command(host, .rekey([.ikeSA(id: try sites.summary(host).id)]))
        }
        if seed % 4 == 0 { sites.network.command(sites.left, .rekey([.childSA(id: child)])) }
        if seed % 4 == 1 { sites.network.command(sites.right, .rekey([.childSA(id: mirrored)])) }
        sites.network.run(for: .milliseconds(Int64(seed) * 11))
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.run(for: .milliseconds(Int64(seed) * 7))
        if seed.isMultiple(of: 2) { sites.network.readdress(sites.right, to: [Sites.rightToo]) }
        sites.network.run(for: .seconds(100))
        sites.network.conditions = Network.Conditions()
        sites.network.run(for: .seconds(200))
        // Where requests were lost, the right side's other address may have been the first to answer.
        let remote = try #require(try? sites.summary(sites.left), sites.story).remote.address
        #expect(try sites.use(Sites.leftToo.address, remote), sites.story)
        #expect(sites.right.interfaces.contains { $0.address == remote })
        sites.exchange()
        #expect(sites.rightwards.delivered == 1 && sites.leftwards.delivered == 1, sites.story)
    }

    @Test func anAnswerThatWentToTheOldAddressComesAgainFromTheNewOne() throws {
        let sites = Sites(right: [Sites.right])
        // The right side rekeys the IKE SA; the left one answers, and moves before the answer arrives.
        var isHeld = true
        sites.network.tap = { isHeld && $0.sender == "left" ? nil : $0.datagram }
        sites.network.command(sites.right, .rekey([.ikeSA(id: try sites.summary(sites.right).id)]))
        sites.network.run(for: .seconds(1))
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.run(for: .seconds(1))
        isHeld = false
        // The deletion of the old IKE SA still goes to the old address, so both ends forget it in their time.
        sites.network.run(for: .seconds(400))
        #expect(try sites.use(Sites.leftToo.address, Sites.right.address))
        #expect(sites.left.endpoint.load.ikeSAs == 1 && sites.right.endpoint.load.ikeSAs == 1)
        sites.exchange()
        #expect(sites.rightwards.delivered == 1 && sites.leftwards.delivered == 1)
    }

    @Test(arguments: [true, false]) func aDeletionFollowsAPeerThatMovesMeanwhile(_ isByInitiator: Bool) throws {
        let sites = Sites()
        let (deleter, mover) = isByInitiator ? (sites.left, sites.right) : (sites.right, sites.left)
        sites.network.command(deleter, .terminate([.ikeSA(id: try sites.summary(deleter).id)]))
        sites.network.readdress(mover, to: [isByInitiator ? Sites.rightToo : Sites.leftToo])
        sites.network.run(for: .seconds(2))
        #expect(sites.left.outbound.isEmpty && sites.right.outbound.isEmpty, sites.story)
        sites.network.run(for: .seconds(60))
        #expect(sites.left.endpoint.load.ikeSAs == 0 && sites.right.endpoint.load.ikeSAs == 0, sites.story)
    }

    @Test func aResponderThatHasMovedLooksForAnInitiatorThatHasMovedToo() throws {
        let sites = Sites()
        // The right side rekeys the IKE SA, and the answer is lost: what the left one says on the new IKE SA means nothing to it.
        var isHeld = true
        sites.network.tap = { isHeld && $0.sender == "left" ? nil : $0.datagram }
        sites.network.command(sites.right, .rekey([.ikeSA(id: try sites.summary(sites.right).id)]))
        sites.network.run(for: .seconds(1))
        sites.network.readdress(sites.left, to: [Sites.leftToo])
        sites.network.readdress(sites.right, to: [Sites.rightToo])
        isHeld = false
        sites.network.run(for: .seconds(100))
        #expect((try? sites.use(Sites.leftToo.address, Sites.rightToo.address)) == true, sites.story)
        sites.exchange()
        #expect(sites.rightwards.delivered == 1 && sites.leftwards.delivered == 1, sites.story)
    }

    // MARK: - Beginning where one address does not answer

    @Test func theNextRemoteAddressIsTriedWhenTheFirstIsSilent() {
        let sites = Sites(left: [Sites.left], right: [Sites.right])
        let addresses = [Sites.rightToo.address, Sites.right.address]
        var left = TwoSites().left
        left.connections[0].remoteAddresses = addresses.map { .prefix(IPPrefix($0)) }
        let other = sites.network.host("other", "192.0.2.7", policy: left)
        let id = sites.network.command(
            other,
            .initiate(
                connection: "site",
                .all,
                local: SocketAddress(address: other.address, port: 500),
                remote: SocketAddress(address: addresses[0], port: 500)
            )
        )
        sites.network.run(for: .seconds(200))
        #expect(other.succeeded(id))
    }
}

import DataPlane
import ESP
import Glibc
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import Testing

@Suite struct DataPlaneTests {
    static let here = IPAddress(v4: 0x7f00_0001)
    static let there = IPAddress(v4: 0x7f00_0002)
    /// Hosts behind the first and the second end.
    static let alice = IPAddress(v4: 0x0a01_0001)
    static let bob = IPAddress(v4: 0x0a02_0001)
    static let aliceV6 = IPAddress(v6High: 0x2001_0db8_0001_0000, low: 1)
    static let bobV6 = IPAddress(v6High: 0x2001_0db8_0002_0000, low: 1)

    static func selectors(_ prefixes: [String]) throws -> [TrafficSelector] {
        try prefixes.map { TrafficSelector(try #require(IPPrefix($0))) }
    }

    static func child(
        _ suite: CipherSuite? = nil,
        sequenceNumbers: SequenceNumbers = .standard,
        seed: UInt64 = 1
    ) throws -> TestChild {
        TestChild(
            try suite ?? CipherSuite(encryption: .aesGCM16, keyLength: 256, integrity: nil),
            sequenceNumbers: sequenceNumbers,
            first: try selectors(["10.1.0.0/16", "2001:db8:1::/48"]),
            second: try selectors(["10.2.0.0/16", "2001:db8:2::/48"]),
            seed: seed
        )
    }

    // MARK: - Traffic

    @Test(arguments: TestChild.allSuites, [SequenceNumbers.standard, .extended])
    func everySuiteCarriesPacketsBothWays(suite: CipherSuite, sequenceNumbers: SequenceNumbers) throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let child = try Self.child(suite, sequenceNumbers: sequenceNumbers)
        try child.install(one, other)
        var octets: UInt64 = 0
        for payload in [0, 1, 13, 64, 1300] {
            let content = (0..<payload).map { UInt8(truncatingIfNeeded: $0) }
            for (from, to) in [(Self.alice, Self.bob), (Self.aliceV6, Self.bobV6)] {
                let request = InnerPackets.packet(from, to, payload: content)
                try one.send(request)
                #expect(try other.receive() == request)
                let answer = InnerPackets.packet(to, from, payload: content)
                try other.send(answer)
                #expect(try one.receive() == answer)
                octets += UInt64(request.count)
            }
        }
        for counters in [one.plane.counters(for: child.id), other.plane.counters(for: child.id)] {
            let counters = try #require(counters)
            #expect(counters.inbound.packets == 10)
            #expect(counters.inbound.octets == octets)
            #expect(counters.outbound.packets == 10)
            #expect(counters.outbound.octets == octets)
            #expect(counters.inbound.lastUse > 0)
            #expect(counters.outbound.lastUse > 0)
            #expect(counters.inboundDrops == ChildCounters.InboundDrops())
            #expect(counters.outboundDrops == ChildCounters.OutboundDrops())
        }
        #expect(one.plane.planeCounters == PlaneCounters())
        #expect(other.plane.planeCounters == PlaneCounters())
    }

    /// The inbound thread works outbound while packets are few, the outbound one after a burst, and then the inbound one again.
    @Test func packetsKeepTheirOrderWhicheverThreadSendsThem() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let child = try Self.child()
        try child.install(one, other)
        for (round, burst) in [1, 40, 1, 1, 40, 1].enumerated() {
            let packets = (0..<burst).map { number in
                InnerPackets.packet(Self.alice, Self.bob, ports: (UInt16(round), UInt16(number)))
            }
            for packet in packets { try one.send(packet) }
            for packet in packets { #expect(try other.receive() == packet) }
            // Longer than a device has to be quiet; nothing depends on its being enough.
            if burst == 1 { usleep(50_000) }
        }
        let counters = try #require(one.plane.counters(for: child.id))
        #expect(counters.outbound.packets == 84)
        #expect(counters.outboundDrops == ChildCounters.OutboundDrops())
    }

    @Test func manyPacketsKeepTheirOrder() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let child = try Self.child()
        try child.install(one, other)
        // As many at once as the memory device's queue takes for sure.
        for round in 0..<100 {
            let burst = (0..<40).map { number in
                InnerPackets.packet(Self.alice, Self.bob, payload: InnerPackets.big(UInt32(round * 40 + number)))
            }
            for packet in burst { try one.send(packet) }
            for packet in burst {
                let received = try other.receive()
                try #require(received == packet)
            }
        }
        #expect(other.plane.counters(for: child.id)?.inbound.packets == 4000)
    }

    @Test func theOuterTrafficClassFollowsTheInnerOne() throws {
        let one = try PlaneEnd(at: Self.here)
        let peer = try DatagramSocket.udp(
            bindingTo: SocketAddress(address: Self.there, port: 0),
            settings: SocketSettings()
        )
        let child = try Self.child()
        try one.plane.install(outbound: child.outbound(.udp(local: try one.nat, remote: peer.local)))
        let epoll = try Epoll()
        var events = Epoll.EventBuffer(capacity: 1)
        try epoll.add(peer.raw, .readable, token: 0)
        var batch = ReceiveBatch(capacity: 1)
        for trafficClass in [UInt8(0), 0xb8, 0x02, 0x01, 0x03] {
            try one.send(InnerPackets.packet(Self.alice, Self.bob, trafficClass: trafficClass))
            try epoll.wait(into: &events, milliseconds: 5000)
            try batch.receive(from: peer)
            try #require(batch.count == 1)
            let outer = batch.arrival(at: 0).trafficClass
            let source = batch.source(at: 0)
            #expect(outer == trafficClass)
            #expect(source == (try one.nat))
        }
    }

    // MARK: - What is not carried

    @Test func aPacketWithoutPolicyIsCountedAndDropped() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        try Self.child().install(one, other)
        let elsewhere = IPAddress(v4: 0x0a03_0001)
        try one.send(InnerPackets.packet(Self.alice, elsewhere))
        try one.send(InnerPackets.packet(elsewhere, Self.bob))
        try one.send([0x45, 0, 0, 200])
        try one.send([0x00])
        #expect(eventually { one.plane.planeCounters.noPolicy == 2 && one.plane.planeCounters.malformedPackets == 2 })
    }

    @Test func aRemovedSACarriesNothing() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let child = try Self.child()
        try child.install(one, other)
        let packet = InnerPackets.packet(Self.alice, Self.bob)
        try one.send(packet)
        #expect(try other.receive() == packet)

        other.plane.removeInbound(child.spis.0)
        try one.send(packet)
        #expect(eventually { other.plane.planeCounters.unknownSPI == 1 })
        #expect(other.plane.counters(for: child.id)?.inbound.packets == 1)

        one.plane.removeOutbound(child.id)
        try one.send(packet)
        #expect(eventually { one.plane.planeCounters.noPolicy == 1 })

        one.plane.removeInbound(child.spis.1)
        #expect(one.plane.counters(for: child.id) == nil)
        other.plane.removeOutbound(child.id)
        #expect(other.plane.allCounters.isEmpty)
    }

    @Test func garbageReplaysAndForgeriesAreCountedByTheirKind() throws {
        let one = try PlaneEnd(at: Self.here)
        let child = try Self.child()
        try one.plane.install(inbound: child.inbound())
        let attacker = try DatagramSocket.udp(
            bindingTo: SocketAddress(address: Self.there, port: 0),
            settings: SocketSettings()
        )
        // What the peer would send, sealed here so that it can be spoilt.
        let peer = try child.peer()
        func seal(_ packet: [UInt8]) throws -> [UInt8] {
            var source = packet
            var output = [UInt8](repeating: 0, count: peer.layout.sealedLength(inner: packet.count))
            var sourceSpan = source.mutableSpan
            var sourceBytes = sourceSpan.mutableBytes
            var outputSpan = output.mutableSpan
            var outputBytes = outputSpan.mutableBytes
            _ = try peer.seal(&sourceBytes, innerLength: packet.count, into: &outputBytes)
            return output
        }
        let packet = InnerPackets.packet(Self.bob, Self.alice)
        let nat = try one.nat

        let good = try seal(packet)
        try attacker.send(good, to: nat)
        #expect(try one.receive() == packet)

        try attacker.send(good, to: nat)
        var forged = try seal(packet)
        forged[forged.count - 1] ^= 1
        try attacker.send(forged, to: nat)
        try attacker.send(Array(good.prefix(20)), to: nat)
        try attacker.send(try seal(InnerPackets.packet(Self.bob, IPAddress(v4: 0x0a09_0001))), to: nat)
        try attacker.send(try seal(InnerPackets.packet(Self.alice, Self.alice)), to: nat)
        try attacker.send([0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1, 9, 9], to: nat)
        try attacker.send([0xff], to: nat)
        try attacker.send([0xff, 0xff], to: nat)
        try attacker.send([], to: nat)
        try attacker.send([0, 0, 0, 0, 1, 2, 3], to: nat)
        try attacker.send([1, 2, 3], to: try one.ike)

        var drops = ChildCounters.InboundDrops()
        drops.replayed = 1
        drops.unauthentic = 1
        drops.malformed = 1
        drops.selectorMismatches = 2
        var plane = PlaneCounters()
        plane.unknownSPI = 1
        plane.keepalives = 1
        plane.malformedDatagrams = 4
        _ = eventually {
            one.plane.counters(for: child.id)?.inboundDrops == drops && one.plane.planeCounters == plane
        }
        #expect(one.plane.counters(for: child.id)?.inboundDrops == drops)
        #expect(one.plane.planeCounters == plane)
        #expect(one.plane.counters(for: child.id)?.inbound.packets == 1)
        #expect(try one.receive(milliseconds: 0) == nil)
        #expect(one.plane.collectEvents().datagrams.isEmpty)
    }

    // MARK: - Changes

    @Test func aLaterSATakesOverAndTheOlderCanBeRemoved() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let old = try Self.child(seed: 1)
        try old.install(one, other)
        var new = try Self.child(seed: 2)
        new.id = ChildID(rawValue: 2)
        try new.install(one, other)
        let packet = InnerPackets.packet(Self.alice, Self.bob)
        try one.send(packet)
        #expect(try other.receive() == packet)
        #expect(one.plane.counters(for: old.id)?.outbound.packets == 0)
        #expect(one.plane.counters(for: new.id)?.outbound.packets == 1)

        one.plane.removeOutbound(new.id)
        try one.send(packet)
        #expect(try other.receive() == packet)
        #expect(one.plane.counters(for: old.id)?.outbound.packets == 1)
    }

    @Test func twoPeersMayChooseTheSameSPI() throws {
        let one = try PlaneEnd(at: Self.here)
        let peers = [try PlaneEnd(at: Self.there).moved(), try PlaneEnd(at: Self.there).moved()]
        for (number, peer) in peers.enumerated() {
            var child = TestChild(
                try CipherSuite(encryption: .aesGCM16, keyLength: 128, integrity: nil),
                first: try Self.selectors(["10.1.0.0/16"]),
                second: try Self.selectors(["10.2.\(number).0/24"]),
                seed: 1
            )
            child.id = ChildID(rawValue: UInt32(number))
            try peer.end.plane.install(inbound: child.inbound(swapped: true))
            try one.plane.install(outbound: child.outbound(.udp(local: try one.nat, remote: try peer.end.nat)))
        }
        for (number, peer) in peers.enumerated() {
            let packet = InnerPackets.packet(Self.alice, IPAddress(v4: 0x0a02_0001 + UInt32(number) << 8))
            try one.send(packet)
            #expect(try peer.end.receive() == packet)
        }
    }

    @Test func packetsFollowThePeerToAnotherAddress() throws {
        let one = try PlaneEnd(at: Self.here)
        let before = try PlaneEnd(at: Self.there)
        let after = try PlaneEnd(at: IPAddress(v4: 0x7f00_0003))
        let child = try Self.child()
        try child.install(one, before)
        try after.plane.install(inbound: child.inbound(swapped: true))
        try one.plane.updateEncapsulation(child.id, to: .udp(local: try one.nat, remote: try after.nat))
        let packet = InnerPackets.packet(Self.alice, Self.bob)
        try one.send(packet)
        #expect(try after.receive() == packet)
        #expect(try before.receive(milliseconds: 0) == nil)
    }

    @Test func packetsFromElsewhereArriveAndAreReported() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let child = try Self.child()
        let (ours, theirs) = (try one.nat, try other.nat)
        let elsewhere = SocketAddress(address: IPAddress(v4: 0x7f00_0009), port: theirs.port)
        var inbound = child.inbound()
        inbound.encapsulation = .udp(local: ours, remote: elsewhere)
        try one.plane.install(inbound: inbound)
        try other.plane.install(
            outbound: child.outbound(.udp(local: theirs, remote: ours), swapped: true)
        )
        let packet = InnerPackets.packet(Self.bob, Self.alice)
        try other.send(packet)
        #expect(try one.receive() == packet)
        #expect(one.plane.collectEvents().strays == [child.id: .udp(local: ours, remote: theirs)])
        // It counts, but does not show that the peer is where it should be.
        #expect(one.plane.counters(for: child.id)?.inbound.packets == 1)
        #expect(one.plane.counters(for: child.id)?.inbound.lastUse == 0)
        try one.plane.updateEncapsulation(child.id, to: .udp(local: ours, remote: theirs))
        try other.send(packet)
        #expect(try one.receive() == packet)
        #expect(one.plane.collectEvents().strays.isEmpty)
        #expect(one.plane.counters(for: child.id).map { $0.inbound.lastUse > 0 } == true)
    }

    @Test func whatCannotBeInstalledIsRefusedAndLeavesNothing() throws {
        let one = try PlaneEnd(at: Self.here)
        let child = try Self.child()
        let nat = try one.nat
        #expect(throws: InstallError.self) {
            var parameters = child.inbound()
            parameters.replayWindow = 5
            try one.plane.install(inbound: parameters)
        }
        #expect(throws: InstallError.self) {
            var parameters = child.inbound()
            parameters.keys = CipherKeys(encryption: .empty, integrity: .empty)
            try one.plane.install(inbound: parameters)
        }
        #expect(throws: InstallError.self) {
            try one.plane.install(outbound: child.outbound(.rawESP(local: Self.here, remote: Self.there)))
        }
        #expect(throws: InstallError.self) {
            let wrongPort = SocketAddress(address: Self.here, port: nat.port ^ 1)
            try one.plane.install(outbound: child.outbound(.udp(local: wrongPort, remote: nat)))
        }
        #expect(throws: InstallError.self) {
            try one.plane.updateEncapsulation(child.id, to: .udp(local: nat, remote: nat))
        }
        #expect(throws: InstallError.self) {
            var parameters = child.outbound(.udp(local: nat, remote: nat))
            parameters.local = Array(repeating: .all(.v4), count: 255)
            parameters.remote = Array(repeating: .all(.v4), count: 255)
            try one.plane.install(outbound: parameters)
        }
        #expect(one.plane.allCounters.isEmpty)

        try one.plane.install(inbound: child.inbound())
        #expect(throws: InstallError.self) { try one.plane.install(inbound: child.inbound()) }
        #expect(one.plane.allCounters.count == 1)
    }

    // MARK: - Size

    @Test func theSenderOfATooLargePacketIsTold() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let child = try Self.child()
        try child.install(one, other, pathMTU: 1400)
        // AES-GCM in UDP over IPv4: 20 + 8 octets outside, 8 + 8 + 2 + 16 of ESP, content aligned to 4.
        let mtu = 1400 - 28 - 8 - 8 - 16 - 2
        #expect(one.plane.counters(for: child.id)?.innerMTU == mtu)

        let largest = InnerPackets.packet(Self.alice, Self.bob, payload: [UInt8](repeating: 1, count: mtu - 28))
        try one.send(largest)
        #expect(try other.receive() == largest)

        let tooLarge = InnerPackets.packet(Self.alice, Self.bob, payload: [UInt8](repeating: 1, count: mtu - 27))
        try one.send(tooLarge)
        let answer = try #require(try one.receive())
        #expect(Array(answer[12..<20]) == Self.bob.bytes + Self.alice.bytes)
        #expect(Array(answer[20..<22]) == [3, 4])
        #expect(Array(answer[26..<28]) == InnerPackets.big(UInt16(mtu)))
        #expect(Array(answer[28...]) == Array(tooLarge.prefix(answer.count - 28)))
        #expect(one.plane.counters(for: child.id)?.outboundDrops.tooBig == 1)
    }

    @Test func whoMayNotBeToldGetsOuterFragments() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let child = try Self.child()
        try child.install(one, other, pathMTU: 1000)
        let content = [UInt8](repeating: 7, count: 1100)
        let fragmentable = InnerPackets.packet(Self.alice, Self.bob, payload: content, dontFragment: false)
        try one.send(fragmentable)
        #expect(try other.receive() == fragmentable)
        let smallV6 = InnerPackets.packet(Self.aliceV6, Self.bobV6, payload: content)
        try one.send(smallV6)
        #expect(try other.receive() == smallV6)
        #expect(one.plane.counters(for: child.id)?.outboundDrops == ChildCounters.OutboundDrops())
    }

    // MARK: - IKE

    @Test func ikeTravelsOnBothPortsAndTheMarkerIsNobodysBusiness() throws {
        let one = try PlaneEnd(at: Self.here)
        let other = try PlaneEnd(at: Self.there)
        let message = (0..<200).map { UInt8(truncatingIfNeeded: $0 + 1) }
        let large = [UInt8](repeating: 5, count: 30_000)
        let sent = [
            IKEDatagram(bytes: message, local: try one.ike, remote: try other.ike),
            IKEDatagram(bytes: message, local: try one.nat, remote: try other.nat),
            IKEDatagram(bytes: large, local: try one.nat, remote: try other.nat),
        ]
        for datagram in sent {
            try one.plane.transport.send(datagram.bytes, from: datagram.local, to: datagram.remote)
        }
        try one.plane.transport.sendKeepalive(from: try one.nat, to: try other.nat)
        #expect(eventually { other.plane.planeCounters.keepalives == 1 && other.plane.planeCounters.ikeDatagrams == 3 })
        let received = other.plane.collectEvents().datagrams
        #expect(Set(received) == Set(sent.map { IKEDatagram(bytes: $0.bytes, local: $0.remote, remote: $0.local) }))
        #expect(other.plane.collectEvents().datagrams.isEmpty)
    }

    @Test func theDescriptorOfEventsIsReadableWhileSomethingWaits() throws {
        let one = try PlaneEnd(at: Self.here)
        let epoll = try Epoll()
        var events = Epoll.EventBuffer(capacity: 1)
        try epoll.add(one.plane.eventDescriptor, .readable, token: 0)
        try one.plane.transport.send([UInt8](repeating: 1, count: 28), from: try one.ike, to: try one.ike)
        try epoll.wait(into: &events, milliseconds: 5000)
        #expect(events.count == 1)
        #expect(one.plane.collectEvents().datagrams.count == 1)
        try epoll.wait(into: &events, milliseconds: 0)
        #expect(events.count == 0)
    }

    @Test func aFloodOfIKECostsItsOwnDatagramsOnly() throws {
        let one = try PlaneEnd(at: Self.here, ikeCapacity: 3)
        for number in UInt8(0)..<8 {
            try one.plane.transport.send([UInt8](repeating: number, count: 28), from: try one.ike, to: try one.ike)
        }
        #expect(eventually { one.plane.planeCounters.ikeDatagrams == 8 })
        #expect(eventually { one.plane.planeCounters.ikeOverflow == 5 })
        #expect(one.plane.collectEvents().datagrams.map(\.bytes.first) == [0, 1, 2])
    }

    @Test func ikeFromAPortThatIsNotOursIsRefused() throws {
        let one = try PlaneEnd(at: Self.here)
        let wrong = SocketAddress(address: Self.here, port: 9)
        let remote = try one.nat
        #expect(throws: Errno.self) { try one.plane.transport.send([1], from: wrong, to: remote) }
        let ike = try one.ike
        #expect(throws: Errno.self) { try one.plane.transport.sendKeepalive(from: ike, to: remote) }
    }

    // MARK: - Its end

    @Test func stoppingTwiceIsHarmlessAndTheLossOfTheDeviceIsTold() throws {
        let one = try PlaneEnd(at: Self.here)
        one.plane.stop()
        one.plane.stop()

        let plane = try PlaneEnd.losing()
        #expect(eventually { plane.collectEvents().deviceFailure != nil })
        plane.stop()
    }
}

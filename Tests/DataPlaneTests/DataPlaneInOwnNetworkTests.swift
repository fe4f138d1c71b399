import DataPlane
import ESP
import Inet
import LinuxNet
import LinuxNetSupport
import Testing

@Suite(.enabled(if: OwnNetwork.isPossible, Comment(rawValue: OwnNetwork.reason)))
struct DataPlaneInOwnNetworkTests {
    @Test(arguments: [("127.0.0.1", "127.0.0.2"), ("2001:db8::1", "2001:db8::2")])
    func rawESPCarriesPacketsBothWays(here: String, there: String) throws {
        let (carried, counters) = try OwnNetwork.run {
            let here = try #require(IPAddress(here))
            let there = try #require(IPAddress(there))
            var netlink = try Netlink()
            if here.family == .v6 {
                for address in [here, there] {
                    try netlink.addAddress(InterfaceAddress(address, interface: 1))
                }
            }
            let one = try PlaneEnd(at: here, rawESP: true)
            let other = try PlaneEnd(at: there, rawESP: true)
            let child = try DataPlaneTests.child()
            try one.plane.install(inbound: child.inbound())
            try other.plane.install(inbound: child.inbound(swapped: true))
            try one.plane.install(outbound: child.outbound(.rawESP(local: here, remote: there)))
            try other.plane.install(outbound: child.outbound(.rawESP(local: there, remote: here), swapped: true))
            var carried: [Bool] = []
            for (from, to) in [
                (DataPlaneTests.alice, DataPlaneTests.bob), (DataPlaneTests.aliceV6, DataPlaneTests.bobV6),
            ] {
                let request = InnerPackets.packet(from, to, payload: [1, 2, 3], trafficClass: 0x02)
                try one.send(request)
                carried.append(try other.receive() == request)
                let answer = InnerPackets.packet(to, from, payload: [4, 5])
                try other.send(answer)
                carried.append(try one.receive() == answer)
            }
            return (carried, one.plane.counters(for: child.id))
        }
        #expect(carried == [true, true, true, true])
        #expect(counters?.inbound.packets == 2)
        #expect(counters?.outbound.packets == 2)
    }

    @Test func aPathThatTurnsOutNarrowerIsLearntFromTheFirstRefusal() throws {
        let outcome = try OwnNetwork.run {
            var netlink = try Netlink()
            try netlink.setMTU(1400, index: 1)
            let one = try PlaneEnd(at: DataPlaneTests.here)
            let other = try PlaneEnd(at: DataPlaneTests.there)
            let child = try DataPlaneTests.child()
            // Nobody has told the plane yet; the kernel knows.
            try child.install(one, other, pathMTU: 9000)
            let content = [UInt8](repeating: 1, count: 2000)
            try one.send(InnerPackets.packet(DataPlaneTests.alice, DataPlaneTests.bob, payload: content))
            let answer = try one.receive() ?? []
            let events = one.plane.collectEvents()
            let small = InnerPackets.packet(DataPlaneTests.alice, DataPlaneTests.bob, payload: [1])
            try one.send(small)
            let isCarried = try other.receive() == small
            let counters = one.plane.counters(for: child.id)
            return (
                answer.count > 28 ? Array(answer[20..<28]) : answer, events.resized == [child.id], isCarried,
                counters?.innerMTU, counters?.outboundDrops
            )
        }
        let mtu = 1400 - 28 - 8 - 8 - 16 - 2
        #expect(Array(outcome.0.prefix(2)) == [3, 4])
        #expect(Array(outcome.0.suffix(2)) == InnerPackets.big(UInt16(mtu)))
        #expect(outcome.1)
        #expect(outcome.2)
        #expect(outcome.3 == mtu)
        #expect(outcome.4?.tooBig == 1)
        #expect(outcome.4?.failures == 0)
    }

    @Test func aTUNDeviceThatSomebodyDeletesIsTold() throws {
        let isTold = try OwnNetwork.run {
            let device = try TUNDevice(name: "hnet-lost")
            var configuration = DataPlaneConfiguration()
            configuration.usesRawESP = false
            let index = device.index
            let plane = try DataPlane.start(configuration, device: device)
            var netlink = try Netlink()
            try netlink.setLink(index: index, up: true)
            try netlink.removeLink(index: index)
            return eventually { plane.collectEvents().deviceFailure != nil }
        }
        #expect(isTold)
    }

    @Test func theWellKnownPortsAreTheDefaultAndASecondPlaneIsToldWhoHasThem() throws {
        let description = try OwnNetwork.run {
            let plane = try DataPlane.start(DataPlaneConfiguration(), device: TUNDevice(name: "hnet-a"))
            guard Set(plane.transport.ikeAddresses.map(\.port)) == [500],
                Set(plane.transport.natAddresses.map(\.port)) == [4500]
            else { return "other ports" }
            do {
                _ = try DataPlane.start(DataPlaneConfiguration(), device: TUNDevice(name: "hnet-b"))
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(description.contains("port 500 is in use"))
    }
}

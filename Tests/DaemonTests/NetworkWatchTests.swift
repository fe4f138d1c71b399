import IKECore
import Inet
import LinuxNet
import LinuxNetSupport
import Testing

@testable import Daemon

@Suite(.enabled(if: OwnNetwork.isPossible, Comment(rawValue: OwnNetwork.reason)))
struct NetworkWatchTests {
    /// The `number`th address of a network for examples.
    private static func address(_ number: Int) throws -> IPAddress { try #require(IPAddress("192.0.2.\(number)")) }

    /// A tunnel's device, an uplink, and what watches them.
    private final class Host {
        private var netlink: Netlink
        let tunnel: TUNDevice
        let uplink: TUNDevice
        let watch: NetworkWatch
        private var addresses = 0

        init() throws {
            var netlink = try Netlink()
            tunnel = try TUNDevice(name: "hwatch%d")
            uplink = try TUNDevice(name: "hwatch%d")
            for index in [tunnel.index, uplink.index] { try netlink.setLink(index: index, up: true) }
            watch = try NetworkWatch(tunnel: tunnel.index, mark: 0x4500)
            self.netlink = netlink
        }

        /// One more address of an interface, noticed `now`.
        func add(to interface: UInt32, _ now: Instant) throws {
            addresses += 1
            try netlink.addAddress(InterfaceAddress(NetworkWatchTests.address(addresses), interface: interface))
            watch.noteChanges(now)
        }
    }

    private static let start = Instant(nanoseconds: 1_000_000_000)

    private static func at(_ milliseconds: Int) -> Instant { start + .milliseconds(milliseconds) }

    /// A host whose first address was noticed and looked at in time.
    private static func hostThatWasLookedAt() throws -> Host {
        let host = try Host()
        try host.add(to: host.uplink.index, start)
        _ = try host.watch.look(towards: [], at(50))
        return host
    }

    @Test func theFirstChangeIsLookedAtOnceItHasSettled() throws {
        let (deadline, seen) = try OwnNetwork.run {
            let host = try Host()
            try host.add(to: host.uplink.index, Self.start)
            let deadline = host.watch.deadline
            return (deadline, try host.watch.look(towards: [], Self.at(50))?.addresses)
        }
        #expect(deadline == Self.at(50))
        #expect(try seen?.contains(Self.address(1)) == true)
    }

    @Test func changesThatGoOnAreLookedAtFromTimeToTime() throws {
        let deadlines = try OwnNetwork.run {
            let host = try Host()
            var deadlines: [Instant?] = []
            for time in stride(from: 0, to: 1000, by: 10) {
                try host.add(to: host.tunnel.index, Self.at(time))
                guard let deadline = host.watch.deadline, deadline <= Self.at(time) else { continue }
                deadlines.append(deadline)
                _ = try host.watch.look(towards: [], Self.at(time))
            }
            return deadlines
        }
        #expect(deadlines == [50, 250, 450, 650, 850].map(Self.at))
    }

    @Test func whatChangesAfterALongRestIsLookedAtSoon() throws {
        let deadline = try OwnNetwork.run {
            let host = try Self.hostThatWasLookedAt()
            try host.add(to: host.uplink.index, Self.at(2000))
            return host.watch.deadline
        }
        #expect(deadline == Self.at(2050))
    }

    @Test func addressesOfTheTunnelAreNoNews() throws {
        let again = try OwnNetwork.run {
            let host = try Self.hostThatWasLookedAt()
            try host.add(to: host.tunnel.index, Self.at(1000))
            return try host.watch.look(towards: [], Self.at(1050))
        }
        #expect(again == nil)
    }
}

import Glibc
import Inet
import LinuxNetSupport
import Testing

@testable import LinuxNet

@Suite(.enabled(if: OwnNetwork.isPossible, Comment(rawValue: OwnNetwork.reason)))
struct NetlinkTests {
    private static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
    private static func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }

    /// A TUN device that is up, with these addresses.
    private static func device(_ netlink: inout Netlink, _ addresses: [String]) throws -> TUNDevice {
        let device = try TUNDevice(name: "hnet%d")
        try netlink.setLink(index: device.index, up: true)
        for text in addresses {
            try netlink.addAddress(InterfaceAddress(address(text), interface: device.index))
        }
        return device
    }

    @Test func aLinkTellsItsNameAndMTUAndTakesANewMTU() throws {
        let links = try OwnNetwork.run {
            var netlink = try Netlink()
            let device = try TUNDevice(name: "hnet0")
            let before = try netlink.link(index: device.index)
            try netlink.setMTU(1380, index: device.index)
            try netlink.setLink(index: device.index, up: true)
            return [before, try netlink.link(named: "hnet0")]
        }
        #expect(links.map(\.name) == ["hnet0", "hnet0"])
        #expect(links.map(\.mtu) == [1500, 1380])
        #expect(links.map(\.isUp) == [false, true])
    }

    @Test func allLinksAreListedWithWhetherPacketsCanLeave() throws {
        let (loopback, before, after) = try OwnNetwork.run {
            var netlink = try Netlink()
            let device = try TUNDevice(name: "hnet%d")
            let index = device.index
            let before = try netlink.links().first { $0.index == index }
            try netlink.setLink(index: index, up: true)
            let links = try netlink.links()
            return (links.first(where: \.isLoopback)?.name, before, links.first { $0.index == index })
        }
        #expect(loopback == "lo")
        #expect(before?.isRunning == false)
        #expect(after?.isRunning == true)
    }

    @Test func theMonitorHearsOfANewAddressAndFallsSilentAgain() throws {
        let (wasQuiet, heard, isQuiet) = try OwnNetwork.run {
            var netlink = try Netlink()
            let device = try Self.device(&netlink, [])
            let monitor = try NetworkMonitor()
            let wasQuiet = Self.fallsSilent(monitor)
            try netlink.addAddress(InterfaceAddress(try Self.address("10.1.0.1"), interface: device.index))
            return (wasQuiet, monitor.clear(), Self.fallsSilent(monitor))
        }
        #expect(wasQuiet)
        #expect(heard)
        #expect(isQuiet)
    }

    /// Whether nothing is heard for a tenth of a second. Links that came up are told of by the kernel some time later, with their
    /// state and their link-local addresses, so this waits for up to ten seconds.
    private static func fallsSilent(_ monitor: borrowing NetworkMonitor) -> Bool {
        for _ in 0..<100 {
            usleep(100_000)
            if !monitor.clear() { return true }
        }
        return false
    }

    @Test func addressesAreAddedListedAndRemoved() throws {
        let (during, after, again) = try OwnNetwork.run {
            var netlink = try Netlink()
            let device = try Self.device(&netlink, [])
            let all = [
                InterfaceAddress(try Self.address("10.1.0.1"), prefixLength: 24, interface: device.index),
                InterfaceAddress(try Self.address("2001:db8::1"), interface: device.index),
            ]
            for address in all { try netlink.addAddress(address) }
            let isOurs: (InterfaceAddress) -> Bool = { !$0.address.isLinkLocal }
            let during = try netlink.addresses(of: device.index).filter(isOurs)
            let again = failure { try netlink.addAddress(all[0]) }?.code
            for address in all { try netlink.removeAddress(address) }
            let after = try netlink.addresses(of: device.index).filter(isOurs)
            return (during == all, after.isEmpty, again)
        }
        #expect(during)
        #expect(after)
        #expect(again == EEXIST)
    }

    @Test(arguments: [
        ("10.1.0.1", "10.2.0.0/16", "10.2.3.0/24", "10.3.0.0/16"),
        ("2001:db8:1::1", "2001:db8:2::/48", "2001:db8:2:3::/64", "2001:db8:3::/48"),
    ])
    func routesOfATableAreAddedReplacedListedAndRemoved(own: String, net: String, hole: String, wall: String) throws {
        let outcome = try OwnNetwork.run {
            var netlink = try Netlink()
            let own = try Self.address(own)
            let device = try Self.device(&netlink, [own.description])
            var through = Route(
                to: try Self.prefix(net),
                interface: device.index,
                table: 1220,
                priority: 7,
                preferredSource: own,
                mtu: 1400
            )
            let passed = Route(to: try Self.prefix(hole), kind: .throw, table: 1220, priority: 7)
            let blocked = Route(to: try Self.prefix(wall), kind: .unreachable, table: 1220, priority: 7)
            for route in [through, passed, blocked] { try netlink.addRoute(route) }
            let first = Set(try netlink.routes(table: 1220))
            guard first == [through, passed, blocked] else { return "listed \(first)" }
            through.mtu = 1300
            try netlink.replaceRoute(through)
            let second = Set(try netlink.routes(table: 1220, family: own.family))
            guard second == [through, passed, blocked] else { return "replaced \(second)" }
            for route in second { try netlink.removeRoute(route) }
            let third = try netlink.routes(table: 1220)
            guard third.isEmpty else { return "left \(third)" }
            let error = failure { try netlink.removeRoute(through) }
            return error?.code == ESRCH ? "" : "removing twice: \(String(describing: error))"
        }
        #expect(outcome == "")
    }

    @Test func aRouteLookupTellsInterfaceSourceAndPathMTU() throws {
        let outcome = try OwnNetwork.run {
            var netlink = try Netlink()
            let device = try Self.device(&netlink, ["10.1.0.1", "2001:db8:1::1"])
            let own = try Self.address("10.1.0.1")
            try netlink.addRoute(
                Route(to: try Self.prefix("10.2.0.0/16"), interface: device.index, preferredSource: own, mtu: 1333)
            )
            try netlink.addRoute(Route(to: try Self.prefix("10.3.0.0/16"), interface: device.index))
            try netlink.addRoute(Route(to: try Self.prefix("2001:db8:2::/48"), interface: device.index))
            let found = [
                try netlink.route(to: try Self.address("10.2.0.9")),
                try netlink.route(to: try Self.address("10.3.0.9"), from: own),
                try netlink.route(to: try Self.address("2001:db8:2::9")),
            ]
            let nowhere = try Self.address("192.0.2.1")
            let code = failure { _ = try netlink.route(to: nowhere) }?.code
            let isOurs = found.allSatisfy { $0.interface == device.index }
            return (isOurs, found.map(\.mtu), found.map { $0.preferredSource?.description }, code)
        }
        #expect(outcome.0)
        #expect(outcome.1 == [1333, 1500, 1500])
        #expect(outcome.2 == ["10.1.0.1", "10.1.0.1", "2001:db8:1::1"])
        #expect(outcome.3 == ENETUNREACH)
    }

    @Test(arguments: [("127.0.0.0/8", "0.0.0.0/0", "192.0.2.1"), ("::1/128", "::/0", "2001:db8::1")])
    func markedPacketsStayOutOfAFullTunnel(local: String, all: String, destination: String) throws {
        let outcome = try OwnNetwork.run {
            var netlink = try Netlink()
            let tunnel = try Self.device(&netlink, [])
            let uplink = try Self.device(&netlink, ["10.1.0.1", "2001:db8:1::1"])
            let all = try Self.prefix(all)
            let rule = RoutingRule(
                family: all.family,
                priority: 220,
                action: .lookup(220),
                mark: RoutingRule.Mark(0x4500),
                isInverted: true
            )
            try netlink.addRoute(Route(to: all, interface: uplink.index))
            try netlink.addRoute(Route(to: all, interface: tunnel.index, table: 220))
            try netlink.addRule(rule)
            let listed = try netlink.rules(family: all.family).filter { $0.action == .lookup(220) }
            let destination = try Self.address(destination)
            let plain = try netlink.route(to: destination).interface
            let marked = try netlink.route(to: destination, mark: 0x4500).interface
            try netlink.removeRule(rule)
            let left = try netlink.rules().filter { $0.origin == Route.Origin.ike }
            return [listed == [rule], plain == tunnel.index, marked == uplink.index, left.isEmpty]
        }
        #expect(outcome == [true, true, true, true])
    }

    @Test func rulesThatPassOverOthersAreListedAsTheyWereMade() throws {
        let outcome = try OwnNetwork.run {
            var netlink = try Netlink()
            let rules = [
                RoutingRule(
                    family: .v4,
                    priority: 220,
                    action: .goTo(221),
                    incoming: "lo",
                    protocolID: .udp,
                    sourcePort: 4500
                ),
                RoutingRule(family: .v4, priority: 220, action: .goTo(221), incoming: "lo", protocolID: .esp),
                RoutingRule(family: .v4, priority: 220, action: .lookup(220), mark: RoutingRule.Mark(1)),
                RoutingRule(family: .v4, priority: 221, action: .pass, protocolID: .udp, sourcePort: 4500),
            ]
            for rule in rules { try netlink.addRule(rule) }
            let listed = try netlink.rules(family: .v4).filter { $0.origin == Route.Origin.ike }
            for rule in rules { try netlink.removeRule(rule) }
            let left = try netlink.rules().filter { $0.origin == Route.Origin.ike }
            return [listed == rules, left.isEmpty]
        }
        #expect(outcome == [true, true])
    }

    @Test func theKernelsReasonIsPartOfTheError() throws {
        let error = try OwnNetwork.run {
            var netlink = try Netlink()
            let device = try Self.device(&netlink, [])
            let gateway = try Self.address("192.0.2.1")
            let route = Route(to: try Self.prefix("10.0.0.0/8"), interface: device.index, gateway: gateway)
            return failure { try netlink.addRoute(route) }
        }
        #expect(error?.operation == "add route 10.0.0.0/8 in table 254")
        #expect(error?.advice?.hasPrefix("the kernel says: ") == true)
    }
}

@Suite struct NetlinkReplyTests {
    /// Two messages: an attribute 3 "lo" behind a fixed part of 4 octets, and one without payload.
    private let datagram: [UInt8] =
        [27, 0, 0, 0, 16, 0, 2, 0, 9, 0, 0, 0, 1, 0, 0, 0] + [1, 2, 3, 4] + [7, 0, 3, 0, 0x6c, 0x6f, 0, 0]
        + [16, 0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0]

    @Test func messagesAndAttributesAreSplit() {
        let replies = NetlinkReply.split(datagram[...])
        #expect(replies.map(\.type) == [16, 3])
        #expect(replies.map(\.sequence) == [9, 9])
        #expect(replies.first?.attributes(after: 4).text(3) == "lo")
        #expect(replies.first?.payload.number(at: 0, as: UInt32.self) == 0x0403_0201)
    }

    @Test func everyTruncationEndsQuietly() {
        for length in 0..<datagram.count {
            for reply in NetlinkReply.split(datagram.prefix(length)) {
                _ = reply.attributes(after: 4).text(3)
                _ = reply.attributes(after: 64).uint32(3)
                _ = reply.payload.structure(SIMD16<UInt32>.self)
            }
        }
    }

    @Test func everyChangedOctetEndsQuietly() {
        for index in datagram.indices {
            for value in [UInt8(0), 1, 3, 15, 17, 127, 255] {
                var changed = datagram
                changed[index] = value
                for reply in NetlinkReply.split(changed[...]) {
                    let attributes = reply.attributes(after: 4)
                    _ = attributes.text(3)
                    _ = attributes.address(3)
                    _ = attributes.nested(3)
                }
            }
        }
    }
}

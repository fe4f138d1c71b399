import IKEWire
import Inet
import LinuxNet
import LinuxNetSupport
import Testing

@testable import Daemon

@Suite(.enabled(if: OwnNetwork.isPossible, Comment(rawValue: OwnNetwork.reason)))
struct TunnelRoutesTests {
    private static func selector(_ text: String) throws -> TrafficSelector {
        TrafficSelector(try #require(IPPrefix(text)))
    }

    /// The source of the route that an SA gets which carries `local`, on a host with these addresses.
    private static func source(_ addresses: [String], carrying local: [String], to remote: String) throws -> String? {
        try OwnNetwork.run {
            var netlink = try Netlink()
            let device = try TUNDevice(name: "hroutes%d")
            try netlink.setLink(index: device.index, up: true)
            for text in addresses {
                let address = try #require(IPAddress(text))
                try netlink.addAddress(InterfaceAddress(address, interface: device.index))
            }
            // Asked for what it swallows, the kernel answers with an error.
            try netlink.addRoute(Route(to: #require(IPPrefix("10.66.0.6/32")), kind: .blackhole))
            let routes = try TunnelRoutes(interface: device.index, table: 1220, priority: 220, mark: 1, ports: [500])
            let wanted = try selector(remote)
            try routes.set(for: .child(1), local: local.map(selector), remote: [wanted], mtu: 1400)
            let made = try netlink.routes(table: 1220).first
            routes.removeAll()
            return made?.preferredSource?.description
        }
    }

    @Test(
        arguments: [
            (["10.66.0.7/32"], "10.66.0.7"), (["10.66.0.6/32", "10.66.0.7/32"], "10.66.0.7"),
            (["10.1.0.0/16", "10.66.0.7/32"], "10.66.0.7"), (["10.66.0.0/24"], "10.66.0.7"),
            (["0.0.0.0/0"], "10.66.0.7"),
            (["10.66.0.6/32"], nil), (["10.67.0.0/16"], nil), (["2001:db8::7/128"], nil),
        ] as [([String], String?)]
    )
    func theRouteHasTheHostsOwnAddressThatTheSACarries(local: [String], source: String?) throws {
        #expect(try Self.source(["10.66.0.7", "2001:db8::7"], carrying: local, to: "10.2.0.0/16") == source)
    }

    @Test(
        arguments: [
            (["2001:db8::7/128"], "2001:db8::7"), (["2001:db8::/64"], "2001:db8::7"), (["::/0"], "2001:db8::7"),
            (["2001:db8::6/128"], nil),
        ] as [([String], String?)]
    )
    func soItIsWithIPv6(local: [String], source: String?) throws {
        #expect(try Self.source(["10.66.0.7", "2001:db8::7"], carrying: local, to: "2001:db8:2::/48") == source)
    }
}

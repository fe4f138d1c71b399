import IKEWire
import Inet
import LinuxNet

/// Leads what the policies want into the TUN device, and keeps the daemon's own packets out of it.
///
/// The routes stand in a table of their own, which a rule consults for every packet but those that carry our mark:
///
///     rule   priority 220: not fwmark MARK lookup 220
///     table  220:          10.2.0.0/16 dev iked0 mtu 1438 src 10.1.0.1
///
/// So a policy for 0.0.0.0/0 takes everything except what goes to the peers themselves. Several CHILD SAs may want the same
/// route, as during a rekeying: it goes with the last of them.
final class TunnelRoutes {
    private let interface: UInt32
    private let table: UInt32
    private let priority: UInt32
    private let mark: UInt32
    private var netlink: Netlink
    /// Who wants a route.
    private var owners: [IPPrefix: Set<UInt32>] = [:]
    private var installed: [IPPrefix: Route] = [:]
    private var families: Set<IPAddress.Family> = []

    init(interface: UInt32, table: UInt32, priority: UInt32, mark: UInt32) throws(Errno) {
        self.interface = interface
        self.table = table
        self.priority = priority
        self.mark = mark
        netlink = try Netlink()
        try removeLeftovers()
    }

    /// Routes for a CHILD SA's remote selectors; `mtu` in octets is that of the tunnel.
    func add(
        for child: UInt32,
        local: [TrafficSelector],
        remote: [TrafficSelector],
        mtu: Int
    ) throws(Errno) {
        for prefix in Self.prefixes(remote) {
            try ensureRule(prefix.family)
            let route = Route(
                to: prefix,
                interface: interface,
                table: table,
                preferredSource: try source(within: local, family: prefix.family),
                mtu: mtu
            )
            if installed[prefix] != route { try netlink.replaceRoute(route) }
            installed[prefix] = route
            owners[prefix, default: []].insert(child)
        }
    }

    /// Gives up what a CHILD SA wanted; returns what could not be removed, for the log.
    func remove(for child: UInt32) -> [Errno] {
        var failures: [Errno] = []
        for (prefix, wanting) in owners where wanting.contains(child) {
            owners[prefix] = wanting.count > 1 ? wanting.subtracting([child]) : nil
            guard owners[prefix] == nil, let route = installed.removeValue(forKey: prefix) else { continue }
            do throws(Errno) { try netlink.removeRoute(route) } catch { failures.append(error) }
        }
        return failures
    }

    /// The path has become narrower or wider.
    func setMTU(_ mtu: Int, for child: UInt32) throws(Errno) {
        for (prefix, wanting) in owners where wanting.contains(child) {
            guard var route = installed[prefix], route.mtu != mtu else { continue }
            route.mtu = mtu
            try netlink.replaceRoute(route)
            installed[prefix] = route
        }
    }

    /// Removes every route and rule; what fails is gone with the device anyway.
    func removeAll() {
        for route in installed.values { try? netlink.removeRoute(route) }
        for family in families { try? netlink.removeRule(rule(family)) }
        owners = [:]
        installed = [:]
        families = []
    }

    // MARK: -

    private static func prefixes(_ selectors: [TrafficSelector]) -> Set<IPPrefix> { Set(selectors.flatMap(\.prefixes)) }

    private func rule(_ family: IPAddress.Family) -> RoutingRule {
        RoutingRule(
            family: family,
            priority: priority,
            table: table,
            mark: RoutingRule.Mark(mark),
            isInverted: true
        )
    }

    private func ensureRule(_ family: IPAddress.Family) throws(Errno) {
        guard !families.contains(family) else { return }
        try netlink.addRule(rule(family))
        families.insert(family)
    }

    /// The host's own address among those that the tunnel carries, so that the host's packets match the policy.
    private func source(within local: [TrafficSelector], family: IPAddress.Family) throws(Errno) -> IPAddress? {
        try netlink.addresses().map(\.address).first { address in
            address.family == family && local.contains { $0.addresses.contains(address) }
        }
    }

    /// A daemon that was killed leaves its rule behind (its routes went with its device).
    private func removeLeftovers() throws(Errno) {
        for family in [IPAddress.Family.v4, .v6] {
            guard let rules = try? netlink.rules(family: family) else { continue }
            for old in rules where old == rule(family) { try netlink.removeRule(old) }
        }
    }
}

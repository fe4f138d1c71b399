import DataPlane
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
/// Where the kernel filters by the reverse path (rp_filter = 1), it looks up how it would answer a packet that comes in, and
/// drops the packet if that leads out elsewhere. Our mark is not on what the peers send, so a policy that takes in a peer's own
/// address would have its packets dropped. Rules before the other one let what has our ports pass over it; this host alone
/// sends from them, so that they open no way around a tunnel. The kernel compares ports in that look-up only if some rule
/// that is not for `lo` names one, which the last rule does:
///
///     rule   priority 220: iif lo ipproto udp sport 500 goto 221       (and 4500, and ipproto esp)
///     rule   priority 220: not fwmark MARK lookup 220
///     rule   priority 221: ipproto udp sport 4500 nop
///
/// So a policy for 0.0.0.0/0 takes everything except what goes to the peers themselves. Several CHILD SAs and traps may want the
/// same route, as during a rekeying: it stands as the last SA that came wants it, and goes with the last that goes.
final class TunnelRoutes {
    private let interface: UInt32
    private let table: UInt32
    private let priority: UInt32
    private let mark: UInt32
    private let ports: [UInt16]
    private var netlink: Netlink
    /// Who wants a route, and how; the last one decides.
    private var wanted: [IPPrefix: [Wish]] = [:]
    /// What each of them wants routes for. The memory of the selectors is that of who knows them as well.
    private var selectors: [Owner: [TrafficSelector]] = [:]
    /// The rules that stand.
    private var rules: [RoutingRule] = []

    init(interface: UInt32, table: UInt32, priority: UInt32, mark: UInt32, ports: [UInt16]) throws(Errno) {
        self.interface = interface
        self.table = table
        self.priority = priority
        self.mark = mark
        self.ports = ports
        netlink = try Netlink()
        try removeLeftovers()
    }

    /// Who wants a route.
    enum Owner: Hashable {
        /// A CHILD SA, by its id.
        case child(UInt32)
        case trap(TrapID)

        fileprivate var isTrap: Bool {
            switch self {
            case .child: false
            case .trap: true
            }
        }
    }

    /// What an owner wants of a route; the rest is the same for all.
    private struct Wish {
        var mtu: Int
        let source: IPAddress?
        let owner: Owner
    }

    /// Routes for the remote selectors of a CHILD SA or a trap; `mtu` in octets is that of the tunnel. What the same owner
    /// wanted before and does not want now is given up.
    func set(
        for owner: Owner,
        local: [TrafficSelector],
        remote: [TrafficSelector],
        mtu: Int
    ) throws(Errno) {
        let prefixes = Self.prefixes(remote)
        let former = selectors[owner] ?? []
        // Until all of it stands, either may have to be given up.
        selectors[owner] = former + remote
        for prefix in prefixes {
            try ensureRules(prefix.family)
            let wish = Wish(mtu: mtu, source: try source(within: local, family: prefix.family), owner: owner)
            try change(prefix) { wanting in
                wanting.removeAll { $0.owner == owner }
                // What an SA has found out about its path counts more than the guess of a trap.
                wanting.insert(wish, at: owner.isTrap ? 0 : wanting.endIndex)
            }
        }
        for prefix in Self.prefixes(former).subtracting(prefixes) {
            try change(prefix) { $0.removeAll { $0.owner == owner } }
        }
        selectors[owner] = remote
    }

    /// Gives up what a CHILD SA or a trap wanted; returns what could not be removed, for the log.
    func remove(for owner: Owner) -> [Errno] {
        var failures: [Errno] = []
        for prefix in Self.prefixes(selectors.removeValue(forKey: owner) ?? []) {
            do throws(Errno) {
                try change(prefix) { $0.removeAll { $0.owner == owner } }
            } catch {
                failures.append(error)
            }
        }
        return failures
    }

    /// The path has become narrower or wider.
    func setMTU(_ mtu: Int, for owner: Owner) throws(Errno) {
        for prefix in Self.prefixes(selectors[owner] ?? []) {
            try change(prefix) { wanting in
                for index in wanting.indices where wanting[index].owner == owner { wanting[index].mtu = mtu }
            }
        }
    }

    /// Changes who wants a route, and makes the kernel's table say so.
    private func change(
        _ prefix: IPPrefix,
        _ body: (inout [Wish]) -> Void
    ) throws(Errno) {
        let before = route(to: prefix)
        var wanting = wanted[prefix] ?? []
        body(&wanting)
        wanted[prefix] = wanting.isEmpty ? nil : wanting
        let after = route(to: prefix)
        guard before != after else { return }
        if let after { try netlink.replaceRoute(after) } else if let before { try netlink.removeRoute(before) }
    }

    /// The route that stands, or is to; nil: nobody wants one.
    private func route(to prefix: IPPrefix) -> Route? {
        wanted[prefix]?.last.map { wish in
            Route(to: prefix, interface: interface, table: table, preferredSource: wish.source, mtu: wish.mtu)
        }
    }

    /// Removes every route and rule; what fails is gone with the device anyway.
    func removeAll() {
        for route in wanted.keys.compactMap({ route(to: $0) }) { try? netlink.removeRoute(route) }
        for rule in rules { try? netlink.removeRule(rule) }
        wanted = [:]
        selectors = [:]
        rules = []
    }

    // MARK: -

    private static func prefixes(_ selectors: [TrafficSelector]) -> Set<IPPrefix> { Set(selectors.flatMap(\.prefixes)) }

    /// The rules of a family, in the order in which they are asked.
    private func rules(_ family: IPAddress.Family, isStrict: Bool) -> [RoutingRule] {
        let lookup = RoutingRule(
            family: family,
            priority: priority,
            action: .lookup(table),
            mark: RoutingRule.Mark(mark),
            isInverted: true
        )
        guard family == .v4, isStrict, priority < .max else { return [lookup] }
        let landing = priority + 1
        func exemption(_ protocolID: IPProtocol, _ port: UInt16?) -> RoutingRule {
            RoutingRule(
                family: family,
                priority: priority,
                action: .goTo(landing),
                incoming: "lo",
                protocolID: protocolID,
                sourcePort: port
            )
        }
        let end = RoutingRule(
            family: family,
            priority: landing,
            action: .pass,
            protocolID: .udp,
            sourcePort: ports.last
        )
        return ports.map { exemption(.udp, $0) } + [exemption(.esp, nil), lookup, end]
    }

    private func ensureRules(_ family: IPAddress.Family) throws(Errno) {
        guard !rules.contains(where: { $0.family == family }) else { return }
        for rule in rules(family, isStrict: ReversePathFilter.isStrict) {
            try netlink.addRule(rule)
            rules.append(rule)
        }
    }

    /// The host's own address among those that the tunnel carries, so that the host's packets match the policy.
    ///
    /// An SA that carries a single address, such as one that the peer has assigned, is common where SAs are many. Then the host
    /// may have thousands of addresses as well, and is asked about this one instead of for all.
    private func source(within local: [TrafficSelector], family: IPAddress.Family) throws(Errno) -> IPAddress? {
        let carried = local.lazy.filter { $0.family == family }.map(\.addresses)
        for range in carried where range.lowerBound == range.upperBound {
            if try netlink.isLocal(range.lowerBound) { return range.lowerBound }
        }
        guard carried.contains(where: { $0.lowerBound != $0.upperBound }) else { return nil }
        return try netlink.addresses().map(\.address).first { address in
            // Selectors for everything take these in, and nobody could answer them.
            !address.isLoopback && !address.isLinkLocal && carried.contains { $0.contains(address) }
        }
    }

    /// A daemon that was killed leaves its rule behind (its routes went with its device).
    private func removeLeftovers() throws(Errno) {
        for family in [IPAddress.Family.v4, .v6] {
            guard let rules = try? netlink.rules(family: family) else { continue }
            let ours = self.rules(family, isStrict: true)
            for old in rules where ours.contains(old) { try netlink.removeRule(old) }
        }
    }
}

import CLinux
import Glibc
package import Inet

/// A rule of policy routing: which packets are looked up in which table.
package struct RoutingRule: Hashable, Sendable {
    package var family: IPAddress.Family
    /// Rules are asked in ascending order; the kernel's own are 0 (local), 32766 (main) and 32767 (default).
    package var priority: UInt32
    package var table: UInt32
    /// Only packets whose mark, under `mask`, is this one; nil: all.
    package var mark: Mark?
    /// The rule is for the packets that do not match.
    package var isInverted: Bool
    package var origin: UInt8

    package struct Mark: Hashable, Sendable {
        package var value: UInt32
        package var mask: UInt32

        package init(_ value: UInt32, mask: UInt32 = .max) {
            self.value = value
            self.mask = mask
        }
    }

    package init(
        family: IPAddress.Family,
        priority: UInt32,
        table: UInt32,
        mark: Mark? = nil,
        isInverted: Bool = false,
        origin: UInt8 = Route.Origin.ike
    ) {
        self.family = family
        self.priority = priority
        self.table = table
        self.mark = mark
        self.isInverted = isInverted
        self.origin = origin
    }
}

extension Netlink {
    /// Adds a rule; EEXIST if there is an equal one.
    package mutating func addRule(_ rule: RoutingRule) throws(Errno) {
        try change(rule.request("add", RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL))
    }

    /// Removes the rule that matches all that is set; ENOENT if there is none.
    package mutating func removeRule(_ rule: RoutingRule) throws(Errno) {
        try change(rule.request("remove", RTM_DELRULE, flags: 0))
    }

    /// All rules that lead to a table, in one family or both, in the order in which they are asked.
    package mutating func rules(family: IPAddress.Family? = nil) throws(Errno) -> [RoutingRule] {
        var rules: [RoutingRule] = []
        for family in family.map({ [$0] }) ?? [.v4, .v6] {
            var header = fib_rule_hdr()
            header.family = UInt8(truncatingIfNeeded: family.domain)
            let request = NetlinkRequest("list rules", type: RTM_GETRULE, body: NetlinkBody(header))
            rules += try dump(request).compactMap { RoutingRule($0, family) }
        }
        return rules
    }
}

// MARK: - The kernel's form

extension RoutingRule {
    fileprivate func request(_ verb: String, _ type: Int, flags: Int32) -> NetlinkRequest {
        var header = fib_rule_hdr()
        header.family = UInt8(truncatingIfNeeded: family.domain)
        header.action = UInt8(FR_ACT_TO_TBL)
        header.flags = isInverted ? UInt32(FIB_RULE_INVERT) : 0
        var request = NetlinkRequest(
            "\(verb) rule \(priority) to table \(table)",
            type: type,
            flags: flags,
            body: NetlinkBody(header)
        )
        request.append(Int(FRA_PRIORITY), priority)
        request.append(Int(FRA_TABLE), table)
        request.append(Int(FRA_PROTOCOL), [origin])
        if let mark {
            request.append(Int(FRA_FWMARK), mark.value)
            request.append(Int(FRA_FWMASK), mark.mask)
        }
        return request
    }

    fileprivate init?(_ reply: NetlinkReply, _ family: IPAddress.Family) {
        guard let header = reply.payload.structure(fib_rule_hdr.self), header.action == UInt8(FR_ACT_TO_TBL) else {
            return nil
        }
        let attributes = reply.attributes(after: MemoryLayout<fib_rule_hdr>.size)
        let mask = attributes.uint32(Int(FRA_FWMASK)) ?? 0
        self.init(
            family: family,
            priority: attributes.uint32(Int(FRA_PRIORITY)) ?? 0,
            table: attributes.uint32(Int(FRA_TABLE)) ?? UInt32(header.table),
            mark: mask == 0 ? nil : Mark(attributes.uint32(Int(FRA_FWMARK)) ?? 0, mask: mask),
            isInverted: header.flags & UInt32(FIB_RULE_INVERT) != 0,
            origin: attributes.uint8(Int(FRA_PROTOCOL)) ?? 0
        )
    }
}

import CLinux
import Glibc
package import Inet

/// A rule of policy routing: what becomes of the search for a packet's route.
package struct RoutingRule: Hashable, Sendable {
    package var family: IPAddress.Family
    /// Rules are asked in ascending order; the kernel's own are 0 (local), 32766 (main) and 32767 (default).
    package var priority: UInt32
    package var action: Action
    /// Only packets whose mark, under `mask`, is this one; nil: all.
    package var mark: Mark?
    /// Only packets that come in through the interface of this name; `lo` for those that this host sends. Nil: all.
    package var incoming: String?
    /// Only packets of this protocol; `.any`: all.
    package var protocolID: IPProtocol
    /// Only packets with this source port; nil: all.
    package var sourcePort: UInt16?
    /// The rule is for the packets that do not match.
    package var isInverted: Bool
    package var origin: UInt8

    package enum Action: Hashable, Sendable {
        /// The search goes on in a table, and with the next rule if that has no route.
        case lookup(UInt32)
        /// The search goes on with the rule of this priority, which must come later.
        case goTo(UInt32)
        /// The search goes on with the next rule.
        case pass
    }

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
        action: Action,
        mark: Mark? = nil,
        incoming: String? = nil,
        protocolID: IPProtocol = .any,
        sourcePort: UInt16? = nil,
        isInverted: Bool = false,
        origin: UInt8 = Route.Origin.ike
    ) {
        self.family = family
        self.priority = priority
        self.action = action
        self.mark = mark
        self.incoming = incoming
        self.protocolID = protocolID
        self.sourcePort = sourcePort
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

    /// All rules whose actions are ours, in one family or both, in the order in which they are asked.
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
        header.action = action.number
        header.flags = isInverted ? UInt32(FIB_RULE_INVERT) : 0
        var request = NetlinkRequest(
            "\(verb) rule \(priority) to \(action)",
            type: type,
            flags: flags,
            body: NetlinkBody(header)
        )
        request.append(Int(FRA_PRIORITY), priority)
        switch action {
        case .lookup(let table): request.append(Int(FRA_TABLE), table)
        case .goTo(let target): request.append(Int(FRA_GOTO), target)
        case .pass: break
        }
        request.append(Int(FRA_PROTOCOL), [origin])
        if let mark {
            request.append(Int(FRA_FWMARK), mark.value)
            request.append(Int(FRA_FWMASK), mark.mask)
        }
        if let incoming { request.append(Int(FRA_IIFNAME), Array(incoming.utf8) + [0]) }
        if protocolID != .any { request.append(Int(FRA_IP_PROTO), [protocolID.rawValue]) }
        if let sourcePort {
            request.append(Int(FRA_SPORT_RANGE), withUnsafeBytes(of: (sourcePort, sourcePort)) { Array($0) })
        }
        return request
    }

    fileprivate init?(_ reply: NetlinkReply, _ family: IPAddress.Family) {
        guard let header = reply.payload.structure(fib_rule_hdr.self) else { return nil }
        let attributes = reply.attributes(after: MemoryLayout<fib_rule_hdr>.size)
        guard let action = Action(header, attributes) else { return nil }
        let mask = attributes.uint32(Int(FRA_FWMASK)) ?? 0
        self.init(
            family: family,
            priority: attributes.uint32(Int(FRA_PRIORITY)) ?? 0,
            action: action,
            mark: mask == 0 ? nil : Mark(attributes.uint32(Int(FRA_FWMARK)) ?? 0, mask: mask),
            incoming: attributes.text(Int(FRA_IIFNAME)),
            protocolID: IPProtocol(rawValue: attributes.uint8(Int(FRA_IP_PROTO)) ?? 0),
            sourcePort: attributes.bytes(Int(FRA_SPORT_RANGE))?.number(at: 0, as: UInt16.self),
            isInverted: header.flags & UInt32(FIB_RULE_INVERT) != 0,
            origin: attributes.uint8(Int(FRA_PROTOCOL)) ?? 0
        )
    }
}

extension RoutingRule.Action: CustomStringConvertible {
    package var description: String {
        switch self {
        case .lookup(let table): "table \(table)"
        case .goTo(let target): "rule \(target)"
        case .pass: "the next rule"
        }
    }

    fileprivate var number: UInt8 {
        switch self {
        case .lookup: UInt8(FR_ACT_TO_TBL)
        case .goTo: UInt8(FR_ACT_GOTO)
        case .pass: UInt8(FR_ACT_NOP)
        }
    }

    fileprivate init?(_ header: fib_rule_hdr, _ attributes: NetlinkAttributes) {
        switch Int(header.action) {
        case Int(FR_ACT_TO_TBL): self = .lookup(attributes.uint32(Int(FRA_TABLE)) ?? UInt32(header.table))
        case Int(FR_ACT_GOTO): self = .goTo(attributes.uint32(Int(FRA_GOTO)) ?? 0)
        case Int(FR_ACT_NOP): self = .pass
        default: return nil
        }
    }
}

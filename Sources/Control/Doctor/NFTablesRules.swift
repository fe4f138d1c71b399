// The rules of nftables, as `nft -j list ruleset` prints them (libnftables-json(5)).

extension PacketFilter {
    /// Nil where the text is not what nft prints.
    init?(nftables text: String) {
        guard let objects = JSON(parsing: text)?["nftables"]?.items else { return nil }
        for object in objects {
            if let chain = object["chain"], let name = Self.name(chain, "name") {
                let isFilter = chain["type"]?.text == "filter"
                chains.append(
                    Chain(
                        name: name,
                        hook: isFilter ? chain["hook"]?.text : nil,
                        dropsAtEnd: chain["policy"]?.text == "drop"
                    )
                )
            }
            if let rule = object["rule"], let name = Self.name(rule, "chain"),
                let index = chains.firstIndex(where: { $0.name == name })
            {
                let prefix = name.split(separator: " ").dropLast().joined(separator: " ")
                chains[index].rules.append(Rule(nftables: rule["expr"]?.items ?? [], in: prefix))
            }
        }
    }

    private static func name(_ object: JSON, _ key: String) -> String? {
        guard let family = object["family"]?.text, let table = object["table"]?.text, let name = object[key]?.text,
            ["inet", "ip", "ip6"].contains(family)
        else { return nil }
        return "\(family) \(table) \(name)"
    }
}

extension PacketFilter.Rule {
    fileprivate init(nftables expressions: [JSON], in table: String) {
        conditions = []
        action = .nothing
        for expression in expressions {
            guard let (key, value) = expression.members?.first else { continue }
            switch key {
            case "match": conditions.append(PacketFilter.Condition(nftables: value))
            case "accept", "queue": action = .accept
            case "drop", "reject": action = .drop
            case "jump": action = .jump("\(table) \(value["target"]?.text ?? "")")
            case "goto": action = .goto("\(table) \(value["target"]?.text ?? "")")
            case "return": action = .return
            case "counter", "log", "mangle", "comment", "notrack": continue
            // Limits, sets, maps and what else may match or not.
            default: conditions.append(.unknown)
            }
        }
    }
}

extension PacketFilter.Condition {
    fileprivate init(nftables match: JSON) {
        let isNegated = match["op"]?.text == "!="
        guard let left = match["left"], let right = match["right"],
            ["==", "!=", "in"].contains(match["op"]?.text ?? "")
        else {
            self = .unknown
            return
        }
        if left["meta"]?["key"]?.text == "l4proto" || ["protocol", "nexthdr"].contains(left["payload"]?["field"]?.text)
        {
            self = Self.numbers(right).map { .protocols($0, negated: isNegated) } ?? .unknown
        } else if let payload = left["payload"], let name = payload["protocol"]?.text, payload["field"]?.text == "dport"
        {
            // A port of UDP says the protocol as well, which a rule need not say before.
            let ranges = Self.ranges(right)
            switch name {
            case "udp", "th", "udplite": self = ranges.map { .ports($0, negated: isNegated) } ?? .unknown
            default: self = .never
            }
        } else if left["ct"]?["key"]?.text == "state" {
            let states = right.texts
            self = states.isEmpty ? .unknown : .newConnection(states.contains("new") != isNegated)
        } else {
            self = .unknown
        }
    }

    private static let names = [
        "udp": 17, "tcp": 6, "icmp": 1, "icmpv6": 58, "ipv6-icmp": 58, "esp": 50, "ah": 51, "sctp": 132,
    ]

    private static func numbers(_ value: JSON) -> Set<Int>? {
        let numbers = value.elements.map { $0.integer ?? $0.text.flatMap { names[$0] } }
        return numbers.contains(nil) ? nil : Set(numbers.compactMap { $0 })
    }

    private static func ranges(_ value: JSON) -> [ClosedRange<Int>]? {
        let ranges = value.elements.map { element -> ClosedRange<Int>? in
            if let number = element.integer { return number...number }
            let bounds = element["range"]?.items?.compactMap(\.integer) ?? []
            return bounds.count == 2 && bounds[0] <= bounds[1] ? bounds[0]...bounds[1] : nil
        }
        return ranges.contains(nil) ? nil : ranges.compactMap { $0 }
    }
}

extension JSON {
    /// The elements of a set, a list, or the one value that stands in their place.
    fileprivate var elements: [JSON] { self["set"]?.items ?? items ?? [self] }

    fileprivate var texts: [String] { elements.compactMap(\.text) }
}

// The rules of iptables, as `iptables -S` prints them: one command a line.

extension PacketFilter {
    init(iptables text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 2 else { continue }
            switch words[0] {
            case "-P" where words.count >= 3:
                chains.append(Chain(name: words[1], hook: words[1].lowercased(), dropsAtEnd: words[2] == "DROP"))
            case "-N": chains.append(Chain(name: words[1], hook: nil))
            case "-A":
                guard let index = chains.firstIndex(where: { $0.name == words[1] }) else { continue }
                chains[index].rules.append(Rule(iptables: words.dropFirst(2)))
            default: continue
            }
        }
    }
}

extension PacketFilter.Rule {
    fileprivate init(iptables words: ArraySlice<String>) {
        conditions = []
        action = .nothing
        var isNegated = false
        var rest = words
        while let word = rest.popFirst() {
            switch word {
            case "!":
                isNegated = true
                continue
            case "-m", "--comment", "--reject-with", "--log-prefix", "--log-level": rest = rest.dropFirst()
            case "-p": conditions.append(.iptables(protocol: rest.popFirst() ?? "", isNegated))
            case "--dport", "--dports": conditions.append(.iptables(ports: rest.popFirst() ?? "", isNegated))
            case "--state", "--ctstate":
                let states = (rest.popFirst() ?? "").split(separator: ",")
                conditions.append(.newConnection(states.contains("NEW") != isNegated))
            case "-j", "-g":
                switch rest.popFirst() ?? "" {
                case "ACCEPT": action = .accept
                case "DROP", "REJECT": action = .drop
                case "RETURN": action = .return
                case "LOG", "MARK", "CONNMARK", "NFLOG": action = .nothing
                case let chain: action = word == "-g" ? .goto(chain) : .jump(chain)
                }
            default:
                conditions.append(.unknown)
                if let next = rest.first, !next.hasPrefix("-"), next != "!" { rest = rest.dropFirst() }
            }
            isNegated = false
        }
    }
}

extension PacketFilter.Condition {
    fileprivate static func iptables(protocol name: String, _ isNegated: Bool) -> Self {
        let numbers = ["udp": 17, "tcp": 6, "icmp": 1, "ipv6-icmp": 58, "esp": 50, "ah": 51, "sctp": 132]
        guard let number = numbers[name] ?? Int(name) else { return .unknown }
        return .protocols([number], negated: isNegated)
    }

    fileprivate static func iptables(ports list: String, _ isNegated: Bool) -> Self {
        let ranges = list.split(separator: ",").map { item -> ClosedRange<Int>? in
            let bounds = item.split(separator: ":").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { return nil }
            return first...last
        }
        return ranges.contains(nil) ? .unknown : .ports(ranges.compactMap { $0 }, negated: isNegated)
    }
}

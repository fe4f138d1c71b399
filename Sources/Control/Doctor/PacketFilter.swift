/// What a firewall does with one kind of packet: the rules of its base chains followed as far as they can be understood.
///
/// Rules ask for much that a check cannot know, as addresses and interfaces of packets to come. So a match is one of three:
/// it holds, it does not, or it depends; and so is the verdict.
struct PacketFilter {
    /// A packet that begins a conversation.
    struct Packet {
        /// 17 for UDP, 50 for ESP.
        var protocolNumber: Int
        /// Nil for a protocol without ports.
        var port: Int?

        static func udp(_ port: Int) -> Packet { Packet(protocolNumber: 17, port: port) }
        static let esp = Packet(protocolNumber: 50, port: nil)
    }

    enum Condition {
        /// Protocol numbers; true for those outside of it.
        case protocols(Set<Int>, negated: Bool = false)
        case ports([ClosedRange<Int>], negated: Bool = false)
        /// Whether it holds for a packet that belongs to nothing known yet.
        case newConnection(Bool)
        /// The rule is for another family or protocol.
        case never
        case unknown
    }

    enum Action {
        case accept, drop
        case jump(String), goto(String)
        case `return`
        /// Counters, marks, logs.
        case nothing
    }

    struct Rule {
        var conditions: [Condition]
        var action: Action
    }

    struct Chain {
        /// As a person finds it: `inet filter input`.
        var name: String
        /// `input` or `output`; nil where other chains lead here.
        var hook: String?
        var dropsAtEnd = false
        var rules: [Rule] = []
    }

    enum Verdict: Equatable {
        case passes
        /// Which chain does it.
        case dropped(by: String)
        case depends(on: String)
    }

    var chains: [Chain] = []

    /// What becomes of a packet at a hook: every base chain there must let it pass.
    func verdict(_ packet: Packet, at hook: String) -> Verdict {
        var result = Verdict.passes
        for chain in chains where chain.hook == hook {
            switch follow(chain, packet, depth: 0) {
            case (_, true): result = .depends(on: chain.name)
            case (.accepted, false): continue
            case (.ended, false): if chain.dropsAtEnd { return .dropped(by: chain.name) }
            case (.dropped, false): return .dropped(by: chain.name)
            }
        }
        return result
    }

    private enum End { case accepted, dropped, ended }

    /// Chains lead into each other no deeper than the kernel lets them.
    private static let deepest = 16

    /// How a chain ends for a packet, and whether a rule that depends on more might end it otherwise.
    private func follow(_ chain: Chain, _ packet: Packet, depth: Int) -> (End, depends: Bool) {
        var depends = false
        guard depth < Self.deepest else { return (.ended, true) }
        for rule in chain.rules {
            let holds = rule.conditions.map { $0.holds(packet) }
            guard !holds.contains(.no) else { continue }
            let isSure = !holds.contains(.maybe)
            switch rule.action {
            case .nothing: continue
            case .return: if isSure { return (.ended, depends) } else { depends = true }
            case .accept: if isSure { return (.accepted, depends) } else if chain.dropsLater(packet) { depends = true }
            case .drop: if isSure { return (.dropped, depends) } else { depends = true }
            case .jump(let name), .goto(let name):
                guard let next = chains.first(where: { $0.name == name }) else { continue }
                let (end, isOpen) = follow(next, packet, depth: depth + 1)
                if isOpen || (!isSure && end != .ended) { depends = true }
                guard isSure, end != .ended else { continue }
                return (end, depends)
            }
        }
        return (.ended, depends)
    }
}

extension PacketFilter.Chain {
    /// Whether being accepted early makes a difference.
    fileprivate func dropsLater(_ packet: PacketFilter.Packet) -> Bool {
        dropsAtEnd || hook == nil
            || rules.contains { rule in
                guard case .drop = rule.action else { return false }
                return !rule.conditions.map { $0.holds(packet) }.contains(.no)
            }
    }
}

extension PacketFilter.Condition {
    fileprivate enum Holds { case yes, no, maybe }

    fileprivate func holds(_ packet: PacketFilter.Packet) -> Holds {
        switch self {
        case .protocols(let numbers, let negated): numbers.contains(packet.protocolNumber) != negated ? .yes : .no
        case .ports(let ranges, let negated):
            packet.port.map { port in ranges.contains { $0.contains(port) } != negated ? .yes : .no } ?? .no
        case .newConnection(let holds): holds ? .yes : .no
        case .never: .no
        case .unknown: .maybe
        }
    }
}

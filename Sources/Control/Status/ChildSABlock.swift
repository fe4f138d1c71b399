extension StatusLayout {
    private static let childIndentation = 2
    private static let childLabelColumn = labelColumn + childIndentation

    /// Adds the lines of one CHILD SA.
    func add(_ child: ChildSAStatus, isVerbose: Bool, to lines: inout [Line]) {
        let (mark, style) = palette.mark(isUp: child.isUp)
        let head = head(
            child.name,
            indentation: Self.childIndentation,
            uniqueID: child.uniqueID,
            mark: mark,
            style,
            state: child.state,
            age: child.age
        )
        lines += selectors(behind: head, local: child.localSelectors, remote: child.remoteSelectors)
        lines.append(protection(of: child))
        lines.append(traffic(child.inbound, "in"))
        lines.append(traffic(child.outbound, "out"))
        if child.drops > 0 || isVerbose { lines.append(drops(of: child)) }
        if isVerbose { lines.append(details(of: child)) }
    }

    /// A configured child that has no SA.
    func missing(_ child: ConfiguredConnection.Child, _ style: Palette.Style, state: String) -> [Line] {
        let head = head(child.name, indentation: Self.childIndentation, mark: palette.hollow, style, state: state)
        return selectors(behind: head, local: child.localSelectors, remote: child.remoteSelectors)
    }

    private func selectors(behind head: Line, local: [String], remote: [String]) -> [Line] {
        guard !local.isEmpty || !remote.isEmpty else { return [head] }
        return head.filled(withLocal: local, remote: remote, palette: palette) { blank(to: head.column) }
    }

    private func protection(of child: ChildSAStatus) -> Line {
        var line = detail(child.networkProtocol?.lowercased() ?? "esp", indentation: Self.childLabelColumn)
        line.add(child.suite.cipher ?? "")
        line.add(child.isUDPEncapsulated ? " in UDP" : "")
        line.add(child.suite.keyExchange.map { ", group \($0)" } ?? "")
        line.add(child.cpu.map { ", thread \($0)" } ?? "")
        if let life = life(rekeyIn: child.rekeyIn, endsIn: child.endsIn) { line.add(", \(life)") }
        return line
    }

    private func traffic(_ traffic: ChildSAStatus.Traffic, _ label: String) -> Line {
        var line = detail(label, indentation: Self.childLabelColumn)
        line.add(traffic.spi ?? "", width: 8)
        line.skip(2)
        line.add(Quantities.bytes(traffic.bytes), width: 10, .right)
        line.skip(2)
        line.add(Quantities.count(traffic.packets), width: packets, .right)
        line.add(" packets  ")
        switch traffic.idle {
        case nil: line.add("never used", .quiet)
        case 0: line.add("used just now")
        case let seconds?: line.add("used \(Quantities.duration(seconds)) ago")
        }
        return line
    }

    private func drops(of child: ChildSAStatus) -> Line {
        var line = detail("drops", indentation: Self.childLabelColumn)
        let reasons = [
            ("replayed", child.replayDrops), ("not authentic", child.authenticationFailures),
            ("outside the selectors", child.selectorDrops),
        ]
        let text = reasons.map { "\(Quantities.count($0.1)) \($0.0)" }.joined(separator: ", ")
        line.add(text, child.drops > 0 ? .warning : .quiet)
        return line
    }

    /// What only `--verbose` shows.
    private func details(of child: ChildSAStatus) -> Line {
        var line = detail("more", indentation: Self.childLabelColumn)
        let parts = [
            child.mode.map { "\($0.lowercased()) mode" },
            child.reqID.map { "reqid \($0)" },
            child.hasExtendedSequenceNumbers ? "64-bit sequence numbers" : "32-bit sequence numbers",
            child.mtu.map { "MTU \($0)" },
            child.pathMTU.map { "path MTU \($0)" },
        ]
        line.add(parts.compactMap { $0 }.joined(separator: ", "))
        return line
    }
}

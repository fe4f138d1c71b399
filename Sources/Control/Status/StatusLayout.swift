/// The columns of the status table: how wide they are, and the beginnings of lines that all blocks share.
struct StatusLayout {
    let palette: Palette
    /// No line is longer.
    let limit: Int
    private var name = 4
    private var uniqueID = 0
    private(set) var identity = 8
    private(set) var address = 0
    private(set) var packets = 1

    /// Where the labels of an IKE SA's details stand; those of a CHILD SA two further right.
    static let labelColumn = 4
    /// Where the values behind the labels stand.
    static let valueColumn = 12

    /// Finds the widths at which everything in the report lines up and no line passes 100 columns.
    init(_ report: StatusReport, palette: Palette, limit: Int) {
        self.palette = palette
        self.limit = limit
        for connection in report.connections {
            // Children are indented by two, and so is what stands behind them.
            let names = [connection.name] + connection.childNames.map { "  " + $0 }
            name = max(name, names.map { Columns.shownCount(of: $0) }.max() ?? 0)
        }
        for ikeSA in report.ikeSAs {
            uniqueID = max(uniqueID, Self.spelled(ikeSA.uniqueID).count)
            for end in [ikeSA.local, ikeSA.remote] {
                identity = max(identity, Columns.shownCount(of: end.identity ?? ""))
                address = max(address, Columns.shownCount(of: end.address ?? ""))
            }
            for child in ikeSA.children {
                uniqueID = max(uniqueID, Self.spelled(child.uniqueID).count)
                for traffic in [child.inbound, child.outbound] {
                    packets = max(packets, Quantities.count(traffic.packets).count)
                }
            }
        }
        name = min(name, Self.widestName)
        address = min(address, Self.widestAddress)
        identity = min(identity, Self.identityAndAddress - address)
    }

    /// Leaves room in the head of an IKE SA for its life.
    private static let widestName = 18
    /// An IPv6 address with all its digits, in brackets and with a port.
    private static let widestAddress = 47
    /// 100 columns less the label, the longest way to authenticate, `behind NAT` and the gaps.
    private static let identityAndAddress = 58

    private static func spelled(_ uniqueID: Int?) -> String { uniqueID.map { "#\($0)" } ?? "" }
}

// MARK: - Lines

extension StatusLayout {
    /// What all blocks begin with: mark, name, number, state and age.
    func head(
        _ name: String,
        indentation: Int = 0,
        uniqueID: Int? = nil,
        mark: String,
        _ style: Palette.Style,
        state: String,
        age: Int? = nil
    ) -> Line {
        var line = blank(to: indentation)
        line.add(mark, style)
        line.skip(1)
        line.add(name, .strong, width: self.name - indentation)
        line.skip(1)
        line.add(Self.spelled(uniqueID), .quiet, width: self.uniqueID, .right)
        line.skip(2)
        line.add(state, style, width: 11)
        line.skip(1)
        line.add(age.map(Quantities.duration) ?? "", width: 7, .right)
        line.skip(2)
        return line
    }

    /// A line of details: a quiet label, then values.
    func detail(_ label: String, indentation: Int) -> Line {
        var line = blank(to: indentation)
        line.add(label, .quiet)
        line.move(to: Self.valueColumn)
        return line
    }

    func blank(to column: Int) -> Line {
        var line = Line(palette, limit: limit)
        line.skip(column)
        return line
    }

    /// How long an SA goes on: `rekey in 3h 41m, 23h 48m of 24h left`.
    func life(rekeyIn: Int?, endsIn: Int?, of lifetime: Int? = nil) -> String? {
        guard rekeyIn != nil || endsIn != nil else { return nil }
        var parts = [rekeyIn.map { "rekey in \(Quantities.duration($0))" } ?? "no rekeying"]
        if let endsIn {
            let total = lifetime.map { " of \(Quantities.period($0))" } ?? ""
            parts.append("\(Quantities.duration(endsIn))\(total) left")
        }
        return parts.joined(separator: ", ")
    }
}

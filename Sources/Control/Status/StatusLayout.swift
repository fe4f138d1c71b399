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
        var lastID: Int?
        var mostPackets: UInt64 = 0
        for connection in report.connections {
            name = max(name, Columns.shownCount(of: connection.name))
            for child in connection.configuration?.children ?? [] { noteName(of: child.name) }
            for ikeSA in connection.ikeSAs {
                if let id = ikeSA.uniqueID { lastID = max(lastID ?? id, id) }
                noteEnd(ikeSA.local)
                noteEnd(ikeSA.remote)
                for child in ikeSA.children {
                    noteName(of: child.name)
                    if let id = child.uniqueID { lastID = max(lastID ?? id, id) }
                    mostPackets = max(mostPackets, child.inbound.packets, child.outbound.packets)
                }
            }
        }
        uniqueID = Self.spelled(lastID).utf8.count
        packets = Quantities.count(mostPackets).utf8.count
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

    /// Children are indented by two, and so is what stands behind them.
    private mutating func noteName(of child: String) {
        name = max(name, 2 + Columns.shownCount(of: child))
    }

    private mutating func noteEnd(_ end: IKESAStatus.End) {
        identity = max(identity, Columns.shownCount(of: end.identity ?? ""))
        address = max(address, Columns.shownCount(of: end.address ?? ""))
    }

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
        let rekeying = rekeyIn.map { "rekey in \(Quantities.duration($0))" } ?? "no rekeying"
        guard let endsIn else { return rekeying }
        let total = lifetime.map { " of \(Quantities.period($0))" } ?? ""
        return "\(rekeying), \(Quantities.duration(endsIn))\(total) left"
    }
}

/// The table of `ikectl status --short`: a line for each CHILD SA, and for whatever is up or configured without one.
///
/// ```
///   TUNNEL      STATE           AGE  PEER                  IN         OUT  LAST USE
/// ● site-b/net  installed   12m 04s  198.51.100.7     1.2 GiB   310.0 MiB        2s
/// ○ office/net  down                 203.0.113.9
/// ```
struct ShortTable {
    /// One line, before its columns are known.
    struct Row {
        var tunnel: String
        var mark: String
        var style: Palette.Style
        var state: String
        var age: Int?
        var peer: String
        var child: ChildSAStatus?
    }

    private let palette: Palette
    private let limit: Int
    private var rows: [Row] = []
    private var tunnelWidth = 6
    private var peerWidth = 4

    init(_ report: StatusReport, palette: Palette, limit: Int = Line.standardLimit) {
        self.palette = palette
        self.limit = limit
        rows = Self.rows(of: report, palette: palette)
        for row in rows {
            tunnelWidth = max(tunnelWidth, Columns.shownCount(of: row.tunnel))
            peerWidth = max(peerWidth, Columns.shownCount(of: row.peer))
        }
        tunnelWidth = min(tunnelWidth, Self.widestTunnel)
        peerWidth = min(peerWidth, Self.tunnelAndPeer - tunnelWidth)
    }

    private static let sizeWidth = 12
    private static let useWidth = 10
    /// 100 columns less all others.
    private static let tunnelAndPeer = 41
    private static let widestTunnel = 26

    var lines: [Line] {
        guard !rows.isEmpty else { return [] }
        var head = Line(palette, limit: limit)
        head.skip(2)
        head.add("TUNNEL", .quiet, width: tunnelWidth)
        head.skip(2)
        head.add("STATE", .quiet, width: 11)
        head.add("AGE", .quiet, width: 8, .right)
        head.skip(2)
        head.add("PEER", .quiet, width: peerWidth)
        head.add("IN", .quiet, width: Self.sizeWidth, .right)
        head.add("OUT", .quiet, width: Self.sizeWidth, .right)
        head.add("LAST USE", .quiet, width: Self.useWidth, .right)
        return [head] + rows.map { line(for: $0) }
    }

    private func line(for row: Row) -> Line {
        var line = Line(palette, limit: limit)
        line.add(row.mark, row.style)
        line.skip(1)
        line.add(row.tunnel, .strong, width: tunnelWidth)
        line.skip(2)
        line.add(row.state, row.style, width: 11)
        line.add(row.age.map(Quantities.duration) ?? "", width: 8, .right)
        line.skip(2)
        line.add(row.peer, width: peerWidth)
        if let child = row.child {
            line.add(Quantities.bytes(child.inbound.bytes), width: Self.sizeWidth, .right)
            line.add(Quantities.bytes(child.outbound.bytes), width: Self.sizeWidth, .right)
            line.add(child.lastUse.map(Quantities.duration) ?? "never", width: Self.useWidth, .right)
        }
        return line
    }
}

// MARK: - Rows

extension ShortTable {
    /// A row for each tunnel, in the order of the report.
    static func rows(of report: StatusReport, palette: Palette) -> [Row] {
        let maker = RowMaker(palette: palette)
        return report.connections.flatMap(maker.rows)
    }
}

/// Makes the rows of a connection.
private struct RowMaker {
    typealias Row = ShortTable.Row

    let palette: Palette

    func rows(for connection: StatusReport.Connection) -> [Row] {
        guard !connection.ikeSAs.isEmpty else {
            let children = connection.configuration?.children ?? []
            let peers = connection.configuration?.remoteAddresses.joined(separator: ", ") ?? ""
            return (children.isEmpty ? [nil] : children.map(\.name)).map { child in
                absent(Tunnel(connection: connection.name, child: child), connection.liveness, peer: peers)
            }
        }
        let peer = connection.ikeSAs.last?.remote.host ?? ""
        let missing = connection.missingChildren.map { child in
            absent(Tunnel(connection: connection.name, child: child.name), .down, peer: peer)
        }
        let waiting = connection.waitingChildren.map { child in
            absent(Tunnel(connection: connection.name, child: child.name), .waiting, peer: peer)
        }
        return connection.ikeSAs.flatMap(present) + missing + waiting
    }

    private func present(_ ikeSA: IKESAStatus) -> [Row] {
        let peer = ikeSA.remote.host ?? ""
        guard !ikeSA.children.isEmpty else {
            let (mark, style) = palette.mark(isUp: ikeSA.isUp)
            let name = ikeSA.connection
            return [Row(tunnel: name, mark: mark, style: style, state: ikeSA.state, age: ikeSA.age, peer: peer)]
        }
        return ikeSA.children.map { child in
            let (mark, style) = palette.mark(isUp: child.isUp)
            return Row(
                tunnel: Tunnel(connection: ikeSA.connection, child: child.name).description,
                mark: mark,
                style: style,
                state: child.state,
                age: child.age,
                peer: peer,
                child: child
            )
        }
    }

    private func absent(_ tunnel: Tunnel, _ liveness: StatusReport.Liveness, peer: String) -> Row {
        let style: Palette.Style = liveness == .waiting ? .quiet : .bad
        return Row(tunnel: tunnel.description, mark: palette.hollow, style: style, state: liveness.rawValue, peer: peer)
    }
}

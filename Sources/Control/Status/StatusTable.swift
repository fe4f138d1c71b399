/// The table of `ikectl status`: a line of totals, a block for each IKE SA with its CHILD SAs, and a line for each
/// connection and child that is down.
///
/// ```
/// iked 0.1.0, up 3d 04h, 1 IKE SA, 1 CHILD SA
/// 2 connections: 1 up, 1 down (office)
///
/// ● site-b  #3  established 12m 04s  initiator  rekey in 3h 41m, 23h 48m of 24h left
///     local   moon.example.org  192.0.2.1:4500     pre-shared key  no NAT
///     remote  sun.example.org   198.51.100.7:4500  pre-shared key  behind NAT
///     crypto  AES_GCM_16_256, PRF HMAC_SHA2_384, group CURVE_25519
///   ● net   #7  installed   12m 04s  10.1.0.0/16 ⇄ 10.2.0.0/16
///       esp   AES_GCM_16_256 in UDP, rekey in 52m 10s, 58m 10s left
///       in    c1234567     1.2 GiB  901,234 packets  used 2s ago
///       out   c89abcde   310.0 MiB  412,000 packets  used just now
///
/// ○ office      down                 203.0.113.9
///   ○ net       down                 10.1.0.0/16 ⇄ 10.9.0.0/16
/// ```
///
/// Columns line up across all blocks, so that the eye can run down any of them.
struct StatusTable {
    private let report: StatusReport
    private let layout: StatusLayout
    private let isVerbose: Bool

    /// - Parameter limit: the columns that no line passes; below 100 much is shortened.
    init(_ report: StatusReport, palette: Palette, isVerbose: Bool = false, limit: Int = Line.standardLimit) {
        self.report = report
        self.isVerbose = isVerbose
        layout = StatusLayout(report, palette: palette, limit: limit)
    }

    /// Adds the totals, and under them a block for each connection behind an empty line.
    func add(to page: inout Page) {
        frame(&page) { add in
            for connection in report.connections {
                add(layout.blank(to: 0))
                block(for: connection, add)
            }
        }
    }

    /// Adds the totals, and under them a line for each tunnel.
    func addShort(to page: inout Page) {
        let lines = ShortTable(report, palette: layout.palette, limit: layout.limit).lines
        frame(&page) { add in
            if !lines.isEmpty { add(layout.blank(to: 0)) }
            lines.forEach(add)
        }
    }

    /// The totals alone.
    var totalLines: [String] { totals.map(\.rendered) }

    /// Puts the totals above a table, and below it, too, where those above have scrolled away.
    private func frame(_ page: inout Page, _ addTable: ((Line) -> Void) -> Void) {
        let totals = totals
        for line in totals { page.add(line) }
        var count = 0
        addTable { line in
            page.add(line)
            count += 1
        }
        guard count > Self.fewRows else { return }
        page.endLine()
        for line in totals { page.add(line) }
    }

    /// The rows that a small terminal shows.
    private static let fewRows = 24

    private func block(for connection: StatusReport.Connection, _ add: (Line) -> Void) {
        guard !connection.ikeSAs.isEmpty else { return absent(connection).forEach(add) }
        for ikeSA in connection.ikeSAs {
            var lines: [Line] = []
            layout.add(ikeSA, isVerbose: isVerbose, to: &lines)
            lines.forEach(add)
        }
        for child in connection.missingChildren { layout.missing(child, .bad, state: "down").forEach(add) }
        for child in connection.waitingChildren { layout.missing(child, .quiet, state: Self.trapped).forEach(add) }
    }

    /// A connection without any SA.
    private func absent(_ connection: StatusReport.Connection) -> [Line] {
        let liveness = connection.liveness
        let style: Palette.Style = liveness == .waiting ? .quiet : .bad
        var head = layout.head(connection.name, mark: layout.palette.hollow, style, state: liveness.rawValue)
        guard let configuration = connection.configuration else { return [head] }
        if configuration.waitsForPeers {
            head.add("for peers", .quiet)
        } else {
            head.add(configuration.remoteAddresses.joined(separator: ", "))
            if liveness == .waiting { head.add(", for traffic", .quiet) }
        }
        return [head]
            + configuration.children.flatMap { child in
                layout.missing(child, style, state: child.isTrapped ? Self.trapped : liveness.rawValue)
            }
    }

    /// The state of a child that the next packet brings up.
    private static let trapped = "trapped"
}

// MARK: - Totals

extension StatusTable {
    /// Two lines: the daemon with its SAs, and how the connections stand.
    private var totals: [Line] {
        let daemon = [report.daemon, report.version].compactMap { $0 }.joined(separator: " ")
        var first = layout.blank(to: 0)
        first.add(daemon, .strong)
        if let uptime = report.uptime { first.add(", up \(Quantities.duration(uptime))") }
        first.add(", " + Quantities.count(report.ikeSACount, "IKE SA"))
        first.add(", " + Quantities.count(report.childSACount, "CHILD SA"))
        let total =
            "\(Quantities.count(report.connections.count, "connection"))\(report.connections.isEmpty ? "" : ":")"
        return [first] + layout.blank(to: 0).filled(with: [(total, .plain)] + groups) { layout.blank(to: 2) }
            + (isVerbose ? [offloads] : [])
    }

    /// What only `--verbose` shows: how many packets went the kernel's short ways for many at once.
    private var offloads: Line {
        let counts = report.offloads
        let parts: [(count: UInt64?, text: String)] = [
            (counts.read, "super-packets read"), (counts.written, "written"), (counts.joined, "ESP packets joined"),
            (counts.merged, "merged"), (counts.refused, "refused"),
        ]
        var line = layout.blank(to: 0)
        let known = parts.compactMap { part in part.count.map { "\(Quantities.count($0)) \(part.text)" } }
        line.add("offloads: \(known.isEmpty ? "not told" : known.joined(separator: ", "))")
        return line
    }

    /// `1 up, 1 down (office)`: only those that there are, and the names of those that need a look.
    private var groups: [(text: String, style: Palette.Style)] {
        let groups: [(liveness: StatusReport.Liveness, word: String, style: Palette.Style)] = [
            (.up, "up", .good), (.partial, "partly up", .warning), (.connecting, "connecting", .warning),
            (.down, "down", .bad), (.waiting, "waiting", .quiet),
        ]
        let tally = report.tally
        let present = groups.filter { tally[$0.liveness] != nil }
        let texts = present.map { group in
            let names = group.style == .bad || group.style == .warning ? " (\(names(of: group.liveness)))" : ""
            return "\(tally[group.liveness] ?? 0) \(group.word)\(names)"
        }
        return zip(Line.withCommas(texts), present).map { (text: $0, style: $1.style) }
    }

    /// The first names of a group, since a long list is no summary.
    private func names(of liveness: StatusReport.Liveness) -> String {
        let names = report.connections.filter { $0.liveness == liveness }.map(\.name)
        let shown = names.prefix(Self.namesShown).map { Columns.shorten($0, to: 18, ellipsis: layout.palette.ellipsis) }
        return (shown + (names.count > shown.count ? [layout.palette.ellipsis] : [])).joined(separator: ", ")
    }

    private static let namesShown = 3
}

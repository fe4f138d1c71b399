/// What `ikectl status --watch` draws: the totals, and a line for each tunnel with how fast it goes and went.
///
/// ```
///   TUNNEL      STATE            IN/s       OUT/s  LATELY                  PEER
/// ● site-b/net  installed   1.2 MiB/s  31.0 KiB/s  ▁▁▁▂▅▇█▇▅▅▅▅▂▁▁▁▁▁▁▁    198.51.100.7
/// ○ office/net  down                                                       203.0.113.9
/// ```
///
/// Each line has its own scale: the highest bar is the most that this tunnel had in the time that is shown.
struct WatchTable {
    let report: StatusReport
    let history: ThroughputHistory
    let palette: Palette
    let columns: Int

    private static let stateWidth = 11
    private static let rateWidth = 12
    /// More bars tell no more.
    private static let widestCourse = 120

    /// The lines of the table, its head first.
    var lines: [String] {
        let rows = ShortTable.rows(of: report, palette: palette)
        guard !rows.isEmpty else { return [] }
        let name = min(max(rows.map { Columns.shownCount(of: $0.tunnel) }.max() ?? 0, 6), columns >= 120 ? 40 : 22)
        let peer = min(max(rows.map { Columns.shownCount(of: $0.peer) }.max() ?? 0, 4), 39)
        let fixed = 2 + name + 2 + Self.stateWidth + 2 * Self.rateWidth + 2
        // The peer only where the course has room beside it.
        let showsPeer = columns - fixed - peer - 2 >= 20
        let course = max(0, min(columns - fixed - (showsPeer ? peer + 2 : 0), Self.widestCourse))
        return [head(name, course, showsPeer)]
            + rows.map { row in
                var line = Line(palette, limit: columns)
                line.add(row.mark, row.style)
                line.skip(1)
                line.add(row.tunnel, .strong, width: name)
                line.skip(2)
                line.add(row.state, row.style, width: Self.stateWidth)
                let past = history.course(of: row.tunnel)
                if row.child != nil {
                    for rate in [past.rateIn, past.rateOut] {
                        line.add(Self.words(rate), rate > 0 ? .plain : .quiet, width: Self.rateWidth, .right)
                    }
                } else {
                    line.skip(2 * Self.rateWidth)
                }
                line.skip(2)
                line.add(
                    past.both.isEmpty ? "" : Sparkline.text(past.both, width: course, palette: palette),
                    width: course
                )
                if showsPeer {
                    line.skip(2)
                    line.add(row.peer, .quiet, width: peer)
                }
                return line.rendered
            }
    }

    private func head(_ name: Int, _ course: Int, _ showsPeer: Bool) -> String {
        var head = Line(palette, limit: columns)
        head.skip(2)
        head.add("TUNNEL", .quiet, width: name)
        head.skip(2)
        head.add("STATE", .quiet, width: Self.stateWidth)
        head.add("IN/s", .quiet, width: Self.rateWidth, .right)
        head.add("OUT/s", .quiet, width: Self.rateWidth, .right)
        head.skip(2)
        head.add("LATELY", .quiet, width: course)
        if showsPeer {
            head.skip(2)
            head.add("PEER", .quiet)
        }
        return head.rendered
    }

    private static func words(_ rate: Double) -> String {
        rate > 0 ? Quantities.bytes(UInt64(min(rate, 1e18))) : "-"
    }
}

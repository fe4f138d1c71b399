/// The table of `ikectl pools`, with leases or without.
///
/// ```
/// POOL    FIRST           SIZE  ONLINE  OFFLINE
/// hosts4  10.3.0.10         90       1        1
///   ● 10.3.0.10  ada@example.org    2h 03m
///   ○ 10.3.0.11  bob@example.org   12d 03h
/// hosts6  2001:db8:c::1    255       0        0
/// ```
struct PoolTable {
    private let pools: [PoolStatus]
    private let palette: Palette
    private let nameWidth: Int
    private let baseWidth: Int
    private let sizeWidth: Int
    private let addressWidth: Int
    private let identityWidth: Int

    private static let countWidth = 9
    private static let timeWidth = 9

    init(_ pools: [PoolStatus], palette: Palette) {
        self.pools = pools
        self.palette = palette
        func width(_ texts: [String], atLeast least: Int, atMost most: Int) -> Int {
            min(texts.map { Columns.shownCount(of: $0) }.max().map { max($0, least) } ?? least, most)
        }
        nameWidth = width(pools.map(\.name), atLeast: 4, atMost: 24)
        baseWidth = width(pools.compactMap(\.base), atLeast: 5, atMost: 39)
        sizeWidth = width(pools.map { Self.size($0) }, atLeast: 6, atMost: 28) + 2
        let leases = pools.flatMap { $0.leases ?? [] }
        addressWidth = width(leases.map(\.address), atLeast: 4, atMost: 39)
        identityWidth = width(
            leases.map(\.identity),
            atLeast: 4,
            atMost: Line.standardLimit - addressWidth - Self.timeWidth - 6
        )
    }

    var lines: [String] {
        var head = Line(palette)
        head.add("POOL", .quiet, width: nameWidth)
        head.skip(2)
        head.add("FIRST", .quiet, width: baseWidth)
        head.add("SIZE", .quiet, width: sizeWidth, .right)
        head.add("ONLINE", .quiet, width: Self.countWidth, .right)
        head.add("OFFLINE", .quiet, width: Self.countWidth, .right)
        return [head.rendered] + pools.flatMap { lines(of: $0) }
    }

    private func lines(of pool: PoolStatus) -> [String] {
        var line = Line(palette)
        line.add(pool.name, .strong, width: nameWidth)
        line.skip(2)
        line.add(pool.base ?? "", width: baseWidth)
        line.add(Self.size(pool), width: sizeWidth, .right)
        line.add(Quantities.count(UInt64(clamping: pool.online)), width: Self.countWidth, .right)
        line.add(Quantities.count(UInt64(clamping: pool.offline)), width: Self.countWidth, .right)
        return [line.rendered] + (pool.leases ?? []).map { self.line(for: $0) }
    }

    private func line(for lease: PoolStatus.Lease) -> String {
        var line = Line(palette)
        line.skip(2)
        line.add(lease.isOnline ? palette.filled : palette.hollow, lease.isOnline ? .good : .quiet)
        line.skip(1)
        line.add(lease.address, width: addressWidth)
        line.skip(2)
        line.add(lease.identity, lease.isOnline ? .plain : .quiet, width: identityWidth)
        line.add(lease.since.map(Quantities.duration) ?? "", width: Self.timeWidth, .right)
        return line.rendered
    }

    /// In groups of three digits; those of IPv6 as far as they can be counted.
    private static func size(_ pool: PoolStatus) -> String {
        guard let size = pool.size else { return "" }
        return UInt64(size).map(Quantities.count) ?? "over 2^64"
    }
}

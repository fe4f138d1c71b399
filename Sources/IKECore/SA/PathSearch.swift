import Inet

/// Looks for the largest packet that the path to the peer takes, as far as the host does not know it: ICMP errors, which tell
/// the host, are lost on many paths (RFC 8899, whose sizes are called PLPMTU).
///
///     host: 1500    1500 is lost, 1280 passes              1280 is used at once
///                   1420 is lost, 1340 passes, 1380 ...    until nothing usual lies between what passes and what is lost
///
/// All sizes are octets of the IP packet. The struct only chooses them; `PathProbing` sends packets of them.
struct PathSearch: Hashable {
    /// What passed, and was used from then on; nil: nothing has been tried on this path.
    var confirmed: Int? { passed ?? earlier }

    /// The largest that has passed in this search.
    private var passed: Int?
    /// What the search before this one has found.
    private var earlier: Int?
    /// The smallest that was lost in this search.
    private var lost = Int.max

    /// Every path should take this (RFC 8899 section 5.1.2: BASE_PLPMTU).
    static let base = 1280
    /// No path that takes more is searched: a loopback device, or one that has no limit worth mentioning.
    static let most = 9216
    /// The sizes that are met with: cables less one or several headers of tunnels, PPPoE, mobile networks; jumbo frames.
    private static let usual = [
        1300, 1320, 1340, 1360, 1380, 1400, 1410, 1420, 1430, 1440, 1450, 1454, 1462, 1472, 1476, 1480, 1492, 1500,
        2304, 4352,
        8192, 8900, 9000,
    ]
    /// What is tried last, where everything else is lost: what every host takes (RFC 1122 section 3.3.2, RFC 8200 section 5).
    private static let least: [IPAddress.Family: Int] = [.v4: 576, .v6: base]

    /// The size to try next, where the host knows that the path takes no more than `limit`; nil: there is nothing to find out.
    func next(limit: Int) -> Int? {
        let floor = passed ?? 0
        guard limit > Self.base, limit <= Self.most, limit > floor else { return nil }
        guard limit >= lost else { return limit }
        let open = Self.usual.filter { $0 > max(floor, Self.base) && $0 < lost }
        return open.isEmpty ? nil : open[open.count / 2]
    }

    /// The size that is to pass instead of one that is lost; nil: there is none that is smaller.
    func fallback(below size: Int, limit: Int, _ family: IPAddress.Family) -> Int? {
        [limit, confirmed, Self.base, Self.least[family]].compactMap { $0 }.filter { $0 < size }.max()
    }

    /// A packet of this size has arrived.
    mutating func notePassed(_ size: Int) { passed = max(passed ?? 0, size) }

    /// A packet of this size has not arrived, however often it was sent.
    mutating func noteLost(_ size: Int) {
        lost = min(lost, size)
        // What took it once does not any more.
        if let found = earlier, found >= size { earlier = nil }
    }

    /// Begins again after a while, as paths change; what was found is used until then.
    mutating func restart() { self = PathSearch(earlier: confirmed) }

    init(earlier: Int? = nil) { self.earlier = earlier }
}

import VICI

/// How fast traffic went through each tunnel lately: what `status --watch` remembers from one look to the next.
///
/// The counters of a CHILD SA begin anew with its successor, so each SA is compared with itself only: what a new one has
/// carried before it was first seen does not count.
struct ThroughputHistory {
    /// Octets in a second, the latest last.
    struct Course {
        fileprivate(set) var inbound: [Double] = []
        fileprivate(set) var outbound: [Double] = []

        var rateIn: Double { inbound.last ?? 0 }
        var rateOut: Double { outbound.last ?? 0 }

        /// Both directions together.
        var both: [Double] { zip(inbound, outbound).map { $0 + $1 } }
    }

    /// More samples than a wide window has columns.
    static let most = 240

    private var courses: [String: Course] = [:]
    private var seen: [Int: (inbound: UInt64, outbound: UInt64)] = [:]
    private var seenAt: ContinuousClock.Instant?

    /// Takes the counters of a report, seen at a time.
    mutating func note(_ report: StatusReport, at now: ContinuousClock.Instant) {
        let seconds = seenAt.map { ($0.duration(to: now)) / .seconds(1) } ?? 0
        var counters: [Int: (inbound: UInt64, outbound: UInt64)] = [:]
        var sums: [String: (inbound: Double, outbound: Double)] = [:]
        for ikeSA in report.connections.lazy.flatMap(\.ikeSAs) {
            for child in ikeSA.children {
                let name = Tunnel(connection: ikeSA.connection, child: child.name).description
                var sum = sums[name] ?? (0, 0)
                if let id = child.uniqueID {
                    counters[id] = (child.inbound.bytes, child.outbound.bytes)
                    if let before = seen[id] {
                        sum.inbound += Self.growth(from: before.inbound, to: child.inbound.bytes)
                        sum.outbound += Self.growth(from: before.outbound, to: child.outbound.bytes)
                    }
                }
                sums[name] = sum
            }
        }
        if seconds > 0 {
            for name in Set(courses.keys).union(sums.keys) {
                let sum = sums[name] ?? (0, 0)
                courses[name, default: Course()].add(sum.inbound / seconds, sum.outbound / seconds)
            }
            // Who has been silent for all of it, or is gone, is forgotten.
            courses = courses.filter { sums[$0.key] != nil || $0.value.both.contains { $0 > 0 } }
        }
        seen = counters
        seenAt = now
    }

    /// Of a tunnel as `Tunnel` spells it.
    func course(of tunnel: String) -> Course { courses[tunnel] ?? Course() }

    /// All tunnels of a connection together, now.
    func rate(of connection: StatusReport.Connection) -> Double {
        connection.childNames.reduce(0) { sum, child in
            let course = course(of: Tunnel(connection: connection.name, child: child).description)
            return sum + course.rateIn + course.rateOut
        }
    }

    private static func growth(from before: UInt64, to after: UInt64) -> Double {
        after > before ? Double(after - before) : 0
    }
}

extension ThroughputHistory.Course {
    fileprivate mutating func add(_ inbound: Double, _ outbound: Double) {
        self.inbound = (self.inbound + [inbound]).suffix(ThroughputHistory.most)
        self.outbound = (self.outbound + [outbound]).suffix(ThroughputHistory.most)
    }
}

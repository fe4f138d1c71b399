import IKEWire

/// The responder's part in agreeing on traffic selectors (RFC 7296 section 2.9).
enum TrafficSelectorNarrowing {
    /// More selectors than anybody configures; what a peer sends beyond is not looked at.
    static let mostSelectors = 64

    /// What of `offered` our policy admits; empty where they do not overlap.
    static func narrow(offered: [TrafficSelector], configured: [TrafficSelector]) -> [TrafficSelector] {
        var common: [TrafficSelector] = []
        for theirs in offered.prefix(mostSelectors) {
            for ours in configured.prefix(mostSelectors) {
                guard let part = theirs.intersection(ours), !common.contains(where: { $0.contains(part) }) else {
                    continue
                }
                common.removeAll { part.contains($0) }
                common.append(part)
            }
        }
        return common
    }

    /// Whether every selector of an answer lies within what we offered; the initiator must not let more in.
    static func isSubset(_ answer: [TrafficSelector], of offered: [TrafficSelector]) -> Bool {
        !answer.isEmpty && answer.allSatisfy { part in offered.contains { $0.contains(part) } }
    }

    static func explain(
        offeredLocal: [TrafficSelector],
        offeredRemote: [TrafficSelector],
        local: [TrafficSelector],
        remote: [TrafficSelector]
    ) -> String {
        let isSwapped =
            !narrow(offered: offeredLocal, configured: remote).isEmpty
            && !narrow(offered: offeredRemote, configured: local).isEmpty
        return "the peer offers \(list(offeredRemote)) on its side and \(list(offeredLocal)) on ours, "
            + "configured is remote_ts = \(list(remote)) and local_ts = \(list(local))"
            + (isSwapped ? "; local_ts and remote_ts look swapped on one of the two sides" : "")
    }

    static func list(_ selectors: [TrafficSelector]) -> String {
        selectors.isEmpty ? "nothing" : selectors.map(\.description).joined(separator: ", ")
    }
}

extension [TrafficSelectorEntry] {
    /// The selectors of types that we know; others are passed over (RFC 7296 section 2.9).
    var selectors: [TrafficSelector] {
        compactMap(\.selector)
    }
}

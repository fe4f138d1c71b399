import IKECore
import Support
import Testing

// What many tests ask of two sites and their engines.

extension Pair {
    /// Whether each side sends on one CHILD SA, and the other side accepts it.
    var isUp: Bool { left.outbound.count == 1 && right.outbound.count == 1 && childSAsAgree }

    /// The IKE SA of a host, which must have exactly one.
    func onlySA(of host: Host) throws -> IKESASummary {
        let all = host.endpoint.summaries(now: network.now)
        try #require(all.count == 1)
        return all[0]
    }

    /// Everything must end, and nothing be left.
    func expectNothing() {
        #expect(left.inbound.isEmpty && right.inbound.isEmpty)
        network.run(for: .seconds(400))
        #expect(isEmpty)
    }
}

extension Host {
    /// Errors and warnings of its log, a line each.
    var complaints: String {
        logs.filter { $0.level == .error || $0.level == .warning }.map(\.message).joined(separator: "\n")
    }

    /// Why each IKE SA was closed.
    var closingReasons: [String] {
        events.compactMap { if case .ikeClosed(_, let reason) = $0 { reason } else { nil } }
    }
}

import IKECore
import Inet
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
    /// Its peer is not at `former` any more, and has been followed: the SAs lead elsewhere, and the first packet of `flow` arrives.
    func expectFollowed(
        from former: SocketAddress,
        in network: Network,
        _ flow: Flow,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let remote = try #require(endpoint.summaries(now: network.now).first?.remote, sourceLocation: sourceLocation)
        #expect(remote != former, sourceLocation: sourceLocation)
        #expect(outbound.allSatisfy { $0.remote == remote }, sourceLocation: sourceLocation)
        network.sendPacket(of: flow)
        network.run(for: .seconds(1))
        #expect(flow.delivered == 1, sourceLocation: sourceLocation)
    }

    /// Errors and warnings of its log, a line each.
    var complaints: String {
        logs.filter { $0.level == .error || $0.level == .warning }.map(\.message).joined(separator: "\n")
    }

    /// Why each IKE SA was closed.
    var closingReasons: [String] {
        events.compactMap { if case .ikeClosed(_, let reason) = $0 { reason } else { nil } }
    }
}

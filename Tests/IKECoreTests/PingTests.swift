import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Liveness checks that somebody asks for, and messages that somebody looks on.
@Suite struct PingTests {
    private func established() throws -> (Pair, IKESASummary) {
        let pair = Pair()
        try #require(pair.left.succeeded(pair.up()))
        return (pair, try #require(pair.left.endpoint.summaries(now: pair.network.now).first))
    }

    @Test func theRoundTripIsMeasured() throws {
        let (pair, sa) = try established()
        let id = pair.network.command(pair.left, .ping(.ikeSA(id: sa.id)))
        let before = pair.network.sent.count
        pair.network.run(for: .seconds(1))
        #expect(pair.left.succeeded(id))
        let times = pair.left.events.compactMap { event -> Duration? in
            if case .answered(id, let time) = event { time } else { nil }
        }
        #expect(times.count == 1 && times.allSatisfy { $0 > .zero && $0 < .seconds(1) })
        // The request was sent at once, its answer later.
        #expect(pair.network.sent.count == before + 1)
    }

    @Test func aSilentPeerFailsThePing() throws {
        let (pair, sa) = try established()
        pair.network.tap = { _ in nil }
        let id = pair.network.command(pair.left, .ping(.ikeSA(id: sa.id)))
        pair.network.run(for: .seconds(400))
        #expect(pair.left.failure(of: id)?.reason == .peerUnreachable)
    }

    @Test func withoutAnSAThereIsNobodyToAsk() {
        let pair = Pair()
        let id = pair.network.command(pair.left, .ping(.ikeSA(id: 7)))
        #expect(pair.left.failure(of: id)?.reason == .noSuchSA)
    }

    private func traced(_ host: Host) -> [TracedMessage] {
        host.events.compactMap { if case .traced(let message) = $0 { message } else { nil } }
    }

    @Test func everyMessageIsTracedDecodedWhileSomebodyLooksOn() throws {
        let pair = Pair()
        for host in [pair.left, pair.right] { host.endpoint.isTracing = true }
        try #require(pair.left.succeeded(pair.up()))
        for (host, first) in [(pair.left, TracedMessage.Direction.sent), (pair.right, .received)] {
            let messages = traced(host)
            let second: TracedMessage.Direction = first == .sent ? .received : .sent
            #expect(messages.map(\.direction) == [first, second, first, second])
            #expect(
                messages.map { "\($0.header.exchangeType)" } == ["IKE_SA_INIT", "IKE_SA_INIT", "IKE_AUTH", "IKE_AUTH"]
            )
            #expect(messages.map(\.isProtected) == [false, false, true, true])
            #expect(messages.allSatisfy { !$0.payloads.isEmpty && !$0.isRepeated && $0.octets > 0 })
            let summaries = messages.flatMap { $0.payloads.map(\.summary) }
            #expect(
                summaries.contains("IDi left.example (ID_FQDN)")
                    || summaries.contains { $0.hasPrefix("IDi left.example") }
            )
            #expect(summaries.contains { $0.hasPrefix("SA #1 ESP:AES_GCM_16_128") })
            #expect(summaries.contains { $0 == "TSi 10.1.0.0/16" })
        }
        #expect(traced(pair.left).last?.connection == "site" && traced(pair.right).first?.connection == nil)
    }

    @Test func nothingIsTracedOtherwise() throws {
        let (pair, _) = try established()
        #expect(traced(pair.left).isEmpty && traced(pair.right).isEmpty)
    }

    @Test func whatIsSentAgainIsMarked() throws {
        let (pair, sa) = try established()
        pair.left.endpoint.isTracing = true
        var isFirst = true
        pair.network.tap = { transit in
            defer { isFirst = false }
            return isFirst ? nil : transit.datagram
        }
        pair.network.command(pair.left, .ping(.ikeSA(id: sa.id)))
        pair.network.run(for: .seconds(10))
        #expect(traced(pair.left).map(\.isRepeated) == [false, true, false])
    }
}

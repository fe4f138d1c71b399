import DataPlane
import Foundation
import IKECore
import IKEWire
import Inet
import Testing

@testable import Daemon

/// What Prometheus is told.
@Suite struct MetricsTests {
    private func page(_ metrics: Metrics = Metrics(), children: [ChildCounters] = []) throws -> ExpositionReader {
        var drops = DropCounters()
        drops.cookiesAsked = 7
        drops.malformed = 2
        var plane = PlaneCounters()
        plane.unknownSPI = 3
        plane.noPolicy = 4
        return try ExpositionReader(
            MetricsPage(
                metrics: metrics,
                summaries: [],
                halfOpen: 5,
                connections: 2,
                drops: drops,
                datagrams: DatagramCounters(received: 10, sent: 9, sendFailures: 1),
                plane: plane,
                children: children,
                startedOn: 1_700_000_000,
                threads: [(name: "iked-in", time: .milliseconds(1500))]
            ).text
        )
    }

    private func counters(packets: UInt64, octets: UInt64, replayed: UInt64) -> ChildCounters {
        var counters = ChildCounters()
        counters.inbound.packets = packets
        counters.inbound.octets = octets
        counters.inboundDrops.replayed = replayed
        return counters
    }

    @Test func thePageIsWellFormedAndCarriesWhatIsCounted() throws {
        let page = try page()
        #expect(page.value("iked_connections") == 2)
        #expect(page.value("iked_ike_sas", ["state": "established"]) == 0)
        #expect(page.value("iked_ike_sas_half_open") == 5)
        #expect(page.value("iked_ike_datagrams_total", ["direction": "in"]) == 10)
        #expect(page.value("iked_ike_challenges_total", ["kind": "cookie"]) == 7)
        #expect(page.value("iked_ike_dropped_messages_total", ["cause": "malformed"]) == 2)
        #expect(page.value("iked_dropped_packets_total", ["direction": "in", "cause": "unknown-spi"]) == 3)
        #expect(page.value("iked_dropped_packets_total", ["direction": "out", "cause": "no-policy"]) == 4)
        #expect(page.value("iked_start_time_seconds") == 1_700_000_000)
        #expect(page.value("iked_thread_busy_seconds_total", ["thread": "iked-in"]) == 1.5)
        #expect(page.types["iked_build_info"] == "gauge")
    }

    @Test func namesFollowPrometheusConventions() throws {
        for (name, type) in try page().types {
            #expect(name.hasPrefix("iked_"))
            #expect(name.hasSuffix("_total") == (type == "counter"), "\(name) is a \(type)")
            #expect(name.allSatisfy { $0.isLowercase || $0 == "_" }, "\(name)")
        }
    }

    @Test func theDashboardAsksForWhatThereIs() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("etc/grafana/iked.json"))
        #expect(try JSONSerialization.jsonObject(with: data) is [String: Any])
        let families = Set(try page().types.keys)
        let text = String(decoding: data, as: UTF8.self)
        for match in text.matches(of: /\biked_[a-z_]+/) {
            let name = String(match.output)
            #expect(
                families.contains(name) || families.contains(name.replacingOccurrences(of: "_bucket", with: "")),
                "\(name)"
            )
        }
    }

    @Test func negotiationsAreCountedByRoleAndReason() throws {
        var metrics = Metrics()
        let ends = SocketAddress(address: .anyV4, port: 500)
        func failed(_ role: Role, _ reason: NegotiationFailure.Reason) -> Event {
            .ikeFailed(FailedNegotiation(role, local: ends, remote: ends, NegotiationFailure(reason, "")))
        }
        metrics.count(failed(.responder, .noProposalChosen))
        metrics.count(failed(.responder, .noProposalChosen))
        metrics.count(failed(.initiator, .peerUnreachable))
        metrics.count(.retransmitted)
        let page = try page(metrics)
        let name = "iked_ike_negotiations_failed_total"
        #expect(page.value(name, ["role": "responder", "reason": "no-proposal-chosen"]) == 2)
        #expect(page.value(name, ["role": "initiator", "reason": "peer-unreachable"]) == 1)
        #expect(page.value("iked_ike_retransmissions_total") == 1)
        #expect(page.value("iked_ike_negotiations_established_total", ["role": "initiator"]) == 0)
    }

    @Test func trafficOfChildSAsThatAreGoneStaysCounted() throws {
        var metrics = Metrics()
        metrics.retire(counters(packets: 10, octets: 1000, replayed: 1))
        metrics.retire(counters(packets: 1, octets: 100, replayed: 0))
        let page = try page(metrics, children: [counters(packets: 5, octets: 500, replayed: 2)])
        #expect(page.value("iked_esp_packets_total", ["direction": "in"]) == 16)
        #expect(page.value("iked_esp_bytes_total", ["direction": "in"]) == 1600)
        #expect(page.value("iked_dropped_packets_total", ["direction": "in", "cause": "replay"]) == 3)
    }

    @Test func aHistogramCountsWhatIsAtMostItsBounds() throws {
        var histogram = Histogram(bounds: [0.1, 1])
        for milliseconds in [50, 100, 500, 3000] { histogram.observe(.milliseconds(milliseconds)) }
        var exposition = Exposition()
        exposition.add("x_seconds", "help", by: "role", [("a", histogram)])
        let page = try ExpositionReader(exposition.text)
        let buckets = ["0.1", "1.0", "+Inf"].map { page.value("x_seconds_bucket", ["role": "a", "le": $0]) }
        #expect(buckets == [2, 3, 4])
        #expect(page.value("x_seconds_count", ["role": "a"]) == 4)
        #expect(page.value("x_seconds_sum", ["role": "a"]).map { abs($0 - 3.65) < 1e-9 } == true)
    }

    @Test func whatALabelSaysCannotBreakOutOfIt() throws {
        var exposition = Exposition()
        let text = "a\"b\\c\nd"
        exposition.add("x", .gauge, "help", samples: [(["label": text], 1)])
        #expect(try ExpositionReader(exposition.text).value("x", ["label": text]) == 1)
    }
}

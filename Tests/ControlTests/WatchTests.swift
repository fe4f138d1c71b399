import Testing
import VICI

@testable import Control

/// What `ikectl status --watch` draws, and which connections in which order.
@Suite struct WatchTests {
    private func report(_ octets: [String: (inbound: Int, outbound: Int)]) throws -> StatusReport {
        var connections: [StatusReport.Connection] = []
        for (index, name) in octets.keys.sorted().enumerated() {
            let message = Fixture.ikeSA(name, index: index)
            let section = try #require(message.section(name))
            let ikeSA = IKESAStatus(connection: name, section)
            ikeSA.children[0].inbound.bytes = UInt64(octets[name]?.inbound ?? 0)
            ikeSA.children[0].outbound.bytes = UInt64(octets[name]?.outbound ?? 0)
            let configured = try #require(Fixture.connection(name).section(name))
            connections.append(
                StatusReport.Connection(
                    name: name,
                    configuration: ConfiguredConnection(name: name, configured),
                    ikeSAs: [ikeSA]
                )
            )
        }
        return StatusReport(
            daemon: "iked",
            offloads: StatusReport.Offloads(),
            connections: connections
        )
    }

    private let start = ContinuousClock.now

    @Test func ratesAreDifferencesOfTheSameSA() throws {
        var history = ThroughputHistory()
        history.note(try report(["a": (1000, 0)]), at: start)
        #expect(history.course(of: "a/net").both.isEmpty)
        history.note(try report(["a": (3000, 500)]), at: start + .seconds(2))
        #expect(history.course(of: "a/net").rateIn == 1000 && history.course(of: "a/net").rateOut == 250)
        // A successor begins from zero, which is no traffic backwards.
        history.note(try report(["a": (100, 0)]), at: start + .seconds(3))
        #expect(history.course(of: "a/net").both == [1250, 0])
    }

    @Test func historiesAreBounded() throws {
        var history = ThroughputHistory()
        for second in 0..<500 {
            history.note(try report(["a": (second * 10, 0)]), at: start + .seconds(second))
        }
        #expect(history.course(of: "a/net").inbound.count == ThroughputHistory.most)
        #expect(history.course(of: "a/net").rateIn == 10)
    }

    @Test func aSparklineFillsItsWidthFromTheRight() {
        #expect(Sparkline.text([0, 1, 50, 100], width: 6, palette: .unicode) == "  ▁▂▅█")
        #expect(Sparkline.text([0, 1, 50, 100], width: 2, palette: .unicode) == "▅█")
        #expect(Sparkline.text([0, 0], width: 3, palette: .ascii) == " __")
        #expect(Sparkline.text([], width: 3, palette: .ascii) == "   ")
    }

    @Test(arguments: [80, 200]) func theTableFitsTheWindow(columns: Int) throws {
        var history = ThroughputHistory()
        for second in 0..<300 {
            let octets = second * second
            history.note(try report(["a": (octets, 100), "site-b": (0, octets * 3)]), at: start + .seconds(second))
        }
        let report = try report(["a": (1, 1), "site-b": (1, 1)])
        let lines = WatchTable(report: report, history: history, palette: .unicode, columns: columns).lines
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { Columns.count(of: $0) <= columns })
        #expect(lines[1].hasPrefix("● a/net") && lines[1].contains("597 B"))
        #expect(lines[2].contains("1.7 KiB") && lines[2].contains("█"))
        // A wide window has room for the peer, too.
        #expect(lines[0].contains("PEER") == (columns == 200))
    }

    @Test func connectionsAreFilteredByWhatTheyAreCalledOrWhereTheyAre() throws {
        let all = try report(["alpha": (0, 0), "beta": (0, 0)])
        #expect(all.matching("ALP").connections.map(\.name) == ["alpha"])
        #expect(all.matching("198.51.100.8").connections.map(\.name) == ["beta"])
        #expect(all.matching("sun.example").connections.count == 2)
        #expect(all.matching("nowhere").connections.isEmpty)
    }

    @Test func connectionsAreSorted() throws {
        var all = try report(["a": (10, 0), "b": (30, 0), "c": (20, 0)])
        all.connections.reverse()
        func names(_ order: StatusReport.Order) -> [String] {
            all.sorted(by: order) { $0.octets }.connections.map(\.name)
        }
        #expect(names(.name) == ["a", "b", "c"])
        #expect(names(.traffic) == ["b", "c", "a"])
        #expect(names(.age) == ["a", "b", "c"])
        all.connections[2].ikeSAs = []
        #expect(names(.state) == ["a", "c", "b"])
    }

    @Test func theOptionsAreChecked() throws {
        let daemon = try FixtureDaemon(
            connections: [Fixture.connection("a"), Fixture.connection("b")],
            ikeSAs: [Fixture.ikeSA("b")]
        )
        let sorted = daemon.run("status", "--short", "--sort", "state").lines
        #expect(sorted.firstIndex { $0.contains("a/net") }! < sorted.firstIndex { $0.contains("b/net") }!)
        #expect(daemon.run("status", "--short", "--filter", "b").lines.count { $0.contains("/net") } == 1)
        let wrong = daemon.run("status", "--sort", "size")
        #expect(wrong.code == .usage && wrong.error.contains("name, state, traffic, age"))
    }
}

import IKECore
import SwanConf
import Testing
import VICI

@testable import Daemon

@Suite struct ConfigurationStoreTests {
    private func configuration(_ names: [String], rekey: String = "4h") throws -> Configuration {
        let connections = names.map { name in
            "\(name) { rekey_time = \(rekey)\n local { auth = psk }\n remote { auth = psk } }"
        }
        return try Configuration(
            parsing: "connections {\n\(connections.joined(separator: "\n"))\n}\nsecrets { ike { secret = x } }",
            file: "test.conf"
        )
    }

    private func loaded(_ name: String, _ keys: VICIMessage) throws -> ConnectionConfiguration {
        try ConnectionConfiguration(name: name, section: Section(name: name, keys))
    }

    /// There are no directories of certificates beside it.
    private static let path = "/nonexistent/iked.conf"

    private let ends: VICIMessage = ["local": ["auth": "psk"], "remote": ["auth": "psk"]]

    @Test func readingTheFileAgainTellsWhatIsNewChangedAndGone() throws {
        var store = try ConfigurationStore(file: configuration(["a", "b"]), path: Self.path)
        let same = try store.replaceFile(configuration(["a", "b"]))
        #expect(same.loaded.isEmpty && same.gone.isEmpty)
        #expect(same.unchanged == ["a", "b"])
        let changed = try store.replaceFile(configuration(["b", "c"], rekey: "1h"))
        #expect(changed.new == ["c"] && changed.changed.map(\.name) == ["b"])
        #expect(changed.changed.first?.settings.settings == ["rekey_time"])
        #expect(changed.gone == ["a"] && changed.unchanged.isEmpty)
    }

    @Test func aConnectionOfTheControlSocketIsNotChangedByTheFile() throws {
        var store = try ConfigurationStore(file: configuration(["a", "b"]), path: Self.path)
        var keys = ends
        keys["rekey_time"] = "5m"
        try store.load(loaded("a", keys))
        let changed = try store.replaceFile(configuration(["b"], rekey: "1h"))
        #expect(changed.unchanged == ["a"] && changed.gone.isEmpty)
        #expect(changed.changed.map(\.name) == ["b"])
    }

    @Test func aConnectionThatTheControlSocketUnloadedIsNewWithTheFile() throws {
        var store = try ConfigurationStore(file: configuration(["a"]), path: Self.path)
        let wasThere = store.unload(connection: "a")
        #expect(wasThere)
        #expect(try store.replaceFile(configuration(["a"])).new == ["a"])
    }

    /// What only the daemon goes by is a change of the connection, but of nothing that SAs were negotiated by.
    @Test func anotherUpdownScriptChangesNothingAboutSAs() throws {
        func file(_ script: String) throws -> Configuration {
            try Configuration(
                parsing: """
                    connections { a { local { auth = psk }
                    remote { auth = psk }
                    children { net { updown = \(script) } } } }
                    secrets { ike { secret = x } }
                    """,
                file: "test.conf"
            )
        }
        var store = try ConfigurationStore(file: file("/bin/true"), path: Self.path)
        let changed = try store.replaceFile(file("/bin/false"))
        #expect(changed.changed.map(\.name) == ["a"])
        #expect(changed.changed.first?.settings.isEmpty == true)
    }

    @Test func theReportOfAReloadNamesSettingsAndDeeds() throws {
        var store = try ConfigurationStore(file: configuration(["a", "b"]), path: Self.path)
        var report = ReloadReport(changes: try store.replaceFile(configuration(["b", "c"], rekey: "1h")))
        report.followUps = [FollowUp(connection: "a", ikeSA: 7, course: .end(reason: "gone"))]
        report.initiated = ["c": ["net"]]
        report.notes = ["a note"]
        let message = report.message
        #expect(message.list("loaded") == ["c", "b"] && message.list("unloaded") == ["a"])
        let connections = try #require(message.section("connections"))
        #expect(connections.sections.map(\.name) == ["c", "b", "a"])
        #expect(connections.section("b")?.list("settings") == ["rekey_time"])
        #expect(connections.section("a")?.list("deeds") == ["IKE SA {7} is deleted: gone"])
        #expect(connections.section("c")?.list("deeds") == ["CHILD SA net is brought up, if it is not"])
        #expect(message.list("notes") == ["a note"])
        #expect(report.summary == "configuration read again: 1 new, 1 changed, 1 gone, 0 unchanged")
    }

    @Test func aHostWithoutRawESPForcesUDPForEveryConnection() throws {
        var store = try ConfigurationStore(file: configuration(["a"]), path: Self.path)
        try store.load(loaded("b", ends))
        #expect(store.policy.connections.allSatisfy { !$0.forcesEncapsulation && !$0.requiresEncapsulation })
        store.isConfinedToUDP = true
        #expect(store.policy.connections.map(\.name) == ["a", "b"])
        #expect(store.policy.connections.allSatisfy { $0.forcesEncapsulation && $0.requiresEncapsulation })
    }

    @Test func aConnectionOfTheControlSocketGoesBeforeTheFileAndOutlivesAReload() throws {
        var store = try ConfigurationStore(file: configuration(["a"]), path: Self.path)
        var keys = ends
        keys["rekey_time"] = "5m"
        try store.load(loaded("a", keys))
        try store.load(loaded("d", ends))
        #expect(store.connections.map(\.name) == ["a", "d"])
        #expect(store.loadedConnectionNames == ["a", "d"])
        _ = try store.replaceFile(configuration(["a"]))
        #expect(store.connection(named: "a")?.rekeyTime == .seconds(300))
    }

    @Test func anUnloadedConnectionComesBackWithTheFile() throws {
        var store = try ConfigurationStore(file: configuration(["a"]), path: Self.path)
        let wasThere = store.unload(connection: "a")
        #expect(wasThere && store.connections.isEmpty)
        let isThere = store.unload(connection: "a")
        #expect(!isThere)
        _ = try store.replaceFile(configuration(["a"]))
        #expect(store.connections.map(\.name) == ["a"])
    }

    @Test func listsOfTheControlSocketAreListsOfTheSchema() throws {
        var keys = ends
        keys.set("remote_addrs", ["192.0.2.7", "192.0.2.8"])
        keys.set("children", ["net": ["remote_ts": ["10.0.0.0/8", "172.16.0.0/12"]]])
        let connection = try loaded("vici", keys)
        #expect(connection.remoteAddresses.count == 2)
        #expect(connection.children.first?.remoteTrafficSelectors.count == 2)
    }

    @Test func secretsComeAndGoByTheirId() throws {
        var store = try ConfigurationStore(file: configuration(["a"]), path: Self.path)
        store.load(try SecretConfiguration(name: "s1", kind: .ike, owners: ["a.example"], data: [1, 2, 3]))
        #expect(store.loadedSecretNames == ["s1"])
        #expect(store.secrets.count == 2)
        let wasThere = store.unload(secret: "s1")
        let isThere = store.unload(secret: "s1")
        #expect(wasThere && !isThere)
    }
}

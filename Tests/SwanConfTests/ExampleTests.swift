import Foundation
import SwanConf
import Testing

/// The example that is shipped, `etc/iked.conf`.
@Suite struct ExampleTests {
    private let path: String
    private let text: String

    init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        path = root.appendingPathComponent("etc/iked.conf").path
        text = try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test func itIsReadWithoutAWarningAndSaysTheDefaults() throws {
        let configuration = try Configuration.load(path: path)
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.connections.isEmpty)
        #expect(configuration.secrets.isEmpty)
        #expect(configuration.daemon == (try Configuration(parsing: "", file: "iked.conf").daemon))
    }

    /// Lines with a `#` right before a name, a brace or an indentation are settings; behind `# ` stands prose.
    @Test func itsCommentedExamplesAreReadWithoutAWarning() throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#    ")
                || (line.hasPrefix("#") && line.dropFirst().first.map { $0.isLetter || $0 == "}" } == true)
                ? line.dropFirst() : line
        }
        let configuration = try Configuration(parsing: lines.joined(separator: "\n"), file: path)
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.connections.map(\.name) == ["site-b", "people", "hosts"])
        #expect(configuration.connections.last?.dpdDelay == .seconds(30))
        #expect(configuration.secrets.map(\.name) == ["ike-site-b", "eap-alice"])
        #expect(configuration.pools.map(\.name) == ["hosts4", "hosts6"])
    }

    /// Within the section `iked`, whose other settings are not examples.
    @Test func itsCommentedServersSayTheDefaults() throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("    #") && line.dropFirst(5).first != " " || line.hasPrefix("    #    ")
                ? "    " + line.dropFirst(5) : line
        }
        let configuration = try Configuration(parsing: lines.joined(separator: "\n"), file: path)
        let radius = try #require(configuration.daemon.radius)
        let least = "iked { radius { servers { a { address = 192.0.2.10\n secret = x\n } } } }"
        let defaults = try #require(try Configuration(parsing: least, file: path).daemon.radius)
        #expect(radius.nasIdentifier == defaults.nasIdentifier)
        #expect(radius.accounting == defaults.accounting)
        #expect(radius.accountingInterval == defaults.accountingInterval)
        #expect(radius.retransmitTimeout == defaults.retransmitTimeout)
        #expect(radius.retransmitBase == defaults.retransmitBase)
        #expect(radius.retransmitTries == defaults.retransmitTries)
        #expect(radius.deadTime == defaults.deadTime)
        #expect(radius.servers.map(\.host) == defaults.servers.map(\.host))
        #expect(radius.servers.map(\.authPort) == defaults.servers.map(\.authPort))
        #expect(radius.servers.map(\.acctPort) == defaults.servers.map(\.acctPort))
        #expect(radius.servers.map(\.preference) == defaults.servers.map(\.preference))
    }

    @Test func itMentionsEverySettingThatIsRead() {
        let keys = [
            "tun", "mtu", "key_log", "metrics_listen", "log_level", "log_format", "retransmit_timeout",
            "retransmit_base",
            "retransmit_tries",
            "half_open_timeout", "cookie_threshold", "cookie_threshold_ip", "block_threshold", "init_limit_half_open",
            "puzzle_difficulty", "keep_alive", "port", "port_nat_t", "routing_table",
            "routing_table_prio", "install_routes", "install_dns", "local_addrs", "remote_addrs", "local_port",
            "remote_port",
            "proposals", "encap", "mobike", "dpd_delay", "keyingtries", "rekey_time", "over_time", "rand_time", "auth",
            "id",
            "fragmentation", "fragment_size", "probe_path_mtu", "hash_and_url", "request_window", "tun_gso", "tun_gro",
            "udp_gso",
            "udp_gro", "workers", "pin",
            "esp_proposals", "local_ts", "remote_ts", "life_time", "replay_window", "copy_df", "copy_ecn",
            "copy_dscp", "tfc_padding", "per_cpu_sas", "start_action", "dpd_action", "close_action",
            "rekey_bytes", "life_bytes", "rand_bytes", "rekey_packets", "life_packets", "rand_packets", "secret",
            "addrs", "dns",
            "nas_identifier", "accounting", "accounting_interval", "dead_time", "address", "auth_port", "acct_port",
            "preference",
        ]
        for key in keys {
            #expect(text.contains(" \(key) = "), "the example does not show `\(key)`")
        }
    }
}

import SwanConf
import Testing

@Suite struct DaemonSettingsTests {
    private func settings(_ body: String) throws -> DaemonSettings {
        try Configuration(parsing: "iked { \(body)\n }", file: "iked.conf").daemon
    }

    @Test func theDefaultsAreThoseOfCharon() throws {
        let settings = try Configuration(parsing: "", file: "iked.conf").daemon
        #expect(settings == (try self.settings("")))
        #expect(settings.tun == "iked0")
        #expect(settings.mtu == nil)
        #expect(settings.keyLog == nil)
        #expect(settings.logLevel == .info)
        #expect(settings.retransmitTimeout == .seconds(4))
        #expect(settings.retransmitBase == 1.8)
        #expect(settings.retransmitTries == 5)
        #expect(settings.halfOpenTimeout == .seconds(30))
        #expect(settings.cookieThreshold == 30)
        #expect(settings.cookieThresholdPerPeer == 3)
        #expect(settings.blockThreshold == 5)
        #expect(settings.halfOpenLimit == 0)
        #expect(settings.puzzleDifficulty == 18)
        #expect(settings.keepAlive == .seconds(20))
        #expect(settings.port == 500)
        #expect(settings.portNATT == 4500)
        #expect(settings.routingTable == 220)
        #expect(settings.routingTablePriority == 220)
        #expect(settings.installRoutes)
        #expect(settings.installDNS == .auto)
        #expect(settings.requestWindow == 4)
        #expect(settings.tunGSO && settings.tunGRO && settings.udpGSO && settings.udpGRO)
        #expect(settings.workers == nil)
        #expect(settings.pinning == .no)
        #expect(settings.crashDetection)
        #expect(settings.earlyRekey == .zero)
        #expect(settings.retryInterval == .seconds(10))
        #expect(settings.metricsListen == nil)
        #expect(settings.radius == nil)
    }

    @Test(arguments: ["127.0.0.1:9500", "[::1]:9500", "[2001:db8::1]:1", "unix:/run/iked/metrics.sock"])
    func metricsAreToBeHadAtAnAddressOrAPath(text: String) throws {
        #expect(try settings("metrics_listen = \(text)").metricsListen?.description == text)
    }

    @Test(arguments: [
        "127.0.0.1", "::1:9500", "[127.0.0.1]:9500", "127.0.0.1:0", "127.0.0.1:65536", "localhost:9500", ":9500",
        "unix:metrics.sock", "unix:", "[::1]:", "[::1",
    ])
    func otherPlacesForMetricsAreRefused(text: String) throws {
        let message = try configurationError("iked { metrics_listen = \(text)\n }").message
        #expect(message.contains("`metrics_listen` takes an address and a port"))
    }

    @Test func everySettingIsRead() throws {
        let settings = try settings(
            """
            tun = vpn-0
            mtu = 1400
            key_log = /run/iked/keys
            log_level = Debug
            log_format = journal
            retransmit_timeout = 0.25
            retransmit_base = 2
            retransmit_tries = 3
            half_open_timeout = 1m
            cookie_threshold = 0
            cookie_threshold_ip = 7
            block_threshold = 0
            init_limit_half_open = 100
            puzzle_difficulty = 0
            keep_alive = 0
            port = 1500
            port_nat_t = 1501
            routing_table = 4294967295
            routing_table_prio = 0
            install_routes = no
            request_window = 64
            hash_and_url = yes
            crash_detection = no
            early_rekey = 30s
            retry_initiate_interval = 1m
            tun_gso = no
            tun_gro = no
            udp_gso = no
            udp_gro = no
            workers = 8
            pin = 0-2, 6
            """
        )
        #expect(settings.tun == "vpn-0")
        #expect(settings.mtu == 1400)
        #expect(!settings.crashDetection)
        #expect(!settings.tunGSO && !settings.tunGRO && !settings.udpGSO && !settings.udpGRO)
        #expect(settings.workers == 8)
        #expect(settings.pinning == .processors([0, 1, 2, 6]))
        #expect(settings.earlyRekey == .seconds(30))
        #expect(settings.retryInterval == .seconds(60))
        #expect(settings.keyLog == "/run/iked/keys")
        #expect(settings.logLevel == .debug)
        #expect(settings.logFormat == .journal)
        #expect(settings.retransmitTimeout == .milliseconds(250))
        #expect(settings.retransmitBase == 2)
        #expect(settings.retransmitTries == 3)
        #expect(settings.halfOpenTimeout == .seconds(60))
        #expect(settings.cookieThreshold == 0)
        #expect(settings.cookieThresholdPerPeer == 7)
        #expect(settings.blockThreshold == 0)
        #expect(settings.halfOpenLimit == 100)
        #expect(settings.puzzleDifficulty == 0)
        #expect(settings.keepAlive == .zero)
        #expect(settings.port == 1500)
        #expect(settings.requestWindow == 64)
        #expect(settings.hashAndURL)
        #expect(settings.portNATT == 1501)
        #expect(settings.routingTable == .max)
        #expect(settings.routingTablePriority == 0)
        #expect(!settings.installRoutes)
    }

    @Test(arguments: [
        ("tun = a/b", "`tun` takes the name of a device"),
        ("tun = abcdefghijklmnop", "`tun` takes the name of a device"),
        ("tun = ..", "`tun` takes the name of a device"),
        ("tun = \"\"", "`tun` takes the name of a device"),
        ("mtu = 575", "`mtu` takes a number from 576 to 65535"),
        ("key_log = keys", "`key_log` takes a path from the root"),
        ("retransmit_timeout = 0", "`retransmit_timeout` takes seconds, at least `0.1`"),
        ("retransmit_timeout = 1.2.3", "`retransmit_timeout` takes seconds"),
        ("retransmit_timeout = 1.", "`retransmit_timeout` takes seconds"),
        ("retransmit_base = 0.9", "`retransmit_base` takes a factor"),
        ("retransmit_base = 1e3", "`retransmit_base` takes a factor"),
        ("retransmit_base = nan", "`retransmit_base` takes a factor"),
        ("retransmit_base = .5", "`retransmit_base` takes a factor"),
        ("retransmit_tries = 101", "`retransmit_tries` takes a number from 0 to 100"),
        ("retransmit_tries = 60", "the last wait is longer than a day"),
        ("retransmit_timeout = 86401\n retransmit_tries = 0", "the last wait is longer than a day"),
        ("puzzle_difficulty = 7", "`puzzle_difficulty` takes a number from 8 to 32, or 0 for no puzzles"),
        ("puzzle_difficulty = 33", "`puzzle_difficulty` takes a number from 8 to 32, or 0 for no puzzles"),
        ("init_limit_half_open = 1000001", "`init_limit_half_open` takes a number from 0 to 1000000"),
        ("workers = 0", "`workers` takes `auto` or a number from 1 to 64"),
        ("workers = 65", "`workers` takes `auto` or a number from 1 to 64"),
        ("pin = 3-1", "`pin` takes `yes`, `no` or numbers of processors"),
        ("pin = 0,", "`pin` takes `yes`, `no` or numbers of processors"),
        ("pin = 1024", "`pin` takes `yes`, `no` or numbers of processors"),
        ("port = 4500", "`port` and `port_nat_t` must differ"),
        ("port_nat_t = 500", "`port` and `port_nat_t` must differ"),
        ("routing_table = 0", "`routing_table` takes a number from 1 to 4294967295"),
        ("log_format = xml", "`log_format` takes `text` or `json` or `journal`"),
        ("log_level = verbose", "`log_level` takes `error` or `warning` or `info` or `debug`"),
        ("spi_min = 0xc0000000", "`spi_min` is known to charon, but not supported yet by iked"),
        ("plugins { }", "`plugins` sections are known to charon"),
    ])
    func wrongValuesAreRefused(body: String, expected: String) throws {
        #expect(try configurationError("iked { \(body)\n }").message.contains(expected))
    }

    @Test(
        arguments: [
            ("yes", .all), ("no", .no), ("0", .processors([0])), ("1,0", .processors([1, 0])),
            ("2-3", .processors([2, 3])),
        ] as [(String, DaemonSettings.Pinning)]
    )
    func threadsAreTiedToTheProcessorsNamed(text: String, expected: DaemonSettings.Pinning) throws {
        #expect(try settings("pin = \(text)").pinning == expected)
        #expect(try settings("workers = auto").workers == nil)
    }

    @Test func aKeyLogIsWarnedAbout() throws {
        let warnings = try Configuration(parsing: "iked {\n key_log = /keys\n}", file: "iked.conf").warnings
        #expect(warnings.map(\.summary).first?.hasPrefix("iked.conf:2:2: warning: `key_log` writes the keys") == true)
    }

    @Test func logLevelsAreOrderedByWhatTheyTell() {
        #expect(DaemonSettings.LogLevel.error < .warning)
        #expect(DaemonSettings.LogLevel.info < .debug)
    }
}

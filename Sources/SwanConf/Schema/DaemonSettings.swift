/// Settings of the daemon itself: the section `iked`. Those that charon has, too, have charon's names and defaults.
package struct DaemonSettings: Hashable, Sendable {
    /// `tun`: the name of the TUN device.
    package let tun: String
    /// `mtu`: the MTU of the TUN device; nil to work it out from the path.
    package let mtu: Int?
    /// `key_log`: the path of the file that takes the keys of all SAs, for Wireshark; nil for none.
    package let keyLog: String?
    /// `log_level`: how much is logged.
    package let logLevel: LogLevel
    /// `log_format`: how, and where to.
    package let logFormat: LogFormat
    /// `retransmit_timeout`: how long a request waits for its answer before it is sent again.
    package let retransmitTimeout: Duration
    /// `retransmit_base`: the factor by which each wait is longer than the one before; at least 1.
    package let retransmitBase: Double
    /// `retransmit_tries`: how many times a request is sent again before the peer counts as dead.
    package let retransmitTries: Int
    /// `half_open_timeout`: how long a responder keeps an IKE SA whose initiator stays silent.
    package let halfOpenTimeout: Duration
    /// `cookie_threshold`: the number of half-open IKE SAs from which on initiators must return a cookie
    /// (RFC 7296 section 2.6); zero for never.
    package let cookieThreshold: Int
    /// `cookie_threshold_ip`: the same for the half-open IKE SAs of one peer's address; zero for never.
    package let cookieThresholdPerPeer: Int
    /// `block_threshold`: the number of half-open IKE SAs of one peer's address from which on its requests are dropped; zero
    /// for any number.
    package let blockThreshold: Int
    /// `init_limit_half_open`: the number of half-open IKE SAs from which on requests are dropped; zero for the daemon's own
    /// limit.
    package let halfOpenLimit: Int
    /// `puzzle_difficulty`: how many zero bits a puzzle asks for at most (RFC 8019); zero for no puzzles.
    package let puzzleDifficulty: UInt8
    /// `keep_alive`: how often a NAT's mapping is refreshed (RFC 3948 section 4); zero for never.
    package let keepAlive: Duration
    /// `port`: the UDP port for IKE.
    package let port: UInt16
    /// `port_nat_t`: the port for IKE behind a NAT and for ESP in UDP (RFC 3948); not `port`.
    package let portNATT: UInt16
    /// `routing_table`: the number of the table that takes the routes to remote networks.
    package let routingTable: UInt32
    /// `routing_table_prio`: the priority of the rule that leads to that table.
    package let routingTablePriority: UInt32
    /// `install_routes`: whether routes to remote networks are set at all.
    package let installRoutes: Bool
    /// `install_dns`: whether the name servers that peers name are asked, and whom to tell.
    package let installDNS: InstallDNS
    /// Octets of the largest IP packet that carries an IKE message.
    package let fragmentSize: Int
    /// `probe_path_mtu`: whether it is tried what the paths to peers take (RFC 8899). Not by itself: where a probe is lost, the peer
    /// gets one request in several sizes, which is more than RFC 7296 section 2.1 lets it expect.
    package let probePathMTU: Bool
    /// `hash_and_url`: whether certificates are fetched from where peers say they are (RFC 7296 section 3.6).
    package let hashAndURL: Bool
    /// How many requests of a peer are taken at a time (SET_WINDOW_SIZE, RFC 7296 section 2.3).
    package let requestWindow: UInt32
    /// `retry_initiate_interval`: the pause before what is meant to be up is tried again; zero for never.
    package let retryInterval: Duration
    /// `early_rekey`: when a CHILD SA with a key exchange in its proposals is rekeyed for the first time; zero: when its time
    /// has come.
    package let earlyRekey: Duration
    /// `tun_gso`: whether the TUN device may yield many segments of a flow as one super-packet.
    package let tunGSO: Bool
    /// `tun_gro`: whether packets out of tunnels are merged into super-packets for the TUN device.
    package let tunGRO: Bool
    /// `udp_gso`: whether the kernel cuts up many ESP packets that are handed to it at once (UDP_SEGMENT).
    package let udpGSO: Bool
    /// `udp_gro`: whether the kernel hands over many ESP packets at once (UDP_GRO).
    package let udpGRO: Bool
    /// `workers`: how many threads open packets, and as many seal them; nil for as many as the machine has room for.
    package let workers: Int?
    /// `pin`: which processors these threads are tied to.
    package let pinning: Pinning
    /// `crash_detection`: whether peers get tokens by which they see that this host has lost its SAs (RFC 6290).
    package let crashDetection: Bool
    /// `radius`: servers that EAP is left to; nil for none.
    package let radius: RADIUSConfiguration?
    /// `metrics_listen`: where Prometheus may fetch metrics; nil for nowhere.
    package let metricsListen: ListenAddress?

    /// Which processors threads are tied to.
    package enum Pinning: Hashable, Sendable {
        case no
        /// One after the other, all that there are.
        case all
        /// These, one after the other.
        case processors([Int])
    }

    /// Which program of the host learns of name servers.
    package enum InstallDNS: Hashable, Sendable {
        case no
        /// The one that there is.
        case auto
        case resolvectl
        case resolvconf
    }

    /// How log lines are written.
    package enum LogFormat: Hashable, Sendable {
        /// To standard error, for people.
        case text
        /// To standard error, a JSON object a line.
        case json
        /// To systemd's journal, with fields.
        case journal
    }

    /// How much is logged; each level tells what those before it tell, too.
    package enum LogLevel: Int, Hashable, Sendable, Comparable {
        case error
        case warning
        case info
        case debug

        package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
    }

    /// Reads the section `iked`; an empty one gives the defaults.
    package init(section: Section) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .daemon, path: "iked")
        tun = try Self.deviceName(reader) ?? "iked0"
        mtu = try reader.integer("mtu", in: 576...65535)
        keyLog = try Self.keyLog(reader)
        logLevel =
            try reader.choice(
                "log_level",
                ["error": .error, "warning": .warning, "info": .info, "debug": .debug]
            ) ?? .info
        logFormat =
            try reader.choice("log_format", ["text": .text, "json": .json, "journal": .journal]) ?? .text
        retransmitTimeout = try Self.seconds("retransmit_timeout", reader) ?? .seconds(4)
        retransmitBase = try Self.retransmitBase(reader) ?? 1.8
        retransmitTries = try reader.integer("retransmit_tries", in: 0...100) ?? 5
        halfOpenTimeout = try reader.duration("half_open_timeout") ?? .seconds(30)
        cookieThreshold = try reader.integer("cookie_threshold", in: 0...Int(UInt32.max)) ?? 30
        cookieThresholdPerPeer = try reader.integer("cookie_threshold_ip", in: 0...Int(UInt32.max)) ?? 3
        blockThreshold = try reader.integer("block_threshold", in: 0...Int(UInt32.max)) ?? 5
        halfOpenLimit = try reader.integer("init_limit_half_open", in: 0...1_000_000) ?? 0
        puzzleDifficulty = try Self.puzzleDifficulty(reader) ?? 18
        keepAlive = try reader.duration("keep_alive") ?? .seconds(20)
        port = try reader.integer("port", in: 1...UInt16.max) ?? 500
        portNATT = try reader.integer("port_nat_t", in: 1...UInt16.max) ?? 4500
        routingTable = try reader.integer("routing_table", in: 1...UInt32.max) ?? 220
        routingTablePriority = try reader.integer("routing_table_prio", in: 0...UInt32.max) ?? 220
        installRoutes = try reader.boolean("install_routes") ?? true
        installDNS =
            try reader.choice(
                "install_dns",
                ["auto": .auto, "yes": .auto, "no": .no, "resolvectl": .resolvectl, "resolvconf": .resolvconf]
            ) ?? .auto
        fragmentSize = try reader.integer("fragment_size", in: 576...65535) ?? 1280
        probePathMTU = try reader.boolean("probe_path_mtu") ?? false
        hashAndURL = try reader.boolean("hash_and_url") ?? false
        requestWindow = try reader.integer("request_window", in: 1...64) ?? 4
        tunGSO = try reader.boolean("tun_gso") ?? true
        tunGRO = try reader.boolean("tun_gro") ?? true
        udpGSO = try reader.boolean("udp_gso") ?? true
        udpGRO = try reader.boolean("udp_gro") ?? true
        workers = try Self.workers(reader)
        pinning = try Self.pinning(reader) ?? .no
        crashDetection = try reader.boolean("crash_detection") ?? true
        metricsListen = try reader.read(
            "metrics_listen",
            "an address and a port, such as `127.0.0.1:9500` or `[::1]:9500`, or `unix:` and a path from the root"
        ) { ListenAddress($0) }
        retryInterval = try reader.duration("retry_initiate_interval") ?? .seconds(10)
        earlyRekey = try reader.duration("early_rekey") ?? .zero
        if let servers = section.section("radius") {
            radius = try RADIUSConfiguration(section: servers)
        } else {
            radius = nil
        }
        try checkRetransmission(reader)
        try checkPorts(reader)
    }
}

// MARK: - Reading

extension DaemonSettings {
    /// The longest wait for an answer that is meant: a day.
    private static let longestWait = 86400.0

    /// What Linux takes as the name of a device: up to 15 octets without blanks, slashes and colons.
    private static func deviceName(_ reader: SectionReader) throws(ConfigurationError) -> String? {
        try reader.read("tun", "the name of a device, 1 to 15 letters, digits, `-`, `_` or `.`") { text in
            let allowed = text.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
            return allowed && (1...15).contains(text.utf8.count) && text != "." && text != ".." ? text : nil
        }
    }

    private static func workers(_ reader: SectionReader) throws(ConfigurationError) -> Int? {
        guard try reader.value("workers")?.text != "auto" else { return nil }
        return try reader.read("workers", "`auto` or a number from 1 to 64") { text in
            Int(text).flatMap { (1...64).contains($0) ? $0 : nil }
        }
    }

    private static func pinning(_ reader: SectionReader) throws(ConfigurationError) -> Pinning? {
        try reader.read("pin", "`yes`, `no` or numbers of processors such as `0-3,6`") { text in
            if let all = Scalars.boolean(text), Int(text) == nil { return all ? .all : .no }
            return processors(text).map { .processors($0) }
        }
    }

    /// Numbers and ranges of numbers, between commas.
    private static func processors(_ text: String) -> [Int]? {
        var processors: [Int] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { end in
                Int(String(end.drop { $0 == " " })).flatMap { (0..<1024).contains($0) ? $0 : nil }
            }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else { return nil }
            processors += first...last
        }
        return processors
    }

    private static func keyLog(_ reader: SectionReader) throws(ConfigurationError) -> String? {
        try reader.read("key_log", "a path from the root, such as `/run/iked/keys`") { text in
            text.hasPrefix("/") ? text : nil
        }
    }

    private static func seconds(_ key: String, _ reader: SectionReader) throws(ConfigurationError) -> Duration? {
        try reader.read(key, "seconds, at least `0.1`") { text in
            Scalars.preciseDuration(text).flatMap { $0 >= .milliseconds(100) ? $0 : nil }
        }
    }

    /// RFC 8019 section 4.4 excludes puzzles below 8 bits; above 32 nobody finds four solutions while a cookie lives.
    private static func puzzleDifficulty(_ reader: SectionReader) throws(ConfigurationError) -> UInt8? {
        try reader.read("puzzle_difficulty", "a number from 8 to 32, or 0 for no puzzles") { text in
            UInt8(text).flatMap { $0 == 0 || (8...32).contains($0) ? $0 : nil }
        }
    }

    private static func retransmitBase(_ reader: SectionReader) throws(ConfigurationError) -> Double? {
        try reader.read("retransmit_base", "a factor from `1.0` to `10.0`") { text in
            Scalars.decimal(text).flatMap { (1.0...10.0).contains($0) ? $0 : nil }
        }
    }

    // MARK: - Cross checks

    /// The waits grow as powers, and no sum of them may leave the range of times.
    private func checkRetransmission(_ reader: SectionReader) throws(ConfigurationError) {
        var wait = retransmitTimeout / .seconds(1)
        for _ in 0..<retransmitTries {
            wait *= retransmitBase
        }
        guard wait > Self.longestWait else { return }
        let message = "with these retransmissions the last wait is longer than a day"
        for key in ["retransmit_tries", "retransmit_base", "retransmit_timeout"] {
            if let value = try reader.value(key) {
                throw value.failure(message)
            }
        }
        throw reader.failure(message)
    }

    private func checkPorts(_ reader: SectionReader) throws(ConfigurationError) {
        guard port == portNATT else { return }
        let message = "`port` and `port_nat_t` must differ"
        throw try reader.value("port_nat_t")?.failure(message) ?? reader.failure(message)
    }
}

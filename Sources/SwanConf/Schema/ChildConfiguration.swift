package import IKEWire
import Inet

/// How CHILD SAs of a connection come about: a section of `children`.
package struct ChildConfiguration: Hashable, Sendable {
    /// The section's name, unique among the children of a connection; never empty.
    package let name: String
    /// In the order of preference, numbered from 1; never empty.
    package let espProposals: [Proposal]
    /// What is carried at this end; never empty.
    package let localTrafficSelectors: [TrafficSelectorTemplate]
    /// What is carried at the peer's end; never empty.
    package let remoteTrafficSelectors: [TrafficSelectorTemplate]
    /// The age at which the CHILD SA is rekeyed; zero for never.
    package let rekeyTime: Duration
    /// The age at which it ends; zero for never. More than `rekeyTime` unless it is zero.
    package let lifeTime: Duration
    /// A random time up to this is taken off `rekeyTime`. Less than `rekeyTime` unless that is zero.
    package let randTime: Duration
    package let byteLimits: VolumeLimits
    package let packetLimits: VolumeLimits
    /// How many packets back a late one is accepted: a multiple of 32 up to 4096; zero to accept replayed packets.
    package let replayWindow: Int
    /// Whether the outer header takes over the inner one's DF bit (IPv4).
    package let copyDF: Bool
    /// Whether congestion marks cross the tunnel (RFC 6040).
    package let copyECN: Bool
    /// Where the class of service crosses the tunnel.
    package let copyDSCP: CopyDSCP
    /// How long every packet of the tunnel is made at least.
    package let tfcPadding: TFCPadding
    /// Whether each thread that sends is to have a CHILD SA of its own (RFC 9611).
    package let hasPerCPUSAs: Bool
    /// What happens when the configuration is loaded.
    package let startAction: StartAction
    /// What happens when the peer is found dead.
    package let dpdAction: DPDAction
    package let closeAction: CloseAction
    /// The program that is run when the CHILD SA comes up and goes down, and its arguments; nil for none.
    package let updown: [String]?

    /// Whether it is negotiated without anybody asking for it.
    package var isMeantToBeUp: Bool {
        startAction.isInitiated || dpdAction == .restart || closeAction == .restart
    }

    /// In which direction a packet keeps its class of service across the tunnel.
    package enum CopyDSCP: Hashable, Sendable {
        /// From the inner to the outer header, when a packet is sealed.
        case out
        /// From the outer to the inner header, when a packet was opened.
        case `in`
        case both
        case none
    }

    /// Whether packets tell their lengths to those who watch (RFC 4303 section 2.7).
    package enum TFCPadding: Hashable, Sendable {
        case none
        /// Octets that shorter inner packets are filled up to; at least 1.
        case octets(Int)
        /// All packets are as long as the path takes.
        case pathMTU
    }

    /// What happens to the CHILD SA when its configuration is loaded.
    package enum StartAction: Hashable, Sendable {
        /// It waits for the peer or for a command.
        case none
        /// It is initiated.
        case start
        /// It is initiated by the first packet that wants it.
        case trap
        /// Both: it is initiated, and by a packet again when it is gone.
        case trapAndStart

        package var isInitiated: Bool { self == .start || self == .trapAndStart }
        package var isTrapped: Bool { self == .trap || self == .trapAndStart }
    }

    /// What happens to the CHILD SA when the peer is found dead.
    package enum DPDAction: Hashable, Sendable {
        /// It is closed.
        case clear
        /// The next packet that wants it brings it back.
        case trap
        /// It is negotiated anew, as often as `keyingtries` says.
        case restart
    }

    /// What happens to the CHILD SA when the peer closes it.
    package enum CloseAction: Hashable, Sendable {
        case none
        /// The next packet that wants it brings it back.
        case trap
        /// It is negotiated anew.
        case restart
    }

    /// - Parameter path: dotted names of the section, for errors where there is no file.
    init(
        name: String,
        section: Section,
        path: String,
        _ readings: ConnectionReadings
    ) throws(ConfigurationError) {
        let reader = try SectionReader(section, as: .child, path: path)
        guard !name.isEmpty else { throw reader.failure("a child needs a name") }
        self.name = name
        espProposals = try ProposalLists.read(
            "esp_proposals",
            of: reader,
            protocolID: .esp,
            default: Proposal.defaultESP,
            readings
        )
        localTrafficSelectors = try Self.selectors("local_ts", reader, readings)
        remoteTrafficSelectors = try Self.selectors("remote_ts", reader, readings)
        (rekeyTime, lifeTime) = try Self.lifetimes(reader)
        randTime = try Lifetime.randTime(reader, rekeyTime: rekeyTime, default: max(lifeTime - rekeyTime, .zero))
        byteLimits = try VolumeLimits(rekey: "rekey_bytes", life: "life_bytes", rand: "rand_bytes", reader)
        packetLimits = try VolumeLimits(
            rekey: "rekey_packets",
            life: "life_packets",
            rand: "rand_packets",
            reader
        )
        replayWindow = try Self.replayWindow(reader)
        copyDF = try reader.boolean("copy_df") ?? true
        copyECN = try reader.boolean("copy_ecn") ?? true
        copyDSCP = try Self.copyDSCP(reader)
        tfcPadding = try Self.tfcPadding(reader)
        try reader.refuse(["encap"], of: "per_cpu_sas")
        hasPerCPUSAs = try reader.boolean("per_cpu_sas") ?? false
        startAction = try Self.startAction(reader)
        updown = try Self.updown(reader)
        dpdAction = try Self.dpdAction(reader)
        closeAction = try Self.closeAction(reader)
        try checkFamilies(reader)
    }
}

// MARK: - Reading

extension ChildConfiguration {
    private static func selectors(
        _ key: String,
        _ reader: SectionReader,
        _ readings: ConnectionReadings
    ) throws(ConfigurationError) -> [TrafficSelectorTemplate] {
        let everything = [TrafficSelectorTemplate.dynamic(protocolID: .any, ports: .any)]
        guard let setting = reader.section.setting(key) else { return everything }
        return try readings.selectors.reading(of: setting) { () throws(ConfigurationError) in
            try reader.list(key).map { (values) throws(ConfigurationError) in try selectors(values, of: key) }
                ?? everything
        }
    }

    private static func selectors(
        _ values: [SettingText],
        of key: String
    ) throws(ConfigurationError) -> [TrafficSelectorTemplate] {
        var selectors: [TrafficSelectorTemplate] = []
        for value in values {
            // A payload counts its selectors in one octet (RFC 7296 section 3.13).
            guard selectors.count < UInt8.max else {
                throw value.failure("`\(key)` takes no more than \(UInt8.max) selectors")
            }
            selectors.append(try TrafficSelectorTemplate(value))
        }
        return selectors
    }

    /// Each time derives from the other: `rekey_time` is 10 % less than `life_time`, or that 10 % more.
    private static func lifetimes(_ reader: SectionReader) throws(ConfigurationError) -> (Duration, Duration) {
        let life = try reader.duration("life_time")
        guard let rekey = try reader.duration("rekey_time") else {
            let rekey = life.map { $0 - $0 / 10 } ?? .seconds(3600)
            return (rekey, life ?? rekey + rekey / 10)
        }
        guard let life else { return (rekey, rekey + rekey / 10) }
        if life != .zero, rekey >= life, let value = try reader.value("rekey_time") {
            throw value.failure("`rekey_time` must be shorter than `life_time`, or the SA ends before it is rekeyed")
        }
        return (rekey, life)
    }

    /// Rounded up to a multiple of 32, as the window is a ring of words.
    private static func replayWindow(_ reader: SectionReader) throws(ConfigurationError) -> Int {
        let packets = try reader.integer("replay_window", in: 0...4096) ?? 32
        return (packets + 31) / 32 * 32
    }

    private static func copyDSCP(_ reader: SectionReader) throws(ConfigurationError) -> CopyDSCP {
        try reader.choice("copy_dscp", ["out": .out, "in": .in, "yes": .both, "no": .none]) ?? .out
    }

    private static func tfcPadding(_ reader: SectionReader) throws(ConfigurationError) -> TFCPadding {
        try reader.read("tfc_padding", "octets up to 65535, or `mtu` for all that the path takes") { text in
            guard text.lowercased() != "mtu" else { return .pathMTU }
            return Scalars.integer(text).flatMap { $0 <= 65535 ? Int($0) : nil }.map { $0 == 0 ? .none : .octets($0) }
        } ?? .none
    }

    private static func startAction(_ reader: SectionReader) throws(ConfigurationError) -> StartAction {
        try reader.choice(
            "start_action",
            [
                "none": .none, "start": .start, "trap": .trap, "route": .trap,
                "trap|start": .trapAndStart, "start|trap": .trapAndStart,
            ]
        ) ?? .none
    }

    /// Words between blanks; no shell reads them.
    private static func updown(_ reader: SectionReader) throws(ConfigurationError) -> [String]? {
        try reader.read("updown", "the path of a program from the root, and arguments for it") { text in
            let words = text.split { $0 == " " || $0 == "\t" }.map(String.init)
            return words.first?.hasPrefix("/") == true ? words : nil
        }
    }

    private static func dpdAction(_ reader: SectionReader) throws(ConfigurationError) -> DPDAction {
        try reader.choice(
            "dpd_action",
            [
                "clear": .clear, "none": .clear, "trap": .trap, "route": .trap,
                "start": .restart, "restart": .restart,
            ]
        ) ?? .clear
    }

    private static func closeAction(_ reader: SectionReader) throws(ConfigurationError) -> CloseAction {
        try reader.choice(
            "close_action",
            [
                "none": .none, "clear": .none, "trap": .trap, "route": .trap,
                "start": .restart, "restart": .restart,
            ]
        ) ?? .none
    }

    // MARK: - Cross checks

    private func checkFamilies(_ reader: SectionReader) throws(ConfigurationError) {
        let meet = AddressFamilies.meet(localTrafficSelectors.map(\.family), remoteTrafficSelectors.map(\.family))
        if !meet, let value = try reader.list("remote_ts")?.first {
            throw value.failure("no selector of `remote_ts` is of a family that `local_ts` has")
        }
    }
}

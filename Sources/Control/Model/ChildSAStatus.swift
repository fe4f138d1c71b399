import VICI

/// One CHILD SA as the daemon's `list-sa` event tells it. An object like its IKE SA.
final class ChildSAStatus {
    /// What went one way through the SA.
    struct Traffic {
        var spi: String?
        var bytes: UInt64
        var packets: UInt64
        /// Seconds since the last packet; nil before the first.
        var idle: Int?
    }

    var name: String
    var uniqueID: Int?
    var reqID: Int?
    /// In lower case: `installed`, `rekeying`, `deleting`.
    var state: String
    var mode: String?
    var networkProtocol: String?
    var isUDPEncapsulated: Bool
    var hasExtendedSequenceNumbers: Bool
    /// The thread that alone sends on it, if it is one of several for the same traffic.
    var cpu: Int?
    var suite: Suite
    var inbound: Traffic
    var outbound: Traffic
    /// Seconds.
    var age: Int?
    var rekeyIn: Int?
    var endsIn: Int?
    var localSelectors: [String]
    var remoteSelectors: [String]
    var replayDrops: UInt64
    var authenticationFailures: UInt64
    var selectorDrops: UInt64
    var mtu: Int?
    var pathMTU: Int?

    /// - Parameter key: the name of its section, which stands in when the name is not said inside.
    init(key: String, _ message: VICIMessage) {
        name = message["name"] ?? key
        uniqueID = message.number("uniqueid")
        reqID = message.number("reqid")
        state = message["state"]?.lowercased() ?? "unknown"
        mode = message["mode"]
        networkProtocol = message["protocol"]
        isUDPEncapsulated = message.flag("encap")
        hasExtendedSequenceNumbers = message.flag("esn")
        cpu = message.number("cpu")
        suite = Suite(message)
        inbound = Traffic(message, .inbound)
        outbound = Traffic(message, .outbound)
        age = message.number("install-time")
        rekeyIn = message.number("rekey-time")
        endsIn = message.number("life-time")
        localSelectors = message.list("local-ts") ?? []
        remoteSelectors = message.list("remote-ts") ?? []
        replayDrops = message.number("replay-drops") ?? 0
        authenticationFailures = message.number("auth-failures") ?? 0
        selectorDrops = message.number("selector-drops") ?? 0
        mtu = message.number("mtu")
        pathMTU = message.number("path-mtu")
    }

    /// Whether packets go through.
    var isUp: Bool { state == "installed" || state == "rekeying" }

    /// Seconds since the last packet in either direction; nil before the first.
    var lastUse: Int? { [inbound.idle, outbound.idle].compactMap { $0 }.min() }

    /// Inbound packets refused for any reason.
    var drops: UInt64 {
        [replayDrops, authenticationFailures, selectorDrops].reduce(0) { sum, next in
            let (total, overflow) = sum.addingReportingOverflow(next)
            return overflow ? .max : total
        }
    }
}

extension ChildSAStatus.Traffic {
    /// What the daemon calls what it tells of a direction.
    struct Keys {
        let spi, bytes, packets, idle: String

        static let inbound = Keys(direction: "in")
        static let outbound = Keys(direction: "out")

        private init(direction: String) {
            spi = "spi-\(direction)"
            bytes = "bytes-\(direction)"
            packets = "packets-\(direction)"
            idle = "use-\(direction)"
        }
    }

    init(_ message: VICIMessage, _ keys: Keys) {
        spi = message[keys.spi]
        bytes = message.number(keys.bytes) ?? 0
        packets = message.number(keys.packets) ?? 0
        idle = message.number(keys.idle)
    }
}

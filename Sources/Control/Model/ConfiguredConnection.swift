import VICI

/// One connection of the daemon's configuration, as its `list-conn` event tells it. An object, like the SAs that it has.
final class ConfiguredConnection {
    /// What one end shows the other to prove its identity.
    struct Authentication {
        /// `pre-shared key`, `public key`, `EAP`.
        var method: String?
        var identity: String?
    }

    struct Child {
        var name: String
        var mode: String?
        var localSelectors: [String]
        var remoteSelectors: [String]
        var proposals: [String]
        /// Seconds; nil for never.
        var rekeyTime: Int?
        var lifetime: Int?
        /// `none`, `trap`, `start` or `trap|start`.
        var startAction: String?
        var dpdAction: String?
        var closeAction: String?
        /// Whether packets bring the SA up now, so that being down is its ordinary state.
        var isTrapped = false
    }

    var name: String
    var localAddresses: [String]
    var remoteAddresses: [String]
    var localPort: Int?
    var remotePort: Int?
    var version: String?
    var local: [Authentication]
    var remote: [Authentication]
    var proposals: [String]
    /// Seconds; nil for never.
    var rekeyTime: Int?
    var lifetime: Int?
    var dpdDelay: Int?
    var children: [Child]

    init(name: String, _ message: VICIMessage) {
        self.name = name
        localAddresses = message.list("local_addrs") ?? []
        remoteAddresses = message.list("remote_addrs") ?? []
        localPort = message.number("local_port")
        remotePort = message.number("remote_port")
        version = message["version"]
        local = []
        remote = []
        proposals = message.list("proposals") ?? []
        rekeyTime = message.period("rekey_time")
        lifetime = message.period("life_time")
        dpdDelay = message.period("dpd_delay")
        children = []
        for (name, section) in message.sections {
            if name.hasPrefix("local-") {
                local.append(Authentication(section))
            } else if name.hasPrefix("remote-") {
                remote.append(Authentication(section))
            } else if name == "children" {
                children += section.sections.map { Child(name: $0.name, $0.section) }
            }
        }
    }

    /// Whether this end cannot start the negotiation, because no single peer is named.
    var waitsForPeers: Bool {
        remoteAddresses.allSatisfy { address in
            address.hasPrefix("%any") || address.utf8.contains(UInt8(ascii: "/")) || address == "0.0.0.0"
                || address == "::"
        }
    }
}

extension ConfiguredConnection.Authentication {
    init(_ message: VICIMessage) {
        method = message["class"]
        identity = message["id"]
    }
}

extension ConfiguredConnection.Child {
    init(name: String, _ message: VICIMessage) {
        self.name = name
        mode = message["mode"]
        localSelectors = message.list("local-ts") ?? []
        remoteSelectors = message.list("remote-ts") ?? []
        proposals = message.list("esp_proposals") ?? []
        rekeyTime = message.period("rekey_time")
        lifetime = message.period("life_time")
        startAction = message["start_action"]
        dpdAction = message["dpd_action"]
        closeAction = message["close_action"]
    }
}

extension VICIMessage {
    /// A number of seconds where zero says never.
    fileprivate func period(_ name: String) -> Int? {
        number(name).flatMap { $0 > 0 ? $0 : nil }
    }
}

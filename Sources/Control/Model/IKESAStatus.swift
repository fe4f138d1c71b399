import VICI

/// One IKE SA as the daemon's `list-sa` event tells it.
struct IKESAStatus {
    /// One end of the IKE SA.
    struct End {
        var identity: String?
        var host: String?
        var port: Int?
        /// How this end authenticated: `pre-shared key`.
        var authentication: String?
        var isBehindNAT: Bool

        /// `192.0.2.1:4500`, `[2001:db8::1]:4500`.
        var address: String? {
            guard let host else { return nil }
            let bracketed = host.contains(":") ? "[\(host)]" : host
            return port.map { "\(host.contains(":") ? bracketed : host):\($0)" } ?? host
        }
    }

    /// The name of its connection.
    var connection: String
    var uniqueID: Int?
    /// In lower case: `created`, `connecting`, `established`, `rekeying`, `deleting`.
    var state: String
    var isInitiator: Bool
    var local: End
    var remote: End
    var initiatorSPI: String?
    var responderSPI: String?
    var suite: Suite
    /// Seconds.
    var age: Int?
    var rekeyIn: Int?
    var endsIn: Int?
    var lifetime: Int?
    /// Of the request that waits for its answer now.
    var retransmits: Int
    var children: [ChildSAStatus]

    init(connection: String, _ message: VICIMessage) {
        self.connection = connection
        uniqueID = message.number("uniqueid")
        state = message["state"]?.lowercased() ?? "unknown"
        isInitiator = message.flag("initiator")
        local = End(message, side: "local")
        remote = End(message, side: "remote")
        initiatorSPI = message["initiator-spi"]
        responderSPI = message["responder-spi"]
        suite = Suite(message)
        age = message.number("established")
        rekeyIn = message.number("rekey-time")
        endsIn = message.number("life-time")
        lifetime = message.number("life-total")
        retransmits = message.number("retransmits") ?? 0
        children = message.section("child-sas")?.sections.map { ChildSAStatus(key: $0.name, $0.section) } ?? []
    }

    /// Whether both ends are authenticated and the SA is not on its way out.
    var isUp: Bool { state == "established" || state == "rekeying" }
}

extension IKESAStatus.End {
    init(_ message: VICIMessage, side: String) {
        identity = message["\(side)-id"]
        host = message["\(side)-host"]
        port = message.number("\(side)-port")
        authentication = message["\(side)-auth"]
        isBehindNAT = message.flag("nat-\(side)")
    }
}

/// The algorithms that were negotiated for an SA, in the registries' names.
struct Suite {
    var encryption: String?
    /// Bits.
    var encryptionKeySize: Int?
    var integrity: String?
    var integrityKeySize: Int?
    var prf: String?
    var keyExchange: String?

    init(_ message: VICIMessage) {
        encryption = message["encr-alg"]
        encryptionKeySize = message.number("encr-keysize")
        integrity = message["integ-alg"]
        integrityKeySize = message.number("integ-keysize")
        prf = message["prf-alg"]
        keyExchange = message["dh-group"]
    }

    /// The cipher with its key length, and what protects integrity when the cipher does not: `AES_GCM_16_256`,
    /// `AES_CBC_256 + HMAC_SHA2_256_128`.
    var cipher: String? {
        guard let encryption else { return nil }
        let sized = encryptionKeySize.map { "\(encryption)_\($0)" } ?? encryption
        return integrity.map { "\(sized) + \($0)" } ?? sized
    }
}

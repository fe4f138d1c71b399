import VICI

/// One IKE SA as the daemon's `list-sa` event tells it. An object, since a copy of its texts would cost more than making it.
final class IKESAStatus {
    /// One end of the IKE SA.
    struct End {
        var identity: String?
        var host: String?
        var port: Int?
        /// How this end authenticated: `pre-shared key`.
        var authentication: String?
        /// What it proved after that: `ada@example.org (EAP-MSCHAPv2)`.
        var laterRounds: [String]
        var isBehindNAT: Bool

        /// `192.0.2.1:4500`, `[2001:db8::1]:4500`.
        var address: String? {
            guard let host else { return nil }
            guard let port else { return host }
            return host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
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
    /// Where an end proved itself by EAP.
    var eap: EAPStatus?
    /// Seconds.
    var age: Int?
    var rekeyIn: Int?
    var endsIn: Int?
    var lifetime: Int?
    /// Of the request that waits for its answer now.
    var retransmits: Int
    /// Whom the peer says to ask for names, for which domains (none: all), and who answers over an encrypted transport.
    var dnsServers: [String]
    var dnsDomains: [String]
    var encryptedDNS: [String]
    var children: [ChildSAStatus]

    init(connection: String, _ message: VICIMessage) {
        self.connection = connection
        uniqueID = message.number("uniqueid")
        state = message["state"]?.lowercased() ?? "unknown"
        isInitiator = message.flag("initiator")
        local = End(message, .local)
        remote = End(message, .remote)
        initiatorSPI = message["initiator-spi"]
        responderSPI = message["responder-spi"]
        suite = Suite(message)
        eap = EAPStatus(message)
        age = message.number("established")
        rekeyIn = message.number("rekey-time")
        endsIn = message.number("life-time")
        lifetime = message.number("life-total")
        retransmits = message.number("retransmits") ?? 0
        dnsServers = message.list("dns-servers") ?? []
        dnsDomains = message.list("dns-domains") ?? []
        encryptedDNS = message.list("encrypted-dns") ?? []
        children = message.section("child-sas")?.sections.map { ChildSAStatus(key: $0.name, $0.section) } ?? []
    }

    /// Whether both ends are authenticated and the SA is not on its way out.
    var isUp: Bool { state == "established" || state == "rekeying" }
}

extension IKESAStatus.End {
    /// What the daemon calls what it tells of an end.
    struct Keys {
        let identity, host, port, authentication, laterRounds, isBehindNAT: String

        static let local = Keys(side: "local")
        static let remote = Keys(side: "remote")

        private init(side: String) {
            identity = "\(side)-id"
            host = "\(side)-host"
            port = "\(side)-port"
            authentication = "\(side)-auth"
            laterRounds = "\(side)-rounds"
            isBehindNAT = "nat-\(side)"
        }
    }

    init(_ message: VICIMessage, _ keys: Keys) {
        identity = message[keys.identity]
        host = message[keys.host]
        port = message.number(keys.port)
        authentication = message[keys.authentication]
        laterRounds = message.list(keys.laterRounds) ?? []
        isBehindNAT = message.flag(keys.isBehindNAT)
    }
}

/// How an end proved itself by EAP.
struct EAPStatus {
    /// `MSCHAPV2`, `TLS`, `TTLS` or another one that an authentication server has chosen.
    var method: String
    var user: String?
    /// `TLS 1.3`, where the method has TLS.
    var tlsVersion: String?
    /// The registry's name.
    var cipherSuite: String?
    /// What became of the client's certificate, in words.
    var clientCertificate: String?

    /// Nil where there was no EAP.
    init?(_ message: VICIMessage) {
        guard let method = message["eap-method"] else { return nil }
        self.method = method
        user = message["remote-eap-id"] ?? message["local-eap-id"]
        tlsVersion = message["tls-version"]
        cipherSuite = message["tls-cipher"]
        clientCertificate = message["tls-client-certificate"]
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

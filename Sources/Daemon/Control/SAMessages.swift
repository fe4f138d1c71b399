import ESP
import IKECore
import IKECrypto
import IKEWire
import Inet
import VICI

// SAs as VICI messages, with strongSwan's key names; Sources/VICI/README.md lists them.

extension IKESASummary {
    /// The section that `list-sa`, `ike-updown` and `child-updown` carry, under the connection's name.
    func message(children: [VICIMessage.Entry]?) -> VICIMessage {
        var section = identityMessage
        section.append(contentsOf: algorithmMessage)
        section.appendTime("established", age)
        section.appendTime("rekey-time", timeToRekey)
        section.appendTime("reauth-time", timeToReauthentication)
        section.appendTime("life-time", timeToExpiry)
        section.appendTime("life-total", lifetime)
        if let localAuthentication { section.append("local-auth", .text(localAuthentication.description)) }
        if let remoteAuthentication { section.append("remote-auth", .text(remoteAuthentication.description)) }
        if let eap { section.append(contentsOf: eap.message) }
        for end in [LaterRound.End.local, .remote] {
            let rounds = laterRounds.filter { $0.end == end }.map { "\($0.identity) (\($0.kind))" }
            if !rounds.isEmpty { section.append(end == .local ? "local-rounds" : "remote-rounds", .texts(rounds)) }
        }
        if !localVirtual.isEmpty { section.append("local-vips", .texts(localVirtual.map(\.description))) }
        if !remoteVirtual.isEmpty { section.append("remote-vips", .texts(remoteVirtual.map(\.description))) }
        if !dns.servers.isEmpty { section.append("dns-servers", .texts(dns.servers.map(\.description))) }
        if !dns.domains.isEmpty { section.append("dns-domains", .texts(dns.domains)) }
        if !dns.encrypted.isEmpty { section.append("encrypted-dns", .texts(dns.encrypted.map(\.description))) }
        section.append("retransmits", .number(retransmissions))
        if let children { section.append("child-sas", .section(VICIMessage(entries: children))) }
        return VICIMessage(entries: [.init(connection ?? "(unnamed)", .section(section))])
    }

    private var identityMessage: VICIMessage {
        var section: VICIMessage = [
            "uniqueid": .number(id),
            "version": "2",
            "state": .text(state.rawValue),
            "local-host": .text(local.address.description),
            "local-port": .number(local.port),
        ]
        if let localIdentity { section.append("local-id", .text(localIdentity.description)) }
        section.append("remote-host", .text(remote.address.description))
        section.append("remote-port", .number(remote.port))
        if let remoteIdentity { section.append("remote-id", .text(remoteIdentity.description)) }
        if let eap, !eap.identity.isEmpty {
            // Of the end that was asked.
            section.append(role == .initiator ? "local-eap-id" : "remote-eap-id", .value(eap.identity))
        }
        section.appendFlag("initiator", role == .initiator)
        section.append("initiator-spi", .text(spiI.description))
        section.append("responder-spi", .text(spiR.description))
        section.appendFlag("nat-local", nat.isLocalBehindNAT)
        section.appendFlag("nat-remote", nat.isRemoteBehindNAT)
        section.appendFlag("nat-any", nat.isLocalBehindNAT || nat.isRemoteBehindNAT)
        section.appendFlag("nat-fake", nat.isForced)
        return section
    }

    private var algorithmMessage: VICIMessage { proposal?.algorithmMessage ?? [:] }
}

extension EAPOutcome {
    /// Keys of ours: the method that was used, and what it settled within TLS.
    fileprivate var message: VICIMessage {
        var section: VICIMessage = ["eap-method": .text(method.description)]
        if let tls {
            section.append("tls-version", .text(tls.version.description))
            section.append("tls-cipher", .text(tls.cipherSuite))
            section.append("tls-client-certificate", .text(tls.clientCertificate.words))
        }
        return section
    }
}

extension TLSSummary.ClientCertificate {
    fileprivate var words: String {
        switch self {
        case .notRequested: "not asked for"
        case .notGiven: "asked for, not given"
        case .given: "given and verified"
        }
    }
}

/// What the data plane counts for a CHILD SA.
struct Traffic {
    var bytesIn: UInt64 = 0
    var packetsIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var packetsOut: UInt64 = 0
    /// Since the last packet; nil before the first.
    var idleIn: Duration?
    var idleOut: Duration?
    var replayed: UInt64 = 0
    var unauthentic: UInt64 = 0
    var outsideSelectors: UInt64 = 0
    /// Of the tunnel, and of the path that it goes along.
    var mtu: Int?
    var pathMTU: Int?
}

extension ChildSASummary {
    func entry(_ traffic: Traffic?) -> VICIMessage.Entry {
        var section: VICIMessage = [
            "name": .text(childSA.name),
            "uniqueid": .number(childSA.id),
            "reqid": .number(childSA.id),
            "state": .text(state),
            "mode": "TUNNEL",
            "protocol": "ESP",
        ]
        section.appendFlag("encap", childSA.usesUDP)
        section.append("spi-in", .text(childSA.inboundSPI.description))
        section.append("spi-out", .text(childSA.outboundSPI.description))
        section.append(contentsOf: childSA.proposal.algorithmMessage)
        if childSA.usesESN { section.append("esn", "1") }
        if let traffic { section.append(contentsOf: traffic.message) }
        section.appendTime("rekey-time", timeToRekey)
        section.appendTime("life-time", timeToExpiry)
        section.appendTime("install-time", age)
        section.append("local-ts", .texts(childSA.localSelectors.map(\.description)))
        section.append("remote-ts", .texts(childSA.remoteSelectors.map(\.description)))
        return VICIMessage.Entry("\(childSA.name)-\(childSA.id)", .section(section))
    }
}

extension Traffic {
    fileprivate var message: VICIMessage {
        var section: VICIMessage = ["bytes-in": .number(bytesIn), "packets-in": .number(packetsIn)]
        section.appendTime("use-in", idleIn)
        section.append("bytes-out", .number(bytesOut))
        section.append("packets-out", .number(packetsOut))
        section.appendTime("use-out", idleOut)
        section.append("replay-drops", .number(replayed))
        section.append("auth-failures", .number(unauthentic))
        section.append("selector-drops", .number(outsideSelectors))
        if let mtu { section.append("mtu", .number(mtu)) }
        if let pathMTU { section.append("path-mtu", .number(pathMTU)) }
        return section
    }
}

extension Proposal {
    /// `encr-alg` and its companions.
    fileprivate var algorithmMessage: VICIMessage {
        var section: VICIMessage = [:]
        if let cipher = encryption.first {
            section.append("encr-alg", .text(EncryptionAlgorithm(rawValue: cipher.id).description))
            if let bits = cipher.keyLength { section.append("encr-keysize", .number(bits)) }
        }
        if let algorithm = integrity.first, algorithm.id != 0 {
            section.append("integ-alg", .text(IntegrityAlgorithm(rawValue: algorithm.id).description))
        }
        if let algorithm = prf.first {
            section.append("prf-alg", .text(PRFAlgorithm(rawValue: algorithm.id).description))
        }
        if let method = keyExchange.first, method.id != 0 {
            section.append("dh-group", .text(KeyExchangeMethod(rawValue: method.id).description))
        }
        return section
    }
}

extension VICIMessage {
    fileprivate mutating func append(contentsOf other: VICIMessage) { entries += other.entries }

    /// Truth is said, falsehood left out.
    fileprivate mutating func appendFlag(_ name: String, _ flag: Bool) { if flag { append(name, "yes") } }

    /// Seconds; what is not known is left out.
    fileprivate mutating func appendTime(_ name: String, _ time: Duration?) {
        if let time { append(name, .number(time.wholeSeconds)) }
    }
}

import ESP
import IKECore
import IKECrypto
import IKEWire
import Inet
import VICI

// SAs as VICI messages, with strongSwan's key names; Sources/VICI/README.md lists them.

extension IKESASummary {
    /// The section that `list-sa`, `ike-updown` and `child-updown` carry, under the connection's name.
    ///
    /// - Parameters:
    ///   - children: those of its CHILD SAs that it is to tell of; nil: it says nothing of CHILD SAs.
    ///   - traffic: what the data plane counts for a CHILD SA.
    func message(
        children: (some Sequence<ChildSASummary>)?,
        traffic: (ChildSA) -> Traffic? = { _ in nil }
    ) -> VICIMessage {
        var message = VICIMessage(octetsAhead: Self.octets)
        message.append(connection ?? "(unnamed)") { section in
            writeIdentity(to: &section)
            proposal?.writeAlgorithms(to: &section)
            section.appendTime("established", age)
            section.appendTime("rekey-time", timeToRekey)
            section.appendTime("reauth-time", timeToReauthentication)
            section.appendTime("life-time", timeToExpiry)
            section.appendTime("life-total", lifetime)
            if let localAuthentication { section.append("local-auth", text: localAuthentication.description) }
            if let remoteAuthentication { section.append("remote-auth", text: remoteAuthentication.description) }
            eap?.write(to: &section)
            for end in [LaterRound.End.local, .remote] {
                let rounds = laterRounds.filter { $0.end == end }.map { "\($0.identity) (\($0.kind))" }
                section.appendList(end == .local ? "local-rounds" : "remote-rounds", rounds)
            }
            section.appendList("local-vips", localVirtual.map(\.description))
            section.appendList("remote-vips", remoteVirtual.map(\.description))
            section.appendList("dns-servers", dns.servers.map(\.description))
            section.appendList("dns-domains", dns.domains)
            section.appendList("encrypted-dns", dns.encrypted.map(\.description))
            section.append("retransmits", number: Int64(retransmissions))
            guard let children else { return }
            section.append("child-sas") { section in
                for child in children { child.write(traffic(child.childSA), to: &section) }
            }
        }
        return message
    }

    /// Few IKE SAs with a CHILD SA take more.
    private static let octets = 1500

    /// The same without a word of CHILD SAs.
    var message: VICIMessage { message(children: [ChildSASummary]?.none) }

    private func writeIdentity(to section: inout VICIMessage) {
        section.append("uniqueid", number: Int64(id))
        section.append("version", text: "2")
        section.append("state", text: state.rawValue)
        section.append("local-host", text: local.address.description)
        section.append("local-port", number: Int64(local.port))
        if let localIdentity { section.append("local-id", text: localIdentity.description) }
        section.append("remote-host", text: remote.address.description)
        section.append("remote-port", number: Int64(remote.port))
        if let remoteIdentity { section.append("remote-id", text: remoteIdentity.description) }
        if let eap, !eap.identity.isEmpty {
            // Of the end that was asked.
            section.append(role == .initiator ? "local-eap-id" : "remote-eap-id", .value(eap.identity))
        }
        section.appendFlag("initiator", role == .initiator)
        section.append("initiator-spi", text: spiI.description)
        section.append("responder-spi", text: spiR.description)
        section.appendFlag("nat-local", nat.isLocalBehindNAT)
        section.appendFlag("nat-remote", nat.isRemoteBehindNAT)
        section.appendFlag("nat-any", nat.isLocalBehindNAT || nat.isRemoteBehindNAT)
        section.appendFlag("nat-fake", nat.isForced)
    }
}

extension EAPOutcome {
    /// Keys of ours: the method that was used, and what it settled within TLS.
    fileprivate func write(to section: inout VICIMessage) {
        section.append("eap-method", text: method.description)
        guard let tls else { return }
        section.append("tls-version", text: tls.version.description)
        section.append("tls-cipher", text: tls.cipherSuite)
        section.append("tls-client-certificate", text: tls.clientCertificate.words)
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
    /// The section of a CHILD SA within `child-sas`.
    fileprivate func write(_ traffic: Traffic?, to children: inout VICIMessage) {
        children.append("\(childSA.name)-\(childSA.id)") { section in
            section.append("name", text: childSA.name)
            section.append("uniqueid", number: Int64(childSA.id))
            section.append("reqid", number: Int64(childSA.id))
            section.append("state", text: state)
            section.append("mode", text: "TUNNEL")
            section.append("protocol", text: "ESP")
            section.appendFlag("encap", childSA.usesUDP)
            section.append("spi-in", text: childSA.inboundSPI.description)
            section.append("spi-out", text: childSA.outboundSPI.description)
            childSA.proposal.writeAlgorithms(to: &section)
            section.appendFlag("per-cpu-sas", childSA.resource == .all)
            if case .one(let number) = childSA.resource { section.append("cpu", number: Int64(number)) }
            if childSA.usesESN { section.append("esn", text: "1") }
            traffic?.write(to: &section)
            section.appendTime("rekey-time", timeToRekey)
            section.appendTime("life-time", timeToExpiry)
            section.appendTime("install-time", age)
            section.append("local-ts", texts: childSA.localSelectors.map(\.description))
            section.append("remote-ts", texts: childSA.remoteSelectors.map(\.description))
        }
    }
}

extension Traffic {
    fileprivate func write(to section: inout VICIMessage) {
        section.append("bytes-in", number: bytesIn)
        section.append("packets-in", number: packetsIn)
        section.appendTime("use-in", idleIn)
        section.append("bytes-out", number: bytesOut)
        section.append("packets-out", number: packetsOut)
        section.appendTime("use-out", idleOut)
        section.append("replay-drops", number: replayed)
        section.append("auth-failures", number: unauthentic)
        section.append("selector-drops", number: outsideSelectors)
        if let mtu { section.append("mtu", number: Int64(mtu)) }
        if let pathMTU { section.append("path-mtu", number: Int64(pathMTU)) }
    }
}

extension Proposal {
    /// `encr-alg` and its companions.
    fileprivate func writeAlgorithms(to section: inout VICIMessage) {
        if let cipher = first(.encryption) {
            section.append("encr-alg", text: EncryptionAlgorithm(rawValue: cipher.id).description)
            if let bits = cipher.keyLength { section.append("encr-keysize", number: Int64(bits)) }
        }
        if let algorithm = first(.integrity), algorithm.id != 0 {
            section.append("integ-alg", text: IntegrityAlgorithm(rawValue: algorithm.id).description)
        }
        if let algorithm = first(.prf) {
            section.append("prf-alg", text: PRFAlgorithm(rawValue: algorithm.id).description)
        }
        if let method = first(.keyExchange), method.id != 0 {
            section.append("dh-group", text: KeyExchangeMethod(rawValue: method.id).description)
        }
    }

    private func first(_ type: TransformType) -> Transform? { transforms.first { $0.type == type } }
}

extension VICIMessage {
    /// Truth is said, falsehood left out.
    fileprivate mutating func appendFlag(_ name: String, _ flag: Bool) { if flag { append(name, text: "yes") } }

    /// Seconds; what is not known is left out.
    fileprivate mutating func appendTime(_ name: String, _ time: Duration?) {
        if let time { append(name, number: time.wholeSeconds) }
    }

    /// An empty list is left out.
    fileprivate mutating func appendList(_ name: String, _ items: [String]) {
        if !items.isEmpty { append(name, texts: items) }
    }
}

import IKEWire
import SwanConf
import VICI

// Configured connections as `list-conn` tells them.

extension ConnectionConfiguration {
    /// - Parameter some: those of its children that the message is to tell of.
    func message(children some: ArraySlice<ChildConfiguration>) -> VICIMessage {
        var message = VICIMessage(octetsAhead: Self.octets)
        message.append(name) { section in
            section.append("local_addrs", texts: localAddresses.map(\.description))
            section.append("remote_addrs", texts: remoteAddresses.map(\.description))
            section.append("local_port", number: Int64(localPort))
            section.append("remote_port", number: Int64(remotePort))
            section.append("version", text: "IKEv2")
            section.append("reauth_time", number: reauthTime.components.seconds)
            section.append("rekey_time", number: rekeyTime.components.seconds)
            section.append("life_time", number: hardLifetime?.components.seconds ?? 0)
            section.append("dpd_delay", number: dpdDelay.components.seconds)
            section.append("unique", text: unique.vici)
            section.append("proposals", texts: proposals.map(\.description))
            for (index, round) in ([local] + laterLocal).enumerated() {
                section.append("local-\(index + 1)") { round.write(orElse: nil, to: &$0) }
            }
            for (index, round) in ([remote] + laterRemote).enumerated() {
                section.append("remote-\(index + 1)") { round.write(orElse: "%any", to: &$0) }
            }
            section.append("children") { section in
                for child in some { section.append(child.name) { child.write(to: &$0) } }
            }
        }
        return message
    }

    /// Few connections with a child take more.
    private static let octets = 1000
}

extension ConnectionConfiguration.Uniqueness {
    fileprivate var vici: String {
        switch self {
        case .never: "UNIQUE_NEVER"
        case .no: "UNIQUE_NO"
        case .keep: "UNIQUE_KEEP"
        case .replace: "UNIQUE_REPLACE"
        }
    }
}

extension AuthenticationConfiguration {
    fileprivate func write(orElse anyone: String?, to section: inout VICIMessage) {
        section.append("class", text: method.words)
        if let text = id?.description ?? anyone { section.append("id", text: text) }
        if case .eap(let eap) = method {
            section.append("eap-type", text: eap.method.rawValue)
            switch eap.name {
            case .identity: break
            case .asked: section.append("eap_id", text: "%any")
            case .given(let name): section.append("eap_id", text: name)
            }
        }
        for list in ["groups", "cert_policy"] { section.append(list, texts: []) }
        section.append("certs", texts: (certificates + publicKeys).map(\.description))
        section.append("cacerts", texts: authorities.map(\.description))
    }
}

extension AuthenticationConfiguration.Method {
    fileprivate var words: String {
        switch self {
        case .psk: "pre-shared key"
        case .publicKey: "public key"
        case .eap: "EAP"
        }
    }
}

extension ChildConfiguration {
    fileprivate func write(to section: inout VICIMessage) {
        section.append("mode", text: "TUNNEL")
        section.append("rekey_time", number: rekeyTime.components.seconds)
        section.append("rekey_bytes", number: byteLimits.rekey)
        section.append("rekey_packets", number: packetLimits.rekey)
        section.append("life_time", number: lifeTime.components.seconds)
        section.append("dpd_action", text: dpdAction.word)
        section.append("close_action", text: closeAction.word)
        section.append("start_action", text: startAction.word)
        section.append("esp_proposals", texts: espProposals.map(\.description))
        section.append("local-ts", texts: localTrafficSelectors.map(\.description))
        section.append("remote-ts", texts: remoteTrafficSelectors.map(\.description))
    }
}

// The words are charon's, which has one set of actions for all occasions.

extension ChildConfiguration.StartAction {
    fileprivate var word: String {
        switch self {
        case .none: "none"
        case .start: "start"
        case .trap: "trap"
        case .trapAndStart: "trap|start"
        }
    }
}

extension ChildConfiguration.DPDAction {
    fileprivate var word: String {
        switch self {
        case .clear: "none"
        case .trap: "trap"
        case .restart: "start"
        }
    }
}

extension ChildConfiguration.CloseAction {
    fileprivate var word: String {
        switch self {
        case .none: "none"
        case .trap: "trap"
        case .restart: "start"
        }
    }
}

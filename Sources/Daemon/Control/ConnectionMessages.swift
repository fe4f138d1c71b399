import IKEWire
import SwanConf
import VICI

// Configured connections as `list-conn` tells them.

extension ConnectionConfiguration {
    /// - Parameter some: those of its children that the message is to tell of.
    func message(children some: ArraySlice<ChildConfiguration>) -> VICIMessage {
        var section: VICIMessage = [
            "local_addrs": .texts(localAddresses.map(\.description)),
            "remote_addrs": .texts(remoteAddresses.map(\.description)),
            "local_port": .number(localPort),
            "remote_port": .number(remotePort),
            "version": "IKEv2",
            "reauth_time": .number(reauthTime.components.seconds),
            "rekey_time": .number(rekeyTime.components.seconds),
            "life_time": .number(hardLifetime?.components.seconds ?? 0),
            "dpd_delay": .number(dpdDelay.components.seconds),
            "unique": .text(unique.vici),
            "proposals": .texts(proposals.map(\.description)),
        ]
        for (index, round) in ([local] + laterLocal).enumerated() {
            section.append("local-\(index + 1)", .section(round.message(orElse: nil)))
        }
        for (index, round) in ([remote] + laterRemote).enumerated() {
            section.append("remote-\(index + 1)", .section(round.message(orElse: "%any")))
        }
        let children = some.map { VICIMessage.Entry($0.name, .section($0.message)) }
        section.append("children", .section(VICIMessage(entries: children)))
        return VICIMessage(entries: [VICIMessage.Entry(name, .section(section))])
    }
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
    fileprivate func message(orElse anyone: String?) -> VICIMessage {
        var section: VICIMessage = ["class": .text(method.words)]
        if let text = id?.description ?? anyone { section.append("id", .text(text)) }
        if case .eap(let eap) = method {
            section.append("eap-type", .text(eap.method.rawValue))
            switch eap.name {
            case .identity: break
            case .asked: section.append("eap_id", "%any")
            case .given(let name): section.append("eap_id", .text(name))
            }
        }
        for list in ["groups", "cert_policy"] { section.append(list, .list([])) }
        section.append("certs", .texts((certificates + publicKeys).map(\.description)))
        section.append("cacerts", .texts(authorities.map(\.description)))
        return section
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
    fileprivate var message: VICIMessage {
        [
            "mode": "TUNNEL",
            "rekey_time": .number(rekeyTime.components.seconds),
            "rekey_bytes": .number(byteLimits.rekey),
            "rekey_packets": .number(packetLimits.rekey),
            "life_time": .number(lifeTime.components.seconds),
            "dpd_action": .text(dpdAction.word),
            "close_action": .text(closeAction.word),
            "start_action": .text(startAction.word),
            "esp_proposals": .texts(espProposals.map(\.description)),
            "local-ts": .texts(localTrafficSelectors.map(\.description)),
            "remote-ts": .texts(remoteTrafficSelectors.map(\.description)),
        ]
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

import IKECore
import IKEWire
import Inet
import SwanConf

/// Which setting a failure points to, and what to do about it.
struct Advice {
    /// The path in the configuration: `connections.office.proposals`.
    let setting: String
    let text: String

    /// Nil where no setting of this host is to blame.
    ///
    /// - Parameter connection: that of the failure, or the likeliest one for its peer.
    init?(_ failed: FailedNegotiation, _ connection: ConnectionConfiguration?) {
        let name = connection?.name ?? "NAME"
        let path = "connections.\(name)"
        let child = failed.child.map { $0.isEmpty ? "CHILD" : $0 }
        let wasRefusedThere = failed.role == .initiator
        switch failed.failure.reason {
        case .noProposalChosen, .invalidKeyExchange:
            let key = child.map { "\(path).children.\($0).esp_proposals" } ?? "\(path).proposals"
            self.init(setting: key, text: Self.proposals(failed, connection))
        case .noMatchingConnection where connection == nil:
            self.init(
                setting: "\(path).remote_addrs",
                text:
                    "add a connection whose remote_addrs has \(failed.remote.address) (or %any) and whose local_addrs has "
                    + "\(failed.local.address), if this peer is welcome"
            )
        case .noMatchingConnection:
            self.init(
                setting: "\(path).remote.id",
                text: "set it to what the peer calls itself, or correct the id there"
            )
        case .noSharedKey:
            self.init(setting: "secrets.ike-\(name)", text: "add the secret, with the identity of the peer as its id")
        case .noCredential:
            self.init(
                setting: "\(path).local.certs",
                text:
                    "name a certificate whose private key is in the directory private, and whose subjectAltName has the id"
            )
        case .authenticationFailed:
            let secret = "secrets { ike-... { secret } }: it must be the same, octet for octet, on both sides"
            let trust =
                "the directory x509ca: it must have the CA of the peer's certificate, and remote.id be in that certificate"
            let usesSecret = (wasRefusedThere ? connection?.local : connection?.remote)?.method == .psk
            self.init(
                setting: wasRefusedThere ? "\(path).local.id" : "\(path).remote",
                text: "compare with the other side: "
                    + (usesSecret ? secret : wasRefusedThere ? "our id and certificate" : trust)
            )
        case .addressRefused:
            self.init(
                setting: wasRefusedThere ? "\(path).vips" : "\(path).pools",
                text: wasRefusedThere
                    ? "the peer has no address for us: look at its pools"
                    : "name a pool of that family that has addresses left"
            )
        case .trafficSelectorsUnacceptable:
            self.init(
                setting: "\(path).children.\(child ?? "CHILD").remote_ts",
                text: "local_ts of one end must meet remote_ts of the other"
            )
        case .peerUnreachable where wasRefusedThere:
            self.init(
                setting: "\(path).remote_addrs",
                text:
                    "if the address is right: does a daemon run there, and do firewalls on both sides let UDP 500 and 4500 "
                    + "through? 'ikectl doctor' looks at this host"
            )
        case .peerUnreachable, .peerRestarted, .invalidMessage, .refusedByPeer, .unsupported, .cryptography,
            .noSuchConnection, .noSuchSA, .temporaryFailure, .enoughSAs, .notUnique, .closed:
            return nil
        }
    }

    private init(setting: String, text: String) {
        self.setting = setting
        self.text = text
    }

    /// The first proposal of the peer that can be had here, as it is to be written.
    private static func proposals(_ failed: FailedNegotiation, _ connection: ConnectionConfiguration?) -> String {
        guard !failed.failure.offered.isEmpty else {
            return "have a proposal that the peer has as well; its log says which"
        }
        guard let keywords = failed.failure.offered.lazy.compactMap(\.keywords).first else {
            return "nothing that the peer offers is supported here: have the peer offer one of ours"
        }
        return "add \(keywords), which the peer offers, or have the peer offer one of ours"
    }
}

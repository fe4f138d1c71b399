import IKECore
import IKEWire
import Inet
import VICI

// The event `alert`: that something has gone wrong, by strongSwan's names for it, for those who watch rather than read logs.

/// Something that went wrong.
struct Alert {
    /// strongSwan's names of those that there are here.
    enum Kind: String, CaseIterable {
        case halfOpenTimeout = "half-open-timeout"
        case ikeSAExpired = "ike-sa-expired"
        case installChildSAFailed = "install-child-sa-failed"
        case installChildPolicyFailed = "install-child-policy-failed"
        case localAuthFailed = "local-auth-failed"
        case parseErrorBody = "parse-error-body"
        case peerAddressFailed = "peer-addr-failed"
        case peerAuthFailed = "peer-auth-failed"
        case peerInitUnreachable = "peer-init-unreachable"
        case proposalMismatchChild = "proposal-mismatch-child"
        case proposalMismatchIKE = "proposal-mismatch-ike"
        case radiusNotResponding = "radius-not-responding"
        case shutdownSignal = "shutdown-signal"
        case selectorMismatch = "ts-mismatch"
        case uniqueKeep = "unique-keep"
        case uniqueReplace = "unique-replace"
        case addressFailure = "vip-failure"
    }

    let kind: Kind
    /// Whole sentences.
    let text: String
    var connection: String?
    var child: String?
    var remote: SocketAddress?
    /// The IKE SA that it is about, where one stands.
    var sa: IKESASummary?

    var message: VICIMessage {
        var message: VICIMessage = ["type": .text(kind.rawValue)]
        if let sa { message.append("ike-sa", .section(sa.message)) }
        if let connection { message.append("connection", .text(connection)) }
        if let child { message.append("child", .text(child)) }
        if let remote {
            message.append("remote-host", .text(remote.address.description))
            message.append("remote-port", .number(remote.port))
        }
        message.append("msg", .text(text.singleLine))
        return message
    }
}

extension Event {
    /// The alert that it is worth, if it is worth one.
    var alert: Alert? {
        switch self {
        case .ikeFailed(let failed):
            return failed.ikeAlert.map { Alert(failed, $0) }
        case .childFailed(let failed):
            return failed.childAlert.map { Alert(failed, $0) }
        case .ikeClosed(let sa, let reason):
            let kind: Alert.Kind? =
                switch reason {
                case Ending.lifetimeEnded: .ikeSAExpired
                case _ where Ending.isReplacement(reason): .uniqueReplace
                default: nil
                }
            return kind.map { Alert(kind: $0, text: reason, connection: sa.connection, remote: sa.remote, sa: sa) }
        case .ikeEstablished, .ikeRekeyed, .ikeMoving, .childEstablished, .childRekeyed, .childClosed, .childTrapped,
            .retransmitted, .answered, .traced, .commandFinished:
            return nil
        }
    }
}

extension Alert {
    init(_ failed: FailedNegotiation, _ kind: Kind) {
        self.init(
            kind: kind,
            text: failed.failure.message,
            connection: failed.connection,
            child: failed.child,
            remote: failed.remote
        )
    }
}

extension FailedNegotiation {
    fileprivate var ikeAlert: Alert.Kind? {
        switch failure.reason {
        case .noProposalChosen, .invalidKeyExchange: .proposalMismatchIKE
        // Without a notify for the peer it was the peer who said so.
        case .authenticationFailed: failure.notify == nil ? .localAuthFailed : .peerAuthFailed
        case .noSharedKey, .noCredential: .localAuthFailed
        case .peerUnreachable: role == .initiator ? .peerInitUnreachable : .halfOpenTimeout
        case .invalidMessage: .parseErrorBody
        case .addressRefused: .addressFailure
        case .notUnique: .uniqueKeep
        case .trafficSelectorsUnacceptable: .selectorMismatch
        case .noMatchingConnection, .peerRestarted, .refusedByPeer, .unsupported, .cryptography, .noSuchConnection,
            .noSuchSA, .temporaryFailure, .enoughSAs, .closed:
            nil
        }
    }

    fileprivate var childAlert: Alert.Kind? {
        switch failure.reason {
        case .noProposalChosen, .invalidKeyExchange: .proposalMismatchChild
        case .trafficSelectorsUnacceptable: .selectorMismatch
        case .addressRefused: .addressFailure
        default: nil
        }
    }
}

extension Daemon {
    /// Tells those who asked for alerts.
    func raise(_ alert: Alert) { control.broadcast("alert") { alert.message } }

    func raise(_ kind: Alert.Kind, _ text: String, connection: String? = nil) {
        raise(Alert(kind: kind, text: text, connection: connection))
    }
}

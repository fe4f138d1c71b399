import IKECore
import IKECrypto
import Inet
import RADIUS
import SwanConf

// From the configuration's and the engine's words to those of RADIUS, and back.

extension RADIUSPatience {
    init(_ configuration: RADIUSConfiguration) {
        self.init(
            timeout: configuration.retransmitTimeout,
            base: configuration.retransmitBase,
            repetitions: configuration.retransmitTries,
            deadTime: configuration.deadTime
        )
    }
}

extension RADIUSServer {
    init(_ server: RADIUSConfiguration.Server, port: UInt16) {
        self.init(
            name: server.name,
            address: server.host.address.map { SocketAddress(address: $0, port: port) },
            secret: SecretBytes(copying: server.secret.bytes)
        )
    }
}

extension AccessSession {
    init(_ question: ServerQuestion, _ nasIdentifier: String) {
        self.init(
            nasIdentifier: nasIdentifier,
            port: question.ikeSA,
            portName: question.connection,
            local: question.local,
            remote: question.remote
        )
    }
}

extension AccessQuestion {
    init(_ question: ServerQuestion, _ nasIdentifier: String) {
        self.init(
            conversation: ConversationID(rawValue: question.conversation.rawValue),
            eap: question.eap,
            userName: question.userName,
            session: AccessSession(question, nasIdentifier)
        )
    }
}

extension ServerAnswer {
    init(_ outcome: AccessOutcome) {
        switch outcome {
        case .challenge(let message): self = .challenge(message)
        case .accept(let message, let grant):
            self = .accept(
                message,
                ServerGrant(
                    msk: grant.masterSessionKey,
                    framedAddresses: grant.framedAddresses,
                    sessionTimeout: grant.sessionTimeout,
                    userName: grant.userName,
                    accountingClass: grant.classes
                )
            )
        case .reject(let message, let reason): self = .reject(message, reason: reason)
        case .unreachable(let sentence): self = .unreachable(reason: sentence)
        }
    }
}

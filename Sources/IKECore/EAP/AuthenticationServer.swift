package import IKECrypto
package import IKEWire
package import Inet

/// A conversation with an authentication server: one for each IKE_AUTH that hands EAP over (RFC 7296 section 2.16).
package struct ServerConversationID: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What is asked of the authentication server: the client's latest EAP response and who it comes from.
///
/// A conversation has one question open at a time, and its next one is only asked after a `challenge`.
package struct ServerQuestion: Sendable {
    package let conversation: ServerConversationID
    /// The name of the connection.
    package let connection: String
    /// The client's EAP response; the first of a conversation is its EAP-Response/Identity.
    package let eap: EAPMessage
    /// The EAP identity that the client gave.
    package let userName: [UInt8]
    /// The id of the IKE SA, as summaries show it.
    package let ikeSA: UInt32
    /// Our end of the IKE SA.
    package let local: SocketAddress
    /// The client's end of the IKE SA.
    package let remote: SocketAddress

    package init(
        conversation: ServerConversationID,
        connection: String,
        eap: EAPMessage,
        userName: [UInt8],
        ikeSA: UInt32,
        local: SocketAddress,
        remote: SocketAddress
    ) {
        self.conversation = conversation
        self.connection = connection
        self.eap = eap
        self.userName = userName
        self.ikeSA = ikeSA
        self.local = local
        self.remote = remote
    }
}

/// What became of a question.
package enum ServerAnswer: Sendable {
    /// The EAP request that goes to the client; its response is the conversation's next question.
    case challenge(EAPMessage)
    /// The client is who it says; the message, an EAP success, goes to it.
    case accept(EAPMessage, ServerGrant)
    /// The client is refused. The EAP failure goes to it where the server gave one; the reason is for the log.
    case reject(EAPMessage?, reason: String)
    /// No server has answered; the reason names those that were tried.
    case unreachable(reason: String)
}

/// What comes with an authentication server's consent.
package struct ServerGrant: Sendable {
    /// The 64 octets of the Master Session Key (RFC 3748 section 7.10) that AUTH is computed with (RFC 7296 section 2.16);
    /// nil where the EAP method makes none.
    package let msk: SecretBytes?
    /// Addresses that the client is to get inside the tunnel.
    package let framedAddresses: [IPAddress]
    /// How long the SA may live without authenticating again.
    package let sessionTimeout: Duration?
    /// What the server calls the user, where that is not the EAP identity.
    package let userName: [UInt8]?
    /// What accounting returns to the server as it came: each Class attribute (RFC 2865 section 5.25).
    package let accountingClass: [[UInt8]]

    package init(
        msk: SecretBytes?,
        framedAddresses: [IPAddress] = [],
        sessionTimeout: Duration? = nil,
        userName: [UInt8]? = nil,
        accountingClass: [[UInt8]] = []
    ) {
        self.msk = msk
        self.framedAddresses = framedAddresses
        self.sessionTimeout = sessionTimeout
        self.userName = userName
        self.accountingClass = accountingClass
    }
}

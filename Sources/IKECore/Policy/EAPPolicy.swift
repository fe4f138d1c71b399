package import IKECrypto
package import IKEWire

/// How an end proves its identity by EAP (RFC 7296 section 2.16).
///
/// For the peer of a responder: what it is asked for. For ourselves as initiator: what we let ourselves be asked for.
package struct EAPPolicy: Hashable, Sendable {
    package enum Method: Hashable, Sendable {
        /// Whatever the other end proposes and there are credentials for; only for an end that is asked.
        case any
        case only(EAPMethod)
        /// An authentication server decides (RADIUS); only for the peer.
        case authenticationServer
    }

    /// The name that goes with the proof.
    package enum Name: Hashable, Sendable {
        /// The identity of IKE.
        case identity
        /// The client is asked for it (EAP-Identity); only for the peer.
        case asked
        case given([UInt8])
    }

    /// Who the server of TLS must be (`aaa_id`).
    package enum Server: Hashable, Sendable {
        case responder, anybody
        case given(Identification)
    }

    package var method: Method
    package var name: Name
    package var server = Server.responder
    /// Certificates of TLS: ours to choose from, or the authorities that the peer's must come from.
    package var publicKey = PublicKeyPolicy()

    package init(_ method: Method, name: Name = .identity) {
        self.method = method
        self.name = name
    }
}

extension EAPPolicy {
    /// Whether a peer can be asked for it.
    var canAsk: Bool { method != .any }
}

extension EAPPolicy: CustomStringConvertible {
    package var description: String {
        switch method {
        case .any: "EAP"
        case .only(let method): method.description
        case .authenticationServer: "EAP-RADIUS"
        }
    }
}

/// A user's password for EAP.
package struct EAPSecret: Sendable {
    package var name: String
    /// The users that it is of, as EAP names them; none: ours whatever our name is, and nobody else's.
    package var users: [[UInt8]]
    package var password: SecretBytes

    package init(name: String, users: [[UInt8]], password: SecretBytes) {
        self.name = name
        self.users = users
        self.password = password
    }
}

extension Policy {
    /// The password of a user that wants in.
    func password(of user: [UInt8]) -> SecretBytes? { eapSecrets.first { $0.users.contains(user) }?.password }

    /// Our password, where we are the user.
    func ownPassword(as user: [UInt8]) -> SecretBytes? {
        password(of: user) ?? eapSecrets.first { $0.users.isEmpty }?.password
    }
}

extension Identification {
    /// What EAP calls the holder of an identity: the name itself, or its text where it is no name.
    var eapName: [UInt8] {
        switch type {
        case .fqdn, .rfc822Address, .keyID: data
        default: Array(description.utf8)
        }
    }

    /// Whoever EAP calls by that name.
    init(eapName: [UInt8]) {
        let text = String(validating: eapName, as: UTF8.self)
        let type: IDType = text.map { $0.contains("@") ? .rfc822Address : .fqdn } ?? .keyID
        self.init(type: type, data: eapName)
    }
}

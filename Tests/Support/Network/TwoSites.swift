package import IKECore
import IKECrypto
package import IKEWire
import Inet

/// Policies for two hosts that want a tunnel between 10.1.0.0/16 and 10.2.0.0/16, and what tests vary in them.
package struct TwoSites {
    package static let leftAddress = "192.0.2.1"
    package static let rightAddress = "198.51.100.2"

    package var left: Policy
    package var right: Policy

    package init() {
        left = Self.policy(id: "left.example", peer: "right.example", local: "10.1.0.0/16", remote: "10.2.0.0/16")
        right = Self.policy(id: "right.example", peer: "left.example", local: "10.2.0.0/16", remote: "10.1.0.0/16")
    }

    /// Lets `body` change the one connection of the left and of the right side.
    package mutating func change(_ body: (inout Connection) -> Void) {
        body(&left.connections[0])
        body(&right.connections[0])
    }

    package static func policy(
        id: String,
        peer: String,
        local: String,
        remote: String,
        secret: String = "correct horse battery staple"
    ) -> Policy {
        var connection = Connection(
            name: "site",
            proposals: proposals("aes128gcm16-prfsha256-x25519", .ike),
            local: AuthenticationPolicy(identity: identity(id)),
            remote: AuthenticationPolicy(identity: identity(peer)),
            children: [child("net", local: local, remote: remote)]
        )
        connection.lifetime = Lifetime(rekey: nil, jitter: .zero, hard: .seconds(86_400))
        return Policy(
            connections: [connection],
            secrets: [SharedKey(name: "ike", owners: [], secret: SecretBytes(copying: Array(secret.utf8)))]
        )
    }

    package static func child(_ name: String, local: String, remote: String) -> ChildPolicy {
        var child = ChildPolicy(
            name: name,
            proposals: proposals("aes128gcm16-noesn", .esp),
            localSelectors: [.fixed(selector(local))],
            remoteSelectors: [.fixed(selector(remote))]
        )
        child.lifetime = Lifetime(rekey: nil, jitter: .zero, hard: nil)
        return child
    }

    package static func identity(_ text: String) -> Identification {
        guard let identity = Identification(text) else { preconditionFailure("not an identity: \(text)") }
        return identity
    }

    package static func selector(_ text: String) -> TrafficSelector {
        guard let selector = TrafficSelector(swanctl: text) else { preconditionFailure("not a selector: \(text)") }
        return selector
    }

    package static func proposals(_ keywords: String..., protocolID: ProtocolID) -> [Proposal] {
        keywords.enumerated().map { index, text in
            do {
                return try Proposal(keywords: text, number: UInt8(index + 1), protocolID: protocolID)
            } catch {
                preconditionFailure("not a proposal: \(text): \(error)")
            }
        }
    }

    package static func proposals(_ keywords: String, _ protocolID: ProtocolID) -> [Proposal] {
        proposals(keywords, protocolID: protocolID)
    }
}

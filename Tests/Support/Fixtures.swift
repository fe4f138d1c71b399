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

/// A network with the two sites on it.
package struct Pair {
    package let network: Network
    package let left: Host
    package let right: Host

    package init(
        _ sites: TwoSites = TwoSites(),
        seed: UInt64 = 1,
        conditions: Network.Conditions = Network.Conditions(),
        settings: Settings = Settings()
    ) {
        network = Network(seed: seed, conditions: conditions)
        left = network.host("left", TwoSites.leftAddress, policy: sites.left, settings: settings)
        right = network.host("right", TwoSites.rightAddress, policy: sites.right, settings: settings)
    }

    /// Has the left side bring the connection up, and gives it time.
    @discardableResult
    package func up(children: ChildChoice = .all, within: Duration = .seconds(1)) -> CommandID {
        let id = network.initiate(left, "site", children: children, to: right)
        network.run(for: within)
        return id
    }

    /// Whether each CHILD SA that one side accepts on is what the other sends on, with the same keys.
    package var childSAsAgree: Bool {
        Self.agree(left, right) && Self.agree(right, left)
    }

    private static func agree(_ receiver: Host, _ sender: Host) -> Bool {
        sender.outbound.allSatisfy { out in
            receiver.inbound.values.contains {
                $0.inboundSPI == out.outboundSPI && $0.inboundKeys.encryption == out.outboundKeys.encryption
                    && $0.inboundKeys.integrity == out.outboundKeys.integrity && $0.suite == out.suite
            }
        }
    }

    /// Whether neither side holds anything any more.
    package var isEmpty: Bool {
        [left, right].allSatisfy { host in
            host.endpoint.load == (0, 0, 0, 0) && host.inbound.isEmpty && host.outbound.isEmpty
        }
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet

/// The policies of the hosts of a plan: proposals and lifetimes vary from seed to seed and from side to side.
struct PlannedPolicies {
    private let plan: Plan
    private(set) var policies: [Policy]

    static func address(_ host: Int) -> String { "192.0.2.\(host + 1)" }
    static let natAddress = "203.0.113.1"

    /// The inner network of `host` towards `peer`: the third octet tells the peers apart, the second the children.
    static func network(_ host: Int, towards peer: Int, isVoice: Bool) -> String {
        "10.\((isVoice ? 100 : 1) + host).\(peer + 1)"
    }

    init(_ plan: Plan, random: SeededRandom) {
        self.plan = plan
        let secret = SharedKey(name: "ike", owners: [], secret: SecretBytes(copying: Array("one for all".utf8)))
        let policy = Policy(secrets: [secret], credentials: Self.credentials)
        policies = Array(repeating: policy, count: plan.hostCount)
        for link in plan.links { addConnections(link, random) }
    }

    // MARK: - Second identities

    /// How many ends have a second identity to prove (RFC 4739), the initiator first.
    private static func secondIdentities(_ random: SeededRandom) -> Int { random.element([0, 0, 0, 0, 0, 0, 0, 1, 2]) }

    private static func secondIdentity(ofInitiator isInitiator: Bool) -> AuthenticationPolicy {
        let name = isInitiator ? "p384" : "ed25519"
        return AuthenticationPolicy(
            kind: .publicKey(PublicKeyPolicy()),
            identity: TwoSites.identity("C=CH, O=Example, CN=\(name)")
        )
    }

    private static let credentials: Credentials = {
        do {
            return Credentials(
                privateKeys: try ["p384", "ed25519"].map { try Fixture.privateKey($0) },
                certificates: try Fixture.certificates(["p384", "ed25519"]),
                trust: TrustStore(authorities: try Fixture.certificates(["root"]))
            )
        } catch {
            preconditionFailure("no certificates: \(error)")
        }
    }()

    // MARK: - Connections

    private mutating func addConnections(_ link: Plan.Link, _ random: SeededRandom) {
        let ike = random.element([
            "aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha256-x25519", "aes128-sha256-x25519",
        ])
        let esp = random.element([
            "aes128gcm16-noesn", "aes128gcm16-noesn", "aes128gcm16-x25519-noesn", "aes128-sha256-esn",
        ])
        // A first guess at the key exchange that the other side does not share: INVALID_KE_PAYLOAD and a second try.
        let needsRetry = random.chance(0.1)
        let ikeLives = Self.lifetimes(random, rekey: 60...600, plan.kind)
        let childLives = [
            Self.lifetimes(random, rekey: 20...200, plan.kind), Self.lifetimes(random, rekey: 20...200, plan.kind),
        ]
        let secondIdentities = Self.secondIdentities(random)
        for isInitiator in [true, false] {
            let (host, peer) = isInitiator ? (link.initiator, link.responder) : (link.responder, link.initiator)
            let side = isInitiator ? 0 : 1
            var connection = Connection(
                name: link.name,
                proposals: TwoSites.proposals(
                    needsRetry && isInitiator ? "aes128gcm16-prfsha256-ecp256-x25519" : ike,
                    .ike
                ),
                local: AuthenticationPolicy(identity: TwoSites.identity("h\(host).example")),
                remote: AuthenticationPolicy(identity: TwoSites.identity("h\(peer).example")),
                children: (link.hasVoice ? [false, true] : [false]).map { isVoice in
                    var child = TwoSites.child(
                        isVoice ? "voice" : "net",
                        local: Self.network(host, towards: peer, isVoice: isVoice) + ".0/24",
                        remote: Self.network(peer, towards: host, isVoice: isVoice) + ".0/24"
                    )
                    child.proposals = TwoSites.proposals(esp, .esp)
                    child.lifetime = childLives[isVoice ? 1 : 0][side]
                    if random.chance(0.2) { child.packetLimit = VolumeLimit(rekey: 200, jitter: 50) }
                    return child
                }
            )
            let haveSecond = (initiator: secondIdentities > 0, responder: secondIdentities > 1)
            if isInitiator ? haveSecond.initiator : haveSecond.responder {
                connection.laterLocal = [Self.secondIdentity(ofInitiator: isInitiator)]
            }
            if isInitiator ? haveSecond.responder : haveSecond.initiator {
                connection.laterRemote = [Self.secondIdentity(ofInitiator: !isInitiator)]
            }
            if needsRetry && !isInitiator {
                connection.proposals = TwoSites.proposals("aes128gcm16-prfsha256-x25519", .ike)
            }
            let peerAddress = peer == plan.natted ? Self.natAddress : Self.address(peer)
            if let address = IPAddress(peerAddress), let prefix = IPPrefix(address, length: 32) {
                connection.remoteAddresses = [.prefix(prefix)]
            }
            connection.lifetime = ikeLives[side]
            connection.livenessDelay = .seconds(30)
            connection.keyingTries = 3
            policies[host].connections.append(connection)
        }
    }

    /// The lifetimes of both sides. Often they are the same to the nanosecond, so that both rekey at once.
    private static func lifetimes(_ random: SeededRandom, rekey range: ClosedRange<Int>, _ kind: Plan.Kind)
        -> [Lifetime]
    {
        let common = range.lowerBound + random.below(range.count)
        let areEqual = random.chance(0.3)
        let own = [common, areEqual ? common : range.lowerBound + random.below(range.count)]
        let hasJitter = !areEqual && random.chance(0.5)
        // The hard limit leaves time for rekeyings that need several attempts; where anything goes it may come first.
        let slack = kind == .anything && random.chance(0.1) ? -10 : 600
        let silent = random.element([nil, nil, 0, 1])
        return (0...1).map { side in
            Lifetime(
                rekey: silent == side ? nil : .seconds(own[side]),
                jitter: hasJitter ? .seconds(own[side] / 5) : .zero,
                hard: .seconds(max(own[0], own[1]) + slack)
            )
        }
    }
}

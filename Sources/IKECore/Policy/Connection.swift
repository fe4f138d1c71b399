package import IKEWire
package import Inet

/// Which addresses an end of a connection may have (`local_addrs`, `remote_addrs`).
package enum AddressPattern: Hashable, Sendable {
    case any
    case prefix(IPPrefix)
    case range(ClosedRange<IPAddress>)

    /// How narrowly the pattern names `address`, higher being narrower; nil where it does not.
    func specificity(for address: IPAddress) -> Int? {
        switch self {
        case .any: 0
        case .prefix(let prefix): prefix.contains(address) ? 1 + prefix.length : nil
        case .range(let range): range.contains(address) && range.lowerBound.family == address.family ? 1 : nil
        }
    }

    static func bestMatch(of patterns: [AddressPattern], for address: IPAddress) -> Int? {
        patterns.isEmpty ? 0 : patterns.compactMap { $0.specificity(for: address) }.max()
    }
}

/// How an end proves who it is.
package enum AuthenticationKind: Hashable, Sendable, CustomStringConvertible {
    case preSharedKey
    case publicKey(PublicKeyPolicy)
    case eap(EAPPolicy)

    package var description: String {
        switch self {
        case .preSharedKey: "pre-shared key"
        case .publicKey: "public key"
        case .eap(let policy): policy.description
        }
    }

    var publicKey: PublicKeyPolicy? {
        if case .publicKey(let policy) = self { policy } else { nil }
    }

    var eap: EAPPolicy? {
        if case .eap(let policy) = self { policy } else { nil }
    }
}

/// One end of a connection: the way it authenticates, and its identity.
package struct AuthenticationPolicy: Hashable, Sendable {
    package var kind: AuthenticationKind
    /// Ours: nil stands for the subject of our certificate or the local address. The peer's may be a pattern; nil admits any.
    package var identity: Identification?

    package init(kind: AuthenticationKind = .preSharedKey, identity: Identification?) {
        self.kind = kind
        self.identity = identity
    }
}

/// Soft and hard limit in time: rekeying starts at `rekey` less a random part of `jitter`, and at `hard` the SA is deleted.
package struct Lifetime: Hashable, Sendable {
    /// Nil: never rekeyed by us.
    package var rekey: Duration?
    package var jitter: Duration
    /// Nil: lives until somebody deletes it.
    package var hard: Duration?

    package init(rekey: Duration?, jitter: Duration, hard: Duration?) {
        self.rekey = rekey
        self.jitter = jitter
        self.hard = hard
    }
}

/// A peer and how to talk to it; immutable.
package struct Connection: Hashable, Sendable {
    package var name: String
    package var localAddresses: [AddressPattern] = [.any]
    package var remoteAddresses: [AddressPattern] = [.any]
    /// The ports that IKE begins on, where they are not the usual ones (`local_port`, `remote_port`).
    package var localPort: UInt16 = 500
    package var remotePort: UInt16 = 500
    /// Host names that stand for addresses of the ends, to be asked for whenever a negotiation begins.
    package var hostNames: Set<String> = []
    /// IKE proposals in order of preference.
    package var proposals: [Proposal]
    package var local: AuthenticationPolicy
    package var remote: AuthenticationPolicy
    /// Further rounds of authentication in their order (RFC 4739), ours and the peer's; one that fails fails them all.
    package var laterLocal: [AuthenticationPolicy] = []
    package var laterRemote: [AuthenticationPolicy] = []
    package var children: [ChildPolicy]
    package var lifetime = Lifetime(rekey: .seconds(4 * 3600), jitter: .seconds(1440), hard: .seconds(86_400))
    /// When the initiator authenticates again, and when the SA ends if it has not (`reauth_time`); nil: never.
    package var reauthentication: Lifetime?
    /// What becomes of further IKE SAs of the same peer (`unique`).
    package var uniqueness = Uniqueness.no
    /// UDP encapsulation even where there is no NAT (`encap = yes`).
    package var forcesEncapsulation = false
    /// ESP cannot go outside of UDP here, so that a peer which knows no NAT traversal gets no CHILD SA.
    package var requiresEncapsulation = false
    /// Whether fragments are offered and accepted (`fragmentation`, RFC 7383).
    package var acceptsFragments = true
    /// Whether our own messages are sent in fragments when they are long.
    package var sendsFragments = true
    /// Also to a peer that does not say that it takes them (`fragmentation = force`).
    package var forcesFragments = false
    /// Whether the SAs move when an end changes its address (`mobike`, RFC 4555).
    package var isMobile = false
    /// Silence after which the peer is asked whether it lives (`dpd_delay`); nil: never.
    package var livenessDelay: Duration?
    /// When our certificate goes to the peer (`send_cert`).
    package var certificateSending = CertificateSending.ifAsked
    /// Whether the peer is told whose certificates we trust (`send_certreq`).
    package var asksForCertificate = true
    /// Whether the peer is asked for what a responder says of its certificate (`ocsp = request`, RFC 4806).
    package var asksForStatus = false
    /// Whether the peer gets what a responder says of ours, if it asks (`ocsp = reply`).
    package var givesStatus = true
    /// Addresses that we ask the peer for; the unspecified one of a family stands for any (`vips`).
    package var virtualAddresses: [IPAddress] = []
    /// The pools that the peer may get addresses from, the preferred first (`pools`).
    package var pools: [String] = []
    /// How often a negotiation that gets no answer is begun (`keyingtries`); nil: for ever.
    package var keyingTries: Int? = 1

    package init(
        name: String,
        proposals: [Proposal],
        local: AuthenticationPolicy,
        remote: AuthenticationPolicy,
        children: [ChildPolicy]
    ) {
        self.name = name
        self.proposals = proposals
        self.local = local
        self.remote = remote
        self.children = children
    }

    var namesHosts: Bool { !hostNames.isEmpty }

    /// Whether an end proves its identity with a private key.
    var usesSignatures: Bool { (localRounds + remoteRounds).contains { $0.kind.publicKey != nil } }

    var localRounds: [AuthenticationPolicy] { [local] + laterLocal }
    var remoteRounds: [AuthenticationPolicy] { [remote] + laterRemote }
    var hasSeveralRounds: Bool { !laterLocal.isEmpty || !laterRemote.isEmpty }

    /// The connection as rounds of authentication see it, counted from 0; those that there are not leave the first.
    func inRound(local localRound: Int = 0, remote remoteRound: Int = 0) -> Connection {
        var copy = self
        if localRounds.indices.contains(localRound) { copy.local = localRounds[localRound] }
        if remoteRounds.indices.contains(remoteRound) { copy.remote = remoteRounds[remoteRound] }
        return copy
    }

    func child(named name: String) -> ChildPolicy? { children.first { $0.name == name } }

    /// The same on a host that can carry ESP in UDP only.
    package var confinedToUDP: Connection {
        var copy = self
        copy.forcesEncapsulation = true
        copy.requiresEncapsulation = true
        return copy
    }
}

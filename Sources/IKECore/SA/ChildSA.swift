package import IKECrypto
package import IKEWire
package import Inet

/// A CHILD SA pair as agreed: what the data plane needs in order to carry its packets (RFC 4301 section 4.4.2.1).
package struct ChildSA: Sendable {
    /// Ours alone, unique in this engine; SPIs of different peers may coincide.
    package let id: UInt32
    /// The SPI that we chose: what arrives carries it.
    package let inboundSPI: ESPSPI
    /// The SPI that the peer chose: what we send carries it.
    package let outboundSPI: ESPSPI
    package let usesESN: Bool
    /// The name of the child in the configuration.
    package let name: String
    package let connection: String
    /// What was agreed, without an SPI.
    package internal(set) var proposal: Proposal
    package let suite: CipherSuite
    /// Nil once the data plane has them for both directions: what nobody reads any more is wiped.
    package var keys: ChildKeys?
    package let localSelectors: [TrafficSelector]
    package let remoteSelectors: [TrafficSelector]
    /// The outer addresses; with UDP encapsulation their ports are those of the tunnel.
    package var local: SocketAddress
    package var remote: SocketAddress
    package var usesUDP: Bool
    /// Octets of the largest outer packet that has been seen to pass; nil: what the host knows must do.
    package internal(set) var pathMTU: Int?
    package let options: TunnelOptions
    /// Who of ours sends on it, where it is one of several for the same traffic; nil: it is the only one.
    package internal(set) var resource: ChildResource?
    package let installedAt: Instant
    /// When we begin to rekey it, if nobody does before.
    package internal(set) var rekeyAt: Instant?
    /// When it is deleted at the latest.
    package internal(set) var expiresAt: Instant?
    /// What it may carry in one direction, with its jitter taken off.
    let octets: VolumeLimit
    let packets: VolumeLimit
}

/// The keys of both directions of a CHILD SA.
package struct ChildKeys: Sendable {
    package let inbound: CipherKeys
    package let outbound: CipherKeys
}

/// A CHILD SA of an IKE SA with what the control plane knows of its life.
final class ChildEntry {
    enum State: String {
        case installed = "INSTALLED"
        /// A successor is being negotiated by us.
        case rekeying = "REKEYING"
        /// A successor stands; the peer or we delete this one.
        case rekeyed = "REKEYED"
        case deleting = "DELETING"
        /// One of two SAs that simultaneous rekeyings made; whoever made it deletes it.
        case redundant = "REDUNDANT"
    }

    var childSA: ChildSA
    var policy: ChildPolicy
    var state = State.installed
    /// What takes its place, or will if the peer's rekeying stays. Its outbound side waits until the peer deletes this SA
    /// where we answered the rekeying.
    var successor: UInt32?
    /// It has been sent on; an SA that a newer one has replaced since must not come to the top again.
    var hasSent: Bool {
        didSet { dropKeysIfSent() }
    }
    var oneWayTraffic = OneWayTraffic()
    /// When it is sent on at the latest, where that waits for the end of an older CHILD SA on another IKE SA.
    var sendsAt: Instant?
    /// The peer wants no further CHILD SA of the same selectors beside it.
    var takesNoMore = false

    init(childSA: ChildSA, policy: ChildPolicy, hasSent: Bool, sendsAt: Instant?) {
        self.childSA = childSA
        self.policy = policy
        self.hasSent = hasSent
        self.sendsAt = sendsAt
        dropKeysIfSent()
    }

    /// What is sent on is received on already: nothing is left to install.
    private func dropKeysIfSent() {
        if hasSent { childSA.keys = nil }
    }
}

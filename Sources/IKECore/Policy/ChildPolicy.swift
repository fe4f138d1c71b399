package import IKEWire
package import Inet

/// What a CHILD SA may carry, before the addresses are known.
package enum SelectorTemplate: Hashable, Sendable {
    /// The end's own address (`dynamic`), assigned or outer, limited to a protocol and ports.
    case dynamic(protocolID: IPProtocol, ports: PortSelector)
    case fixed(TrafficSelector)

    /// - Parameter ranges: what `dynamic` stands for.
    func resolved(for ranges: [ClosedRange<IPAddress>]) -> [TrafficSelector] {
        switch self {
        case .dynamic(let protocolID, let ports):
            ranges.map { TrafficSelector(protocolID: protocolID, ports: ports, addresses: $0) }
        case .fixed(let selector): [selector]
        }
    }
}

/// What the data plane needs to know about a CHILD SA beyond keys and selectors; the core only hands it on.
package struct TunnelOptions: Hashable, Sendable {
    /// How DSCP is copied between the headers (`copy_dscp`).
    package enum CopyDSCP: Hashable, Sendable { case out, `in`, yes, no }

    /// Packets that the anti-replay window covers; 0 switches the check off.
    package var replayWindow = 32
    package var copyDF = true
    package var copyECN = true
    package var copyDSCP = CopyDSCP.out
    /// Octets that inner packets are filled up to, as far as the path takes them (`tfc_padding`, RFC 4303 section 2.7); `.max`
    /// for all that it takes, 0 where the peer has said ESP_TFC_PADDING_NOT_SUPPORTED.
    package var tfcPadding = 0

    package init() {}
}

/// Soft and hard limit in what one direction of a CHILD SA carries, octets or packets.
package struct VolumeLimit: Hashable, Sendable {
    /// Nil: never rekeyed because of it.
    package var rekey: UInt64?
    package var jitter: UInt64
    /// Nil: never ended because of it.
    package var hard: UInt64?

    package init(rekey: UInt64? = nil, jitter: UInt64 = 0, hard: UInt64? = nil) {
        self.rekey = rekey
        self.jitter = jitter
        self.hard = hard
    }

    var isSet: Bool { rekey != nil || hard != nil }
}

/// What becomes of a CHILD SA that was lost (`dpd_action`, `close_action`).
package enum LossAction: Hashable, Sendable {
    case nothing
    /// The next packet that wants it brings it back.
    case trap
    /// It is negotiated anew.
    case restart
}

/// A CHILD SA as configured. Each one that is made of it holds it: copies are of the same memory, until one of them is changed.
@dynamicMemberLookup
package struct ChildPolicy: Hashable, Sendable {
    /// What the policy says; its properties are those of the policy.
    package struct Terms: Hashable, Sendable {
        package var name: String
        /// ESP proposals in order of preference.
        package var proposals: [Proposal]
        package var localSelectors: [SelectorTemplate]
        package var remoteSelectors: [SelectorTemplate]
        package var lifetime = Lifetime(rekey: .seconds(3600), jitter: .seconds(360), hard: .seconds(3960))
        package var octetLimit = VolumeLimit()
        package var packetLimit = VolumeLimit()
        package var options = TunnelOptions()
        /// Whether there may be several CHILD SAs for the same traffic, one for each resource that sends (`per_cpu_sas`, RFC 9611).
        package var isPerResource = false
        /// Negotiated as soon as it is configured (`start_action = start`).
        package var isStarted = false
        /// When the peer was found dead (`dpd_action`).
        package var actionOnDeadPeer = LossAction.nothing
        /// When the peer closed it (`close_action`).
        package var actionOnClose = LossAction.nothing
    }

    private final class Shared: Sendable {
        let terms: Terms

        init(_ terms: Terms) { self.terms = terms }
    }

    private var shared: Shared

    package init(
        name: String,
        proposals: [Proposal],
        localSelectors: [SelectorTemplate],
        remoteSelectors: [SelectorTemplate]
    ) {
        shared = Shared(
            Terms(
                name: name,
                proposals: proposals,
                localSelectors: localSelectors,
                remoteSelectors: remoteSelectors
            )
        )
    }

    package subscript<Value>(dynamicMember term: WritableKeyPath<Terms, Value>) -> Value {
        get { shared.terms[keyPath: term] }
        set {
            var terms = shared.terms
            terms[keyPath: term] = newValue
            shared = Shared(terms)
        }
    }

    package static func == (one: ChildPolicy, other: ChildPolicy) -> Bool {
        one.shared === other.shared || one.shared.terms == other.shared.terms
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(shared.terms) }

    /// Nobody need ask for it.
    var isMeantToBeUp: Bool {
        let terms = shared.terms
        return terms.isStarted || terms.actionOnDeadPeer == .restart || terms.actionOnClose == .restart
    }
}

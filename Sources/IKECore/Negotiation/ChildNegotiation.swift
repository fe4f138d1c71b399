import IKECrypto
import IKEWire
import Inet

// The payloads that make a CHILD SA, alike in IKE_AUTH and CREATE_CHILD_SA: SA, TSi, TSr, and in the latter
// a nonce and perhaps a key exchange (RFC 7296 sections 1.2 and 1.3).

/// What both ends agreed for a CHILD SA, before its keys are derived.
struct ChildAgreement {
    let policy: ChildPolicy
    let proposal: Proposal
    let inboundSPI: ESPSPI
    let outboundSPI: ESPSPI
    let localSelectors: [TrafficSelector]
    let remoteSelectors: [TrafficSelector]
    /// What the peer has said of its side; we take all padding, so that we never say so (RFC 7296 section 1.3.1).
    let peerTakesPadding: Bool
    /// Nil: there is to be no other one for the same traffic.
    let resource: ChildResource?

    /// The policy's, less what the peer does not take.
    private var options: TunnelOptions {
        var options = policy.options
        if !peerTakesPadding { options.tfcPadding = 0 }
        return options
    }

    /// The CHILD SA with keys from `skD` (RFC 7296 section 2.17).
    ///
    /// `role` is ours in the exchange that made the SA: the first keys of KEYMAT are for what its initiator sends.
    func childSA(
        id: UInt32,
        connection: String,
        role: Role,
        security: IKESecurity,
        sharedSecret: SecretBytes?,
        nonceI: [UInt8],
        nonceR: [UInt8],
        path: ChildPath,
        turn: Turn
    ) throws(NegotiationFailure) -> ChildSA {
        let suite = try IKESecurity.suite(of: proposal)
        let keys: (initiator: CipherKeys, responder: CipherKeys)
        do {
            keys = try KeyDerivation.childKeys(
                prf: security.prf,
                suite: suite,
                skD: security.skD,
                sharedSecret: sharedSecret,
                nonceI: nonceI,
                nonceR: nonceR
            )
        } catch {
            throw NegotiationFailure(
                .cryptography,
                "the keys of CHILD SA \(policy.name) could not be derived: \(error)"
            )
        }
        let isInitiator = role == .initiator
        let usesESN = proposal.transforms(of: .sequenceNumbers).first?.id == SequenceNumbers.extended.rawValue
        let packets = policy.packetLimit.drawn(turn.random)
        let exhaustion = VolumeLimit.standardSequenceNumbers.drawn(turn.random)
        return ChildSA(
            id: id,
            inboundSPI: inboundSPI,
            outboundSPI: outboundSPI,
            usesESN: usesESN,
            name: policy.name,
            connection: connection,
            proposal: proposal.withoutSPI,
            suite: suite,
            keys: ChildKeys(
                inbound: isInitiator ? keys.responder : keys.initiator,
                outbound: isInitiator ? keys.initiator : keys.responder
            ),
            localSelectors: localSelectors,
            remoteSelectors: remoteSelectors,
            local: path.local,
            remote: path.remote,
            usesUDP: path.usesUDP,
            options: options,
            resource: resource,
            installedAt: turn.now,
            rekeyAt: policy.lifetime.rekeyDeadline(from: turn.now, random: turn.random),
            expiresAt: policy.lifetime.hard.map { turn.now + $0 },
            octets: policy.octetLimit.drawn(turn.random),
            packets: usesESN ? packets : packets.combined(with: exhaustion)
        )
    }
}

/// The outer addresses of CHILD SAs, whether UDP goes around ESP, and what `dynamic` stands for in their selectors.
struct ChildPath {
    let local: SocketAddress
    let remote: SocketAddress
    let usesUDP: Bool
    var dynamicLocal: [ClosedRange<IPAddress>]
    var dynamicRemote: [ClosedRange<IPAddress>]

    init(local: SocketAddress, remote: SocketAddress, usesUDP: Bool, inner: InnerAddresses) {
        self.local = local
        self.remote = remote
        self.usesUDP = usesUDP
        dynamicLocal = (inner.local.isEmpty ? [local.address] : inner.local).map { $0...$0 }
        dynamicRemote = (inner.remote.isEmpty ? [remote.address] : inner.remote).map { $0...$0 }
    }

    /// Throws where ESP would have to go outside of UDP and cannot.
    func requirePassable(for connection: Connection) throws(NegotiationFailure) {
        guard connection.requiresEncapsulation, !usesUDP else { return }
        throw NegotiationFailure(
            .unsupported,
            "the peer at \(remote.address) knows no NAT traversal, so ESP would have to go outside of UDP, which this host "
                + "cannot: give iked CAP_NET_RAW (AmbientCapabilities= in the systemd unit, --cap-add NET_RAW for a "
                + "container), or have the peer switch NAT traversal on",
            notify: Notify(.noProposalChosen)
        )
    }
}

/// The initiator's offer for a CHILD SA.
struct ChildOffer {
    let policy: ChildPolicy
    let spi: ESPSPI
    let proposals: [Proposal]
    let localSelectors: [TrafficSelector]
    let remoteSelectors: [TrafficSelector]
    /// Of the one that is offered, if there are to be several for the same traffic.
    let resource: ChildResource?

    /// SA, TSi and TSr, in this order, and what is said besides.
    var payloads: [Payload] {
        [
            Payload(.securityAssociation(proposals)),
            Payload(.trafficSelectorsInitiator(localSelectors.map { .selector($0) })),
            Payload(.trafficSelectorsResponder(remoteSelectors.map { .selector($0) })),
        ] + (resource.map { [$0.notify] } ?? [])
    }

    /// What the responder made of the offer.
    func accept(_ payloads: [Payload]) throws(NegotiationFailure) -> ChildAgreement {
        if let error = payloads.notifies.first(where: { $0.type.isError }) {
            throw refusal(error)
        }
        let answer = payloads.securityAssociation ?? []
        guard let proposal = answer.first, ProposalSelection.isAcceptable(answer, offered: proposals),
            let outboundSPI = ESPSPI(bytes: proposal.spi), outboundSPI.isUsable
        else {
            throw NegotiationFailure(
                .noProposalChosen,
                "for CHILD SA \(policy.name) the peer answered with \(ProposalSelection.list(answer)), "
                    + "which is not what we offered: \(ProposalSelection.list(proposals))"
            )
        }
        let local = payloads.trafficSelectorsInitiator?.selectors ?? []
        let remote = payloads.trafficSelectorsResponder?.selectors ?? []
        guard TrafficSelectorNarrowing.isSubset(local, of: localSelectors),
            TrafficSelectorNarrowing.isSubset(remote, of: remoteSelectors)
        else {
            throw NegotiationFailure(
                .trafficSelectorsUnacceptable,
                "for CHILD SA \(policy.name) the peer widened the selectors to "
                    + "\(TrafficSelectorNarrowing.list(local)) === \(TrafficSelectorNarrowing.list(remote)), offered were "
                    + "\(TrafficSelectorNarrowing.list(localSelectors)) === "
                    + TrafficSelectorNarrowing.list(remoteSelectors)
            )
        }
        return ChildAgreement(
            policy: policy,
            proposal: proposal,
            inboundSPI: spi,
            outboundSPI: outboundSPI,
            localSelectors: local,
            remoteSelectors: remote,
            peerTakesPadding: payloads.takePadding,
            // A peer that does not say it as well has one for all of the traffic, and deletes others perhaps.
            resource: resource == .all && !payloads.sayResource ? nil : resource
        )
    }

    private func refusal(_ error: Notify) -> NegotiationFailure {
        var failure = IKECore.refusal(error, offered: proposals)
        let selectors =
            "\(TrafficSelectorNarrowing.list(localSelectors)) === \(TrafficSelectorNarrowing.list(remoteSelectors))"
        failure.message = "CHILD SA \(policy.name) (\(selectors)): \(failure.message)"
        return failure
    }
}

/// The responder's choice for a CHILD SA.
enum ChildResponder {
    /// The agreement, and the payloads that say so: SA, TSi, TSr, and what is said besides.
    ///
    /// - Parameter withKeyExchange: whether the offer may bring a key exchange (not in IKE_AUTH).
    static func answer(
        _ payloads: [Payload],
        connection: Connection,
        path: ChildPath,
        withKeyExchange: Bool,
        spi: ESPSPI
    ) throws(NegotiationFailure) -> (agreement: ChildAgreement, payloads: [Payload]) {
        try path.requirePassable(for: connection)
        let offered = payloads.securityAssociation ?? []
        let theirs = payloads.trafficSelectorsInitiator?.selectors ?? []
        let ours = payloads.trafficSelectorsResponder?.selectors ?? []
        let choice = try chooseChild(connection, theirs: theirs, ours: ours, path: path)
        let configured =
            withKeyExchange ? choice.policy.proposals : choice.policy.proposals.map { $0.withoutKeyExchange() }
        guard let chosen = ProposalSelection.select(offered: offered, configured: configured),
            let outboundSPI = ESPSPI(bytes: chosen.spi), outboundSPI.isUsable
        else {
            throw NegotiationFailure(
                .noProposalChosen,
                "no ESP proposal in common for CHILD SA \(choice.policy.name) (NO_PROPOSAL_CHOSEN): "
                    + ProposalSelection.explainMismatch(offered: offered, configured: configured),
                notify: Notify(.noProposalChosen),
                offered: offered
            )
        }
        let agreement = ChildAgreement(
            policy: choice.policy,
            proposal: chosen,
            inboundSPI: spi,
            outboundSPI: outboundSPI,
            localSelectors: choice.local,
            remoteSelectors: choice.remote,
            peerTakesPadding: payloads.takePadding,
            resource: choice.policy.isPerResource && payloads.sayResource ? .all : nil
        )
        var answer = chosen
        answer.spi = spi.bytes
        return (
            agreement,
            [
                Payload(.securityAssociation([answer])),
                Payload(.trafficSelectorsInitiator(choice.remote.map { .selector($0) })),
                Payload(.trafficSelectorsResponder(choice.local.map { .selector($0) })),
            ] + (agreement.resource.map { [$0.notify] } ?? [])
        )
    }

    private typealias Choice = (policy: ChildPolicy, local: [TrafficSelector], remote: [TrafficSelector])

    /// The child whose selectors overlap with the offer. One that takes the offer unnarrowed goes first, then one that takes the
    /// first selectors on both sides: they may be those of the packet that the initiator has for us (RFC 7296 section 2.9).
    private static func chooseChild(
        _ connection: Connection,
        theirs: [TrafficSelector],
        ours: [TrafficSelector],
        path: ChildPath
    ) throws(NegotiationFailure) -> Choice {
        var overlapping: [Choice] = []
        for policy in connection.children {
            let selectors = policy.selectors(path)
            let local = TrafficSelectorNarrowing.narrow(offered: ours, configured: selectors.local)
            let remote = TrafficSelectorNarrowing.narrow(offered: theirs, configured: selectors.remote)
            if !local.isEmpty && !remote.isEmpty { overlapping.append((policy, local, remote)) }
        }
        let whole = overlapping.first { $0.local.cover(ours[...]) && $0.remote.cover(theirs[...]) }
        let leading = overlapping.first { $0.local.cover(ours.prefix(1)) && $0.remote.cover(theirs.prefix(1)) }
        if let choice = whole ?? leading ?? overlapping.first { return choice }
        let selectors = connection.children.map { $0.selectors(path) }
        throw NegotiationFailure(
            .trafficSelectorsUnacceptable,
            "no child of connection \(connection.name) overlaps with the offered selectors (TS_UNACCEPTABLE): "
                + TrafficSelectorNarrowing.explain(
                    offeredLocal: ours,
                    offeredRemote: theirs,
                    local: selectors.flatMap(\.local),
                    remote: selectors.flatMap(\.remote)
                ),
            notify: Notify(.tsUnacceptable)
        )
    }
}

extension [Payload] {
    /// Whether traffic flow confidentiality padding may be sent to who sent these.
    fileprivate var takePadding: Bool { notify(.espTFCPaddingNotSupported) == nil }

    /// Whether the CHILD SA is one of several for the same traffic, to who sent these (RFC 9611).
    fileprivate var sayResource: Bool { notify(.saResourceInfo) != nil }
}

extension [TrafficSelector] {
    /// Whether every one of `others` lies within one of these.
    fileprivate func cover(_ others: ArraySlice<TrafficSelector>) -> Bool {
        others.allSatisfy { other in contains { $0.contains(other) } }
    }
}

extension ChildPolicy {
    /// The selectors with `dynamic` replaced by the ends' addresses.
    func selectors(_ path: ChildPath) -> (local: [TrafficSelector], remote: [TrafficSelector]) {
        (
            self.localSelectors.flatMap { $0.resolved(for: path.dynamicLocal) },
            self.remoteSelectors.flatMap { $0.resolved(for: path.dynamicRemote) }
        )
    }

    /// The offer that this child makes as initiator; IKE_AUTH brings no key exchange of its own.
    ///
    /// The selectors of a packet that wants the SA go first, as far as the policy admits it, so that a responder that has to
    /// narrow knows what matters (RFC 7296 section 2.9).
    func offer(spi: ESPSPI, path: ChildPath, withKeyExchange: Bool, packet: PacketSelectors? = nil) -> ChildOffer {
        let selectors = selectors(path)
        let proposals = withKeyExchange ? self.proposals : self.proposals.map { $0.withoutKeyExchange() }
        return ChildOffer(
            policy: self,
            spi: spi,
            proposals: Proposal.numbered(proposals, spi: spi.bytes),
            localSelectors: Self.leading(packet?.local, selectors.local),
            remoteSelectors: Self.leading(packet?.remote, selectors.remote),
            resource: self.isPerResource ? .all : nil
        )
    }

    private static func leading(_ packet: TrafficSelector?, _ selectors: [TrafficSelector]) -> [TrafficSelector] {
        // A payload counts its selectors in one octet (RFC 7296 section 3.13).
        guard let packet, selectors.count < UInt8.max, !selectors.contains(packet),
            let part = selectors.lazy.compactMap({ $0.intersection(packet) }).first
        else { return selectors }
        return [part] + selectors
    }
}

extension Proposal {
    /// As a CHILD SA keeps it, whose SPIs stand beside it.
    fileprivate var withoutSPI: Proposal {
        var proposal = self
        proposal.spi = []
        return proposal
    }
}

extension ESPSPI {
    /// The values 0 to 255 are reserved (RFC 4303 section 2.1).
    var isUsable: Bool { rawValue > 255 }
}

extension Lifetime {
    /// The soft limit less a random part of the jitter, so that two peers rarely rekey at once (RFC 7296 section 2.8).
    func rekeyDeadline(from now: Instant, random: any RandomSource) -> Instant? {
        guard let rekey, rekey > .zero else { return nil }
        let jitter = min(jitter, rekey)
        let part = Double(random.uint32()) / Double(UInt32.max)
        return now + (rekey - jitter * part)
    }
}

import IKEWire
import Inet

// How an IKE SA moves when an end changes its address (MOBIKE, RFC 4555); what is said stands in `AddressUpdates`, how in
// `Exchanges/AddressExchange`.
//
// The original initiator decides about the path. It moves the IKE SA and the CHILD SAs at once, sends what waits for its
// answer again from the new address, and then tells the peer with UPDATE_SA_ADDRESSES. It moves
//
//   - when its address is gone, or there is no route from it to the peer any more (`networkChanged`);
//   - when the peer says that it has not the address any more that the SA uses (`keep`);
//   - when a request that stays unanswered is answered along another path. Such a request is sent along every path that there
//     could be, the same octets each time (RFC 4555 sections 3.5 and 3.10): the peer answers where it came from, and
//     moves nothing because of it;
//   - when the NAT in front of it gives it another address, which the answer to a liveness check shows (section 3.8).
//
// The original responder follows UPDATE_SA_ADDRESSES: the IKE SA at once, the CHILD SAs once the peer has shown with COOKIE2
// that it receives at the new address (section 3.7), so that nobody can have the traffic sent to a third party.
// Only when its own address is gone does it move by itself, and tells the initiator its addresses. The initiator may have
// moved at the same time, so that neither knows where the other is: until something is answered, the responder's requests
// go along every path as well (section 3.6).
//
// The answer to a request says which path works only if the request has gone along that path alone. Where it has not,
// the exchange is done again.
//
// An IKE SA that takes over from another inherits all that. While an address exchange is under way, the peer's rekeying of
// the IKE SA is put off with TEMPORARY_FAILURE; while ours is, the update waits and goes over the new IKE SA.

/// What an IKE SA knows about moving.
struct Mobility {
    /// Both ends said MOBIKE_SUPPORTED.
    var isAgreed = false
    /// What the peer told of its addresses: where it was when it did, and the further ones.
    var peerAddresses: [IPAddress] = []
    /// Our further addresses as the peer knows them.
    var announced: [IPAddress] = []
    /// Paths that the peer does not want; asked for no more until the network changes.
    var refused: Set<Path> = []
    /// A request that waits for its answer has gone along more than one path.
    var isProbing = false
    /// Our address is gone, and the peer has not shown since that it knows the other one.
    var isStranded = false
    /// The hash of the address that the peer sees us at.
    var seenAs: [UInt8]?
    /// The message IDs of the latest update and of the latest list of the peer: requests may overtake one another.
    var latestUpdate: UInt32?
    var latestList: UInt32?

    /// The same for an IKE SA that takes over, with message IDs and SPIs of its own.
    var inherited: Mobility {
        var mobility = self
        mobility.isProbing = false
        mobility.seenAs = nil
        mobility.latestUpdate = nil
        mobility.latestList = nil
        return mobility
    }
}

// MARK: - Agreeing

extension IKESA {
    /// What we add to IKE_AUTH if we would be mobile.
    func mobilityOffer(_ connection: Connection, _ turn: Turn) -> [Payload] {
        guard connection.isMobile else { return [] }
        mobility.announced = additionalAddresses(connection, turn)
        return [Payload(.notify(Notify(.mobikeSupported)))] + AddressNotifies.additional(mobility.announced)
            + (role == .initiator ? natProhibition : [])
    }

    /// Takes over what the peer says of it in IKE_AUTH.
    func noteMobility(_ payloads: [Payload], _ connection: Connection, _ turn: Turn) {
        guard connection.isMobile, payloads.notify(.mobikeSupported) != nil else { return }
        mobility.isAgreed = true
        mobility.peerAddresses = AddressNotifies.addresses(in: payloads) ?? []
        log(.debug, "the peer may change its address (MOBIKE)", turn)
    }

    /// A peer without NAT traversal must not be led astray by a NAT (RFC 4555 section 3.9).
    var natProhibition: [Payload] {
        nat.isSupported ? [] : [AddressNotifies.noNATsAllowed(from: local, to: remote)]
    }

    func natDetection(_ path: Path, _ turn: Turn) -> [Payload] {
        guard nat.isSupported else { return [] }
        return NATDetection.notifies(
            spiI: spiI,
            spiR: spiR,
            local: path.local,
            remote: path.remote,
            forcing: connection?.forcesEncapsulation ?? false,
            random: turn.random
        )
    }

    func evaluateNAT(_ payloads: [Payload], _ path: Path) {
        guard payloads.notify(.natDetectionSourceIP) != nil else { return }
        nat = NATDetection.evaluate(
            payloads,
            spiI: spiI,
            spiR: spiR,
            local: path.local,
            remote: path.remote,
            forcing: connection?.forcesEncapsulation ?? false
        )
    }
}

// MARK: - Taking over

extension IKESA {
    /// What the IKE SA before this one learnt of addresses, while this one was already there.
    func takeOverMobility(of predecessor: IKESA, _ turn: Turn) {
        if mobility.latestUpdate == nil && mobility.latestList == nil { mobility = predecessor.mobility.inherited }
        if let moved = predecessor.movedAt, movedAt.map({ $0 < moved }) ?? true {
            nat = predecessor.nat
            moveIKE(to: predecessor.path, turn)
        }
        if !isCheckingRoutability { moveChildren(turn) }
    }
}

// MARK: - Choosing a path

extension IKESA {
    /// More paths than this are not tried.
    private static let mostPaths = 32

    /// Our further addresses that the peer may be told of.
    func additionalAddresses(_ connection: Connection, _ turn: Turn) -> [IPAddress] {
        let others = turn.network.addresses.filter {
            $0 != local.address && $0.isUnicast && !$0.isLinkLocal && connection.admitsLocal($0)
        }
        return Array(others.prefix(AddressNotifies.mostAddresses))
    }

    /// The addresses at which the peer might be reached, the present one first.
    var peerAddresses: [IPAddress] {
        var addresses: [IPAddress] = []
        for address in [remote.address] + mobility.peerAddresses + (connection?.namedRemotes ?? [])
        where !addresses.contains(address) {
            addresses.append(address)
        }
        return addresses
    }

    /// The paths that there could be, the best first.
    func candidatePaths(_ turn: Turn) -> [Path] {
        var paths: [Path] = []
        for address in peerAddresses {
            for source in turn.network.sources(for: address) where connection?.admitsLocal(source) ?? true {
                let path = Path(
                    local: SocketAddress(address: source, port: local.port),
                    remote: SocketAddress(address: address, port: remote.port)
                )
                if !mobility.refused.contains(path) { paths.append(path) }
            }
        }
        return Array(paths.prefix(Self.mostPaths))
    }

    /// The host's addresses or routes have changed.
    func networkChanged(_ turn: Turn) {
        guard mobility.isAgreed, let connection else { return }
        mobility.refused = []
        if turn.network.admits(local.address, remote.address) {
            if isEstablished, additionalAddresses(connection, turn) != mobility.announced { ask(.announce) }
        } else if let better = candidatePaths(turn).first {
            log(.warning, "\(local.address) cannot be used any more: moving to \(better)", turn)
            mobility.isStranded = true
            relocate(to: better, turn)
        } else {
            log(.warning, "\(local.address) cannot be used any more, and no other address reaches the peer", turn)
        }
        startPending(turn)
    }

    /// Moves because we want to, and tells the peer.
    func relocate(to path: Path, _ turn: Turn) {
        move(to: path, turn)
        sendAgain(turn)
        sendAnswersAgain(attempt: 0, turn)
        guard isEstablished else { return }
        ask(isOriginalInitiator ? .update(attempt: 0) : .announce)
    }

    /// Sends what waits for its answer along the path that the IKE SA has now.
    func sendAgain(_ turn: Turn) {
        for datagrams in window.beginAgain(policy: turn.settings.retransmission, now: turn.now) {
            send(datagrams, again: true, turn)
        }
    }

    /// The peer may lack an answer of ours, and asks for it at the address that we have left. While it does, nothing else may
    /// reach it: the IKE SA that the answer is about it does not know yet. So answers are sent again unasked, until it sends
    /// something new or answers an exchange about addresses.
    func sendAnswersAgain(attempt: Int, _ turn: Turn) {
        let policy = turn.settings.retransmission
        guard !window.keptAnswers.isEmpty, attempt <= policy.tries else {
            answersAgain = nil
            return
        }
        for datagrams in window.keptAnswers { send(datagrams, again: true, turn) }
        answersAgain = (turn.now + policy.wait(afterAttempt: attempt), attempt + 1)
    }

    /// Has an exchange about addresses go before all others that wait.
    func ask(_ request: AddressRequest) {
        pending.removeAll { exchange in
            guard case .addresses(let other) = exchange else { return false }
            return other.isSame(as: request)
        }
        pending.insert(.addresses(request), at: 0)
    }
}

// MARK: - Paths that fail

extension IKESA {
    /// After so many unanswered repetitions other paths are tried as well.
    private static let pathPatience = 2

    /// A request has been sent again along the present path: along all others, too, once it has waited long enough.
    func probe(_ datagrams: [[UInt8]], attempt: Int, _ turn: Turn) {
        guard mobility.isAgreed, isOriginalInitiator || mobility.isStranded, isEstablished || isDeleting,
            attempt >= Self.pathPatience
        else { return }
        for other in candidatePaths(turn) where other != path {
            mobility.isProbing = true
            send(datagrams, along: other, again: true, turn)
        }
    }

    /// The answer to a request that may have gone along several paths: the one that it came along works.
    func noteAnswer(to exchange: OngoingExchange, _ turn: Turn) {
        mobility.isStranded = false
        guard mobility.isProbing else { return }
        if window.outstanding.isEmpty { mobility.isProbing = false }
        if let arrival = turn.arrival, arrival != path, candidatePaths(turn).contains(arrival) {
            log(.warning, "the peer does not answer along \(path) any more: moving to \(arrival)", turn)
            relocate(to: arrival, turn)
        } else if case .addresses = exchange {
            ask(isOriginalInitiator ? .update(attempt: 0) : .announce)
        }
    }

    /// NAT detection in a liveness check, where the NAT in front of us may have changed (RFC 4555 section 3.8).
    func livenessPayloads(_ turn: Turn) -> [Payload] {
        guard mobility.isAgreed, isOriginalInitiator, nat.isLocalBehindNAT else { return [] }
        return natDetection(path, turn)
    }

    func processLiveness(_ payloads: [Payload], _ turn: Turn) {
        guard mobility.isAgreed, isOriginalInitiator, let seen = payloads.notify(.natDetectionDestinationIP)?.data,
            seen != mobility.seenAs
        else { return }
        mobility.seenAs = seen
        ask(.update(attempt: 0))
    }
}

extension Connection {
    /// Whether `local_addrs` lets us be reached there.
    func admitsLocal(_ address: IPAddress) -> Bool {
        AddressPattern.bestMatch(of: localAddresses, for: address) != nil
    }

    /// Which of the peer's addresses to try after `address`: they take turns.
    func remote(after address: IPAddress) -> IPAddress {
        let named = namedRemotes
        guard let index = named.firstIndex(of: address) else { return address }
        return named[(index + 1) % named.count]
    }

    /// The single addresses among `remote_addrs`.
    var namedRemotes: [IPAddress] {
        remoteAddresses.compactMap { pattern in
            guard case .prefix(let prefix) = pattern, prefix.length == prefix.family.bitWidth else { return nil }
            return prefix.address
        }
    }
}

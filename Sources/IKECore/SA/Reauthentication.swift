import IKECrypto
import IKEWire
import Inet

// Authenticating again (RFC 7296 section 2.8.3) without a gap: make before break.
//
//     old IKE SA ------------------------------------------------ Delete
//                  \ IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA ... /
//                   new IKE SA with the same CHILD SAs -----------------------------
//
// There is no exchange for it: the initiator negotiates a new IKE SA beside the old one, and deletes the old one when the
// new one carries all that it carried. The responder announces with AUTH_LIFETIME when that must have happened
// (RFC 4478), and deletes the SA if it has not.
//
// No packet is lost on the way. The initiator sends on the new CHILD SAs at once, since the responder accepts on them; the
// responder goes on sending on the old ones until their Delete, by which the initiator surely accepts on the new ones; and
// what was sent on the old ones before is accepted for a while longer.

extension IKESA {
    /// Why an SA that was authenticated again is deleted.
    static let renewedReason = "authenticated again"
    /// No AUTH_LIFETIME makes us authenticate sooner after the last time: a peer must not keep us busy.
    static let leastAuthenticationAge: Duration = .seconds(10)
    /// How long the responder sends on an older CHILD SA of the same selectors, if that is not deleted before.
    static let outboundPatience: Duration = .seconds(10)

    // MARK: - The initiator

    /// Begins to negotiate the successor.
    func renew(_ established: Established, _ turn: Turn) {
        let former = established.peer.connection
        let connection = turn.policy.connection(named: former.name) ?? former
        log(.info, "authenticating again: negotiating a new IKE SA beside this one", turn)
        turn.restart(
            Initiation(
                connection: connection,
                children: carriedPolicies(connection).requests + takeWishes(connection),
                local: local,
                remote: remote,
                renews: established.origin.lineage
            )
        )
    }

    /// Further CHILD SAs that this SA was to have, or is to have now: its successor gets them.
    private func takeWishes(_ connection: Connection) -> [ChildRequest] {
        let waiting = pending.compactMap { exchange -> ChildRequest? in
            guard case .createChild(let request) = exchange, request.replaces == nil, request.companion == nil else {
                return nil
            }
            return request
        }
        pending.removeAll { $0.createsChild }
        return waiting.map { request in
            var moved = request
            moved.policy = request.policy.map { connection.child(named: $0.name) ?? $0 }
            moved.isOnlyIfMissing = true
            return moved
        }
    }

    /// What the SA carries, once each, as it is configured now.
    private func carriedPolicies(_ connection: Connection) -> [ChildPolicy] {
        var policies: [ChildPolicy] = []
        for entry in children where entry.state == .installed || entry.state == .rekeying {
            guard let policy = connection.child(named: entry.policy.name) else { continue }
            if !policies.contains(where: { $0.name == policy.name }) { policies.append(policy) }
        }
        return policies
    }

    /// This SA stands and carries what it was to: those that it renews can go.
    func takeOver(_ lineage: UInt32, _ turn: Turn) {
        guard !postponed.contains(where: { $0.exchange.createsChild }) else {
            postpone(.takeOver(lineage: lineage), turn)
            return
        }
        let former = turn.directory.family(lineage).filter(\.isEstablished)
        if children.isEmpty, former.contains(where: { !$0.children.isEmpty }) {
            turn.renewalFailed(lineage)
            pending.append(.deleteIKE(reason: "it carries nothing of what it was to take over", nil))
            return
        }
        for old in former {
            old.enqueue(.deleteIKE(reason: Self.renewedReason, nil), turn)
            turn.touch(old)
        }
    }

    /// The new SA could not be had: the old one stands until its limit, and it is tried again.
    func renewalFailed(_ turn: Turn) {
        guard let origin, isEstablished else { return }
        let again = turn.now + Self.retryDelay(turn)
        if [origin.end?.at, origin.staleAt].contains(where: { $0.map { $0 <= again } ?? false }) { return }
        log(.warning, "could not authenticate again yet; this IKE SA goes on, and it will be tried again", turn)
        changeOrigin { $0.renewAt = again }
    }

    // MARK: - AUTH_LIFETIME

    /// The responder wants to see us authenticate within a time (RFC 4478 section 2). A tenth of it is left for that.
    func noteAuthenticationLifetime(_ payloads: [Payload], _ turn: Turn) {
        guard let notify = payloads.notify(.authLifetime), let origin, origin.role == .initiator else { return }
        guard let seconds = notify.authenticationLifetime else {
            log(.debug, "ignored an AUTH_LIFETIME of \(notify.data.count) octets", turn)
            return
        }
        let lifetime = Duration.seconds(Int64(seconds))
        let earliest = origin.authenticatedAt + Self.leastAuthenticationAge
        let renewAt = max(turn.now + (lifetime - lifetime / 10), earliest)
        log(.info, "the peer wants to see us authenticate again within \(seconds) s", turn)
        changeOrigin { $0.renewAt = min($0.renewAt ?? renewAt, renewAt) }
    }

    // MARK: - CHILD SAs that others replace

    /// Another IKE SA with the peer carries the same traffic in an older CHILD SA: whoever initiates may still be
    /// without the keys of the new one.
    func mayBeOutrun(_ childSA: ChildSA, _ turn: Turn) -> Bool {
        turn.directory.siblings(of: self).contains { $0.carries(childSA) != nil }
    }

    /// The CHILD SA here that carries the same traffic as `other`.
    func carries(_ other: ChildSA) -> ChildEntry? {
        children.last { entry in
            (entry.state == .installed || entry.state == .rekeying) && entry.childSA.name == other.name
                && entry.childSA.localSelectors == other.localSelectors
                && entry.childSA.remoteSelectors == other.remoteSelectors
        }
    }

    /// Sends on the CHILD SAs that had to wait with it.
    func completeOutbound(until now: Instant, _ turn: Turn) {
        for entry in children {
            guard let at = entry.sendsAt, at <= now else { continue }
            entry.sendsAt = nil
            guard !entry.hasSent else { continue }
            turn.emit(.installOutbound(entry.childSA))
            entry.hasSent = true
        }
    }

    /// Ends what the SA carries. A CHILD SA that another IKE SA carries as well still receives for a while, as after
    /// rekeying.
    func abandonChildren(reason: String, _ turn: Turn) {
        let heirs = children.isEmpty ? [] : turn.directory.siblings(of: self).filter(\.isEstablished)
        for entry in children {
            let childSA = entry.childSA
            guard turn.settings.deleteRekeyedDelay > .zero,
                let heir = heirs.last(where: { $0.carries(childSA) != nil })
            else {
                removeChild(childSA.id, reason: reason, turn)
                continue
            }
            takeChild(childSA.id, reason: reason, turn)
            turn.emit(.removeOutbound(childSA))
            heir.draining.append((turn.now + turn.settings.deleteRekeyedDelay, childSA))
            turn.touch(heir)
        }
        forgetDrained(until: .distantFuture, turn)
    }
}

extension [ChildPolicy] {
    /// One request for each; one for none where there is none.
    fileprivate var requests: [ChildRequest] {
        isEmpty ? [ChildRequest(policy: nil, command: nil)] : map { ChildRequest(policy: $0, command: nil) }
    }
}

import IKEWire
import Inet

// How many IKE SAs a peer may have (`unique`), what INITIAL_CONTACT ends (RFC 7296 section 2.4), and what becomes of two
// that both ends began at the same time.
//
// Both ends may begin at once, for instance after the power was back. Two IKE SAs come to stand where one was wanted, and
// both ends see both. As with crossing rekeyings (RFC 7296 section 2.8.1) the one with the lowest of the four nonces goes:
// whoever began it deletes it, and if that end does not know of this rule, the other one does so a little later.

/// How a connection treats further IKE SAs of the same peer (`unique`).
package enum Uniqueness: Hashable, Sendable {
    /// They stand side by side, INITIAL_CONTACT is neither sent nor heeded.
    case never
    /// They stand side by side, but INITIAL_CONTACT ends those from before.
    case no
    /// A further one is refused; from the address of the one that stands it replaces that.
    case keep
    /// A further one replaces those from before.
    case replace
}

extension Endpoint {
    /// How long the peer may take to delete by itself what we would delete: it may be authenticating again, or settle
    /// what both began by the same rule.
    static let uniquenessGrace: Duration = .seconds(10)

    /// An SA has just been authenticated: what stands beside it may have to go.
    func admit(_ newcomer: AuthenticatedNewcomer, _ turn: Turn) {
        let sa = newcomer.sa
        guard let connection = sa.connection, let origin = sa.origin, connection.uniqueness != .never else { return }
        let siblings = turn.directory.siblings(of: sa).filter(\.isEstablished)
        for other in siblings {
            guard let earlier = other.origin else { continue }
            if earlier.authenticatedAt > origin.begunAt {
                decide(between: sa, other, turn)
            } else if newcomer.isInitialContact {
                // Without a word: the peer would not understand one.
                other.close(
                    NegotiationFailure(.closed, "the peer began anew with IKE SA {\(sa.id)} (INITIAL_CONTACT)"),
                    turn
                )
            } else if connection.uniqueness != .no, !newcomer.isRenewal {
                replace(other, by: sa, turn)
            }
            settle(other, turn)
        }
        settle(sa, turn)
    }

    private func replace(_ old: IKESA, by new: IKESA, _ turn: Turn) {
        let reason = Ending.replaced(by: new.id)
        if old.remote.address == new.remote.address {
            old.changeOrigin { $0.endBy(turn.now + Self.uniquenessGrace, reason) }
        } else {
            old.enqueue(.deleteIKE(reason: reason, nil), turn)
        }
    }

    /// Two SAs were negotiated at the same time. If each end began one, one of them goes.
    private func decide(between one: IKESA, _ other: IKESA, _ turn: Turn) {
        guard let first = one.origin, let second = other.origin, first.role != second.role,
            one.connection?.name == other.connection?.name, one.remote.address == other.remote.address
        else { return }
        let isFirstLower = first.lowestNonce.lexicographicallyPrecedes(second.lowestNonce)
        let (loser, winner) = isFirstLower ? (one, other) : (other, one)
        let reason = "both ends began at once; IKE SA {\(winner.id)} stays"
        if loser.origin?.role == .initiator {
            loser.moveWishes(to: winner, turn)
            loser.enqueue(.deleteIKE(reason: reason, nil), turn)
        } else if loser.children.allSatisfy({ winner.carries($0.childSA) != nil }) {
            loser.changeOrigin { $0.endBy(turn.now + Self.uniquenessGrace, reason) }
        }
        settle(winner, turn)
    }

    /// Whether the peer is told that it has no other SA with us (RFC 7296 section 2.4): none stands, and none is being
    /// negotiated at the peer's request.
    func isFirstContact(_ connection: Connection, _ remote: SocketAddress) -> Bool {
        guard connection.uniqueness != .never else { return false }
        return !sas.values.contains { sa in
            if sa.isHalfOpen { return sa.remote.address == remote.address }
            return sa.connection?.name == connection.name && !sa.isClosed && sa.established != nil
        }
    }
}

/// An SA that has just been authenticated.
struct AuthenticatedNewcomer {
    let sa: IKESA
    /// The peer knows no other SA with us.
    var isInitialContact = false
    /// It renews one that stands, and deletes that itself.
    var isRenewal = false
}

extension IKESA {
    /// `unique = keep`: refuses a further SA of a peer that has one, unless it comes from the same address and so may be
    /// the same host that authenticates again.
    func checkUniqueness(_ peer: AuthenticatedPeer, isInitialContact: Bool, _ turn: Turn) throws(NegotiationFailure) {
        guard peer.connection.uniqueness == .keep, !isInitialContact else { return }
        let others = turn.directory.siblings(of: peer).filter { $0.isEstablished }
        guard let other = others.first(where: { $0.remote.address != remote.address }) else { return }
        throw NegotiationFailure(
            .notUnique,
            "\(peer.principal) has IKE SA {\(other.id)} from \(other.remote.address) already, and connection "
                + "\(peer.connection.name) keeps that (unique = keep)",
            notify: Notify(.authenticationFailed)
        )
    }

    /// What this SA was wanted for is wanted of the other one. It gets some time, since the peer may want the same of it.
    func moveWishes(to winner: IKESA, _ turn: Turn) {
        let carried = children.map { ChildRequest(policy: $0.policy, command: nil, isOnlyIfMissing: true) }
        let waiting = (pending + postponed.map(\.exchange)).compactMap { exchange -> ChildRequest? in
            guard case .createChild(let request) = exchange, request.companion == nil else { return nil }
            var moved = request
            moved.isOnlyIfMissing = true
            return moved
        }
        pending.removeAll { $0.createsChild }
        postponed.removeAll { $0.exchange.createsChild }
        for request in carried + waiting {
            let isCarried = winner.children.contains { $0.childSA.name == request.policy?.name }
            if isCarried, request.command == nil { continue }
            winner.postpone(.createChild(request), turn)
        }
    }
}

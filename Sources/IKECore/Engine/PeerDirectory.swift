import IKEWire
import Inet

/// The IKE SAs by who is at their ends and by lineage, so that those that belong together are found among many.
final class PeerDirectory {
    private struct Ends: Hashable {
        let local: Identification
        let remote: Identification

        init(_ peer: AuthenticatedPeer) {
            local = peer.localIdentity.normalized
            remote = peer.principal.normalized
        }
    }

    private var standing: [Ends: [IKESA]] = [:]
    private var families: [UInt32: [IKESA]] = [:]
    private var ends: [IKESPI: Ends] = [:]

    /// Takes note of what an SA has become.
    func update(_ sa: IKESA) {
        guard let peer = sa.established?.peer, !sa.isClosed else {
            guard let old = ends.removeValue(forKey: sa.ourSPI) else { return }
            standing[old]?.removeAll { $0 === sa }
            if standing[old]?.isEmpty ?? false { standing[old] = nil }
            guard let lineage = sa.lineage else { return }
            families[lineage]?.removeAll { $0 === sa }
            if families[lineage]?.isEmpty ?? false { families[lineage] = nil }
            return
        }
        guard ends[sa.ourSPI] == nil else { return }
        let pair = Ends(peer)
        ends[sa.ourSPI] = pair
        standing[pair, default: []].append(sa)
        if let lineage = sa.lineage { families[lineage, default: []].append(sa) }
    }

    /// The SAs of a lineage that stand or are about to end, oldest first.
    func family(_ lineage: UInt32) -> [IKESA] {
        (families[lineage] ?? []).filter { !$0.isClosed }.sorted { $0.id < $1.id }
    }

    /// The other SAs with the same ends, oldest first.
    func siblings(of sa: IKESA) -> [IKESA] {
        guard let peer = sa.established?.peer else { return [] }
        return siblings(of: peer).filter { $0 !== sa }
    }

    /// The SAs with these identities at their ends that stand or are about to end, oldest first.
    func siblings(of peer: AuthenticatedPeer) -> [IKESA] {
        (standing[Ends(peer)] ?? []).filter { !$0.isClosed }.sorted { $0.id < $1.id }
    }
}

import IKEWire
import Inet

/// The IKE SAs of peers that have not authenticated: which request made them, and how many each peer has.
///
/// An SA has its place from the answer to IKE_SA_INIT until it is established or gone. One whose authentication failed keeps it as long
/// as the SA lingers: so failures use up what a peer may have, and whoever tries secrets gets `block_threshold` tries in that time
/// (RFC 8019 section 4.2).
struct HalfOpenTable {
    /// What identifies a repeated IKE_SA_INIT request (RFC 7296 section 2.1).
    private struct Request: Hashable {
        let spiI: IKESPI
        let remote: SocketAddress
    }

    private var requests: [Request: IKESPI] = [:]
    private var places: [IKESPI: PeerBlock] = [:]
    private var occupied: [PeerBlock: Int] = [:]

    /// SAs that wait for IKE_AUTH.
    var waiting: Int { requests.count }

    /// Places taken, in all.
    var count: Int { places.count }

    /// Places taken by one peer.
    func count(of peer: PeerBlock) -> Int { occupied[peer] ?? 0 }

    /// Our SPI of the SA that a request has made.
    func spi(madeBy spiI: IKESPI, from remote: SocketAddress) -> IKESPI? {
        requests[Request(spiI: spiI, remote: remote)]
    }

    /// Notes how an SA stands now, new or known.
    mutating func note(_ sa: IKESA, now: Instant) {
        guard sa.role == .responder else { return }
        let request = Request(spiI: sa.spiI, remote: sa.firstRemote)
        if sa.isHalfOpen {
            requests[request] = sa.ourSPI
            if places.updateValue(PeerBlock(sa.firstRemote.address), forKey: sa.ourSPI) == nil {
                occupied[PeerBlock(sa.firstRemote.address), default: 0] += 1
            }
        } else {
            if requests[request] == sa.ourSPI { requests[request] = nil }
            if !sa.isClosed || sa.isOver(now) { free(sa.ourSPI) }
        }
    }

    private mutating func free(_ spi: IKESPI) {
        guard let peer = places.removeValue(forKey: spi) else { return }
        let left = count(of: peer) - 1
        occupied[peer] = left > 0 ? left : nil
    }
}

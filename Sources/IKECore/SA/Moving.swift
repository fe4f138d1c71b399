import IKEWire
import Inet

// Where an IKE SA and its CHILD SAs send to, when that changes: in place, so that nothing is lost but what was on its way.
//
// A NAT in front of the peer may give it another address or port at any time. Who is not behind the NAT follows what is
// authentic and new (RFC 7296 section 2.23): a request that has not been seen before, the response that is waited for, or
// an ESP packet with the highest sequence number so far. Whatever else carries a known number may have been caught and sent
// again from elsewhere by somebody on the way, and moves nothing.
//
//     peer 10.0.0.2:4500 -- NAT 203.0.113.7:20001 --> us          the SA's address is 203.0.113.7:20001
//                           the NAT restarts
//     peer 10.0.0.2:4500 -- NAT 203.0.113.7:20002 --> us          the next packet moves the SA to 203.0.113.7:20002
//
// With MOBIKE the peer says so itself when it has moved (`Mobility`), and only ESP is followed (RFC 4555 section 3.8).

extension IKESA {
    /// After a move, ESP packets from elsewhere may have been under way since before, and move nothing for so long.
    static let settlingTime: Duration = .seconds(5)

    var path: Path { Path(local: local, remote: remote) }

    // MARK: - Following

    /// A genuine message proves that the peer lives, unless it is a repeated one, and where the peer is.
    ///
    /// Before the SA stands its address is followed in any case, since the move to port 4500 comes with IKE_AUTH
    /// (RFC 7296 section 2.23).
    func heard(_ header: Header, from arrival: Path, _ turn: Turn) {
        guard isNew(header) else { return }
        lastHeard = turn.now
        if !header.isResponse { answersAgain = nil }
        if case .halfOpen = state {
            if header.exchangeType == .ikeAuth { (local, remote) = (arrival.local, arrival.remote) }
        } else if followsPeer, !mobility.isAgreed {
            follow(arrival, turn)
        }
    }

    /// An ESP packet came in that is authentic, newer than all before it, and not from where the SA sends to.
    func heardESP(from arrival: Path, _ turn: Turn) {
        guard followsPeer, nat.usesEncapsulation, movedAt.map({ $0 + Self.settlingTime <= turn.now }) ?? true else {
            return
        }
        lastHeard = turn.now
        follow(arrival, turn)
    }

    private func follow(_ arrival: Path, _ turn: Turn) {
        guard arrival.local == local, arrival.remote != remote else { return }
        log(.info, "the NAT in front of the peer has changed: following it from \(remote) to \(arrival.remote)", turn)
        move(to: arrival, turn)
    }

    /// Whether a message cannot be one that was caught and sent again.
    private func isNew(_ header: Header) -> Bool {
        header.isResponse
            ? window.awaits(header.messageID, header.exchangeType)
            : window.verdict(onRequest: header.messageID) == .new
    }

    /// A peer behind a NAT cannot know where it is seen. Who sits behind one itself does not follow, as the other end's
    /// address is what it was set up with, unless it is the one that was called (RFC 7296 section 2.23).
    private var followsPeer: Bool {
        nat.isRemoteBehindNAT && (!nat.isLocalBehindNAT || !isOriginalInitiator)
    }

    // MARK: - Moving

    /// From now on the IKE SA and its CHILD SAs send along `path`.
    func move(to path: Path, _ turn: Turn) {
        moveIKE(to: path, turn)
        moveChildren(turn)
    }

    func moveIKE(to path: Path, _ turn: Turn) {
        guard path != self.path else { return }
        if isEstablished { turn.emit(.ikeMoving(summary(turn.now), to: path)) }
        (local, remote) = (path.local, path.remote)
        movedAt = turn.now
        searchPathAnew(turn)
    }

    /// Has the CHILD SAs, and those that only receive any more, go where the IKE SA goes.
    func moveChildren(_ turn: Turn) {
        let path = childPath
        for entry in children where entry.childSA.move(to: path) {
            turn.emit(.updateChild(entry.childSA))
        }
        for index in draining.indices where draining[index].childSA.move(to: path) {
            turn.emit(.updateChild(draining[index].childSA))
        }
    }
}

extension ChildSA {
    /// Whether there was anything to change.
    fileprivate mutating func move(to path: ChildPath) -> Bool {
        guard (local, remote, usesUDP) != (path.local, path.remote, path.usesUDP) else { return false }
        (local, remote, usesUDP) = (path.local, path.remote, path.usesUDP)
        pathMTU = nil
        return true
    }
}

import IKEWire
import Inet

// What the path to the peer takes is tried with the only packets that the peer answers: a liveness check that is padded to the
// size in question and that nobody may fragment. (ESP has no answers; its packets take the same path, in UDP or not.)
//
//     request 5, padded to 1500 octets                            -->     lost, and lost again half a second later
//     the same, and request 5 padded to 1280 octets beside it     -->     the first is lost, the second passes
//                                                                 <--     the answer to request 5
//
// A request must be answered, or the peer counts as dead: what is too long to arrive has to give way to something shorter that
// means the same, under the same message ID. (In fragments of IKE it could be sent without being another message, but
// strongSwan takes no INFORMATIONAL in fragments.) All of them go on being sent unchanged, as RFC 7296 section 2.1 wants, so that
// a peer that has one of them repeats its answer; there are four at most. A probe that is lost costs one and a half seconds.

/// A request that tries a size.
struct PathProbe {
    /// Octets of the shortest IP packet that it was sent in; nil: it is not padded any more, and tells nothing.
    let size: Int?
    let path: Path
}

extension IKESA {
    /// After a CHILD SA came up, or the path changed: other messages go first.
    private static let probeDelay: Duration = .milliseconds(100)
    /// How often a path is looked at again (RFC 8899 section 5.1.1: PMTU_RAISE_TIMER).
    private static let searchInterval: Duration = .seconds(600)

    /// The path is a new one: it is searched as soon as there is a CHILD SA.
    func searchPathAnew(_ turn: Turn) {
        pathSearch = PathSearch()
        probeAt = nil
        beginPathSearch(turn)
    }

    /// A CHILD SA is there, which wants to know how long its packets may be.
    func beginPathSearch(_ turn: Turn) {
        guard pathSearch.confirmed == nil, probeAt == nil, turn.pathMTU(path) != nil else { return }
        probeAt = turn.now + Self.probeDelay
    }

    /// The next probe, if it is time for one.
    func probePathIfDue(_ turn: Turn) {
        guard let due = probeAt, due <= turn.now else { return }
        probeAt = children.isEmpty ? turn.now + Self.searchInterval : nil
        if !children.isEmpty { pending.append(.probePath) }
    }

    func startPathProbe(_ turn: Turn) {
        guard turn.settings.probesPath, let limit = turn.pathMTU(path) else { return }
        guard let size = pathSearch.next(limit: limit) else {
            finishPathSearch(turn)
            return
        }
        log(.debug, "trying whether the path takes packets of \(size) octets", turn)
        updateOngoing { $0.add(.probePath(PathProbe(size: size, path: path)), messageID: window.nextRequestID) }
        sendProbe(size - headersLength(turn), turn)
    }

    /// IP header and UDP header, and on the port of NAT traversal the marker that tells IKE from ESP (RFC 3948 section 2.2).
    private func headersLength(_ turn: Turn) -> Int {
        (remote.address.family == .v4 ? 20 : 40) + 8 + (local.port == turn.settings.natTraversalPort ? 4 : 0)
    }

    // MARK: - What becomes of it

    /// Sends shorter ones beside the probes that were lost.
    func lowerProbes(_ turn: Turn) {
        guard case .established(let established) = state else { return }
        for request in window.outstanding where request.isProbe && request.deadline <= turn.now {
            guard let probe = established.ongoing.pathProbe(request.messageID), let lost = probe.size else { continue }
            let limit = turn.pathMTU(path) ?? .max
            // What the host has learnt meanwhile needs no patience.
            guard request.attempt > 0 || limit < lost else { continue }
            let size = pathSearch.fallback(below: lost, limit: limit, remote.address.family)
            if probe.path == path { pathSearch.noteLost(lost) }
            updateOngoing { $0.setPathProbe(PathProbe(size: size, path: probe.path), request.messageID) }
            addProbe(size.map { $0 - headersLength(turn) } ?? 0, to: request, isLast: size == nil)
        }
    }

    /// A probe has arrived at the peer, along the path that is meant or, after a move, another one.
    func processPathProbe(_ probe: PathProbe, _ turn: Turn) {
        guard probe.path == path else { return }
        guard let size = probe.size else {
            finishPathSearch(turn)
            return
        }
        pathSearch.notePassed(size)
        if size < turn.settings.fragmentSize { fragmentSize = min(fragmentSize ?? .max, size) }
        adoptPathMTU(turn)
        if turn.pathMTU(path).flatMap({ pathSearch.next(limit: $0) }) != nil {
            probeAt = turn.now
        } else {
            finishPathSearch(turn)
        }
    }

    private func finishPathSearch(_ turn: Turn) {
        pathSearch.restart()
        probeAt = turn.now + Self.searchInterval
    }

    /// The CHILD SAs go by what has passed. What the host knows to be too much is cut off by who sends.
    private func adoptPathMTU(_ turn: Turn) {
        guard let mtu = pathSearch.confirmed else { return }
        var before: Int?
        for entry in children where entry.childSA.pathMTU != mtu {
            before = before ?? entry.childSA.pathMTU ?? turn.pathMTU(path)
            entry.childSA.pathMTU = mtu
            turn.emit(.updateChild(entry.childSA))
        }
        guard let before, before != mtu else { return }
        log(.info, "the path takes packets of \(mtu) octets (\(before) before)", turn)
    }
}

// MARK: - The messages

extension IKESA {
    /// Sends a request in one piece of `octets` octets.
    private func sendProbe(_ octets: Int, _ turn: Turn) {
        guard let security else { return }
        let payloads = Self.padding(security.protection.room(in: octets))
        do {
            let header = header(.informational, messageID: window.nextRequestID, isResponse: false)
            let datagrams = try security.protection.seal(header, payloads, limit: nil)
            window.open(
                .informational,
                datagrams: datagrams,
                isProbe: true,
                policy: turn.settings.retransmission,
                now: turn.now
            )
            traceSent(header, payloads, datagrams, along: path, turn)
            sendProbes(datagrams, turn)
        } catch {
            close(error, turn)
        }
    }

    /// Has a request in one piece of `octets` octets, or without padding where that is too little, sent beside the longer ones.
    private func addProbe(_ octets: Int, to request: ExchangeWindow.Outstanding, isLast: Bool) {
        guard let security else { return }
        let header = header(request.exchangeType, messageID: request.messageID, isResponse: false)
        let payloads = Self.padding(security.protection.room(in: octets))
        guard let shorter = try? security.protection.seal(header, payloads, limit: nil) else { return }
        window.add(shorter, to: request.messageID, isProbe: !isLast)
    }

    /// So many octets of payloads that mean nothing to anybody: one that names a vendor is passed over by those who do not know
    /// it (RFC 7296 section 3.12).
    private static func padding(_ octets: Int) -> [Payload] {
        let name = Array("path MTU probe".utf8)
        let filling = octets - payloadHeaderLength - name.count
        guard filling >= 0 else { return [] }
        return [Payload(.vendorID(name + [UInt8](repeating: 0, count: filling)))]
    }

    private static let payloadHeaderLength = 4

    func sendProbes(_ datagrams: [[UInt8]], again: Bool = false, _ turn: Turn) {
        lastSent = turn.now
        if again { traceSentAgain(datagrams, along: path, turn) }
        for bytes in datagrams {
            turn.emit(.send(Datagram(local: local, remote: remote, bytes: bytes, mayBeFragmented: false)))
        }
    }
}

import IKEWire

// When an IKE SA and what happens around it do not go together: the peer seems to have forgotten SAs, or sends what
// nobody can take (RFC 7296 sections 1.5 and 2.21.4).

extension IKESA {
    /// Neither questions nor reports of this kind follow each other faster, whatever the cause.
    static let suspicionInterval: Duration = .seconds(10)

    /// Somebody, perhaps not the peer, says that the peer does not know this SA any more: the peer itself is asked.
    func suspect(_ turn: Turn) {
        guard isEstablished, window.outstanding.isEmpty, mayRaise(\.suspectedAt, turn) else { return }
        log(.info, "an unprotected message says that the peer has lost its SAs; asking it", turn)
        enqueue(.liveness, turn)
    }

    /// Tells the peer what is wrong with what it sends. It changes nothing: the peer may want to log it.
    func report(_ notify: Notify, _ story: String, _ turn: Turn) {
        guard isEstablished, mayRaise(\.reportedAt, turn) else { return }
        log(.warning, "\(story) (\(notify.type))", turn)
        enqueue(.report(notify), turn)
    }

    private func mayRaise(_ last: ReferenceWritableKeyPath<IKESA, Instant?>, _ turn: Turn) -> Bool {
        if let last = self[keyPath: last], turn.now < last + Self.suspicionInterval { return false }
        self[keyPath: last] = turn.now
        return true
    }

    /// What the peer reports about our packets on a protected message: worth a line, never a change of state.
    func noteReports(_ payloads: [Payload], _ turn: Turn) {
        for notify in payloads.notifies {
            switch notify.type {
            case .invalidSPI:
                let spi = ESPSPI(bytes: notify.data)?.description ?? "unknown"
                log(.warning, "the peer got ESP with SPI \(spi), which it does not have (INVALID_SPI)", turn)
            case .invalidSelectors:
                let spi = ESPSPI(bytes: notify.spi)?.description ?? "unknown"
                log(.warning, "the peer got a packet on SPI \(spi) that its selectors refuse (INVALID_SELECTORS)", turn)
            default: continue
            }
        }
    }
}

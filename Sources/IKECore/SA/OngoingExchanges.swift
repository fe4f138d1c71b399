import IKEWire

/// Our exchanges on an established IKE SA that wait for their response, by message ID.
///
/// There is one at a time unless the peer's window lets more of them pass. What may run beside what is decided here, so that
/// a wider window makes nothing possible that two peers with a window of one would not see as well: an exchange about the
/// IKE SA itself has it for itself, and a CHILD SA is in one exchange at a time.
struct OngoingExchanges {
    private var exchanges: [UInt32: IKESA.OngoingExchange] = [:]

    var isEmpty: Bool { exchanges.isEmpty }

    /// In the order in which they were begun.
    var all: [IKESA.OngoingExchange] { exchanges.sorted { $0.key < $1.key }.map(\.value) }

    mutating func add(_ exchange: IKESA.OngoingExchange, messageID: UInt32) { exchanges[messageID] = exchange }

    mutating func take(_ messageID: UInt32) -> IKESA.OngoingExchange? { exchanges.removeValue(forKey: messageID) }

    // MARK: - About the IKE SA

    /// Our rekeying of the IKE SA.
    var rekeyIKE: IKERekeying? {
        for case .rekeyIKE(let rekeying) in exchanges.values { return rekeying }
        return nil
    }

    /// Notes the peer's new IKE SA for the one that we are rekeying as well; does nothing where we are not.
    mutating func setRival(_ rival: RivalIKE) {
        for (messageID, exchange) in exchanges {
            guard case .rekeyIKE(var rekeying) = exchange else { continue }
            rekeying.rival = rival
            exchanges[messageID] = .rekeyIKE(rekeying)
        }
    }

    /// Whatever the answer to our rekeying of the IKE SA says, nobody waits for it any more.
    mutating func giveUpRekeyIKE() {
        for (messageID, exchange) in exchanges {
            guard case .rekeyIKE(let rekeying) = exchange else { continue }
            exchanges[messageID] = .rekeyIKE(IKERekeying(exchange: rekeying.exchange, command: nil))
        }
    }

    // MARK: - About CHILD SAs

    /// Whether CHILD SAs may come to be that the peer knows already.
    var createChildren: Bool {
        exchanges.values.contains { exchange in
            switch exchange {
            case .createChild, .rekeyChild: true
            case .rekeyIKE, .deleteChild, .announceDeletion, .liveness, .ping, .probePath, .addresses: false
            }
        }
    }

    /// Whether something else than a liveness check is under way.
    var concernChildren: Bool {
        exchanges.values.contains { exchange in
            switch exchange {
            case .createChild, .rekeyChild, .deleteChild, .announceDeletion: true
            case .rekeyIKE, .liveness, .ping, .probePath, .addresses: false
            }
        }
    }

    func rekeys(child id: UInt32) -> Bool {
        exchanges.values.contains { exchange in
            guard case .rekeyChild(let rekeying) = exchange else { return false }
            return rekeying.id == id
        }
    }

    func deletes(child id: UInt32) -> Bool {
        exchanges.values.contains { exchange in
            guard case .deleteChild(id, _) = exchange else { return false }
            return true
        }
    }

    /// Notes the peer's new CHILD SA for the one that we are rekeying as well; does nothing where we are not.
    mutating func setRival(_ rival: RivalChild, ofChild id: UInt32) {
        for (messageID, exchange) in exchanges {
            guard case .rekeyChild(var rekeying) = exchange, rekeying.id == id else { continue }
            rekeying.rival = rival
            exchanges[messageID] = .rekeyChild(rekeying)
        }
    }

    // MARK: - About the path

    func pathProbe(_ messageID: UInt32) -> PathProbe? {
        guard case .probePath(let probe)? = exchanges[messageID] else { return nil }
        return probe
    }

    /// The probe goes in shorter packets as well from now on.
    mutating func setPathProbe(_ probe: PathProbe, _ messageID: UInt32) {
        if pathProbe(messageID) != nil { exchanges[messageID] = .probePath(probe) }
    }

    // MARK: - About addresses

    var concernAddresses: Bool {
        exchanges.values.contains { exchange in
            guard case .addresses = exchange else { return false }
            return true
        }
    }

    /// Whether the peer has been asked if it receives where the IKE SA has gone.
    var checksRoutability: Bool {
        exchanges.values.contains { exchange in
            guard case .addresses(let addresses) = exchange, case .checkRoutability = addresses.purpose else {
                return false
            }
            return true
        }
    }

    // MARK: - What may run beside them

    /// Whether an exchange may begin while these are under way.
    func admit(_ next: IKESA.PendingExchange) -> Bool {
        guard !isEmpty else { return true }
        guard rekeyIKE == nil else { return false }
        switch next {
        case .rekeyIKE, .deleteIKE, .liveness, .ping, .probePath, .takeOver, .follow: return false
        case .createChild, .announceDeletion, .addresses, .report: return true
        case .rekeyChild(let id, _), .deleteChild(let id, _), .deleteReplaced(let id, _):
            return !rekeys(child: id) && !deletes(child: id)
        }
    }
}

extension [IKESA.PendingExchange] {
    /// Takes the next exchange that may begin. A deletion of the IKE SA goes before all others, and what waits for quiet is
    /// not overtaken, or it might wait for ever.
    mutating func takeNext(beside ongoing: OngoingExchanges) -> IKESA.PendingExchange? {
        if let deletion = firstIndex(where: \.isDeletionOfTheIKESA) {
            return ongoing.admit(self[deletion]) ? remove(at: deletion) : nil
        }
        for (index, exchange) in enumerated() {
            if ongoing.admit(exchange) { return remove(at: index) }
            if case .rekeyIKE = exchange { return nil }
            if case .follow = exchange { return nil }
        }
        return nil
    }
}

extension IKESA.PendingExchange {
    fileprivate var isDeletionOfTheIKESA: Bool {
        guard case .deleteIKE = self else { return false }
        return true
    }
}

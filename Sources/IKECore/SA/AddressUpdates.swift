import IKECrypto
import IKEWire
import Inet

// The exchanges by which mobile peers tell each other where they are, in both roles (RFC 4555 sections 3.5 to 3.7); when one of
// them begins is for `Mobility` to say.

/// An exchange about addresses that waits for its turn.
enum AddressRequest {
    /// UPDATE_SA_ADDRESSES; `attempt` counts how often a NAT that must not be has stopped it.
    case update(attempt: Int)
    /// Our additional addresses.
    case announce
    /// Whether the peer receives where the IKE SA has gone.
    case checkRoutability
}

/// An exchange about addresses that waits for its answer, and the path that it began on.
struct AddressExchange {
    enum Purpose {
        case update(attempt: Int)
        case announce
        case checkRoutability(cookie: [UInt8])
    }

    let purpose: Purpose
    let path: Path
}

extension AddressRequest {
    func isSame(as other: AddressRequest) -> Bool {
        switch (self, other) {
        case (.update, .update), (.announce, .announce), (.checkRoutability, .checkRoutability): true
        default: false
        }
    }
}

// MARK: - We ask

extension IKESA {
    /// A NAT that must not be may also be somebody who changes a packet: the update is tried again (RFC 4555 section 3.9).
    private static let mostAttempts = 5

    func startAddressExchange(_ request: AddressRequest, _ turn: Turn) {
        switch request {
        case .update(let attempt):
            let update = [Payload(.notify(Notify(.updateSAAddresses)))] + natDetection(path, turn) + list(turn)
            begin(.update(attempt: attempt), update, turn)
        case .announce:
            begin(.announce, list(turn), turn)
        case .checkRoutability:
            let cookie = turn.random.bytes(AddressNotifies.cookieLength)
            begin(.checkRoutability(cookie: cookie), [AddressNotifies.cookie(cookie)], turn)
        }
    }

    /// Our further addresses as the peer will know them.
    private func list(_ turn: Turn) -> [Payload] {
        mobility.announced = connection.map { additionalAddresses($0, turn) } ?? []
        return AddressNotifies.list(mobility.announced) + natProhibition
    }

    private func begin(_ purpose: AddressExchange.Purpose, _ payloads: [Payload], _ turn: Turn) {
        begin(.addresses(AddressExchange(purpose: purpose, path: path)), .informational, payloads, turn)
    }

    func processAddressExchange(_ payloads: [Payload], _ exchange: AddressExchange, _ turn: Turn) {
        answersAgain = nil
        switch exchange.purpose {
        case .checkRoutability(let cookie): checkedRoutability(payloads, cookie, exchange.path, turn)
        // Addresses have changed since: another exchange about them follows.
        case .update where exchange.path != path, .announce: break
        case .update(let attempt): updated(payloads, attempt, turn)
        }
    }

    private func updated(_ payloads: [Payload], _ attempt: Int, _ turn: Turn) {
        if payloads.notify(.unexpectedNATDetected) != nil {
            guard attempt + 1 < Self.mostAttempts else {
                log(.error, "the peer sees a NAT on the path \(path), which it forbids; it does not move there", turn)
                return
            }
            ask(.update(attempt: attempt + 1))
        } else if payloads.notify(.unacceptableAddresses) != nil {
            mobility.refused.insert(path)
            let other = candidatePaths(turn).first
            let consequence = other.map { "trying \($0)" } ?? "there is no other address to try"
            log(.error, "the peer does not accept the path \(path) (UNACCEPTABLE_ADDRESSES): \(consequence)", turn)
            if let other { relocate(to: other, turn) }
        } else {
            evaluateNAT(payloads, path)
            mobility.seenAs = payloads.notify(.natDetectionDestinationIP)?.data
            moveChildren(turn)
            log(.info, "moved to \(path), \(nat)", turn)
        }
    }

    private func checkedRoutability(_ payloads: [Payload], _ cookie: [UInt8], _ path: Path, _ turn: Turn) {
        guard payloads.notify(.cookie2)?.data == cookie else {
            let message = "the peer does not give back the cookie that was sent to \(path.remote) (COOKIE2)"
            close(NegotiationFailure(.invalidMessage, message), turn)
            return
        }
        // The peer has moved on since: what it receives at the address before is of no use.
        guard path.remote.address == remote.address, !isCheckingRoutability else { return }
        moveChildren(turn)
        log(.info, "the peer receives at \(remote): the CHILD SAs have moved there", turn)
    }
}

// MARK: - The peer asks

extension IKESA {
    /// Does what an INFORMATIONAL request says about addresses, and returns what goes into the answer.
    func answerAddresses(_ header: Header, _ payloads: [Payload], _ turn: Turn) -> [Payload] {
        let echo = AddressNotifies.echo(of: payloads)
        guard mobility.isAgreed, isEstablished || isDeleting, let arrival = turn.arrival else { return echo }
        let list = AddressNotifies.addresses(in: payloads)
        let isUpdate = payloads.notify(.updateSAAddresses) != nil && !isOriginalInitiator
        if isUpdate || list != nil, AddressNotifies.revealsNAT(payloads, arrival: arrival) {
            log(.warning, "a NAT changes what the peer sends from \(arrival.remote), which it forbids", turn)
            return [Payload(.notify(Notify(.unexpectedNATDetected)))] + echo
        }
        if isUpdate, !admits(arrival) {
            log(.warning, "the peer would move to \(arrival), which the configuration does not admit", turn)
            return [Payload(.notify(Notify(.unacceptableAddresses)))] + echo
        }
        if isUpdate, mobility.latestUpdate.map({ $0 < header.messageID }) ?? true {
            mobility.latestUpdate = header.messageID
            followUpdate(payloads, arrival, turn)
        }
        if let list, mobility.latestList.map({ $0 < header.messageID }) ?? true {
            mobility.latestList = header.messageID
            keep(list, arrival, turn)
        }
        let asksForNAT = payloads.notify(.natDetectionSourceIP) != nil
        return (asksForNAT ? natDetection(arrival, turn) : []) + echo
    }

    /// Where we may be reached is what `local_addrs` says; `remote_addrs` is for the beginning: a peer that has authenticated
    /// may go wherever it receives.
    private func admits(_ path: Path) -> Bool {
        path.remote.address.isUnicast && path.remote.port != 0
            && (connection?.admitsLocal(path.local.address) ?? false)
    }

    private func followUpdate(_ payloads: [Payload], _ arrival: Path, _ turn: Turn) {
        mobility.isStranded = false
        let isElsewhere = arrival.remote.address != remote.address
        let hasChanged = arrival != path
        if hasChanged { log(.info, "the peer moves from \(remote) to \(arrival.remote)", turn) }
        evaluateNAT(payloads, arrival)
        moveIKE(to: arrival, turn)
        if hasChanged { sendAgain(turn) }
        if isElsewhere, isEstablished {
            // It is asked when the answer has been sent.
            pending.removeAll { exchange in
                guard case .addresses(.checkRoutability) = exchange else { return false }
                return true
            }
            pending.insert(.addresses(.checkRoutability), at: 0)
        } else if !isCheckingRoutability {
            moveChildren(turn)
        }
    }

    /// The CHILD SAs must not go before a check that is under way has its answer.
    var isCheckingRoutability: Bool {
        let isWaiting = pending.contains { exchange in
            guard case .addresses(.checkRoutability) = exchange else { return false }
            return true
        }
        return isWaiting || (established?.ongoing.checksRoutability ?? false)
    }

    private func keep(_ list: [IPAddress], _ arrival: Path, _ turn: Turn) {
        let here = arrival.remote.address
        mobility.peerAddresses = [here] + list.filter { $0 != here }
        guard isOriginalInitiator, !mobility.peerAddresses.contains(remote.address) else { return }
        log(.warning, "the peer has left \(remote.address): moving to \(arrival)", turn)
        relocate(to: arrival, turn)
    }
}

import IKECrypto
import IKEWire
import Inet

// Bringing connections up: at a command, for a packet that waits, again after a failure, or beside an SA that is to be
// renewed.

extension Endpoint {
    func initiate(
        _ name: String,
        _ children: ChildChoice,
        _ packet: PacketSelectors?,
        local: SocketAddress,
        remote: SocketAddress,
        _ id: CommandID,
        _ turn: Turn
    ) {
        ledger.begin(id, parts: 1)
        guard let connection = policy.connection(named: name) else {
            turn.finish(id, NegotiationFailure(.noSuchConnection, "there is no connection named \(name)"))
            return
        }
        if case .only(let child) = children, connection.child(named: child) == nil {
            turn.finish(id, NegotiationFailure(.noSuchConnection, "connection \(name) has no child named \(child)"))
            return
        }
        let requests = connection.requests(children, command: id, packet: packet)
        ledger.begin(id, parts: requests.count)
        bringUp(
            Initiation(connection: connection, children: requests, local: local, remote: remote),
            turn
        )
    }

    /// On the IKE SA that stands, in the negotiation that is under way, or in a new one.
    ///
    /// - Parameter isAgain: it has been tried before, and the peer may have moved since.
    func bringUp(_ initiation: Initiation, isAgain: Bool = false, _ turn: Turn) {
        let name = initiation.connection.name
        let requests = initiation.children
        let standing = sas.values.filter {
            $0.isEstablished && $0.connection?.name == name && !$0.isLeaving(turn.policy)
        }
        guard let sa = standing.max(by: { $0.id < $1.id })
        else {
            let underWay = sas.values.filter { $0.connection?.name == name }.sorted { $0.id < $1.id }
            if underWay.contains(where: { $0.join(requests) }) { return }
            if isAgain { beginAgain(initiation, turn) } else { begin(initiation, turn) }
            return
        }
        for request in requests {
            if sa.hasChild(for: request) {
                turn.finish(request.command)
            } else if !joinRenewal(of: name, request) {
                sa.enqueue(.createChild(request), turn)
            }
        }
        settle(sa, turn)
    }

    func begin(_ initiation: Initiation, _ turn: Turn) {
        do {
            var initiation = initiation
            initiation.local.address = source(for: initiation)
            let name = initiation.connection.name
            for former in sas.values where former.isWithdrawing && former.connection?.name == name {
                former.fallSilent()
            }
            let sa = try IKESA.initiate(initiation, turn)
            sas[sa.ourSPI] = sa
            settle(sa, turn)
        } catch {
            turn.log(LogRecord(.error, error.message, connection: initiation.connection.name, peer: initiation.remote))
            let failed = FailedNegotiation(
                .initiator,
                connection: initiation.connection.name,
                local: initiation.local,
                remote: initiation.remote,
                error
            )
            turn.emit(.ikeFailed(failed))
            for request in initiation.children { turn.finish(request.command, error) }
            if let lineage = initiation.renews { renewalFailed(lineage, turn) }
        }
    }

    /// The address to begin from: one that the host had when it was asked may be gone since.
    private func source(for initiation: Initiation) -> IPAddress {
        let (local, remote) = (initiation.local.address, initiation.remote.address)
        let sources = network.sources(for: remote).filter(initiation.connection.admitsLocal)
        return network.admits(local, remote) ? local : sources.first ?? local
    }

    func renewalFailed(_ lineage: UInt32, _ turn: Turn) {
        for sa in directory.family(lineage) where sa.isEstablished {
            sa.renewalFailed(turn)
            settle(sa, turn)
        }
    }

    /// Where a host name stands for the peer, its address may have changed since the last try.
    func beginAgain(_ initiation: Initiation, _ turn: Turn) {
        guard initiation.connection.namesHosts else {
            begin(initiation, turn)
            return
        }
        lastLookUp += 1
        let id = LookUpID(rawValue: lastLookUp)
        lookUps[id] = initiation
        turn.emit(.lookUp(connection: initiation.connection.name, id))
    }

    func lookedUp(_ id: LookUpID, _ ends: Path?, _ turn: Turn) {
        guard var initiation = lookUps.removeValue(forKey: id) else { return }
        guard !isShuttingDown else {
            let failure = NegotiationFailure(.closed, "the daemon ends")
            for request in initiation.children { turn.finish(request.command, failure) }
            return
        }
        if let ends { (initiation.local, initiation.remote) = (ends.local, ends.remote) }
        begin(initiation, turn)
    }
}

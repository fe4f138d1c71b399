import IKECore
import SwanConf

// Where the ends of a connection are, which host names tell anew each time.

extension Daemon {
    /// Calls `body` with the addresses to begin a negotiation with: at once, or when the host names have been looked up.
    func withAddresses(
        of connection: ConnectionConfiguration,
        _ body: @escaping (Result<PeerAddresses, NegotiationFailure>) -> Void
    ) {
        let names = connection.hostNames
        guard !names.isEmpty else {
            body(addresses(of: connection))
            return
        }
        resolver.resolve(names) { [weak self] answer in
            guard let self else { return }
            for failure in answer.failures {
                log(.warning, "could not look up \(failure)", connection: connection.name)
            }
            body(addresses(of: connection.naming(answer.addresses)))
        }
    }

    private func addresses(of connection: ConnectionConfiguration) -> Result<PeerAddresses, NegotiationFailure> {
        do {
            return .success(
                try PeerAddresses.resolve(connection, daemon: store.file.daemon, mark: Self.socketMark)
            )
        } catch {
            return .failure(error)
        }
    }

    /// The engine begins a negotiation again and wants to know where the peer is now.
    func lookUp(_ name: String, _ id: LookUpID) {
        guard let connection = store.connection(named: name) else {
            feed(.lookedUp(id, nil))
            return
        }
        withAddresses(of: connection) { [weak self] addresses in
            switch addresses {
            case .success(let addresses):
                self?.feed(.lookedUp(id, Path(local: addresses.local, remote: addresses.remote)))
            case .failure(let failure):
                self?.log(.warning, failure.message, connection: name)
                self?.feed(.lookedUp(id, nil))
            }
        }
    }
}

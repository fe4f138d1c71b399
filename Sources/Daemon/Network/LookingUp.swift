import IKECore
import SwanConf

// Where the ends of a connection are, which host names tell anew each time.

/// A negotiation that cannot begin yet: it is not known where the peer is, or there is no way to it, as when a host starts.
struct PostponedBeginning {
    let at: Instant
    let connection: String
    let id: CommandID
    /// How often it has been tried.
    let tries: UInt32
    let command: (PeerAddresses) -> Command

    static let pause = GrowingPause(first: .seconds(5), longest: .seconds(60))
}

extension Daemon {
    /// Gives the engine a command that needs the addresses of a negotiation; as often as `keyingtries` says where they cannot be
    /// had.
    func begin(
        _ connection: ConnectionConfiguration,
        _ id: CommandID,
        tries: UInt32 = 1,
        _ command: @escaping (PeerAddresses) -> Command
    ) {
        withAddresses(of: connection) { [weak self] addresses in
            guard let self else { return }
            switch addresses {
            case .success(let addresses): feed(.command(command(addresses), id))
            case .failure(let failure):
                history.noteUnreachable(connection.name, failure, now)
                raise(.peerAddressFailed, failure.message, connection: connection.name)
                let mayChange = !connection.hostNames.isEmpty || failure.reason == .peerUnreachable
                guard mayChange, connection.keyingtries == 0 || tries < connection.keyingtries else {
                    log(.error, failure.message, connection: connection.name, .net)
                    answer(id, .failed(failure))
                    return
                }
                let pause = PostponedBeginning.pause.after(tries: tries)
                log(
                    .warning,
                    "\(failure.message); trying again in \(pause.wholeSeconds) s",
                    connection: connection.name,
                    .net
                )
                postpone(
                    PostponedBeginning(
                        at: now + pause,
                        connection: connection.name,
                        id: id,
                        tries: tries,
                        command: command
                    )
                )
            }
        }
    }

    /// Tries again what was postponed to a time that has come.
    func beginPostponed() {
        for beginning in takePostponed(now) {
            if let connection = store.connection(named: beginning.connection) {
                begin(connection, beginning.id, tries: beginning.tries &+ 1, beginning.command)
            } else {
                let failure = NegotiationFailure(
                    .noSuchConnection,
                    "connection \(beginning.connection) is not configured any more"
                )
                answer(beginning.id, .failed(failure))
            }
        }
    }

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
                log(.warning, "could not look up \(failure)", connection: connection.name, .net)
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
                self?.log(.warning, failure.message, connection: name, .net)
                self?.feed(.lookedUp(id, nil))
            }
        }
    }
}

import IKECore
import Inet
import LinuxNet
import SwanConf

/// The addresses to begin a negotiation with.
struct PeerAddresses {
    let local: SocketAddress
    let remote: SocketAddress

    /// The first remote address that is a single one, and towards it our address: the configured one, else what the
    /// kernel would choose.
    static func resolve(
        _ connection: ConnectionConfiguration,
        daemon: DaemonSettings,
        mark: UInt32
    ) throws(NegotiationFailure) -> PeerAddresses {
        let targets = connection.remoteAddresses.compactMap(\.address)
        guard let remote = targets.first else {
            throw NegotiationFailure(
                .noMatchingConnection,
                "connection \(connection.name) cannot be initiated: remote_addrs names no single address"
            )
        }
        let ours = connection.localAddresses.compactMap(\.address).first { $0.family == remote.family }
        let local: IPAddress
        if let ours { local = ours } else { local = try sourceAddress(for: remote, connection, mark) }
        return PeerAddresses(
            local: SocketAddress(
                address: local,
                port: connection.localPort == Settings().ikePort ? daemon.port : connection.localPort
            ),
            remote: SocketAddress(address: remote, port: connection.remotePort)
        )
    }

    private static func sourceAddress(
        for remote: IPAddress,
        _ connection: ConnectionConfiguration,
        _ mark: UInt32
    ) throws(NegotiationFailure) -> IPAddress {
        do throws(Errno) {
            var netlink = try Netlink()
            if let source = try netlink.route(to: remote, mark: mark).preferredSource { return source }
        } catch {
            throw NegotiationFailure(
                .peerUnreachable,
                "connection \(connection.name): there is no route to \(remote): \(error)"
            )
        }
        throw NegotiationFailure(
            .peerUnreachable,
            "connection \(connection.name): no local address for \(remote); set local_addrs"
        )
    }
}

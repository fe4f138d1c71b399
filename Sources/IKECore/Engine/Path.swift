package import Inet

/// Between which outer addresses and ports packets go, from our end to the peer's.
package struct Path: Hashable, Sendable, CustomStringConvertible {
    package var local: SocketAddress
    package var remote: SocketAddress

    package init(local: SocketAddress, remote: SocketAddress) {
        self.local = local
        self.remote = remote
    }

    package var description: String { "\(local) - \(remote)" }
}

extension Datagram {
    package var path: Path { Path(local: local, remote: remote) }
}

package import Inet

/// A negotiation that came to nothing: who wanted what of whom, and why it was not to be had.
package struct FailedNegotiation: Hashable, Sendable {
    /// Ours.
    package var role: Role
    /// Nil where a peer's request led to no connection.
    package var connection: String?
    /// The CHILD SA that was refused, where the IKE SA stands; its name is empty where the peer's request fits no child.
    package var child: String?
    package var local: SocketAddress
    package var remote: SocketAddress
    package var failure: NegotiationFailure

    package init(
        _ role: Role,
        connection: String? = nil,
        child: String? = nil,
        local: SocketAddress,
        remote: SocketAddress,
        _ failure: NegotiationFailure
    ) {
        self.role = role
        self.connection = connection
        self.child = child
        self.local = local
        self.remote = remote
        self.failure = failure
    }
}

extension IKESA {
    /// This negotiation, or that of a CHILD SA on this IKE SA, as one that failed.
    func failed(_ failure: NegotiationFailure, role: Role? = nil, child: String? = nil) -> FailedNegotiation {
        FailedNegotiation(
            role ?? self.role,
            connection: connection?.name,
            child: child,
            local: local,
            remote: remote,
            failure
        )
    }
}

package import Inet

/// What happened, for those who watch: the control socket, metrics, hooks.
package enum Event: Sendable {
    case ikeEstablished(IKESASummary)
    /// A negotiation came to nothing: one of ours, or as responder one of a peer.
    case ikeFailed(FailedNegotiation)
    /// A CHILD SA was refused on an IKE SA that stands.
    case childFailed(FailedNegotiation)
    case ikeRekeyed(old: IKESASummary, new: IKESASummary)
    case ikeClosed(IKESASummary, reason: String)
    /// An IKE SA is about to go along another path.
    case ikeMoving(IKESASummary, to: Path)
    case childEstablished(ChildSA, IKESASummary)
    case childRekeyed(old: ChildSA, new: ChildSA, IKESASummary)
    case childClosed(ChildSA, IKESASummary, reason: String)
    /// A CHILD SA was lost, and its policy says to wait for a packet that wants it back.
    case childTrapped(connection: String, child: String)
    /// A request that was not answered was sent again.
    case retransmitted
    /// The peer has answered a `ping`, whose command ends thereupon.
    case answered(CommandID, after: Duration)
    /// A message was sent or came in; only while `Endpoint.isTracing`.
    case traced(TracedMessage)
    /// A command came to its end.
    case commandFinished(CommandID, CommandOutcome)
}

/// How a command ended.
package enum CommandOutcome: Sendable {
    /// Done; for `terminate` and `rekey` the number of SAs that it touched.
    case done(count: Int)
    case failed(NegotiationFailure)
}

/// One line of the log: what a person reads at three in the morning.
package struct LogRecord: Hashable, Sendable {
    package enum Level: Int, Comparable, Hashable, Sendable {
        case error, warning, info, debug
        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// What a line is about, for those who want more of one thing and less of others.
    package enum Subsystem: String, CaseIterable, Hashable, Sendable {
        /// The protocol: negotiations, SAs, messages.
        case ike
        /// The data plane: what carries packets, and packets that bring up a tunnel.
        case esp
        /// Addresses, names, routes and sockets of the host.
        case net
        /// Configuration and credentials.
        case cfg
        /// The daemon itself.
        case dmn
    }

    package var level: Level
    package var subsystem: Subsystem
    package var connection: String?
    package var ikeSA: UInt32?
    package var peer: SocketAddress?
    package var message: String

    package init(
        _ level: Level,
        _ message: String,
        connection: String? = nil,
        ikeSA: UInt32? = nil,
        peer: SocketAddress? = nil,
        subsystem: Subsystem = .ike
    ) {
        self.level = level
        self.subsystem = subsystem
        self.message = message
        self.connection = connection
        self.ikeSA = ikeSA
        self.peer = peer
    }
}

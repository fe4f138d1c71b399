/// Why a client got no answer from the daemon, said so that a person can act on it.
package enum VICIClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing is at the path of the socket.
    case noSocket(path: String)
    /// A socket is there, but no process listens on it.
    case nobodyListens(path: String)
    /// The socket is not ours to open.
    case permissionDenied(path: String)
    /// The path does not fit the kernel's address structure (107 octets).
    case pathTooLong(String)
    /// Nothing came for the given number of seconds.
    case timeout(waitingFor: String, seconds: Double)
    /// The daemon closed the connection.
    case closed(waitingFor: String)
    /// The daemon has no such command.
    case unknownCommand(String)
    /// The daemon has no such event.
    case unknownEvent(String)
    /// What came is no VICI packet: another program listens there, or the daemon is of another kind.
    case malformed(VICIDecodingError)
    /// A packet that has no place in the conversation.
    case unexpectedPacket(waitingFor: String)
    /// What was to be sent does not fit a packet.
    case unsendable(VICIEncodingError)
    /// A system call failed for another reason.
    case system(call: String, errno: Int32)

    /// Whether the daemon could not be reached or talked to, as opposed to a daemon that answered.
    package var isUnreachable: Bool {
        switch self {
        case .noSocket, .nobodyListens, .permissionDenied, .pathTooLong, .timeout, .closed, .malformed,
            .unexpectedPacket, .system:
            true
        case .unknownCommand, .unknownEvent, .unsendable: false
        }
    }

    package var description: String {
        switch self {
        case .noSocket(let path): "iked is not running? There is no socket at \(path)"
        case .nobodyListens(let path): "iked is not running: nobody listens on the socket at \(path)"
        case .permissionDenied(let path):
            "permission denied for the socket at \(path): it belongs to the user that iked runs as, try sudo"
        case .pathTooLong(let path): "the path of the socket is longer than 107 octets: \(path)"
        case .timeout(let waitingFor, let seconds):
            "iked is silent: waited \(Self.text(seconds)) s for \(waitingFor)"
        case .closed(let waitingFor): "iked closed the connection instead of sending \(waitingFor)"
        case .unknownCommand(let command): "the daemon does not know the command '\(command)'"
        case .unknownEvent(let event): "the daemon does not know the event '\(event)'"
        case .malformed(let error): "the daemon does not speak VICI: \(error)"
        case .unexpectedPacket(let waitingFor): "the daemon sent a packet that has no place instead of \(waitingFor)"
        case .unsendable(let error): "the request cannot be sent: \(error)"
        case .system(let call, let errno): "\(call) failed: \(UnixSocket.text(of: errno))"
        }
    }

    private static func text(_ seconds: Double) -> String {
        let whole = seconds.rounded()
        return whole == seconds && abs(whole) < 1e9 ? String(Int(whole)) : String(seconds)
    }
}

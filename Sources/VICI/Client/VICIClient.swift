/// A program's connection to the daemon: asks and waits for the answer, one command at a time.
///
/// ```swift
/// var client = try VICIClient(path: "/run/iked/iked.vici")
/// let version = try client.call("version")["version"]
/// try client.call("list-sas", events: ["list-sa"]) { _, sa in print(sa) }
/// ```
///
/// Calls block. A timeout counts from the last octet that came, so a long list that keeps flowing is no timeout. After an
/// error the state of the conversation is unknown: drop the client and connect anew.
package struct VICIClient: ~Copyable {
    private let socket: UnixSocket
    private let timeout: Duration
    private var decoder = VICIPacketDecoder()

    /// How long a daemon may stay silent when nothing else is said.
    package static let defaultTimeout = Duration.seconds(5)

    /// Connects to the daemon's socket.
    package init(path: String, timeout: Duration = Self.defaultTimeout) throws(VICIClientError) {
        socket = try UnixSocket.connect(to: path, timeout: timeout)
        self.timeout = timeout
    }

    /// Sends a command, hands the events that come meanwhile to `onEvent`, and returns the answer.
    ///
    /// An answer with `success = no` is an answer like any other.
    ///
    /// - Parameters:
    ///   - events: what to register for while the command runs.
    ///   - timeout: how long the daemon may stay silent; nil for the client's own timeout.
    @discardableResult
    package mutating func call(
        _ command: String,
        _ message: VICIMessage = [:],
        timeout: Duration? = nil,
        events: [String] = [],
        onEvent: (_ name: String, _ message: VICIMessage) -> Void = { _, _ in }
    ) throws(VICIClientError) -> VICIMessage {
        let patience = timeout ?? self.timeout
        let subject = "the answer to '\(command)'"
        for event in events { try settle(.register(event: event), for: event, onEvent: onEvent) }
        try send(.request(command: command, message), subject: subject)
        let answer = try receive(subject, timeout: patience, onEvent: onEvent)
        // The command is over: events that are still on their way tell of nothing that the caller waits for.
        for event in events { try settle(.unregister(event: event), for: event) { _, _ in } }
        switch answer {
        case .response(let message): return message
        case .unknownCommand: throw .unknownCommand(command)
        default: throw .unexpectedPacket(waitingFor: subject)
        }
    }

    /// Registers for events and hands them over, without a time limit, until `onEvent` returns false.
    package mutating func listen(
        to events: [String],
        onEvent: (_ name: String, _ message: VICIMessage) -> Bool
    ) throws(VICIClientError) {
        var goesOn = true
        for event in events {
            try settle(.register(event: event), for: event) { goesOn = goesOn && onEvent($0, $1) }
        }
        while goesOn {
            guard case .event(let name, let message) = try nextPacket(waitingFor: "events", timeout: nil) else {
                throw .unexpectedPacket(waitingFor: "events")
            }
            goesOn = onEvent(name, message)
        }
    }
}

// MARK: - The conversation

extension VICIClient {
    /// Begins or ends a registration.
    private mutating func settle(
        _ packet: VICIPacket,
        for event: String,
        onEvent: (String, VICIMessage) -> Void
    ) throws(VICIClientError) {
        let subject = "the confirmation for '\(event)'"
        try send(packet, subject: subject)
        switch try receive(subject, timeout: timeout, onEvent: onEvent) {
        case .eventConfirmed: return
        case .unknownEvent: throw .unknownEvent(event)
        default: throw .unexpectedPacket(waitingFor: subject)
        }
    }

    /// The next packet that is no event; events go to `onEvent`.
    private mutating func receive(
        _ subject: String,
        timeout: Duration?,
        onEvent: (String, VICIMessage) -> Void
    ) throws(VICIClientError) -> VICIPacket {
        while true {
            let packet = try nextPacket(waitingFor: subject, timeout: timeout)
            guard case .event(let name, let message) = packet else { return packet }
            onEvent(name, message)
        }
    }

    private mutating func nextPacket(
        waitingFor subject: String,
        timeout: Duration?
    ) throws(VICIClientError) -> VICIPacket {
        while true {
            do throws(VICIDecodingError) {
                if let packet = try decoder.next() { return packet }
            } catch {
                throw .malformed(error)
            }
            do throws(UnixSocket.Failure) {
                decoder.append(try socket.read(timeout: timeout))
            } catch {
                throw Self.error(error, waitingFor: subject, timeout: timeout)
            }
        }
    }

    private func send(_ packet: VICIPacket, subject: String) throws(VICIClientError) {
        let bytes: [UInt8]
        do throws(VICIEncodingError) {
            bytes = try packet.encoded()
        } catch {
            throw .unsendable(error)
        }
        do throws(UnixSocket.Failure) {
            try socket.write(bytes, timeout: timeout)
        } catch {
            throw Self.error(error, waitingFor: subject, timeout: timeout)
        }
    }

    private static func error(
        _ failure: UnixSocket.Failure,
        waitingFor subject: String,
        timeout: Duration?
    ) -> VICIClientError {
        switch failure {
        case .timeout: .timeout(waitingFor: subject, seconds: timeout?.inSeconds ?? .infinity)
        case .closed: .closed(waitingFor: subject)
        case .system(let call, let errno): .system(call: call, errno: errno)
        }
    }
}

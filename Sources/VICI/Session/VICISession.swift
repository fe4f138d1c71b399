/// The server's side of one client's connection, without I/O: octets in, requests out; replies and events in, octets out.
///
/// The owner of the socket feeds `receive(_:)` with what it read and writes `output` when the socket takes it. A session
/// answers registrations itself; a request is handed out and stays in flight until `reply(_:)` or `unknownCommand()`, which
/// may come much later (an `initiate` waits for the negotiation) and after any number of events.
///
/// A client that does not read cannot make a session grow without end:
/// - An event that finds more than `outputLimit` octets waiting is dropped. The next `log` or `control-log` event that
///   gets through says how many of its kind were, in the key `lost`; `droppedEvents` counts them all.
/// - Events that are the answer to a command (`list-sa`, `list-conn`) must not be dropped: they go through `stream`,
///   and the server that has many of them sends the next ones only while `hasRoom`.
/// - A client that goes on asking without reading what it was told is refused (`ViolationError.doesNotRead`).
package struct VICISession {
    /// A command that the client waits for.
    package struct Request: Hashable, Sendable {
        package let command: String
        package let message: VICIMessage
    }

    /// What the client did against the protocol. The connection is to be closed.
    package enum ViolationError: Error, Equatable, Sendable, CustomStringConvertible {
        case malformed(VICIDecodingError)
        /// A command before the one in flight was answered.
        case commandInFlight(String)
        /// A packet that only a server sends.
        case notAClientPacket
        /// It keeps asking and does not read the answers.
        case doesNotRead

        package var description: String {
            switch self {
            case .malformed(let error): error.description
            case .commandInFlight(let command): "the command '\(command)' came before the last one was answered"
            case .notAClientPacket: "the client sent a packet that only a server sends"
            case .doesNotRead: "the client does not read its answers"
            }
        }
    }

    /// What became of an event.
    package enum Delivery: Equatable, Sendable {
        case queued
        /// The client did not ask for events of this name.
        case notRegistered
        /// The client reads too slowly, or the event is too large for a packet.
        case dropped
    }

    /// How many octets of output may wait before events are dropped: some thousands of log lines.
    package static let defaultOutputLimit = 1024 * 1024

    private let knownEvents: Set<String>
    private let outputLimit: Int
    private var registered: Set<String> = []
    private var input = VICIPacketDecoder()
    private var queue = OutputQueue()
    private var lost: [String: Int] = [:]

    /// The command that the client waits for, nil between commands.
    package private(set) var commandInFlight: String?
    /// How many events were dropped because the client reads too slowly.
    package private(set) var droppedEvents = 0

    /// - Parameter events: the names a client may register for; others are answered with EVENT_UNKNOWN.
    package init(events: Set<String>, outputLimit: Int = Self.defaultOutputLimit) {
        knownEvents = events
        self.outputLimit = outputLimit
    }
}

// MARK: - From the client

extension VICISession {
    /// Takes octets as they were read from the socket; returns the request that they complete, if any.
    ///
    /// At most one: a client that sends a second command before the answer to its first breaks the protocol.
    package mutating func receive(_ bytes: some Sequence<UInt8>) throws(ViolationError) -> Request? {
        var request: Request?
        input.append(bytes)
        while let packet = try nextPacket() {
            // One reply of the largest size may wait on top of the events; more is asking without reading.
            guard queue.count <= outputLimit + VICIPacket.maximumLength else { throw .doesNotRead }
            switch packet {
            case .request(let command, let message):
                guard commandInFlight == nil else { throw .commandInFlight(command) }
                commandInFlight = command
                request = Request(command: command, message: message)
            case .register(let event):
                if knownEvents.contains(event) { registered.insert(event) }
                send(knownEvents.contains(event) ? .eventConfirmed : .unknownEvent)
            case .unregister(let event):
                registered.remove(event)
                lost[event] = nil
                send(knownEvents.contains(event) ? .eventConfirmed : .unknownEvent)
            case .response, .unknownCommand, .eventConfirmed, .unknownEvent, .event:
                throw .notAClientPacket
            }
        }
        return request
    }

    private mutating func nextPacket() throws(ViolationError) -> VICIPacket? {
        do {
            return try input.next()
        } catch {
            throw .malformed(error)
        }
    }
}

// MARK: - To the client

extension VICISession {
    /// Answers the command in flight; does nothing when there is none.
    ///
    /// A message that does not fit a packet is replaced by `success = no` and the reason in `errmsg`, since the client
    /// waits for some answer.
    package mutating func reply(_ message: VICIMessage) {
        guard let command = commandInFlight else { return }
        commandInFlight = nil
        do {
            queue.append(try VICIPacket.response(message).encoded())
        } catch {
            send(.response(["success": "no", "errmsg": "the answer to '\(command)' cannot be sent: \(error)"]))
        }
    }

    /// Answers the command in flight: there is no such command.
    package mutating func unknownCommand() {
        guard commandInFlight != nil else { return }
        commandInFlight = nil
        send(.unknownCommand)
    }

    /// Whether the client wants events of this name; saves building those that nobody does.
    package func isRegistered(for event: String) -> Bool { registered.contains(event) }

    /// Sends an event that tells of something that happened, unless the client reads too slowly.
    @discardableResult
    package mutating func event(_ name: String, _ message: VICIMessage) -> Delivery {
        guard isRegistered(for: name) else { return .notRegistered }
        var message = message
        if Self.eventsThatTellLosses.contains(name), let count = lost[name] { message.append("lost", .number(count)) }
        guard queue.count < outputLimit, let bytes = try? VICIPacket.event(name, message).encoded() else {
            droppedEvents += 1
            lost[name, default: 0] += 1
            return .dropped
        }
        queue.append(bytes)
        lost[name] = nil
        return .queued
    }

    /// Sends an event that is part of the answer to the command in flight. It is dropped only if it fits no packet.
    @discardableResult
    package mutating func stream(_ name: String, _ message: VICIMessage) -> Delivery {
        guard isRegistered(for: name) else { return .notRegistered }
        guard let bytes = try? VICIPacket.event(name, message).encoded() else {
            droppedEvents += 1
            return .dropped
        }
        queue.append(bytes)
        return .queued
    }

    /// Sends an event that is part of the answer to the command in flight and tells of many things, in as many packets as
    /// they need. A thing that fits no packet by itself is left out.
    ///
    /// - Parameter message: the event's message for some of the things; it is asked again for fewer if that is too large.
    package mutating func stream<Thing>(
        _ name: String,
        of things: ArraySlice<Thing>,
        _ message: (ArraySlice<Thing>) -> VICIMessage
    ) {
        guard isRegistered(for: name) else { return }
        if let bytes = try? VICIPacket.event(name, message(things)).encoded() {
            queue.append(bytes)
        } else if things.count > 1 {
            let middle = things.startIndex + things.count / 2
            stream(name, of: things[..<middle], message)
            stream(name, of: things[middle...], message)
        } else {
            droppedEvents += 1
        }
    }

    /// Whether little enough output waits to `stream` more.
    package var hasRoom: Bool { queue.count < outputLimit / 2 }

    /// What waits to be written to the socket.
    package var output: ArraySlice<UInt8> { queue.bytes }

    /// Forgets the first `count` octets of `output`: the socket took them.
    package mutating func didSend(_ count: Int) { queue.removeFirst(count) }

    /// The events whose messages are flat, so that a key of ours harms no reader.
    private static let eventsThatTellLosses: Set<String> = ["log", "control-log"]

    /// Sends a packet that has no name and no message from outside, which always fits.
    private mutating func send(_ packet: VICIPacket) {
        if let bytes = try? packet.encoded() { queue.append(bytes) }
    }
}

import LinuxNet
import VICI

/// The control socket: accepts clients and moves octets between them and their VICI sessions.
///
/// Requests go to `Daemon`, which answers through `reply` at once or when a negotiation has ended.
final class ControlServer {
    /// A connected client, named by a number that is never used again.
    typealias ClientID = UInt64

    private final class Client {
        let stream: StreamSocket
        var session: VICISession
        var waitsForRoom = false

        init(_ stream: consuming StreamSocket, events: Set<String>) {
            self.stream = stream
            session = VICISession(events: events)
        }
    }

    static let events: Set<String> = [
        "log", "control-log", "list-sa", "list-conn", "list-policy", "list-cert", "list-authority", "ike-updown",
        "ike-rekey", "ike-update", "child-updown", "child-rekey", "alert", "trace",
    ]
    /// More clients at once than any administration needs; each costs a descriptor.
    static let mostClients = 64

    private let listener: UnixListener
    private let loop: EventLoop
    private var clients: [ClientID: Client] = [:]
    private let buffer: UnsafeMutableRawBufferPointer
    /// Called for each request.
    var handle: (ClientID, VICISession.Request) -> Void = { _, _ in }
    /// Called when clients may want other events than before.
    var registrationsChanged: () -> Void = {}
    /// Called when a client is gone.
    var forget: (ClientID) -> Void = { _ in }

    init(path: String, loop: EventLoop) throws(Errno) {
        listener = try UnixListener(path: path)
        self.loop = loop
        buffer = .allocate(byteCount: 64 * 1024, alignment: 8)
        try loop.watch(listener.raw, .readable) { [weak self] _ in self?.accept() }
    }

    deinit { buffer.deallocate() }

    // MARK: - To clients

    func reply(_ id: ClientID, _ message: VICIMessage) {
        withClient(id) { $0.session.reply(message) }
    }

    func unknownCommand(_ id: ClientID) {
        withClient(id) { $0.session.unknownCommand() }
    }

    /// An event that is part of the answer to the client's command. It is sent with those that follow, at the latest with the
    /// reply.
    func stream(_ id: ClientID, _ event: String, _ message: VICIMessage) {
        stream(id) { $0.stream(event, message) }
    }

    /// The same for an event that tells of many things, in as many packets as they need.
    func stream<Thing>(
        _ id: ClientID,
        _ event: String,
        of things: [Thing],
        _ message: (ArraySlice<Thing>) -> VICIMessage
    ) {
        stream(id) { $0.stream(event, of: things[...], message) }
    }

    private func stream(_ id: ClientID, _ body: (inout VICISession) -> Void) {
        guard let client = clients[id] else { return }
        body(&client.session)
        // A system call for each event would wake the client as often.
        if client.session.output.count >= Self.octetsAtOnce { flush(id) }
    }

    private static let octetsAtOnce = 32 * 1024

    /// An event for one client, if it asked for such.
    func event(_ id: ClientID, _ name: String, _ message: VICIMessage) {
        withClient(id) { $0.session.event(name, message) }
    }

    /// An event for everyone who asked for such; the message is built only if somebody did.
    func broadcast(_ name: String, _ message: () -> VICIMessage) {
        let listening = clients.filter { $0.value.session.isRegistered(for: name) }
        guard !listening.isEmpty else { return }
        let built = message()
        for id in listening.keys { event(id, name, built) }
    }

    /// Whether a client asked for events of this name.
    func isWanted(_ event: String) -> Bool { clients.values.contains { $0.session.isRegistered(for: event) } }

    // MARK: - Sockets

    private func accept() {
        do {
            while let stream = try listener.accept() {
                guard clients.count < Self.mostClients else { continue }
                try admit(stream)
            }
        } catch {
            // Out of descriptors or the client is gone already: those that are connected go on.
        }
    }

    private func admit(_ stream: consuming StreamSocket) throws(Errno) {
        let raw = stream.raw
        let client = Client(stream, events: Self.events)
        let id = try loop.watch(raw, [.readable, .readHangUp]) { [weak self] id in self?.serve(id) }
        clients[id] = client
    }

    private func serve(_ id: ClientID) {
        guard let client = clients[id] else { return }
        do {
            while let count = try client.stream.read(into: buffer) {
                guard count > 0 else { return close(id) }
                let request = try client.session.receive(buffer[..<count])
                registrationsChanged()
                if let request { handle(id, request) }
            }
        } catch {
            return close(id)
        }
        flush(id)
    }

    private func withClient(_ id: ClientID, _ body: (Client) -> Void) {
        guard let client = clients[id] else { return }
        body(client)
        flush(id)
    }

    private func flush(_ id: ClientID) {
        guard let client = clients[id] else { return }
        do {
            while !client.session.output.isEmpty {
                let written = try client.session.output.withUnsafeBytes { (octets) throws(Errno) in
                    try client.stream.write(octets)
                }
                guard let written else { break }
                client.session.didSend(written)
            }
            let isBlocked = !client.session.output.isEmpty
            if isBlocked != client.waitsForRoom {
                client.waitsForRoom = isBlocked
                let events: Epoll.Events = isBlocked ? [.readable, .readHangUp, .writable] : [.readable, .readHangUp]
                try loop.change(id, client.stream.raw, events)
            }
        } catch {
            close(id)
        }
    }

    private func close(_ id: ClientID) {
        guard let client = clients.removeValue(forKey: id) else { return }
        loop.unwatch(id, client.stream.raw)
        forget(id)
        registrationsChanged()
    }
}

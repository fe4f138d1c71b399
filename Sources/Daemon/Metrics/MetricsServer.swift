import IKECore
import LinuxNet
import SwanConf

/// Answers Prometheus from the daemon's event loop. What a client may cost is bounded: there are few of them, each sends one
/// small request, and has little time for it.
final class MetricsServer {
    static let mostClients = 8
    /// How long a client has for sending its request and taking the answer.
    static let patience: Duration = .seconds(5)

    private enum Listener: ~Copyable {
        case tcp(TCPListener)
        case unix(UnixListener)

        init(_ address: ListenAddress) throws(Errno) {
            do {
                switch address {
                case .tcp(let address): self = .tcp(try TCPListener(at: address))
                case .unix(let path): self = .unix(try UnixListener(path: path))
                }
            } catch {
                throw Errno("metrics_listen: \(error.operation)", code: error.code, advice: error.advice)
            }
        }

        var raw: Int32 {
            switch self {
            case .tcp(let listener): listener.raw
            case .unix(let listener): listener.raw
            }
        }

        func accept() throws(Errno) -> StreamSocket? {
            switch self {
            case .tcp(let listener): try listener.accept()
            case .unix(let listener): try listener.accept()
            }
        }
    }

    private final class Client {
        let stream: StreamSocket
        let deadline: Instant
        var request: [UInt8] = []
        /// What is still to be sent; empty before the request is complete.
        var answer: ArraySlice<UInt8> = []

        init(_ stream: consuming StreamSocket, deadline: Instant) {
            self.stream = stream
            self.deadline = deadline
        }
    }

    private let listener: Listener
    private let loop: EventLoop
    private let now: () -> Instant
    private var clients: [UInt64: Client] = [:]
    /// Makes the page.
    var page: () -> String = { "" }
    /// Called when `nextDeadline` may have become another one.
    var deadlineChanged: () -> Void = {}

    init(at address: ListenAddress, loop: EventLoop, now: @escaping () -> Instant) throws(Errno) {
        listener = try Listener(address)
        self.loop = loop
        self.now = now
        try loop.watch(listener.raw, .readable) { [weak self] _ in self?.accept() }
    }

    // MARK: - Time

    var nextDeadline: Instant? { clients.values.map(\.deadline).min() }

    /// Ends connections that have had their time.
    func timePassed(_ now: Instant) {
        for (id, client) in clients where client.deadline <= now { close(id) }
    }

    // MARK: - Sockets

    private func accept() {
        do {
            while let stream = try listener.accept() {
                guard clients.count < Self.mostClients else { continue }
                let raw = stream.raw
                let client = Client(stream, deadline: now() + Self.patience)
                let id = try loop.watch(raw, [.readable, .readHangUp]) { [weak self] id in self?.serve(id) }
                clients[id] = client
            }
        } catch {
            // Out of descriptors, or the client is gone already: the next one has better luck.
        }
        deadlineChanged()
    }

    private func serve(_ id: UInt64) {
        guard let client = clients[id] else { return }
        do {
            if client.answer.isEmpty {
                guard try receive(client) else { return close(id) }
                guard let answer = PageRequest(client.request).answer(page) else { return }
                client.answer = Array(answer.utf8)[...]
                try loop.change(id, client.stream.raw, [.writable])
            }
            let sent = try client.answer.withUnsafeBytes { (octets) throws(Errno) in try client.stream.write(octets) }
            client.answer.removeFirst(sent ?? 0)
            if client.answer.isEmpty { close(id) }
        } catch {
            close(id)
        }
    }

    /// Takes what has arrived, up to the limit of a request. False when the client has gone.
    private func receive(_ client: Client) throws(Errno) -> Bool {
        let room = PageRequest.limit - client.request.count
        var count: Int?
        var failure: Errno?
        let received = [UInt8](unsafeUninitializedCapacity: room) { buffer, used in
            do throws(Errno) {
                count = try client.stream.read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
            used = count ?? 0
        }
        if let failure { throw failure }
        client.request += received
        return count != 0
    }

    private func close(_ id: UInt64) {
        guard let client = clients.removeValue(forKey: id) else { return }
        loop.unwatch(id, client.stream.raw)
        deadlineChanged()
    }
}

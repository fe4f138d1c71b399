package import IKECrypto
package import Inet

/// Names a request, so that its end can be told to whoever made it.
package struct RequestID: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Asks several servers, in their order, without I/O: octets come in by `receive` and go out by `poll`, and the time, counted from
/// an origin of the caller's choice, comes in with every call.
///
///     ask --> sent to the first server that lives --> repeated, each time later --> answered
///               |  256 identifiers in use: waits        |  never answered
///               v                                       v
///             queue full: the next server             the server counts as dead; the next server, or unreachable
///
/// A request is repeated with the same octets, so that the server can tell that it has answered already (RFC 5080 section 2.2.2).
/// Dead servers come last, and a single answer brings them back. Who logs in does not wait for them: they are tried by one request
/// every few seconds, and whoever has nobody else to ask meanwhile is told so at once. Accounting has time, and asks them all the same.
package final class RADIUSClient {
    /// What a client asks its servers for.
    package enum Purpose: Sendable {
        case authentication
        case accounting
    }

    /// How a request ended.
    package enum Outcome: Sendable {
        case answered(Answer)
        /// Nobody has answered; the sentence names who was asked.
        case unreachable(String)
        /// The request cannot be sent to anybody.
        case unsendable(RADIUSError)
    }

    /// An authentic answer.
    package struct Answer: Sendable {
        package let packet: Packet
        /// Whose it is: what `ask` takes for a request that only this server can answer.
        package let server: ServerIndex
        /// The authenticator of the request, by which keys in the answer are decrypted.
        package let requestAuthenticator: [UInt8]

        package init(packet: Packet, server: ServerIndex, requestAuthenticator: [UInt8]) {
            self.packet = packet
            self.server = server
            self.requestAuthenticator = requestAuthenticator
        }
    }

    /// A server by its place in the list.
    package typealias ServerIndex = Int

    /// What the client wants done or known, in this order.
    package enum Output: Sendable {
        case send([UInt8], to: SocketAddress)
        case finished(RequestID, Outcome)
        /// A server has stopped answering; the text is for the log.
        case lost(String)
        /// A server that counted as dead has answered.
        case found(String)
        /// Octets came from a server's address that are no answer of it.
        case refused(String)
    }

    /// Requests that may wait for a free identifier of one server.
    package static let mostWaiting = 256

    package let purpose: Purpose
    package private(set) var servers: [RADIUSServer]
    private let patience: RADIUSPatience
    private let random: any RandomSource
    private var lines: [ServerLine]
    private var outputs: [Output] = []

    /// - Parameter servers: the preferred first.
    package init(
        _ purpose: Purpose,
        servers: [RADIUSServer],
        patience: RADIUSPatience,
        random: any RandomSource
    ) {
        self.purpose = purpose
        self.servers = servers
        self.patience = patience
        self.random = random
        lines = servers.map { _ in ServerLine() }
    }

    /// The next thing to do; nil when there is nothing until the next call.
    package func poll() -> Output? { outputs.isEmpty ? nil : outputs.removeFirst() }

    /// Says where a server is from now on; what is under way is repeated to where it was sent.
    package func move(_ server: ServerIndex, to address: SocketAddress) {
        guard servers.indices.contains(server) else { return }
        servers[server].address = address
    }
}

// MARK: - Requests

extension RADIUSClient {
    /// Sends a request: to the one server named, or to whichever answers.
    ///
    /// Its end is told by a `finished`, unless it is cancelled before.
    package func ask(_ id: RequestID, _ attributes: [Attribute], of server: ServerIndex? = nil, now: Duration) {
        var request = PendingRequest(id: id, attributes: attributes, candidates: [])
        if let server {
            request.candidates = [server]
        } else {
            (request.candidates, request.failures) = candidates(now)
        }
        advance(request, now)
    }

    /// Forgets a request.
    package func cancel(_ id: RequestID, now: Duration) {
        for index in lines.indices {
            lines[index].remove(id)
            sendWaiting(to: index, now)
        }
    }

    /// Those that live by preference, then the dead, as far as they are to be tried; and why the others are not.
    private func candidates(_ now: Duration) -> (ArraySlice<ServerIndex>, failures: [String]) {
        var candidates = servers.indices.filter { !lines[$0].isDead(now) }
        var failures: [String] = []
        for index in servers.indices {
            guard let death = lines[index].death, lines[index].isDead(now) else { continue }
            if purpose == .accounting || lines[index].isToBeTried(now, pause: patience.trialPause) {
                candidates.append(index)
            } else {
                let place = servers[index].address.map { " at \($0)" } ?? ""
                let seconds = (now - death.since).components.seconds
                failures.append(
                    "\(servers[index].name)\(place) is taken for dead since \(seconds) s and is tried by one login at a time"
                )
            }
        }
        return (candidates[...], failures)
    }

    /// Gives a request to the next server of those that are left for it.
    private func advance(_ request: PendingRequest, _ now: Duration) {
        var request = request
        while let index = request.candidates.popFirst() {
            guard servers.indices.contains(index) else { continue }
            guard let address = servers[index].address else {
                request.failures.append("\(servers[index].name): its address is not known")
                continue
            }
            if let identifier = lines[index].freeIdentifier() {
                send(request, identifier, index, address, now)
                return
            }
            if lines[index].waiting.count < Self.mostWaiting {
                lines[index].waiting.append(request)
                return
            }
            request.failures.append("\(servers[index].name) at \(address): too many requests wait for it already")
        }
        outputs.append(.finished(request.id, .unreachable(Self.sentence(request.failures))))
    }

    private func send(
        _ request: PendingRequest,
        _ identifier: UInt8,
        _ index: ServerIndex,
        _ address: SocketAddress,
        _ now: Duration
    ) {
        do throws(RADIUSError) {
            let signed = try sign(request.attributes, identifier, servers[index].secret)
            lines[index].inFlight[identifier] = Transmission(
                request: request,
                signed: signed,
                address: address,
                wait: patience.timeout,
                nextAt: now + patience.timeout
            )
            outputs.append(.send(signed.octets, to: address))
        } catch {
            outputs.append(.finished(request.id, .unsendable(error)))
        }
    }

    private func sign(
        _ attributes: [Attribute],
        _ identifier: UInt8,
        _ secret: SecretBytes
    ) throws(RADIUSError) -> SignedRequest {
        switch purpose {
        case .authentication:
            try .access(identifier: identifier, attributes: attributes, secret: secret, random: random)
        case .accounting:
            try .accounting(identifier: identifier, attributes: attributes, secret: secret)
        }
    }

    /// Identifiers have become free.
    private func sendWaiting(to index: ServerIndex, _ now: Duration) {
        while let request = lines[index].takeWaiting() {
            var again = request
            again.candidates = [index] + request.candidates
            advance(again, now)
        }
    }

    private static func sentence(_ failures: [String]) -> String {
        failures.isEmpty
            ? "no RADIUS server is configured" : "no RADIUS server answers: " + failures.joined(separator: "; ")
    }
}

// MARK: - Answers

extension RADIUSClient {
    /// Takes a datagram. What is not the authentic answer to a request under way, from where that was sent to, changes nothing.
    package func receive(_ datagram: [UInt8], from source: SocketAddress, now: Duration) {
        guard datagram.count > 1 else { return }
        let identifier = datagram[1]
        for index in lines.indices {
            guard let transmission = lines[index].inFlight[identifier], transmission.address == source else { continue }
            do throws(RADIUSError) {
                let packet = try transmission.signed.checkedAnswer(datagram, secret: servers[index].secret)
                finish(transmission, packet, index, now)
                return
            } catch {
                outputs.append(.refused("an answer of \(name(index, source)) is ignored: \(error)"))
            }
        }
    }

    private func finish(_ transmission: Transmission, _ packet: Packet, _ index: ServerIndex, _ now: Duration) {
        lines[index].inFlight[transmission.signed.identifier] = nil
        if lines[index].death != nil {
            lines[index].death = nil
            outputs.append(.found("\(name(index, transmission.address)) answers again"))
        }
        let answer = Answer(
            packet: packet,
            server: index,
            requestAuthenticator: transmission.signed.authenticator
        )
        outputs.append(.finished(transmission.request.id, .answered(answer)))
        sendWaiting(to: index, now)
    }

    private func name(_ index: ServerIndex, _ address: SocketAddress) -> String {
        "RADIUS server \(servers[index].name) at \(address)"
    }
}

// MARK: - Time

extension RADIUSClient {
    /// When `timePassed` is to be called next.
    package var nextDeadline: Duration? { lines.compactMap(\.nextDeadline).min() }

    /// Repeats what has waited long enough for its answer, and gives up what has been repeated often enough.
    package func timePassed(_ now: Duration) {
        for index in lines.indices {
            for identifier in lines[index].overdue(now) {
                guard var transmission = lines[index].inFlight[identifier] else { continue }
                if transmission.sent <= patience.repetitions {
                    transmission.sent += 1
                    transmission.wait = transmission.wait * patience.base
                    transmission.nextAt = now + transmission.wait
                    lines[index].inFlight[identifier] = transmission
                    outputs.append(.send(transmission.signed.octets, to: transmission.address))
                } else {
                    giveUp(transmission, index, now)
                }
            }
        }
    }

    /// The server has not answered. What waits for it goes on to the next; what is under way still has its own time.
    private func giveUp(_ transmission: Transmission, _ index: ServerIndex, _ now: Duration) {
        lines[index].inFlight[transmission.signed.identifier] = nil
        let isNews = !lines[index].isDead(now)
        let since = isNews ? now : lines[index].death?.since ?? now
        lines[index].death = ServerLine.Death(since: since, noticed: now, until: now + patience.deadTime)
        let times = transmission.sent == 1 ? "once" : "\(transmission.sent) times"
        if isNews {
            outputs.append(
                .lost(
                    "\(name(index, transmission.address)) does not answer (asked \(times)): is it up, does it know this host as "
                        + "a client, and is the secret the same on both sides?"
                )
            )
        }
        var request = transmission.request
        request.failures.append("\(servers[index].name) at \(transmission.address) was asked \(times)")
        advance(request, now)
        let waiting = lines[index].waiting
        lines[index].waiting = []
        for var request in waiting {
            request.failures.append("\(servers[index].name) at \(transmission.address) does not answer others either")
            advance(request, now)
        }
    }
}

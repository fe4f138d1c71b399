package import IKECore
package import IKECrypto
package import IKEWire
package import Inet

/// The peer of an engine under test, played by the test itself: it builds and opens every message with keys of its own,
/// and so can say what no engine says.
///
/// There is no network between the two. What the peer sends arrives at once; what the engine sends waits until `next`
/// takes it; time passes only in `pass`. The engine is the left one of `TwoSites`, the peer stands for the right one.
package final class ScriptedPeer: CommandGiver {
    /// What a test changes in a message before it is protected and sent.
    package typealias Change = (inout Message) -> Void

    /// The script and the engine do not go together.
    package struct Deviation: Error, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    /// A message of the engine; the payloads are what the SK payload held, if there was one.
    package struct Received {
        package let bytes: [UInt8]
        package let header: Header
        package let payloads: [Payload]
        /// The SA that it came on; nil for an unprotected message.
        package let sa: ScriptedSA?
    }

    package let engine: Endpoint
    package private(set) var now = Instant(nanoseconds: 1_000_000_000)
    /// Where the peer is, and where it sends to: the ends of the last datagram of the engine.
    package var here: SocketAddress
    package var there: SocketAddress
    package var identity = TwoSites.identity("right.example")
    package var secret = SecretBytes(copying: Array("correct horse battery staple".utf8))
    /// The reserved bits in the headers of the peer's SK payloads.
    package var envelopeReserved: UInt8 = 0
    package let random: SeededRandom

    // What the engine has brought forth.
    private var unread: [Datagram] = []
    package private(set) var inbound: [ChildSA] = []
    package private(set) var outbound: [ChildSA] = []
    package private(set) var outcomes: [CommandID: CommandOutcome] = [:]
    package private(set) var logs: [LogRecord] = []
    package private(set) var lookUps: [LookUpID] = []

    /// The peer's IKE SAs, the latest last.
    package private(set) var sas: [ScriptedSA] = []
    /// What both ends sign in IKE_AUTH.
    package var initRequestBytes: [UInt8] = []
    package var initResponseBytes: [UInt8] = []
    /// The octets of the peer's last protected request.
    package private(set) var lastRequestBytes: [UInt8] = []
    private var commands: UInt64 = 0

    package init(
        _ policy: Policy = TwoSites().left,
        settings: Settings = .withoutDelay,
        seed: UInt64 = 1,
        crashSecret: SecretBytes? = nil
    ) throws {
        guard let left = IPAddress(TwoSites.leftAddress), let right = IPAddress(TwoSites.rightAddress) else {
            throw Deviation("the sites have no addresses")
        }
        there = SocketAddress(address: left, port: 500)
        here = SocketAddress(address: right, port: 500)
        random = SeededRandom(seed: seed)
        engine = Endpoint(
            settings: settings,
            policy: policy,
            random: SeededRandom(seed: random.uint64()),
            crashSecret: crashSecret,
            calendar: { Fixture.today },
            now: now
        )
    }

    /// The SA that messages go on where a test names none.
    package var sa: ScriptedSA {
        get throws {
            guard let last = sas.last else { throw Deviation("there is no IKE SA yet") }
            return last
        }
    }

    package func hold(_ sa: ScriptedSA) { sas.append(sa) }

    // MARK: - To the engine

    package func feed(_ input: Input) {
        engine.handle(input, now: now)
        while let output = engine.poll() { note(output) }
    }

    @discardableResult
    package func command(_ command: Command) -> CommandID {
        commands += 1
        feed(.command(command, CommandID(rawValue: commands)))
        return CommandID(rawValue: commands)
    }

    /// Has the engine bring its connection up.
    @discardableResult
    package func initiate(children: ChildChoice = .all) -> CommandID {
        command(.initiate(connection: "site", children, local: there, remote: here))
    }

    /// Puts a datagram before the engine.
    package func deliver(_ bytes: [UInt8]) {
        feed(.datagram(Datagram(local: there, remote: here, bytes: bytes)))
    }

    /// Lets time pass, and the engine act on each of its deadlines.
    package func pass(_ duration: Duration) {
        let end = now + duration
        while let next = engine.nextDeadline, next <= end {
            now = max(now, next)
            feed(.timer)
        }
        now = end
    }

    // MARK: - From the engine

    private func note(_ output: Output) {
        switch output {
        case .send(let datagram): unread.append(datagram)
        case .installInbound(let childSA): inbound.append(childSA)
        case .installOutbound(let childSA):
            outbound.removeAll { $0.id == childSA.id }
            outbound.append(childSA)
        case .updateChild(let childSA):
            if let index = inbound.firstIndex(where: { $0.id == childSA.id }) {
                inbound[index] = childSA.keeping(inbound[index].keys)
            }
            if let index = outbound.firstIndex(where: { $0.id == childSA.id }) {
                outbound[index] = childSA.keeping(outbound[index].keys)
            }
        case .removeOutbound(let childSA): outbound.removeAll { $0.id == childSA.id }
        case .removeChild(let childSA):
            inbound.removeAll { $0.id == childSA.id }
            outbound.removeAll { $0.id == childSA.id }
        case .event(.commandFinished(let id, let outcome)): outcomes[id] = outcome
        case .log(let record): logs.append(record)
        case .lookUp(_, let id): lookUps.append(id)
        default: break
        }
    }

    /// Whether the engine has nothing more to say for now.
    package var isQuiet: Bool { unread.isEmpty }

    /// The next message of the engine, opened where it is protected.
    package func next() throws -> Received {
        guard !unread.isEmpty else { throw Deviation("the engine sent nothing") }
        let datagram = unread.removeFirst()
        here = datagram.remote
        there = datagram.local
        let message = try Message(parsing: datagram.bytes)
        guard let encrypted = message.payloads.encrypted else {
            return Received(bytes: datagram.bytes, header: message.header, payloads: message.payloads, sa: nil)
        }
        let spis = (message.header.initiatorSPI, message.header.responderSPI)
        guard let sa = sas.first(where: { ($0.spiI, $0.spiR) == spis }) else {
            throw Deviation("the engine sent on an IKE SA that the peer does not have")
        }
        return Received(
            bytes: datagram.bytes,
            header: message.header,
            payloads: try sa.open(encrypted, of: datagram.bytes),
            sa: sa
        )
    }

    /// The next message, which must be a request of this kind.
    package func nextRequest(_ exchangeType: ExchangeType) throws -> Received {
        let message = try next()
        guard message.header.exchangeType == exchangeType, !message.header.isResponse else {
            throw Deviation("expected a request \(exchangeType), got \(message.header.exchangeType)")
        }
        return message
    }

    /// The next message, which must be a response.
    package func nextResponse() throws -> Received {
        let message = try next()
        guard message.header.isResponse else { throw Deviation("expected a response, got a request") }
        return message
    }

    /// All that the engine has sent and nobody has taken.
    package func remaining() throws -> [Received] {
        var messages: [Received] = []
        while !isQuiet { messages.append(try next()) }
        return messages
    }

    /// The one IKE SA that stands in the engine.
    package var summary: IKESASummary {
        get throws {
            let all = engine.summaries(now: now)
            guard all.count == 1, let first = all.first else { throw Deviation("the engine has \(all.count) IKE SAs") }
            return first
        }
    }

    /// Whether the engine has exactly one IKE SA and that is up.
    package var isUp: Bool {
        let all = engine.summaries(now: now)
        return all.count == 1 && all[0].state == .established
    }

    // MARK: - Protected messages

    /// Sends a request on an SA (the latest, where none is named) and returns its octets.
    @discardableResult
    package func request(
        _ exchangeType: ExchangeType,
        _ payloads: [Payload],
        on named: ScriptedSA? = nil,
        change: Change = { _ in }
    ) throws -> [UInt8] {
        let sa = try named ?? sa
        var message = Message(
            header: sa.header(exchangeType, messageID: sa.nextRequestID, isResponse: false),
            payloads: payloads
        )
        sa.nextRequestID += 1
        change(&message)
        let bytes = try sa.seal(message, reserved: envelopeReserved)
        lastRequestBytes = bytes
        deliver(bytes)
        return bytes
    }

    /// Answers a request of the engine and returns the octets.
    @discardableResult
    package func answer(
        _ request: Received,
        _ payloads: [Payload],
        change: Change = { _ in }
    ) throws -> [UInt8] {
        guard let sa = request.sa else { throw Deviation("the request was not protected") }
        var message = Message(
            header: sa.header(request.header.exchangeType, messageID: request.header.messageID, isResponse: true),
            payloads: payloads
        )
        change(&message)
        let bytes = try sa.seal(message, reserved: envelopeReserved)
        deliver(bytes)
        return bytes
    }

    /// Sends a request and takes the answer.
    package func exchange(
        _ exchangeType: ExchangeType,
        _ payloads: [Payload],
        on sa: ScriptedSA? = nil,
        change: Change = { _ in }
    ) throws -> Received {
        try request(exchangeType, payloads, on: sa, change: change)
        return try nextResponse()
    }
}

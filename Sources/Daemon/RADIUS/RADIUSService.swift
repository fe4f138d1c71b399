import DataPlane
import IKECore
import IKECrypto
import Inet
import LinuxNet
import RADIUS
import SwanConf

/// Joins the engine's questions to RADIUS servers (`iked.radius`), and tells them who uses what:
///
///     ServerQuestion --> AccessClient --> sockets --> server
///     ServerAnswer   <-- outcome      <--         <--
///     Event, counters --> AccountingService --> sockets --> server
final class RADIUSService {
    /// How often host names are looked up again, and how soon when that has failed.
    private static let lookUpInterval: Duration = .seconds(300)
    private static let lookUpRetry: Duration = .seconds(30)

    private let configuration: RADIUSConfiguration
    private let access: AccessClient
    private let accounting: AccountingService?
    private let sockets: RADIUSSockets
    private let resolver: HostResolver
    private let origin: Instant
    private let clock: () -> Instant
    /// The last question of each conversation under way.
    private var questions: [ServerConversationID: ServerQuestion] = [:]
    private var lookUpAt: Instant?
    private var warnings = LogLimit()
    /// Takes answers, for the engine.
    var answered: (ServerConversationID, ServerAnswer) -> Void = { _, _ in }
    /// Takes the sentence that a server has stopped answering.
    var lost: (String) -> Void = { _ in }
    /// Takes lines for the log.
    var log: (LogRecord) -> Void = { _ in }
    /// Called when `nextDeadline` may have become another one.
    var deadlineChanged: () -> Void = {}

    /// What the service needs of its surroundings.
    struct Surroundings {
        let loop: EventLoop
        let resolver: HostResolver
        let random: any RandomSource
        let clock: () -> Instant
        /// What a CHILD SA, named by its id, has carried so far, and the time in seconds since 1970.
        let usage: (UInt32) -> AccountingRecord.Usage?
        let timestamp: () -> UInt32
    }

    init(_ configuration: RADIUSConfiguration, _ surroundings: Surroundings) {
        self.configuration = configuration
        resolver = surroundings.resolver
        clock = surroundings.clock
        let now = clock()
        origin = now
        let patience = RADIUSPatience(configuration)
        access = AccessClient(
            servers: configuration.servers.map { RADIUSServer($0, port: $0.authPort) },
            patience: patience,
            random: surroundings.random
        )
        sockets = RADIUSSockets(loop: surroundings.loop)
        accounting =
            configuration.accounting
            ? AccountingService(
                servers: configuration.servers.map { RADIUSServer($0, port: $0.acctPort) },
                patience: patience,
                random: surroundings.random,
                loop: surroundings.loop,
                sessions: AccountingSessions(
                    prefix: "\(surroundings.timestamp())",
                    usage: surroundings.usage,
                    timestamp: surroundings.timestamp
                ),
                now: now
            ) : nil
        sockets.received = { [weak self] octets, source in self?.receive(octets, source) }
        accounting?.listen(clock)
        accounting?.deadlineChanged = { [weak self] in self?.deadlineChanged() }
        accounting?.log = { [weak self] level, text in self?.report(level, text) }
        lookUp()
    }

    // MARK: - Questions

    /// Asks the servers; the answer comes by `answered`, perhaps before this returns.
    func ask(_ question: ServerQuestion) {
        questions[question.conversation] = question
        let outcome = access.ask(AccessQuestion(question, configuration.nasIdentifier), now: clock() - origin)
        if let outcome { settle(question.conversation, outcome) }
        carryOut()
    }

    /// Nobody waits for the end of a conversation any more.
    func end(_ conversation: ServerConversationID) {
        questions[conversation] = nil
        access.end(ConversationID(rawValue: conversation.rawValue), now: clock() - origin)
        carryOut()
    }

    private func settle(_ conversation: ServerConversationID, _ outcome: AccessOutcome) {
        guard let question = questions[conversation] else { return }
        if case .challenge = outcome {} else { questions[conversation] = nil }
        if case .accept(_, let grant) = outcome { expect(question, grant) }
        answered(conversation, ServerAnswer(outcome))
    }

    // MARK: - Accounting

    private func expect(_ question: ServerQuestion, _ grant: AccessGrant) {
        let interval = grant.interimInterval ?? configuration.accountingInterval
        let user = AccountedUser(
            name: grant.userName ?? question.userName,
            classes: grant.classes,
            session: AccessSession(question, configuration.nasIdentifier),
            interimInterval: interval.orNilIfZero
        )
        accounting?.expect(user, ikeSA: question.ikeSA, now: clock())
    }

    /// What the engine reports.
    func note(_ event: Event) { accounting?.note(event, now: clock()) }

    /// A CHILD SA is about to be removed.
    func retire(_ childSA: ChildSA, _ counters: ChildCounters) { accounting?.retire(childSA, counters) }

    // MARK: - Time

    var nextDeadline: Instant? {
        [access.client.nextDeadline.map { origin + $0 }, accounting?.nextDeadline, lookUpAt].compactMap { $0 }.min()
    }

    func timePassed(_ now: Instant) {
        if let at = lookUpAt, at <= now { lookUp() }
        access.client.timePassed(now - origin)
        accounting?.timePassed(now)
        carryOut()
    }

    // MARK: - The client

    private func receive(_ octets: [UInt8], _ source: SocketAddress) {
        access.client.receive(octets, from: source, now: clock() - origin)
        carryOut()
    }

    private func carryOut() {
        while let output = access.client.poll() {
            switch output {
            case .send(let octets, let address): send(octets, address)
            case .finished(let request, let outcome):
                let (conversation, outcome) = access.outcome(of: request, outcome)
                settle(ServerConversationID(rawValue: conversation.rawValue), outcome)
            case .lost(let text):
                report(.error, text)
                lost(text)
            case .found(let text): report(.info, text)
            case .refused(let text): report(.warning, text)
            }
        }
        deadlineChanged()
    }

    private func send(_ octets: [UInt8], _ address: SocketAddress) {
        do throws(Errno) {
            try sockets.send(octets, to: address)
        } catch {
            // It is repeated, as if the network had lost it.
            report(.warning, "could not send to the RADIUS server at \(address): \(error)")
        }
    }

    /// Anybody can send octets with a server's address; they must not flood the log.
    private func report(_ level: LogRecord.Level, _ text: String) {
        let record = warnings.admit(clock()) { LogRecord(level, text) }
        if let record { log(record) }
    }

    // MARK: - Host names

    /// Has the addresses of servers looked up that are known by name.
    private func lookUp() {
        let names = Set(configuration.servers.compactMap(\.host.name))
        guard !names.isEmpty else { return }
        // Until there is an answer nothing else is to be looked up.
        lookUpAt = nil
        resolver.resolve(names) { [weak self] answer in self?.take(answer) }
    }

    private func take(_ answer: HostResolver.Answer) {
        for (index, server) in configuration.servers.enumerated() {
            guard let name = server.host.name, let address = answer.addresses[name]?.first else { continue }
            access.client.move(index, to: SocketAddress(address: address, port: server.authPort))
            accounting?.move(index, to: SocketAddress(address: address, port: server.acctPort))
        }
        for failure in answer.failures { report(.warning, "could not look up the RADIUS server \(failure)") }
        lookUpAt = clock() + (answer.failures.isEmpty ? Self.lookUpInterval : Self.lookUpRetry)
        deadlineChanged()
    }
}

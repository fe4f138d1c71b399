import Glibc
import IKECore
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import RADIUS
import Support
import SwanConf
import Testing

@testable import Daemon

/// A service on an event loop of its own, with real sockets and the time that it asks for.
final class ServiceBench {
    let loop: EventLoop
    let service: RADIUSService
    private let timer: TimerFD
    private let limit: TimerFD
    private var answers: [ServerAnswer] = []
    private(set) var log: [String] = []

    /// - Parameter settings: the content of the section `iked.radius`.
    init(_ settings: String) throws {
        let text = "iked { radius { \(settings)\n } }"
        let configuration = try #require(try Configuration(parsing: text, file: "iked.conf").daemon.radius)
        let loop = try EventLoop()
        self.loop = loop
        timer = try TimerFD()
        limit = try TimerFD()
        service = RADIUSService(
            configuration,
            RADIUSService.Surroundings(
                loop: loop,
                resolver: try HostResolver(loop: loop),
                random: SystemRandom(),
                clock: { Instant(nanoseconds: MonotonicClock.nanoseconds) },
                usage: { _ in nil },
                timestamp: { 42 }
            )
        )
        service.answered = { [weak self] _, answer in
            self?.answers.append(answer)
            loop.stop()
        }
        service.log = { [weak self] record in self?.log.append(record.message) }
        service.deadlineChanged = { [weak self] in self?.setTimer() }
        try loop.watch(timer.raw, .readable) { [weak self] _ in self?.timerFired() }
        // A test that waits in vain fails rather than hangs.
        try loop.watch(limit.raw, .readable) { _ in loop.stop() }
        try limit.set(at: MonotonicClock.nanoseconds + 20_000_000_000)
        setTimer()
    }

    private func setTimer() { try? timer.set(at: service.nextDeadline?.nanoseconds) }

    private func timerFired() {
        timer.clear()
        service.timePassed(Instant(nanoseconds: MonotonicClock.nanoseconds))
        setTimer()
    }

    /// Asks, and gives the answer.
    func ask(_ eap: EAPMessage, user: String = "anna", ikeSA: UInt32 = 1) throws -> ServerAnswer {
        let address = try #require(IPAddress("192.0.2.1"))
        answers = []
        service.ask(
            ServerQuestion(
                conversation: ServerConversationID(rawValue: 5),
                connection: "road",
                eap: eap,
                userName: Array(user.utf8),
                ikeSA: ikeSA,
                local: SocketAddress(address: address, port: 4500),
                remote: SocketAddress(address: address, port: 4501)
            )
        )
        if answers.isEmpty { try run() }
        return try #require(answers.first, "no answer")
    }

    /// Runs until something stops the loop.
    func run() throws { try loop.run() }
}

extension EAPMessage {
    static func identity(_ name: String) -> EAPMessage {
        .response(identifier: 1, type: .identity, data: Array(name.utf8))
    }
}

import Inet
import LinuxNet
import Synchronization

/// Looks host names up without holding up the event loop: each look-up has a thread of its own, and its answer comes back
/// through the loop.
final class HostResolver {
    /// The addresses of each name that has any, and what is wrong with the others.
    struct Answer: Sendable {
        var addresses: [String: [IPAddress]] = [:]
        var failures: [String] = []
    }

    /// Threads at a time; a server that does not answer holds each of them for half a minute.
    private static let mostAtOnce = 8
    /// Look-ups that wait for a thread; further ones fail.
    private static let mostWaiting = 256

    private typealias Body = (Answer) -> Void

    /// Where the threads leave their answers.
    private final class Mailbox: Sendable {
        let bell: EventFD
        private let answers = Mutex<[(ticket: UInt64, answer: Answer)]>([])

        init() throws(Errno) { bell = try EventFD() }

        func post(_ ticket: UInt64, _ answer: Answer) {
            answers.withLock { $0.append((ticket, answer)) }
            bell.ring()
        }

        func take() -> [(ticket: UInt64, answer: Answer)] {
            bell.clear()
            return answers.withLock { answers in
                defer { answers = [] }
                return answers
            }
        }
    }

    private let mailbox: Mailbox
    private var running: [UInt64: (thread: NativeThread, body: Body)] = [:]
    private var waiting: [(names: Set<String>, body: Body)] = []
    private var lastTicket: UInt64 = 0

    init(loop: EventLoop) throws(Errno) {
        mailbox = try Mailbox()
        try loop.watch(mailbox.bell.raw, .readable) { [weak self] _ in self?.collect() }
    }

    /// Calls `body` on the event loop with what the names mean now. Nothing is remembered from one time to the next.
    func resolve(_ names: Set<String>, _ body: @escaping (Answer) -> Void) {
        guard waiting.count < Self.mostWaiting else {
            body(Answer(failures: ["more than \(Self.mostWaiting) look-ups wait already"]))
            return
        }
        waiting.append((names, body))
        startWaiting()
    }

    private func startWaiting() {
        while running.count < Self.mostAtOnce, !waiting.isEmpty {
            let (names, body) = waiting.removeFirst()
            lastTicket += 1
            let ticket = lastTicket
            let mailbox = self.mailbox
            do throws(Errno) {
                let thread = try NativeThread(name: "iked-names") { mailbox.post(ticket, Self.lookUp(names)) }
                running[ticket] = (thread, body)
            } catch {
                body(Answer(failures: ["\(error)"]))
            }
        }
    }

    private static func lookUp(_ names: Set<String>) -> Answer {
        var answer = Answer()
        for name in names.sorted() {
            do throws(HostNames.Failure) {
                answer.addresses[name] = try HostNames.addresses(of: name)
            } catch {
                answer.failures.append(error.description)
            }
        }
        return answer
    }

    private func collect() {
        for (ticket, answer) in mailbox.take() {
            guard let (thread, body) = running.removeValue(forKey: ticket) else { continue }
            // It has nothing left to do.
            thread.join()
            body(answer)
        }
        startWaiting()
    }
}

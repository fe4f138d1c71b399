import LinuxNet
import Synchronization

/// Does what waits for servers without holding up the event loop: each job has a thread of its own, and its answer comes back
/// through the loop.
final class JobThreads<Answer: Sendable> {
    private typealias Body = (Result<Answer, Errno>) -> Void

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

    private let name: String
    private let mostAtOnce: Int
    private let mostWaiting: Int
    private let mailbox: Mailbox
    private var running: [UInt64: (thread: NativeThread, body: Body)] = [:]
    private var waiting: [(job: @Sendable () -> Answer, body: Body)] = []
    private var lastTicket: UInt64 = 0

    /// - Parameters:
    ///   - name: of the threads, at most 15 octets.
    ///   - mostAtOnce: threads.
    ///   - mostWaiting: jobs that wait for a thread.
    init(_ name: String, mostAtOnce: Int, mostWaiting: Int, loop: EventLoop) throws(Errno) {
        self.name = name
        self.mostAtOnce = mostAtOnce
        self.mostWaiting = mostWaiting
        mailbox = try Mailbox()
        try loop.watch(mailbox.bell.raw, .readable) { [weak self] _ in self?.collect() }
    }

    /// Calls `body` on the event loop with what `job` returns on a thread of its own, or with why there was no thread.
    ///
    /// - Returns: false when too many jobs wait already; then nothing is called.
    func start(_ job: @escaping @Sendable () -> Answer, _ body: @escaping (Result<Answer, Errno>) -> Void) -> Bool {
        guard waiting.count < mostWaiting else { return false }
        waiting.append((job, body))
        startWaiting()
        return true
    }

    private func startWaiting() {
        while running.count < mostAtOnce, !waiting.isEmpty {
            let (job, body) = waiting.removeFirst()
            lastTicket += 1
            let ticket = lastTicket
            let mailbox = self.mailbox
            do throws(Errno) {
                let thread = try NativeThread(name: name) { mailbox.post(ticket, job()) }
                running[ticket] = (thread, body)
            } catch {
                body(.failure(error))
            }
        }
    }

    private func collect() {
        for (ticket, answer) in mailbox.take() {
            guard let (thread, body) = running.removeValue(forKey: ticket) else { continue }
            // It has nothing left to do.
            thread.join()
            body(.success(answer))
        }
        startWaiting()
    }
}

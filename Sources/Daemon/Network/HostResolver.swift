import Inet
import LinuxNet

/// Looks host names up without holding up the event loop.
final class HostResolver {
    /// The addresses of each name that has any, and what is wrong with the others.
    struct Answer: Sendable {
        var addresses: [String: [IPAddress]] = [:]
        var failures: [String] = []
    }

    /// Look-ups that wait for a thread; further ones fail.
    private static let mostWaiting = 256

    private let threads: JobThreads<Answer>

    init(loop: EventLoop) throws(Errno) {
        // A server that does not answer holds each thread for half a minute.
        threads = try JobThreads("iked-names", mostAtOnce: 8, mostWaiting: Self.mostWaiting, loop: loop)
    }

    /// Calls `body` on the event loop with what the names mean now. Nothing is remembered from one time to the next.
    func resolve(_ names: Set<String>, _ body: @escaping (Answer) -> Void) {
        let isStarted = threads.start({ Self.lookUp(names) }) { answer in
            switch answer {
            case .success(let answer): body(answer)
            case .failure(let error): body(Answer(failures: ["\(error)"]))
            }
        }
        if !isStarted { body(Answer(failures: ["more than \(Self.mostWaiting) look-ups wait already"])) }
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
}

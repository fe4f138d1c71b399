import Glibc
import LinuxNet
import Synchronization

/// A network namespace for the length of one closure, on a thread of its own: nothing of the host is touched, and
/// nothing is left when the closure has returned.
package enum OwnNetwork {
    package static let isPossible = geteuid() == 0
    package static let reason = "only root may make a network namespace"

    /// Runs `body` in an empty network whose loopback interface is up, and returns or throws what it does.
    package static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        let outcome = Outcome<Result>()
        let thread = try NativeThread(name: "own-network") {
            outcome.set(
                Swift.Result {
                    try NetworkNamespace.enterNew()
                    var netlink = try Netlink()
                    try netlink.setLink(index: 1, up: true)
                    return try body()
                }
            )
        }
        thread.join()
        return try outcome.get()
    }

    private final class Outcome<Value: Sendable>: Sendable {
        private let result = Mutex<Swift.Result<Value, any Error>?>(nil)

        func set(_ value: Swift.Result<Value, any Error>) { result.withLock { $0 = value } }

        func get() throws -> Value {
            guard let value = result.withLock({ $0 }) else { throw Errno("own network", code: ESRCH) }
            return try value.get()
        }
    }
}

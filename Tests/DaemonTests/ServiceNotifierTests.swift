import Glibc
import IKECore
import Testing

@testable import Daemon

/// What the service manager hears, on a socket of the test's own.
@Suite struct ServiceNotifierTests {
    private struct Failure: Error {}

    /// Where a service manager listens: a path, or behind `@` an abstract name.
    private final class Manager {
        let name: String
        private let descriptor: Int32

        init(_ name: String) throws {
            self.name = name
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            var octets = Array(name.utf8)
            if name.hasPrefix("@") { octets[0] = 0 }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            guard bound == 0 else { throw Failure() }
        }

        deinit {
            close(descriptor)
            if name.hasPrefix("/") { unlink(name) }
        }

        /// The lines of the next datagram; none if there is none.
        func next() -> [String] {
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return [] }
            return String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    private func seconds(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    private func notifier(_ environment: [String: String], process: Int32 = 42) -> ServiceNotifier {
        ServiceNotifier(environment: { environment[$0] }, process: process, now: seconds(100))
    }

    @Test(arguments: ["/tmp/notify-\(getpid()).sock", "@swift-ike-notify-\(getpid())"])
    func everyStateReachesAManagerAtAPathOrAnAbstractName(_ name: String) throws {
        let manager = try Manager(name)
        var notifier = notifier(["NOTIFY_SOCKET": name])
        notifier.ready("2 connections", now: seconds(100))
        #expect(manager.next() == ["READY=1", "STATUS=2 connections"])
        notifier.reloading(now: seconds(101))
        #expect(manager.next() == ["RELOADING=1", "MONOTONIC_USEC=101000000"])
        notifier.stopping("ending", now: seconds(102))
        #expect(manager.next() == ["STOPPING=1", "STATUS=ending"])
        #expect(manager.next() == [])
    }

    @Test func theWatchdogIsFedAtHalfOfItsTime() throws {
        let manager = try Manager("@swift-ike-watchdog-\(getpid())")
        var notifier = notifier([
            "NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "42",
        ])
        #expect(notifier.nextDeadline == seconds(105))
        notifier.timePassed(seconds(104)) { "" }
        #expect(manager.next() == [])
        notifier.timePassed(seconds(106)) { "" }
        #expect(manager.next() == ["WATCHDOG=1"])
        #expect(notifier.nextDeadline == seconds(111))
    }

    @Test(arguments: [
        ["WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "43"], ["WATCHDOG_USEC": "0"], ["WATCHDOG_USEC": "-1"],
        ["WATCHDOG_USEC": "soon"], [:],
    ])
    func aWatchdogThatIsNotForUsIsLeftAlone(_ environment: [String: String]) throws {
        let manager = try Manager("@swift-ike-no-watchdog-\(getpid())-\(environment.count)-\(environment.hashValue)")
        let notifier = notifier(environment.merging(["NOTIFY_SOCKET": manager.name]) { $1 })
        #expect(notifier.nextDeadline == nil)
    }

    @Test func wordsAreReplacedAtMostOnceASecond() throws {
        let manager = try Manager("@swift-ike-words-\(getpid())")
        var notifier = notifier(["NOTIFY_SOCKET": manager.name])
        notifier.ready("nothing", now: seconds(100))
        _ = manager.next()
        notifier.noteChange(Instant(nanoseconds: 100_200_000_000))
        #expect(notifier.nextDeadline == seconds(101))
        notifier.noteChange(Instant(nanoseconds: 100_300_000_000))
        notifier.timePassed(seconds(101)) { "1 IKE SA" }
        #expect(manager.next() == ["STATUS=1 IKE SA"])
        #expect(notifier.nextDeadline == nil)
        notifier.noteChange(seconds(200))
        #expect(notifier.nextDeadline == seconds(200))
    }

    @Test(arguments: [
        [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "vsock:2:1234"], ["NOTIFY_SOCKET": "/nonexistent/s"],
    ])
    func withoutAManagerNothingFails(_ environment: [String: String]) {
        var notifier = notifier(environment)
        notifier.ready("x", now: seconds(100))
        notifier.timePassed(seconds(200)) { "y" }
        notifier.stopping("z", now: seconds(300))
    }

    @Test func withoutAManagerNothingIsDue() {
        var notifier = notifier(["WATCHDOG_USEC": "10000000"])
        notifier.noteChange(seconds(100))
        #expect(notifier.nextDeadline == nil)
    }
}

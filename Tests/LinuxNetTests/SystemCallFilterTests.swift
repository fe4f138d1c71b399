import Glibc
import Inet
import Synchronization
import Testing

@testable import LinuxNet

/// What a thread can still do once it is confined. Filters and capabilities are those of a thread here, so each test has one of
/// its own, with which they end.
@Suite struct SystemCallFilterTests {
    /// What `body` returns on a confined thread.
    private func confined<Result: Sendable>(_ body: @escaping @Sendable () -> Result) throws -> Result {
        let outcome = Mutex<(error: Errno?, result: Result?)>((nil, nil))
        let thread = try NativeThread(name: "confined") {
            do throws(Errno) {
                try SystemCallFilter.install(.callingThread)
                let result = body()
                outcome.withLock { $0.result = result }
            } catch {
                outcome.withLock { $0.error = error }
            }
        }
        thread.join()
        return try outcome.withLock { outcome in
            if let error = outcome.error { throw error }
            return try #require(outcome.result)
        }
    }

    /// errno of a call that fails, else 0.
    private static func code(_ result: Int) -> Int32 { result < 0 ? errno : 0 }

    @Test func programsCannotBeRun() throws {
        let codes = try confined {
            var process = pid_t()
            let spawned = posix_spawn(&process, "/bin/true", nil, nil, [nil], [nil])
            if spawned == 0 { waitpid(process, nil, 0) }
            return [spawned, Self.code(Int(execve("/nonexistent/program", [nil], [nil])))]
        }
        #expect(codes == [EPERM, EPERM])
    }

    @Test func whatChangesTheKernelOrTheHostIsRefused() throws {
        let codes = try confined {
            [
                Self.code(Int(chroot("/nonexistent"))),
                Self.code(Int(mknod("/nonexistent/node", S_IFCHR, 0))),
                Self.code(Int(sethostname("", 0))),
                failure { try NetworkNamespace.enterNew() }?.code,
                failure { try Capability.keepOnly([]) }?.code,
            ]
        }
        #expect(codes == [EPERM, EPERM, EPERM, EPERM, EPERM])
    }

    @Test func rawAndPacketSocketsAreRefusedAndOthersAreNot() throws {
        let open = try confined {
            [
                (AF_INET, SOCK_RAW), (AF_INET6, SOCK_RAW), (AF_PACKET, SOCK_DGRAM), (AF_INET, SOCK_DGRAM),
                (AF_INET6, SOCK_STREAM), (AF_UNIX, SOCK_STREAM), (AF_NETLINK, SOCK_RAW),
            ].map { family, type in
                let raw = socket(family, Int32(type.rawValue), 0)
                let code = Self.code(Int(raw))
                if raw >= 0 { close(raw) }
                // A host without IPv6 is no matter of the filter.
                return code == EAFNOSUPPORT ? 0 : code
            }
        }
        #expect(open == [EPERM, EPERM, EPERM, 0, 0, 0, 0])
    }

    /// What fetching a revocation list takes.
    @Test func namesAreLookedUpAndServersAnswerAsBefore() throws {
        let listener = try TCPListener(at: SocketAddress(address: try #require(IPAddress("127.0.0.1")), port: 0))
        let server = listener.local
        let failure = try confined { () -> String? in
            do {
                guard try HostNames.addresses(of: "localhost").contains(where: \.isLoopback) else { return "localhost" }
                let deadline = MonotonicClock.nanoseconds(after: .seconds(10))
                let connection = try TCPConnection(to: server, until: deadline)
                try connection.send([1, 2, 3])
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(failure == nil)
        guard let stream = try listener.accept() else {
            Issue.record("nobody has connected")
            return
        }
        var octets = [UInt8](repeating: 0, count: 8)
        #expect(try octets.withUnsafeMutableBytes { try stream.read(into: $0) } == 3)
    }

    @Test func threadsStartAndInheritTheFilter() throws {
        let codes = try confined { () -> [Int32] in
            let code = Mutex<Int32>(-1)
            let thread = try? NativeThread(name: "inner") {
                let result = Self.code(Int(chroot("/nonexistent")))
                code.withLock { $0 = result }
            }
            thread?.join()
            return [code.withLock { $0 }]
        }
        #expect(codes == [EPERM])
    }

    @Test func filesCanBeWrittenAsBefore() throws {
        let path = "/tmp/filter-\(getpid())"
        defer { unlink(path) }
        let written = try confined {
            let raw = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            defer { close(raw) }
            return write(raw, "x", 1)
        }
        #expect(written == 1)
    }

    @Test func theRestOfTheProcessIsNotConfined() throws {
        _ = try confined { 0 }
        #expect(Self.code(Int(chroot("/nonexistent"))) == ENOENT || geteuid() != 0)
    }

    @Test(.enabled(if: Capability.netAdmin.isEffective, "only root has capabilities to give up"))
    func capabilitiesThatAreNotKeptAreGone() throws {
        let outcome = Mutex<[Bool]>([])
        let thread = try NativeThread(name: "modest") {
            try? Capability.keepOnly([.netAdmin])
            outcome.withLock { $0 = [Capability.netAdmin, .netRaw, .netBindService].map(\.isEffective) }
        }
        thread.join()
        #expect(outcome.withLock { $0 } == [true, false, false])
        #expect(Capability.netAdmin.isEffective)
    }
}

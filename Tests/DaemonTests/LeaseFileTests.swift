import Glibc
import IKECore
import IKECrypto
import IKEWire
import Inet
import Testing

@testable import Daemon

/// Leases in a file that outlives the daemon.
@Suite struct LeaseFileTests {
    private static func lease(
        _ identity: String,
        _ address: String,
        pool: String = "p",
        isOnline: Bool = false
    ) throws -> Lease {
        Lease(
            pool: pool,
            address: try #require(IPAddress(address)),
            identity: try #require(Identification(identity)),
            isOnline: isOnline,
            since: UnixTime(seconds: 1_700_000_000)
        )
    }

    private static func leases(_ text: String) throws(LeaseFile.Malformation) -> [Lease] {
        try LeaseFile.leases(in: Array(text.utf8))
    }

    @Test func leasesComeBackAsTheyWere() throws {
        let leases = [
            try Self.lease("ada@example.org", "10.3.0.1"),
            try Self.lease("C=CH, O=Example Org, CN=bob", "fd03::1", pool: "six"),
            try Self.lease("@#6b6579", "10.3.0.2", isOnline: true),
            try Self.lease("192.0.2.1", "10.3.0.3"),
        ]
        let text = LeaseFile.text(of: leases)
        #expect(text.hasPrefix("iked leases 1\np\t10.3.0.1\toffline\t1700000000\tada@example.org\n"))
        #expect(try Self.leases(text) == leases)
        #expect(try Self.leases(LeaseFile.text(of: [])) == [])
    }

    @Test func whatALineCannotHoldIsLeftOut() throws {
        let odd = Lease(
            pool: "p",
            address: try #require(IPAddress("10.3.0.1")),
            identity: Identification(type: .null, data: []),
            isOnline: false,
            since: UnixTime(seconds: 0)
        )
        let leases = [odd, try Self.lease("ada", "10.3.0.2", pool: "a\tb"), try Self.lease("ada", "10.3.0.2")]
        #expect(try Self.leases(LeaseFile.text(of: leases)) == [leases[2]])
    }

    @Test(arguments: [
        ("", 1, "`iked leases 1` must stand here"),
        ("iked leases 2\n", 1, "`iked leases 1` must stand here"),
        ("iked leases 1\np\t10.3.0.1\toffline\t0\tada\np\t10.3.0.2\toffl", 3, "the line does not end"),
        ("iked leases 1\np\t10.3.0.1\toffline\t0\tada\n\n", 3, "1 fields, not 5"),
        ("iked leases 1\np\t10.3.0.1\toffline\t0\n", 2, "4 fields, not 5"),
        ("iked leases 1\n\t10.3.0.1\toffline\t0\tada\n", 2, "`` is no name of a pool"),
        ("iked leases 1\np\t10.3.0\toffline\t0\tada\n", 2, "`10.3.0` is no address"),
        ("iked leases 1\np\t10.3.0.1\tgone\t0\tada\n", 2, "`gone` is no state, `online` or `offline`"),
        ("iked leases 1\np\t10.3.0.1\toffline\t99999999999999999999\tada\n", 2, "is no number of seconds"),
        ("iked leases 1\np\t10.3.0.1\toffline\t0\t%any\n", 2, "`%any` is no identity"),
    ])
    func aMalformedLineIsNamed(text: String, line: Int, reason: String) throws {
        let error = try #require(throws: LeaseFile.Malformation.self) { try Self.leases(text) }
        #expect(error.line == line)
        #expect(error.reason.contains(reason))
    }

    @Test func noChangeOfAnOctetAndNoCutTraps() throws {
        let octets = Array(
            LeaseFile.text(of: [try Self.lease("ada@example.org", "10.3.0.1"), try Self.lease("::1", "fd03::1")]).utf8
        )
        for index in octets.indices {
            for value in [0, 9, 10, 45, 0x80, 0xff] as [UInt8] {
                var changed = octets
                changed[index] = value
                _ = try? LeaseFile.leases(in: changed)
            }
            guard octets.prefix(index).last != UInt8(ascii: "\n") else { continue }
            #expect(throws: LeaseFile.Malformation.self) { try LeaseFile.leases(in: Array(octets.prefix(index))) }
        }
    }
}

/// When leases are written, and what becomes of a file that cannot be read.
@Suite struct LeaseStoreTests {
    private func lease(_ identity: String) throws -> Lease {
        Lease(
            pool: "p",
            address: try #require(IPAddress("10.3.0.1")),
            identity: try #require(Identification(identity)),
            isOnline: true,
            since: UnixTime(seconds: 1)
        )
    }

    /// Lets the thread finish.
    private func settle(_ store: LeaseStore, from now: Instant, _ leases: [Lease]) throws -> String? {
        var now = now
        for _ in 0..<1000 {
            guard let deadline = store.deadline else { return nil }
            now = max(now, deadline)
            if let failure = store.timePassed(now, leases: { leases }) { return failure }
            usleep(5000)
        }
        Issue.record("the leases are never written")
        return nil
    }

    private let start = Instant(nanoseconds: 1)

    @Test func leasesAreWrittenSomeSecondsAfterTheFirstChange() throws {
        let directory = try TemporaryDirectory()
        let store = LeaseStore(directory: directory.path)
        #expect(store.load() == ([], nil))
        store.noteChanges(0, start)
        #expect(store.deadline == nil)
        store.noteChanges(1, start)
        store.noteChanges(2, start + .seconds(3))
        #expect(store.deadline == start + LeaseStore.interval)
        #expect(store.timePassed(start + .seconds(4), leases: { [] }) == nil)
        #expect(directory.names.isEmpty)
        let leases = [try lease("ada")]
        #expect(try settle(store, from: start + LeaseStore.interval, leases) == nil)
        #expect(directory.names == ["leases"])
        #expect(LeaseStore(directory: directory.path).load() == (leases, nil))
    }

    @Test func whatIsNotWrittenYetIsWrittenAtTheEnd() throws {
        let directory = try TemporaryDirectory()
        let store = LeaseStore(directory: directory.path)
        #expect(store.finish { [] } == nil)
        #expect(directory.names.isEmpty)
        store.noteChanges(1, start)
        let leases = [try lease("ada")]
        #expect(store.finish { leases } == nil)
        #expect(LeaseStore(directory: directory.path).load() == (leases, nil))
    }

    @Test func aMalformedFileIsPutAsideAndSaid() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/leases"
        let file = try #require(fopen(path, "w"))
        fputs("iked leases 1\np\tx\n", file)
        fclose(file)
        let (leases, failure) = LeaseStore(directory: directory.path).load()
        #expect(leases.isEmpty)
        #expect(failure?.hasPrefix("\(path), line 2: 2 fields, not 5") == true)
        #expect(directory.names == ["leases.rejected"])
    }

    @Test func neitherALinkNorADirectoryIsRead() throws {
        let directory = try TemporaryDirectory()
        symlink("/etc/passwd", directory.path + "/leases")
        #expect(LeaseStore(directory: directory.path).load().failure?.contains("open \(directory.path)/leases") == true)
    }

    @Test func aDirectoryThatCannotBeMadeIsToldOfOnce() throws {
        let store = LeaseStore(directory: "/nonexistent/state")
        store.noteChanges(1, start)
        #expect(try settle(store, from: start, [])?.contains("/nonexistent/state") == true)
        store.noteChanges(2, start + .seconds(100))
        #expect(try settle(store, from: start + .seconds(200), []) == nil)
        #expect(store.finish { [] } == nil)
    }
}

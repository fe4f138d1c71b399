import IKECrypto
import IKEWire
import Inet
import Testing

@testable import IKECore

/// Who gets which address of a pool, and who keeps it.
@Suite struct LeaseTableTests {
    fileprivate static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
    fileprivate static func identity(_ name: String) throws -> Identification { try #require(Identification(name)) }

    private static func pool(
        _ first: String,
        _ last: String,
        fixed: [(String, String)] = []
    ) throws -> AddressPool {
        var leases: [IPAddress: Identification] = [:]
        for (name, text) in fixed { leases[try address(text)] = try identity(name) }
        return AddressPool(name: "p", addresses: try address(first)...(try address(last)), fixed: leases)
    }

    /// The leases of one pool, asked for in words; every assignment has a lineage of its own.
    private final class Table {
        let leases: PoolLeases
        private var lineage: UInt32 = 0
        private var clock: Int64 = 1000

        init(_ pool: AddressPool?, mostKept: Int = PoolLeases.mostKept) {
            leases = PoolLeases(name: "p", mostKept: mostKept)
            if let pool { leases.configure(pool) }
        }

        /// The address and the lineage that has it.
        func assign(_ name: String, wanted: String? = nil, takesOver: Bool = false) throws -> (String?, UInt32) {
            lineage += 1
            clock += 1
            let address = leases.assign(
                to: try LeaseTableTests.identity(name).normalized,
                wanted: try wanted.map { try LeaseTableTests.address($0) },
                takesOver: takesOver,
                lineage: lineage,
                now: UnixTime(seconds: clock)
            )
            return (address?.description, lineage)
        }

        func release(_ address: String, _ lineage: UInt32) throws {
            clock += 1
            leases.release(try LeaseTableTests.address(address), lineage, now: UnixTime(seconds: clock))
        }

        /// Has an address for a moment.
        @discardableResult
        func visit(_ name: String, wanted: String? = nil) throws -> String? {
            let (address, lineage) = try assign(name, wanted: wanted)
            if let address { try release(address, lineage) }
            return address
        }
    }

    @Test func theLongestGoneIsGivenAwayAndWhoCameBackIsNot() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.3"))
        for name in ["ada", "bob", "cyd", "ada"] { try table.visit(name) }
        #expect(try table.visit("dan") == "10.3.0.2")
        #expect(try table.visit("eve") == "10.3.0.3")
        #expect(try table.visit("fay") == "10.3.0.1")
        #expect(table.leases.offline == 3 && table.leases.online == 0)
    }

    @Test func aFixedAddressIsForItsIdentityAlone() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.3", fixed: [("ada", "10.3.0.1")]))
        #expect(try table.assign("bob", wanted: "10.3.0.1").0 == "10.3.0.2")
        #expect(try table.assign("cyd").0 == "10.3.0.3")
        #expect(try table.assign("dan").0 == nil)
        #expect(try table.assign("ADA", wanted: "10.3.0.3").0 == "10.3.0.1")
    }

    @Test func aFixedAddressReplacesTheOneThatWasGivenBefore() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.9"))
        #expect(try table.visit("ada") == "10.3.0.1")
        table.leases.configure(
            try Self.pool("10.3.0.1", "10.3.0.9", fixed: [("ada", "10.3.0.5"), ("bob", "10.3.0.1")])
        )
        #expect(try table.visit("ada") == "10.3.0.5")
        #expect(try table.visit("bob") == "10.3.0.1")
    }

    @Test func aFixedAddressWaitsForWhoeverHasIt() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.9"))
        let (_, lineage) = try table.assign("bob")
        table.leases.configure(try Self.pool("10.3.0.1", "10.3.0.9", fixed: [("ada", "10.3.0.1")]))
        #expect(try table.visit("ada") == "10.3.0.2")
        try table.release("10.3.0.1", lineage)
        #expect(try table.visit("bob") == "10.3.0.3")
        #expect(try table.visit("ada") == "10.3.0.1")
    }

    @Test func whoAuthenticatesAgainKeepsItsAddressUntilTheLastSAIsOver() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.9"))
        let (first, old) = try table.assign("ada")
        let (second, new) = try table.assign("ada", wanted: first)
        #expect(first == second)
        try table.release("10.3.0.1", old)
        #expect(table.leases.online == 1)
        try table.release("10.3.0.1", new)
        #expect(table.leases.online == 0 && table.leases.offline == 1)
    }

    @Test func oneIdentityMayHaveSeveral() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.9"))
        #expect(try table.assign("ada").0 == "10.3.0.1")
        #expect(try table.assign("ada").0 == "10.3.0.2")
        #expect(try table.assign("ada", takesOver: true).0 == "10.3.0.1")
    }

    @Test func whatIsOutsideOfTheNewRangeIsKeptOnlyWhileItIsUsed() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.9"))
        try table.visit("ada")
        let (_, lineage) = try table.assign("bob")
        table.leases.configure(try Self.pool("10.4.0.1", "10.4.0.9"))
        #expect(table.leases.offline == 0 && table.leases.online == 1)
        try table.release("10.3.0.2", lineage)
        #expect(table.leases.offline == 0 && table.leases.online == 0)
        #expect(try table.visit("bob") == "10.4.0.1")
    }

    @Test func thoseThatAreGoneAreNotKeptWithoutEnd() throws {
        let table = Table(try Self.pool("fd03::1", "fd03::ffff:ffff:ffff"), mostKept: 10)
        for index in 0..<100 { try table.visit("host\(index)") }
        #expect(table.leases.offline == 10)
        #expect(table.leases.all.first?.identity == (try Self.identity("host90")))
        #expect(try table.visit("host99") == "fd03::64")
    }

    @Test func anAddressThatWasForgottenIsGivenAgain() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.4"), mostKept: 2)
        var lineages: [UInt32] = []
        for name in ["ada", "bob", "cyd", "dan"] { lineages.append(try table.assign(name).1) }
        for (index, lineage) in lineages.enumerated() { try table.release("10.3.0.\(index + 1)", lineage) }
        // cyd and dan are remembered; two addresses are nobody's.
        var seen: Set<String> = []
        for name in ["cyd", "dan", "eve", "fay"] { seen.insert(try #require(try table.assign(name).0)) }
        #expect(seen.count == 4)
        #expect(try table.assign("gus").0 == nil)
    }

    @Test func leasesOutliveTheTable() throws {
        let pool = try Self.pool("10.3.0.1", "10.3.0.4")
        let table = Table(pool)
        try table.visit("ada")
        try table.visit("bob")
        try table.visit("ada")
        _ = try table.assign("cyd")
        let kept = table.leases.all
        #expect(kept.map(\.identity.description) == ["bob", "ada", "cyd"])
        #expect(kept.map(\.isOnline) == [false, false, true])
        // The pool may be known only later, and have shrunk.
        let next = Table(nil)
        for lease in kept { next.leases.restore(lease, now: UnixTime(seconds: 5000)) }
        #expect(next.leases.all.map(\.isOnline) == [false, false, false])
        #expect(next.leases.all.map(\.since.seconds) == [kept[0].since.seconds, kept[1].since.seconds, 5000])
        next.leases.configure(try Self.pool("10.3.0.1", "10.3.0.2"))
        #expect(next.leases.offline == 2)
        #expect(try next.assign("dan").0 == "10.3.0.2")
        #expect(try next.assign("ada").0 == "10.3.0.1")
    }

    @Test func theSameAddressIsNotRestoredTwice() throws {
        let table = Table(try Self.pool("10.3.0.1", "10.3.0.4"))
        for name in ["ada", "bob"] {
            let lease = Lease(
                pool: "p",
                address: try Self.address("10.3.0.1"),
                identity: try Self.identity(name),
                isOnline: false,
                since: UnixTime(seconds: 1)
            )
            table.leases.restore(lease, now: UnixTime(seconds: 2))
        }
        #expect(table.leases.all.map(\.identity.description) == ["ada"])
    }

    /// With a search for each lease this would take minutes.
    @Test func tensOfThousandsOfLeasesAreGivenAndTakenBack() throws {
        let table = LeaseTable { UnixTime(seconds: 0) }
        let pool = try Self.pool("10.0.0.1", "10.255.255.254")
        table.configure([pool])
        let names = try (0..<30_000).map { try Self.identity("host\($0).example.org") }
        var addresses: [IPAddress?] = []
        for (index, name) in names.enumerated() {
            addresses.append(
                table.assign(from: pool, to: name, wanted: nil, takesOver: false, lineage: UInt32(index))
            )
        }
        #expect(Set(addresses).count == names.count && table.usage(of: "p") == (names.count, 0))
        for index in names.indices { table.release(UInt32(index)) }
        #expect(table.usage(of: "p") == (0, names.count))
        for (index, name) in names.enumerated().reversed() {
            let again = table.assign(from: pool, to: name, wanted: nil, takesOver: false, lineage: UInt32(index))
            guard again == addresses[index] else {
                Issue.record("\(name) had \(String(describing: addresses[index])), has \(String(describing: again))")
                return
            }
        }
        #expect(!table.isHolding(UInt32(names.count)) && table.isHolding(0))
    }
}

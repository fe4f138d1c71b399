import IKEWire
import Inet
import SwanConf
import Testing

@Suite struct PoolTests {
    private func pool(_ body: String) throws -> PoolConfiguration {
        try #require(try Configuration(parsing: "pools { p { \(body)\n } }", file: "iked.conf").pools.first)
    }

    @Test(arguments: [
        ("10.3.0.0/24", "10.3.0.1", "10.3.0.254"), ("10.3.0.0/31", "10.3.0.0", "10.3.0.1"),
        ("10.3.0.7", "10.3.0.7", "10.3.0.7"),
        ("10.3.0.10-10.3.0.99", "10.3.0.10", "10.3.0.99"),
        ("2001:db8::/120", "2001:db8::1", "2001:db8::ff"),
    ])
    func addressesAreABlockOrARange(text: String, first: String, last: String) throws {
        let addresses = try pool("addrs = \(text)").addresses
        #expect("\(addresses.lowerBound)" == first)
        #expect("\(addresses.upperBound)" == last)
    }

    @Test func attributesAreTyped() throws {
        let pool = try pool(
            """
            addrs = 10.3.0.0/24
            dns = 10.1.0.53, 2001:db8::53
            netmask = 255.255.255.0
            subnet = 10.0.0.0/8
            28 = 192.0.2.1, text
            25 = 10.0.0.0/8
            """
        )
        #expect(pool.name == "p")
        #expect(pool.attributes.map(\.kind) == [.dns, .netmask, .subnet, .number(28), .number(25)])
        let dns = try ["10.1.0.53", "2001:db8::53"].map {
            PoolConfiguration.Attribute.Value.address(try #require(IPAddress($0)))
        }
        #expect(pool.attributes.first?.values == dns)
        let block = PoolConfiguration.Attribute.Value.prefix(try #require(IPPrefix("10.0.0.0/8")))
        #expect(pool.attributes[2].values == [block])
        #expect(pool.attributes[3].values.last == .text("text"))
        #expect(pool.attributes[4].values == [block])
    }

    @Test(arguments: [
        ("dns = 10.1.0.53", "the pool `p` has no `addrs = ...`"),
        ("addrs = 10.3.0.0/33", "`addrs` takes addresses such as"),
        ("addrs = 10.3.0.9-10.3.0.1", "ends before it starts"),
        ("addrs = 10.3.0.9-fe80::1", "a range cannot lead"),
        ("addrs = 10.3.0.0/24\n dns = ns.example.org", "`dns` takes addresses such as"),
        ("addrs = 10.3.0.0/24\n subnet = here", "`subnet` takes blocks of addresses"),
        ("addrs = 10.3.0.0/24\n netmask = ::1", "`netmask` takes IPv4 addresses"),
        ("addrs = 10.3.0.0/24\n split_include = 10.0.0.0/8", "`split_include` is known to swanctl"),
        ("addrs = 10.3.0.0/24\n 0 = x", "a pool has no setting `0`"),
        ("addrs = 10.3.0.0/24\n 65536 = x", "a pool has no setting `65536`"),
    ])
    func wrongValuesAreRefused(body: String, expected: String) throws {
        #expect(try configurationError("pools { p { \(body)\n } }").message.contains(expected))
    }

    @Test func addressesAreKeptForIdentities() throws {
        let pool = try pool(
            """
            addrs = 10.3.0.0/24
            leases {
              ada@example.org = 10.3.0.7
              laptop {
                id = "C=CH, O=Example, CN=laptop"
                addr = 10.3.0.8
              }
            }
            """
        )
        #expect(
            pool.fixed == [
                try #require(IPAddress("10.3.0.7")): try #require(Identification("ada@example.org")),
                try #require(IPAddress("10.3.0.8")): try #require(Identification("C=CH, O=Example, CN=laptop")),
            ]
        )
    }

    @Test(arguments: [
        ("ada = 10.4.0.7", "`10.4.0.7` is not among the addresses of the pool, 10.3.0.1 to 10.3.0.254"),
        ("ada = fd03::1", "is not among the addresses of the pool"),
        ("ada = here", "`ada` takes an address of the pool, not `here`"),
        ("ada = 10.3.0.7\n bob = 10.3.0.7", "`10.3.0.7` is for `ada` already"),
        ("ada = 10.3.0.7\n ADA = 10.3.0.8", "`ADA` has another address of this pool already"),
        ("%any = 10.3.0.7", "`%any` is not an identity"),
        ("x { id = ada\n }", "a lease needs `id = ...` and `addr = ...`"),
        ("x { id = ada\n addr = 10.3.0.7\n dns = 10.3.0.1\n }", "a lease has no setting `dns`"),
    ])
    func wrongLeasesAreRefused(body: String, expected: String) throws {
        let error = try configurationError("pools { p { addrs = 10.3.0.0/24\n leases { \(body)\n } } }")
        #expect(error.message.contains(expected), "\(error.message)")
    }

    @Test func aMisspeltAttributeGetsASuggestion() throws {
        #expect(try configurationError("pools { p { addrs = 10.0.0.0/8\n dsn = 10.0.0.1\n } }").suggestion == "dns")
    }
}

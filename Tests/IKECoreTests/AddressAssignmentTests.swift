import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Addresses inside the tunnel that a responder assigns from its pools (RFC 7296 sections 2.19 and 3.15).
@Suite struct AddressAssignmentTests {
    private static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    private static func pool(_ name: String, _ first: String, _ last: String) throws -> AddressPool {
        AddressPool(
            name: name,
            addresses: try address(first)...(try address(last)),
            attributes: [ConfigurationAttribute(.internalIP4DNS, value: [10, 2, 0, 53])]
        )
    }

    /// The left side asks, the right side has pools; what the left side is called inside the tunnel is `dynamic`.
    private func sites(
        vips: [String] = ["0.0.0.0"],
        pools: [AddressPool],
        change: (inout Connection) -> Void = { _ in }
    ) throws -> TwoSites {
        var sites = TwoSites()
        sites.left.connections[0].virtualAddresses = try vips.map { try Self.address($0) }
        sites.left.connections[0].children[0].localSelectors = [.dynamic(protocolID: .any, ports: .any)]
        sites.right.connections[0].children[0].remoteSelectors = [.dynamic(protocolID: .any, ports: .any)]
        sites.right.connections[0].pools = pools.map(\.name)
        sites.right.pools = pools
        sites.change(change)
        return sites
    }

    private func host(_ name: String, _ address: String, _ policy: Policy, on network: Network) -> Host {
        network.host(name, [Host.Interface(address)], policy: policy, settings: .withoutDelay, crashSecret: nil)
    }

    private func selectors(_ host: Host) -> [String] { host.outbound.flatMap(\.localSelectors).map(\.description) }

    @Test func anAddressOfThePoolBecomesTheSelector() throws {
        let pair = Pair(try sites(pools: [Self.pool("p", "10.3.0.1", "10.3.0.9")]))
        pair.up()
        #expect(pair.left.assigned == [try Self.address("10.3.0.1")])
        #expect(selectors(pair.left) == ["10.3.0.1/32"])
        #expect(pair.right.outbound.flatMap(\.remoteSelectors).map(\.description) == ["10.3.0.1/32"])
        #expect(pair.childSAsAgree)
        let summary = try #require(pair.right.endpoint.summaries(now: pair.network.now).first)
        #expect(summary.remoteVirtual == pair.left.assigned)
        #expect(pair.right.endpoint.usage(of: "p") == (1, 0))
    }

    @Test func addressesOfBothFamiliesAreAssigned() throws {
        let pools = [try Self.pool("four", "10.3.0.1", "10.3.0.9"), try Self.pool("six", "fd03::1", "fd03::ff")]
        let pair = Pair(try sites(vips: ["0.0.0.0", "::"], pools: pools))
        pair.up()
        #expect(pair.left.assigned.map(\.description) == ["10.3.0.1", "fd03::1"])
        #expect(selectors(pair.left) == ["10.3.0.1/32", "fd03::1/128"])
    }

    @Test func theAddressOfOneFamilySufficesWhereBothAreAskedFor() throws {
        let pair = Pair(try sites(vips: ["0.0.0.0", "::"], pools: [Self.pool("six", "fd03::1", "fd03::ff")]))
        pair.up()
        #expect(pair.left.assigned.map(\.description) == ["fd03::1"])
        #expect(selectors(pair.left) == ["fd03::1/128"])
    }

    @Test func attributesThatNobodyKnowsArePassedOver() throws {
        let pool = AddressPool(
            name: "p",
            addresses: try Self.address("10.3.0.1")...(try Self.address("10.3.0.9")),
            attributes: [
                ConfigurationAttribute(ConfigurationAttributeType(rawValue: 0x7ffe), value: [1, 2, 3]),
                ConfigurationAttribute(.internalIP4Address, value: [1, 2]),
            ]
        )
        let pair = Pair(try sites(pools: [pool]))
        pair.up()
        #expect(pair.left.assigned.map(\.description) == ["10.3.0.1"])
    }

    @Test func whoAsksLearnsOfNameServersAndTheirDomains() throws {
        let six: [UInt8] = try Self.address("fd02::53").bytes
        let pool = AddressPool(
            name: "p",
            addresses: try Self.address("10.3.0.1")...(try Self.address("10.3.0.9")),
            attributes: [
                ConfigurationAttribute(.internalIP4DNS, value: [10, 2, 0, 53]),
                ConfigurationAttribute(.internalIP4DNS, value: [10, 2, 0]),
                ConfigurationAttribute(.internalIP6DNS, value: six),
                ConfigurationAttribute(.internalDNSDomain, value: Array("corp.example".utf8)),
                ConfigurationAttribute(.internalDNSDomain, value: Array("$(reboot)".utf8)),
                ConfigurationAttribute(
                    .encryptedDNSIP4,
                    value: [0, 1, 1, 3, 10, 2, 0, 53] + Array("dns".utf8) + [0, 1, 0, 4, 3] + Array("dot".utf8)
                ),
            ]
        )
        let pair = Pair(try sites(pools: [pool]))
        pair.up()
        let dns = try #require(pair.left.endpoint.summaries(now: pair.network.now).first).dns
        #expect(dns.servers == [try Self.address("10.2.0.53"), try Self.address("fd02::53")])
        #expect(dns.domains == ["corp.example"])
        #expect(dns.encrypted.map(\.description) == ["dns at 10.2.0.53 (dot)"])
        #expect(
            pair.left.logs.contains {
                $0.message.contains(
                    "this host has 10.3.0.1 in the tunnel, DNS 10.2.0.53, fd02::53 for corp.example, encrypted DNS dns at "
                )
            }
        )
        #expect(try #require(pair.right.endpoint.summaries(now: pair.network.now).first).dns.isEmpty)
    }

    @Test func whoDoesNotAskGetsNone() throws {
        var sites = try sites(vips: [], pools: [Self.pool("p", "10.3.0.1", "10.3.0.9")])
        sites.left.connections[0].children[0].localSelectors = TwoSites().left.connections[0].children[0].localSelectors
        sites.right.connections[0].children[0].remoteSelectors =
            TwoSites().right.connections[0].children[0].remoteSelectors
        let pair = Pair(sites)
        pair.up()
        #expect(pair.left.assigned.isEmpty && selectors(pair.left) == ["10.1.0.0/16"])
        #expect(pair.right.endpoint.usage(of: "p") == (0, 0))
    }

    @Test func aCertainAddressIsGivenWhereItIsFree() throws {
        let pair = Pair(try sites(vips: ["10.3.0.7"], pools: [Self.pool("p", "10.3.0.1", "10.3.0.9")]))
        pair.up()
        #expect(pair.left.assigned.map(\.description) == ["10.3.0.7"])
    }

    @Test func whoComesBackGetsTheSameAddress() throws {
        let pair = Pair(try sites(pools: [Self.pool("p", "10.3.0.1", "10.3.0.9")]))
        pair.up()
        let first = pair.left.assigned
        let id = try #require(pair.left.endpoint.summaries(now: pair.network.now).first?.id)
        pair.network.command(pair.left, .terminate([.ikeSA(id: id)]))
        pair.network.run(for: .seconds(2))
        #expect(pair.left.assigned.isEmpty)
        #expect(pair.right.endpoint.usage(of: "p") == (0, 1))
        pair.up()
        #expect(pair.left.assigned == first && !first.isEmpty)
        #expect(pair.right.endpoint.usage(of: "p") == (1, 0))
    }

    @Test func anAddressOutlivesTheRekeyingOfTheIKESA() throws {
        let pair = Pair(
            try sites(pools: [Self.pool("p", "10.3.0.1", "10.3.0.9")]) {
                $0.lifetime = Lifetime(rekey: .seconds(100), jitter: .zero, hard: .seconds(1000))
            }
        )
        pair.up()
        let id = try #require(pair.left.endpoint.summaries(now: pair.network.now).first?.id)
        pair.network.run(for: .seconds(300))
        let summary = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        #expect(summary.id != id)
        #expect(summary.localVirtual.map(\.description) == ["10.3.0.1"])
        #expect(pair.left.assigned.map(\.description) == ["10.3.0.1"])
        #expect(pair.right.endpoint.usage(of: "p") == (1, 0))
    }

    @Test func anAddressOutlivesAuthenticatingAgain() throws {
        let pair = Pair(
            try sites(pools: [Self.pool("p", "10.3.0.1", "10.3.0.9")]) {
                $0.reauthentication = Lifetime(rekey: .seconds(100), jitter: .zero, hard: .seconds(200))
            }
        )
        pair.up()
        pair.network.run(for: .seconds(350))
        #expect(pair.left.assigned.map(\.description) == ["10.3.0.1"])
        #expect(selectors(pair.left) == ["10.3.0.1/32"])
        #expect(pair.right.endpoint.usage(of: "p") == (1, 0))
    }

    @Test func anExhaustedPoolRefusesTheChildAndSaysSo() throws {
        let pool = try Self.pool("p", "10.3.0.1", "10.3.0.1")
        var sites = try sites(pools: [pool])
        sites.right.connections[0].remote.identity = nil
        let network = Network(seed: 1)
        let gateway = host("right", TwoSites.rightAddress, sites.right, on: network)
        var failures: [NegotiationFailure] = []
        for (index, name) in ["ada.example", "bob.example"].enumerated() {
            var policy = sites.left
            policy.connections[0].local.identity = TwoSites.identity(name)
            let client = host(name, "192.0.2.\(index + 1)", policy, on: network)
            let id = network.initiate(client, "site", children: .all, to: gateway)
            network.run(for: .seconds(2))
            if let failure = client.failure(of: id) { failures.append(failure) }
            #expect(client.assigned.isEmpty == (index == 1))
        }
        #expect(failures.map(\.reason) == [.addressRefused])
        #expect(failures.first?.message.contains("INTERNAL_ADDRESS_FAILURE") == true)
        #expect(gateway.logs.contains { $0.message.contains("bob.example asks for an address (INTERNAL_IP4_ADDRESS)") })
    }

    @Test func aConnectionWithoutPoolsAssignsNone() throws {
        let pair = Pair(try sites(pools: []))
        let failure = try #require(pair.left.failure(of: pair.up(within: .seconds(5))))
        #expect(failure.reason == .addressRefused)
        #expect(pair.right.logs.contains { $0.message.contains("connection site has no pools") })
        pair.network.run(for: .seconds(400))
        #expect(pair.isEmpty)
    }

    @Test func addressesOfTheGoneAreGivenAwayLast() throws {
        var sites = try sites(pools: [Self.pool("p", "10.3.0.1", "10.3.0.2")])
        sites.right.connections[0].remote.identity = nil
        let network = Network(seed: 1)
        let gateway = host("right", TwoSites.rightAddress, sites.right, on: network)
        var seen: [String] = []
        for (index, name) in ["ada", "bob", "ada", "cyd"].enumerated() {
            var policy = sites.left
            policy.connections[0].local.identity = TwoSites.identity("\(name).example")
            let client = host("\(name)\(index)", "192.0.2.\(index + 1)", policy, on: network)
            _ = network.initiate(client, "site", children: .all, to: gateway)
            network.run(for: .seconds(2))
            seen += client.assigned.map(\.description)
            network.command(client, .shutDown)
            network.run(for: .seconds(60))
        }
        // The longest gone is bob when cyd comes.
        #expect(seen == ["10.3.0.1", "10.3.0.2", "10.3.0.1", "10.3.0.2"])
    }
}

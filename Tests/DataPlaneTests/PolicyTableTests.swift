import DataPlane
import ESP
import IKEWire
import Inet
import Testing

@Suite struct PolicyTableTests {
    private func selector(_ prefix: String, _ protocolID: IPProtocol = .any, _ ports: PortSelector = .any) throws
        -> TrafficSelector
    {
        TrafficSelector(try #require(IPPrefix(prefix)), protocolID: protocolID, ports: ports)
    }

    private func packet(
        _ source: String,
        _ destination: String,
        _ protocolID: IPProtocol = .udp,
        _ ports: (UInt16, UInt16) = (1, 2)
    ) throws -> InnerPacket {
        let source = try #require(IPAddress(source))
        let destination = try #require(IPAddress(destination))
        let bytes = InnerPackets.packet(source, destination, protocol: protocolID, ports: ports)
        let inner = InnerPacket(parsing: bytes.span.bytes)
        return try #require(inner)
    }

    private func child(_ number: UInt32) -> PolicyOwner { .child(ChildID(rawValue: number)) }

    // MARK: - Order

    @Test func theLongestRemotePrefixWinsBeforeTheLongestLocalOne() throws {
        var table = PolicyTable<Int>()
        table.insert(1, for: child(1), local: [try selector("10.1.2.3/32")], remote: [try selector("10.0.0.0/8")])
        table.insert(2, for: child(2), local: [try selector("0.0.0.0/0")], remote: [try selector("10.2.0.0/16")])
        table.insert(3, for: child(3), local: [try selector("10.1.0.0/16")], remote: [try selector("10.2.0.0/16")])
        #expect(table.target(for: try packet("10.1.2.3", "10.2.0.1")) == 3)
        #expect(table.target(for: try packet("192.0.2.1", "10.2.0.1")) == 2)
        #expect(table.target(for: try packet("10.1.2.3", "10.3.0.1")) == 1)
        #expect(table.target(for: try packet("10.1.2.4", "10.3.0.1")) == nil)
    }

    @Test func aProtocolAndFewerPortsWinAndOthersFallBack() throws {
        var table = PolicyTable<Int>()
        let local = try selector("10.1.0.0/16")
        let remote = "10.2.0.0/16"
        table.insert(1, for: child(1), local: [local], remote: [try selector(remote, .tcp, .range(80...80))])
        table.insert(2, for: child(2), local: [local], remote: [try selector(remote, .tcp)])
        table.insert(3, for: child(3), local: [local], remote: [try selector(remote)])
        #expect(table.target(for: try packet("10.1.0.1", "10.2.0.1", .tcp, (9, 80))) == 1)
        #expect(table.target(for: try packet("10.1.0.1", "10.2.0.1", .tcp, (80, 9))) == 2)
        #expect(table.target(for: try packet("10.1.0.1", "10.2.0.1", .udp, (9, 80))) == 3)
    }

    @Test func whatIsTheWorkersOwnWinsBeforeWhatIsLater() throws {
        var table = PolicyTable<Int>()
        let (local, remote) = (try selector("10.1.0.0/16"), try selector("10.2.0.0/16"))
        let packet = try packet("10.1.0.1", "10.2.0.1")
        table.insert(1, for: child(1), isOwn: true, local: [local], remote: [remote])
        table.insert(2, for: child(2), local: [local], remote: [remote])
        #expect(table.target(for: packet) == 1)
        table.insert(3, for: child(3), isOwn: true, local: [local], remote: [remote])
        #expect(table.target(for: packet) == 3)
        table.remove(child(3))
        table.remove(child(1))
        #expect(table.target(for: packet) == 2)
        // Closer selectors count more.
        table.insert(4, for: child(4), isOwn: true, local: [local], remote: [try selector("10.0.0.0/8")])
        #expect(table.target(for: packet) == 2)
    }

    @Test func theLaterOfEqualPoliciesWinsUntilItIsRemoved() throws {
        var table = PolicyTable<Int>()
        let (local, remote) = (try selector("10.1.0.0/16"), try selector("10.2.0.0/16"))
        let packet = try packet("10.1.0.1", "10.2.0.1")
        table.insert(1, for: child(1), local: [local], remote: [remote])
        table.insert(2, for: child(2), local: [local], remote: [remote])
        #expect(table.target(for: packet) == 2)
        table.remove(child(2))
        #expect(table.target(for: packet) == 1)
        table.remove(child(1))
        #expect(table.target(for: packet) == nil)
        #expect(table.count == 0)
    }

    @Test func anSAGoesBeforeATrapOfTheSameSelectorsInWhicheverOrderTheyCome() throws {
        let (local, remote) = (try selector("10.1.0.0/16"), try selector("10.2.0.0/16"))
        let packet = try packet("10.1.0.1", "10.2.0.1")
        let trap = PolicyOwner.trap(TrapID(rawValue: 1))
        for insertsTrapFirst in [true, false] {
            var table = PolicyTable<Int>()
            if insertsTrapFirst { table.insert(9, for: trap, local: [local], remote: [remote]) }
            table.insert(1, for: child(1), local: [local], remote: [remote])
            if !insertsTrapFirst { table.insert(9, for: trap, local: [local], remote: [remote]) }
            #expect(table.target(for: packet) == 1)
            #expect(table.target(forNext: packet) == 1)
            #expect(table.target(for: packet) { $0 != 1 } == 9)
            table.remove(child(1))
            #expect(table.target(for: packet) == 9)
            #expect(table.target(forNext: packet) == 9)
            table.remove(trap)
            #expect(table.target(for: packet) == nil)
            #expect(table.target(forNext: packet) == nil)
        }
    }

    // MARK: - Shapes

    @Test func aRangeThatIsNoPrefixIsMatchedExactly() throws {
        var table = PolicyTable<Int>()
        let first = try #require(IPAddress("10.2.0.5"))
        let last = try #require(IPAddress("10.2.0.9"))
        table.insert(1, for: child(1), local: [.all(.v4)], remote: [TrafficSelector(addresses: first...last)])
        for host in 0...20 {
            #expect(table.target(for: try packet("10.1.0.1", "10.2.0.\(host)")) == ((5...9).contains(host) ? 1 : nil))
        }
    }

    @Test func everyPairOfSelectorsIsAPolicyButMixedFamiliesAndProtocolsAreNot() throws {
        var table = PolicyTable<Int>()
        table.insert(
            1,
            for: child(1),
            local: [try selector("10.1.0.0/16", .tcp), try selector("2001:db8:1::/48")],
            remote: [try selector("10.2.0.0/16"), try selector("2001:db8:2::/48"), try selector("10.3.0.0/16", .udp)]
        )
        #expect(table.count == 2)
        #expect(table.target(for: try packet("10.1.0.1", "10.2.0.1", .tcp)) == 1)
        #expect(table.target(for: try packet("10.1.0.1", "10.2.0.1", .udp)) == nil)
        #expect(table.target(for: try packet("2001:db8:1::1", "2001:db8:2::1")) == 1)
    }

    @Test func theWholeInternetIsOnePolicyForEachFamily() throws {
        var table = PolicyTable<Int>()
        table.insert(1, for: child(1), local: [.all(.v4), .all(.v6)], remote: [.all(.v4), .all(.v6)])
        #expect(table.count == 2)
        #expect(table.target(for: try packet("255.255.255.255", "0.0.0.1")) == 1)
        #expect(table.target(for: try packet("::1", "ffff::ffff")) == 1)
    }

    // MARK: - Against every policy one by one

    /// A policy as the reference keeps it.
    private struct Policy {
        let owner: UInt32
        let local: TrafficSelector
        let remote: TrafficSelector
        let order: Int
        let localLength: Int
        let remoteLength: Int

        init(_ owner: UInt32, _ local: TrafficSelector, _ remote: TrafficSelector, order: Int) {
            self.owner = owner
            self.local = local
            self.remote = remote
            self.order = order
            localLength = Self.length(local)
            remoteLength = Self.length(remote)
        }

        /// How close the policy is to a packet, the greatest first; nil if it does not fit. Written from the rule, not
        /// from the table.
        func closeness(_ packet: Packet) -> [Int]? {
            guard local.matches(protocol: packet.protocolID, address: packet.source, port: packet.ports?.0),
                remote.matches(protocol: packet.protocolID, address: packet.destination, port: packet.ports?.1)
            else { return nil }
            let namesProtocol = local.protocolID != .any || remote.protocolID != .any
            return [remoteLength, localLength, namesProtocol ? 1 : 0, -portCount(local) * portCount(remote), order]
        }

        /// The length of the smallest prefix that holds all addresses.
        private static func length(_ selector: TrafficSelector) -> Int {
            let (first, last) = (selector.addresses.lowerBound, selector.addresses.upperBound)
            let lengths = (0...selector.family.bitWidth).reversed()
            return lengths.first { IPPrefix(first, length: $0)?.contains(last) == true } ?? 0
        }

        private func portCount(_ selector: TrafficSelector) -> Int {
            switch selector.ports {
            case .range(let range): range.count
            case .opaque: 0
            }
        }
    }

    private struct Packet {
        let source: IPAddress
        let destination: IPAddress
        let protocolID: IPProtocol
        let ports: (UInt16, UInt16)?
    }

    /// An address out of few, so that policies overlap and packets hit them.
    private func address(_ family: IPAddress.Family, _ dice: inout Dice) -> IPAddress {
        let number = UInt64.random(in: 0...255, using: &dice) << UInt64([0, 3, 8].randomElement(using: &dice) ?? 0)
        switch family {
        case .v4: return IPAddress(v4: UInt32(0x0a00_0000 | number))
        case .v6: return IPAddress(v6High: 0x2001_0db8_0000_0000 | (number & 3), low: number)
        }
    }

    private func selector(_ family: IPAddress.Family, _ dice: inout Dice) -> TrafficSelector {
        let protocolID = [IPProtocol.any, .any, .tcp, .udp].randomElement(using: &dice) ?? .any
        var ports = PortSelector.any
        if protocolID != .any, Bool.random(using: &dice) {
            let first = UInt16.random(in: 0...3, using: &dice)
            ports = .range(first...UInt16.random(in: first...4, using: &dice))
        }
        let one = address(family, &dice)
        let other = address(family, &dice)
        if Int.random(in: 0..<4, using: &dice) == 0 {
            return TrafficSelector(protocolID: protocolID, ports: ports, addresses: min(one, other)...max(one, other))
        }
        let length = Int.random(in: family == .v4 ? 8...32 : 60...128, using: &dice)
        let prefix = IPPrefix(one, length: length) ?? IPPrefix(one)
        return TrafficSelector(prefix, protocolID: protocolID, ports: ports)
    }

    @Test(arguments: UInt64(1)...8)
    func theTableAgreesWithLookingAtEveryPolicy(seed: UInt64) {
        var dice = Dice(seed: seed)
        let family: IPAddress.Family = seed % 2 == 0 ? .v4 : .v6
        var table = PolicyTable<UInt32>()
        var reference: [Policy] = []
        for round in 0..<40 {
            let owner = UInt32(round)
            let local = (0..<Int.random(in: 1...3, using: &dice)).map { _ in selector(family, &dice) }
            let remote = (0..<Int.random(in: 1...3, using: &dice)).map { _ in selector(family, &dice) }
            table.insert(owner, for: child(owner), local: local, remote: remote)
            for one in local {
                for other in remote {
                    reference.append(Policy(owner, one, other, order: round))
                }
            }
            if round % 3 == 2 {
                let gone = UInt32.random(in: 0...owner, using: &dice)
                table.remove(child(gone))
                reference.removeAll { $0.owner == gone }
            }
            for _ in 0..<30 {
                let packet = Packet(
                    source: address(family, &dice),
                    destination: address(family, &dice),
                    protocolID: [.tcp, .udp].randomElement(using: &dice) ?? .udp,
                    ports: (UInt16.random(in: 0...5, using: &dice), UInt16.random(in: 0...5, using: &dice))
                )
                let bytes = InnerPackets.packet(
                    packet.source,
                    packet.destination,
                    protocol: packet.protocolID,
                    ports: packet.ports ?? (0, 0)
                )
                guard let inner = InnerPacket(parsing: bytes.span.bytes) else {
                    Issue.record("the packet is well formed")
                    continue
                }
                let expected =
                    reference
                    .compactMap { policy in policy.closeness(packet).map { (policy.owner, $0) } }
                    .max { $0.1.lexicographicallyPrecedes($1.1) }
                #expect(table.target(for: inner) == expected?.0)
                for _ in 0..<2 { #expect(table.target(forNext: inner) == expected?.0) }
            }
        }
    }
}

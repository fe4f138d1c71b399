import ESP
import Inet
import Support
import Testing

@Suite struct InnerPacketTests {
    @Test func anIPv4PacketIsRead() throws {
        let octets = SamplePacket.ipv4(trafficClass: 0xb8)
        let packet = try #require(SamplePacket.parsed(octets))
        #expect(packet.family == .v4)
        #expect(packet.source == IPAddress("10.1.0.1"))
        #expect(packet.destination == IPAddress("10.2.0.1"))
        #expect(packet.totalLength == octets.count)
        #expect(packet.headerLength == 20)
        #expect(packet.trafficClass.dscp == 46)
        #expect(packet.nextLayer == .udp)
        #expect(packet.ports == .pair(source: 1000, destination: 2000))
        #expect(packet.fragment == nil)
        #expect(!packet.dontFragment)
    }

    @Test func anIPv6PacketIsRead() throws {
        let octets = SamplePacket.ipv6(trafficClass: 0xb9)
        let packet = try #require(SamplePacket.parsed(octets))
        #expect(packet.family == .v6)
        #expect(packet.source == IPAddress("2001:db8:1::1"))
        #expect(packet.destination == IPAddress("2001:db8:2::1"))
        #expect(packet.totalLength == octets.count)
        #expect(packet.headerLength == 40)
        #expect(packet.trafficClass.rawValue == 0xb9)
        #expect(packet.nextLayer == .udp)
        #expect(packet.ports == .pair(source: 1000, destination: 2000))
        #expect(packet.fragment == nil)
        #expect(packet.dontFragment)
    }

    @Test func optionsMoveTheNextLayer() throws {
        let packet = try #require(SamplePacket.parsed(SamplePacket.ipv4(options: [1, 1, 1, 0, 1, 1, 1, 0])))
        #expect(packet.headerLength == 28)
        #expect(packet.ports == .pair(source: 1000, destination: 2000))
    }

    @Test(arguments: [6, 17, 33, 132, 136] as [UInt8])
    func theseProtocolsHavePorts(nextLayer: UInt8) throws {
        for octets in [SamplePacket.ipv4(nextLayer: nextLayer), SamplePacket.ipv6(next: nextLayer)] {
            #expect(try #require(SamplePacket.parsed(octets)).ports == .pair(source: 1000, destination: 2000))
        }
    }

    @Test(arguments: [2, 47, 50, 51, 89, 112] as [UInt8])
    func theseProtocolsHaveNone(nextLayer: UInt8) throws {
        for octets in [SamplePacket.ipv4(nextLayer: nextLayer), SamplePacket.ipv6(next: nextLayer)] {
            let packet = try #require(SamplePacket.parsed(octets))
            #expect(packet.ports == nil)
            #expect(packet.nextLayer?.rawValue == nextLayer)
        }
    }

    @Test func messageTypesStandForPorts() throws {
        let unreachable = SamplePacket.ipv4(nextLayer: 1, payload: [3, 4, 0, 0])
        #expect(try #require(SamplePacket.parsed(unreachable)).ports == .messageType(0x0304))
        let echo = SamplePacket.ipv6(next: 58, payload: [128, 0, 0, 0])
        #expect(try #require(SamplePacket.parsed(echo)).ports == .messageType(0x8000))
        let bindingUpdate = SamplePacket.ipv6(next: 135, payload: [59, 1, 5, 0, 0, 0, 0, 0])
        #expect(try #require(SamplePacket.parsed(bindingUpdate)).ports == .messageType(0x0500))
    }

    @Test func octetsBehindThePacketAreNoFault() throws {
        for octets in [SamplePacket.ipv4(), SamplePacket.ipv6()] {
            let packet = try #require(SamplePacket.parsed(octets + [UInt8](repeating: 0xaa, count: 100)))
            #expect(packet.totalLength == octets.count)
        }
    }

    @Test func everyProperPrefixIsRefused() {
        for octets in [SamplePacket.ipv4(), SamplePacket.ipv6(), SamplePacket.ipv4(options: [1, 1, 1, 0])] {
            for count in 0..<octets.count {
                #expect(SamplePacket.parsed(Array(octets[..<count])) == nil)
            }
        }
    }

    @Test func contradictingLengthsAreRefused() {
        var short = SamplePacket.ipv4()
        short[0] = 0x44
        #expect(SamplePacket.parsed(short) == nil)
        var longHeader = SamplePacket.ipv4()
        longHeader[0] = 0x4f
        #expect(SamplePacket.parsed(longHeader) == nil)
        var totalBelowHeader = SamplePacket.ipv4()
        totalBelowHeader[3] = 19
        #expect(SamplePacket.parsed(totalBelowHeader) == nil)
    }

    @Test(arguments: [0, 1, 2, 3, 5, 7, 8, 15] as [UInt8])
    func otherVersionsAreRefused(version: UInt8) {
        var octets = SamplePacket.ipv6()
        octets[0] = version << 4 | 0x5
        #expect(SamplePacket.parsed(octets) == nil)
    }

    @Test func aPayloadTooShortForPortsHasNone() throws {
        let cut = try #require(SamplePacket.parsed(SamplePacket.ipv4(payload: [1, 2, 3]) + [4, 5, 6]))
        #expect(cut.nextLayer == .udp)
        #expect(cut.ports == nil)
        #expect(try #require(SamplePacket.parsed(SamplePacket.ipv4(nextLayer: 1, payload: [3]))).ports == nil)
        #expect(try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 135, payload: [59, 1]))).ports == nil)
        #expect(try #require(SamplePacket.parsed(SamplePacket.ipv6(payload: []))).ports == nil)
    }

    @Test func fragmentsOfIPv4AreTold() throws {
        let first = try #require(SamplePacket.parsed(SamplePacket.ipv4(flagsAndOffset: 0x2000)))
        #expect(first.fragment?.offset == 0)
        #expect(first.fragment?.moreFollow == true)
        #expect(first.ports == .pair(source: 1000, destination: 2000))
        let middle = try #require(SamplePacket.parsed(SamplePacket.ipv4(flagsAndOffset: 0x2000 | 185)))
        #expect(middle.fragment?.offset == 1480)
        #expect(middle.fragment?.moreFollow == true)
        #expect(middle.ports == nil)
        #expect(middle.nextLayer == .udp)
        let last = try #require(SamplePacket.parsed(SamplePacket.ipv4(flagsAndOffset: 0x1fff)))
        #expect(last.fragment?.offset == 65528)
        #expect(last.fragment?.moreFollow == false)
        #expect(last.ports == nil)
    }

    /// An options header of 8 octets, followed by the header `next`.
    static func options(next: UInt8) -> [UInt8] { [next, 0, 1, 4, 0, 0, 0, 0] }
    /// A fragment header.
    static func fragment(next: UInt8, offsetAndFlags: UInt16) -> [UInt8] {
        [next, 0] + SamplePacket.bigEndian(offsetAndFlags) + [0, 0, 0, 1]
    }
    static let udp = SamplePacket.ports(1000, 2000) + [0, 8, 0, 0]

    @Test func extensionHeadersAreWalkedOver() throws {
        let routing: [UInt8] = [60, 2, 4, 0] + [UInt8](repeating: 0, count: 20)
        let chain = Self.options(next: 43) + routing + Self.options(next: 17) + Self.udp
        let packet = try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 0, payload: chain)))
        #expect(packet.nextLayer == .udp)
        #expect(packet.headerLength == 40 + 8 + 24 + 8)
        #expect(packet.ports == .pair(source: 1000, destination: 2000))
    }

    @Test func anAuthenticationHeaderIsANextLayer() throws {
        let packet = try #require(
            SamplePacket.parsed(SamplePacket.ipv6(next: 0, payload: Self.options(next: 51) + Self.udp))
        )
        #expect(packet.nextLayer == .ah)
        #expect(packet.ports == nil)
    }

    @Test func fragmentsOfIPv6AreTold() throws {
        let first = Self.fragment(next: 17, offsetAndFlags: 1) + Self.udp
        let firstPacket = try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 44, payload: first)))
        #expect(firstPacket.fragment?.offset == 0)
        #expect(firstPacket.fragment?.moreFollow == true)
        #expect(firstPacket.ports == .pair(source: 1000, destination: 2000))

        let later = Self.fragment(next: 17, offsetAndFlags: 1232) + Self.udp
        let laterPacket = try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 44, payload: later)))
        #expect(laterPacket.fragment?.offset == 1232)
        #expect(laterPacket.fragment?.moreFollow == false)
        #expect(laterPacket.nextLayer == .udp)
        #expect(laterPacket.ports == nil)
        #expect(laterPacket.headerLength == 48)
    }

    @Test func anAtomicFragmentIsAWholePacket() throws {
        let atomic = Self.fragment(next: 17, offsetAndFlags: 0) + Self.udp
        let packet = try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 44, payload: atomic)))
        #expect(packet.fragment == nil)
        #expect(packet.ports == .pair(source: 1000, destination: 2000))
    }

    @Test func whatALaterFragmentHidesIsOpaque() throws {
        let hidden = Self.fragment(next: 60, offsetAndFlags: 8) + Self.options(next: 17) + Self.udp
        let packet = try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 44, payload: hidden)))
        #expect(packet.nextLayer == nil)
        #expect(packet.ports == nil)
        #expect(packet.fragment?.offset == 8)
    }

    @Test func aFragmentOfAFragmentIsOpaque() throws {
        let nested =
            Self.fragment(next: 44, offsetAndFlags: 1) + Self.fragment(next: 17, offsetAndFlags: 0) + Self.udp
        let packet = try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 44, payload: nested)))
        #expect(packet.nextLayer == nil)
        #expect(packet.fragment?.moreFollow == true)
    }

    @Test func aChainThatIsTooLongOrCutIsOpaque() throws {
        func packet(headers: Int) throws -> InnerPacket {
            let chain = (1..<headers).flatMap { _ in Self.options(next: 60) } + Self.options(next: 17) + Self.udp
            return try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 60, payload: chain)))
        }
        #expect(try packet(headers: 8).nextLayer == .udp)
        #expect(try packet(headers: 9).nextLayer == nil)
        let cut: [UInt8] = [17, 1, 1, 4, 0, 0, 0, 0]
        #expect(
            try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 60, payload: cut) + Self.udp)).nextLayer == nil
        )
        #expect(try #require(SamplePacket.parsed(SamplePacket.ipv6(next: 60, payload: [17, 0]))).nextLayer == nil)
    }

    @Test func randomOctetsNeverTrap() {
        var random = SplitMix64(seed: 791)
        var read = 0
        for _ in 0..<20_000 {
            var octets = random.octets(Int.random(in: 0..<120, using: &random))
            if octets.count > 6, Bool.random(using: &random) {
                // Headers that begin rightly come further.
                octets[0] = Bool.random(using: &random) ? 0x45 : 0x60
                octets[octets[0] == 0x45 ? 2 : 4] = 0
                if octets[0] == 0x60 { octets[6] = [0, 43, 44, 60].randomElement(using: &random) ?? 0 }
            }
            if SamplePacket.parsed(octets) != nil { read += 1 }
        }
        #expect(read > 100)
    }
}

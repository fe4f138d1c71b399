import ESP
import IKEWire
import Inet
import Testing

@Suite struct SelectorSetTests {
    /// Whether a packet fits selectors in swanctl's spelling.
    func admits(_ sources: [String], _ destinations: [String], _ octets: [UInt8]) throws -> Bool {
        let set = try SelectorSet(sources: selectors(sources), destinations: selectors(destinations))
        return try set.admits(#require(SamplePacket.parsed(octets)))
    }

    func selectors(_ texts: [String]) throws -> [TrafficSelector] {
        try texts.map { text in
            let selector = TrafficSelector(swanctl: text)
            return try #require(selector)
        }
    }

    /// From 10.1.0.1 to 10.2.0.1.
    static let tcp = SamplePacket.ipv4(nextLayer: 6, payload: SamplePacket.ports(40_000, 443) + [0, 0, 0, 0])

    @Test func addressesAreRangesWithBothEnds() throws {
        #expect(try admits(["10.1.0.0/16"], ["10.2.0.0/16"], Self.tcp))
        #expect(try admits(["10.1.0.1/32"], ["10.2.0.1/32"], Self.tcp))
        #expect(try admits(["10.1.0.1-10.1.0.9"], ["10.1.255.255-10.2.0.1"], Self.tcp))
        #expect(try !admits(["10.1.0.2-10.1.0.9"], ["10.2.0.1/32"], Self.tcp))
        #expect(try !admits(["10.1.0.1/32"], ["10.1.255.255-10.2.0.0"], Self.tcp))
        #expect(try !admits(["10.2.0.0/16"], ["10.1.0.0/16"], Self.tcp))
    }

    @Test func familiesDoNotMix() throws {
        #expect(try !admits(["::/0"], ["::/0"], Self.tcp))
        #expect(try !admits(["0.0.0.0/0"], ["0.0.0.0/0"], SamplePacket.ipv6()))
        #expect(try admits(["2001:db8:1::/48"], ["2001:db8:2::/48"], SamplePacket.ipv6()))
        #expect(try !admits(["2001:db8:2::/48"], ["2001:db8:2::/48"], SamplePacket.ipv6()))
        #expect(try admits(["2001:db8:1::1/128"], ["2001:db8:1:ffff::-2001:db8:2::1"], SamplePacket.ipv6()))
    }

    @Test func anyEntryOfEitherListServes() throws {
        let sources = ["192.0.2.0/24", "10.1.0.0/16", "::/0"]
        #expect(try admits(sources, ["198.51.100.0/24", "10.2.0.0/16"], Self.tcp))
        #expect(try !admits(sources, ["198.51.100.0/24"], Self.tcp))
        #expect(try !admits([], ["10.2.0.0/16"], Self.tcp))
        #expect(try !admits(["10.1.0.0/16"], [], Self.tcp))
    }

    @Test func protocolAndPortsAreChecked() throws {
        #expect(try admits(["0.0.0.0/0[tcp]"], ["0.0.0.0/0[tcp/443]"], Self.tcp))
        #expect(try admits(["0.0.0.0/0[tcp/40000-50000]"], ["0.0.0.0/0[tcp/443]"], Self.tcp))
        #expect(try !admits(["0.0.0.0/0[udp]"], ["0.0.0.0/0"], Self.tcp))
        #expect(try !admits(["0.0.0.0/0"], ["0.0.0.0/0[udp]"], Self.tcp))
        #expect(try !admits(["0.0.0.0/0[tcp/40001-50000]"], ["0.0.0.0/0"], Self.tcp))
        #expect(try !admits(["0.0.0.0/0"], ["0.0.0.0/0[tcp/80]"], Self.tcp))
        #expect(try !admits(["0.0.0.0/0"], ["0.0.0.0/0[tcp/opaque]"], Self.tcp), "OPAQUE fits no port that is seen")
    }

    // MARK: ICMP

    static let echoRequest = SamplePacket.ipv4(nextLayer: 1, payload: [8, 0, 0, 0])

    @Test func anICMPTypeIsCheckedOnTheSendingSide() throws {
        // 2048 is type 8, code 0.
        #expect(try admits(["0.0.0.0/0[icmp/2048]"], ["0.0.0.0/0[icmp]"], Self.echoRequest))
        #expect(try admits(["0.0.0.0/0[icmp/2048]"], ["0.0.0.0/0[icmp/0]"], Self.echoRequest))
        #expect(try !admits(["0.0.0.0/0[icmp/0]"], ["0.0.0.0/0[icmp/2048]"], Self.echoRequest))
    }

    @Test func opaqueOnOneSideOfICMPMeansOneDirection() throws {
        // RFC 4301 section 4.4.1.3: the owner of the first selector sends, and does not receive.
        #expect(try admits(["0.0.0.0/0[icmp/2048]"], ["0.0.0.0/0[icmp/opaque]"], Self.echoRequest))
        #expect(try !admits(["0.0.0.0/0[icmp/opaque]"], ["0.0.0.0/0[icmp/2048]"], Self.echoRequest))
    }

    @Test func anICMPTypeWithAllItsCodesIsARange() throws {
        for code in [0, 1, 4, 15, 255] as [UInt8] {
            let unreachable = SamplePacket.ipv4(nextLayer: 1, payload: [3, code, 0, 0])
            #expect(try admits(["0.0.0.0/0[icmp/768-1023]"], ["0.0.0.0/0"], unreachable))
        }
        #expect(try !admits(["0.0.0.0/0[icmp/768-1023]"], ["0.0.0.0/0"], Self.echoRequest))
    }

    // MARK: Fragments

    static func fragment(offset: Int) -> [UInt8] {
        SamplePacket.ipv4(nextLayer: 6, flagsAndOffset: 0x2000 | UInt16(offset / 8))
    }

    @Test func laterFragmentsFitOnlyWhereNoPortIsNamed() throws {
        let later = Self.fragment(offset: 1480)
        #expect(try admits(["0.0.0.0/0"], ["0.0.0.0/0"], later))
        #expect(try admits(["0.0.0.0/0[tcp]"], ["0.0.0.0/0[tcp]"], later))
        #expect(try !admits(["0.0.0.0/0[udp]"], ["0.0.0.0/0[udp]"], later))
        #expect(try !admits(["0.0.0.0/0"], ["0.0.0.0/0[tcp/443]"], later))
        #expect(try !admits(["0.0.0.0/0[tcp/1-65535]"], ["0.0.0.0/0"], later))
    }

    @Test func laterFragmentsFitOpaqueUnlessTheyCouldOverlapPorts() throws {
        let opaque = ["0.0.0.0/0[tcp/opaque]"]
        #expect(try admits(opaque, opaque, Self.fragment(offset: 1480)))
        #expect(try admits(opaque, opaque, Self.fragment(offset: 128)))
        #expect(try !admits(opaque, opaque, Self.fragment(offset: 120)))
        #expect(try !admits(opaque, opaque, Self.fragment(offset: 8)))
        #expect(try !admits(opaque, opaque, Self.fragment(offset: 0)), "the first fragment shows its ports")
        #expect(try !admits(opaque, opaque, Self.tcp))
    }

    @Test func laterFragmentsOfIPv6DoNotFitOpaque() throws {
        let fragment = InnerPacketTests.fragment(next: 17, offsetAndFlags: 1232) + InnerPacketTests.udp
        let octets = SamplePacket.ipv6(next: 44, payload: fragment)
        #expect(try admits(["::/0"], ["::/0"], octets))
        #expect(try !admits(["::/0[udp/opaque]"], ["::/0[udp/opaque]"], octets))
    }

    @Test func aFirstFragmentIsCheckedLikeAWholePacket() throws {
        let first = SamplePacket.ipv4(
            nextLayer: 6,
            payload: SamplePacket.ports(40_000, 443) + [0, 0, 0, 0],
            flagsAndOffset: 0x2000
        )
        #expect(try admits(["0.0.0.0/0"], ["0.0.0.0/0[tcp/443]"], first))
        #expect(try !admits(["0.0.0.0/0"], ["0.0.0.0/0[tcp/80]"], first))
    }

    @Test func protocolsWithoutPortsFitAnyAndOpaque() throws {
        for octets in [SamplePacket.ipv4(nextLayer: 47), SamplePacket.ipv4(nextLayer: 50)] {
            #expect(try admits(["0.0.0.0/0"], ["0.0.0.0/0"], octets))
        }
        let gre = SamplePacket.ipv4(nextLayer: 47)
        #expect(try admits(["0.0.0.0/0[gre]"], ["0.0.0.0/0[gre/opaque]"], gre))
        #expect(try !admits(["0.0.0.0/0[gre/1000]"], ["0.0.0.0/0"], gre))
    }

    @Test func whatCannotBeSeenFitsOnlyAnyProtocol() throws {
        let hidden = InnerPacketTests.fragment(next: 60, offsetAndFlags: 8) + InnerPacketTests.udp
        let octets = SamplePacket.ipv6(next: 44, payload: hidden)
        #expect(try admits(["::/0"], ["::/0"], octets))
        #expect(try !admits(["::/0[udp]"], ["::/0"], octets))
        #expect(try !admits(["::/0"], ["::/0[60]"], octets))
    }
}

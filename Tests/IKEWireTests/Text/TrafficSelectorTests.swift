import IKEWire
import Inet
import Testing

@Suite struct TrafficSelectorTextTests {
    @Test(arguments: [
        "10.1.0.0/16", "10.1.0.0/16[tcp]", "10.1.0.0/16[tcp/80]", "10.0.0.1/32[udp/1000-2000]", "10.0.0.5-10.0.0.9",
        "10.0.0.5-10.0.0.9[/1000-2000]", "fe80::/10[ipv6-icmp]", "0.0.0.0/0[tcp/opaque]", "::/0",
        "2001:db8::1-2001:db8::3[200]",
        "10.0.0.0/8[/0]", "10.0.0.0/8[/opaque]", "0.0.0.0/0[icmp/2048]",
    ])
    func printingGivesTheTextThatWasRead(text: String) {
        #expect(TrafficSelector(swanctl: text)?.description == text)
    }

    @Test(arguments: [
        ("10.1.2.3/16", "10.1.0.0/16"), ("10.1.2.3", "10.1.2.3/32"), ("10.0.0.0-10.0.0.255", "10.0.0.0/24"),
        ("10.0.0.1[udp/any]", "10.0.0.1/32[udp]"), ("10.0.0.1[17/53-53]", "10.0.0.1/32[udp/53]"),
        ("10.0.0.1[TCP/https]", "10.0.0.1/32[tcp/443]"), ("10.0.0.1[any]", "10.0.0.1/32"),
        ("10.0.0.1[tcp/0-65535]", "10.0.0.1/32[tcp]"), ("::1[icmpv6]", "::1/128[ipv6-icmp]"),
        ("10.0.0.1[/any]", "10.0.0.1/32"),
    ])
    func otherSpellingsAreRead(text: String, printed: String) {
        #expect(TrafficSelector(swanctl: text)?.description == printed)
    }

    @Test(arguments: [
        "", "dynamic", "10.0.0.0/33", "10.0.0.9-10.0.0.5", "10.0.0.1-::1", "10.0.0.1-", "-10.0.0.1", "10.0.0.1[",
        "10.0.0.1[]",
        "10.0.0.1[tcp", "10.0.0.1[tcp]x", "10.0.0.1[pct]", "10.0.0.1[256]", "10.0.0.1[tcp/]", "10.0.0.1[tcp/65536]",
        "10.0.0.1[tcp/90-80]", "10.0.0.1[tcp/80-]", "10.0.0.1[tcp/80-90-100]", "10.0.0.1[tcp/+80]",
        "10.0.0.1[tcp/80/90]",
        "10.0.0.0/8-10.0.0.1", "10.0.0.1 [tcp]", "[tcp/80]",
    ])
    func otherTextIsRefused(text: String) {
        #expect(TrafficSelector(swanctl: text) == nil)
    }
}

@Suite struct TrafficSelectorTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16"),
        ("0.0.0.0/0", "10.1.0.0/16[tcp/80]", "10.1.0.0/16[tcp/80]"),
        ("10.0.0.0/8[tcp]", "10.1.0.0/16[/80]", "10.1.0.0/16[tcp/80]"),
        ("10.0.0.0-10.0.0.9", "10.0.0.5-10.0.0.20", "10.0.0.5-10.0.0.9"),
        ("10.0.0.0/8[tcp/80-100]", "10.0.0.0/8[tcp/90-200]", "10.0.0.0/8[tcp/90-100]"),
        ("10.0.0.0/8[tcp]", "10.0.0.0/8[tcp/opaque]", "10.0.0.0/8[tcp/opaque]"),
        ("10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/8[tcp]", "10.0.0.0/8[udp]", nil),
        ("10.0.0.0/8[tcp/80]", "10.0.0.0/8[tcp/81]", nil),
        ("10.0.0.0/8[tcp/80]", "10.0.0.0/8[tcp/opaque]", nil),
        ("10.0.0.0/8", "11.0.0.0/8", nil),
        ("0.0.0.0/0", "::/0", nil),
    ])
    func theIntersectionIsWhatBothSelect(one: String, other: String, common: String?) throws {
        let one = try #require(TrafficSelector(swanctl: one))
        let other = try #require(TrafficSelector(swanctl: other))
        #expect(one.intersection(other)?.description == common)
        #expect(other.intersection(one)?.description == common)
    }

    @Test func aSelectorContainsThoseThatSelectNoMore() throws {
        let outer = try #require(TrafficSelector(swanctl: "10.0.0.0/8[tcp/80-443]"))
        let inner = try ["10.0.0.0/8[tcp/80-443]", "10.2.0.0/16[tcp/443]", "10.0.0.1-10.0.0.3[tcp/80]"]
            .map { try #require(TrafficSelector(swanctl: $0)) }
        let others = try [
            "10.0.0.0/8", "10.0.0.0/8[tcp]", "10.0.0.0/8[udp/80]", "10.0.0.0/7[tcp/80]", "10.0.0.0/8[tcp/opaque]",
            "11.0.0.0/8[tcp/80]",
        ].map { try #require(TrafficSelector(swanctl: $0)) }
        #expect(inner.allSatisfy(outer.contains))
        #expect(others.filter(outer.contains).isEmpty)
    }

    @Test func packetsAreMatchedByProtocolAddressAndPort() throws {
        let selector = try #require(TrafficSelector(swanctl: "10.0.0.0/24[tcp/80-443]"))
        let inside = try #require(IPAddress("10.0.0.7"))
        let outside = try #require(IPAddress("10.0.1.7"))
        #expect(selector.matches(protocol: .tcp, address: inside, port: 80))
        #expect(!selector.matches(protocol: .udp, address: inside, port: 80))
        #expect(!selector.matches(protocol: .tcp, address: inside, port: 79))
        #expect(!selector.matches(protocol: .tcp, address: outside, port: 80))
        #expect(!selector.matches(protocol: .tcp, address: inside, port: nil))
    }

    /// "ANY" includes "OPAQUE" (RFC 7296 section 3.13.1).
    @Test func packetsWithoutVisiblePortsMatchAnyAndOpaque() throws {
        let address = try #require(IPAddress("10.0.0.7"))
        let opaque = try #require(TrafficSelector(swanctl: "10.0.0.0/24[tcp/opaque]"))
        #expect(opaque.matches(protocol: .tcp, address: address, port: nil))
        #expect(!opaque.matches(protocol: .tcp, address: address, port: 80))
        #expect(TrafficSelector.all(.v4).matches(protocol: .tcp, address: address, port: nil))
        #expect(!TrafficSelector.all(.v6).matches(protocol: .tcp, address: address, port: nil))
    }

    @Test func routesAreTheBlocksOfTheRange() throws {
        let selector = try #require(TrafficSelector(swanctl: "10.0.0.1-10.0.0.4"))
        #expect(selector.prefixes.map(\.description) == ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"])
    }
}

import Inet
import Testing

@Suite struct SocketAddressTests {
    @Test func theAddressOfIPv6StandsInBrackets() throws {
        let v4 = try #require(IPAddress("192.0.2.1"))
        let v6 = try #require(IPAddress("2001:db8::1"))
        #expect(SocketAddress(address: v4, port: 500).description == "192.0.2.1:500")
        #expect(SocketAddress(address: v6, port: 4500).description == "[2001:db8::1]:4500")
    }
}

@Suite struct IPProtocolTests {
    @Test(arguments: [
        ("tcp", IPProtocol.tcp), ("UDP", .udp), ("icmp", .icmp), ("ipv6-icmp", .icmpV6), ("icmpv6", .icmpV6),
        ("esp", .esp),
        ("sctp", .sctp), ("any", .any),
    ])
    func namesAreKnownInAnyCase(name: String, number: IPProtocol) {
        #expect(IPProtocol(name: name) == number)
    }

    @Test func whatHasNoNameIsPrintedAsANumber() {
        #expect(IPProtocol.tcp.description == "tcp")
        #expect(IPProtocol.icmpV6.description == "ipv6-icmp")
        #expect(IPProtocol(rawValue: 200).description == "200")
        #expect(IPProtocol(name: "carrier-pigeon") == nil)
    }
}

import Inet
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", IPAddress(v4: 0xc000_0201)),
        ("0.0.0.0", .anyV4),
        ("255.255.255.255", .last(of: .v4)),
        ("::", .anyV6),
        ("::1", IPAddress(v6High: 0, low: 1)),
        ("1::", IPAddress(v6High: 1 << 48, low: 0)),
        ("2001:db8::8:800:200c:417a", IPAddress(v6High: 0x2001_0db8_0000_0000, low: 0x0008_0800_200c_417a)),
        ("fe80:0:0:0:1:2:3:4", IPAddress(v6High: 0xfe80 << 48, low: 0x0001_0002_0003_0004)),
        ("::ffff:192.0.2.1", IPAddress(v6High: 0, low: 0xffff_c000_0201)),
        ("64:ff9b::192.0.2.33", IPAddress(v6High: 0x0064_ff9b << 32, low: 0xc000_0221)),
        ("2001:DB8::A", IPAddress(v6High: 0x2001_0db8 << 32, low: 0xa)),
        ("1:2:3:4:5:6:7::", IPAddress(v6High: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_0000)),
    ])
    func textIsRead(text: String, address: IPAddress) {
        #expect(IPAddress(text) == address)
    }

    @Test(arguments: [
        "", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.", ".1.2.3", "+1.2.3.4", "1.2.3.4 ", "1.2.3.-4",
        ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", ":1", "1:", "::1.2.3",
        "1.2.3.4::",
        "::1.2.3.4:5", "fe80::1%eth0", "1:2:3:4:5:6:7:8::", "::+1", "0x7f.0.0.1", "１.2.3.4", "1:2:3:4:5:6:7:1.2.3.4",
    ])
    func otherTextIsRefused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    /// The examples of RFC 5952 sections 4 and 5.
    @Test(arguments: [
        ("2001:0db8::0001", "2001:db8::1"),
        ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8:AAAA::", "2001:db8:aaaa::"),
        ("::ffff:c000:0201", "::ffff:192.0.2.1"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("010.0.0.1", nil),
    ])
    func anIPv6AddressIsPrintedInItsShortestForm(text: String, printed: String?) {
        #expect(IPAddress(text)?.description == printed)
    }

    @Test func octetsAreInNetworkOrder() throws {
        #expect(IPAddress(v4: 0x0a01_0203).bytes == [10, 1, 2, 3])
        let address = try #require(IPAddress("102:304:506:708:90a:b0c:d0e:f10"))
        #expect(address.bytes == Array(1...16))
        #expect(IPAddress(bytes: 1...16) == address)
        #expect(IPAddress(bytes: [10, 1, 2, 3]) == IPAddress(v4: 0x0a01_0203))
    }

    @Test(arguments: [0, 1, 3, 5, 15, 17, 32])
    func anyOtherNumberOfOctetsIsNoAddress(count: Int) {
        #expect(IPAddress(bytes: Array(repeating: UInt8(1), count: count)) == nil)
    }

    @Test func addressesAreOrderedByFamilyAndThenByNumber() {
        let ascending = ["0.0.0.0", "9.255.255.255", "10.0.0.0", "255.255.255.255", "::", "::1", "1::", "1::1"]
        let addresses = ascending.compactMap(IPAddress.init)
        #expect(addresses.count == ascending.count)
        #expect(addresses.shuffled().sorted() == addresses)
    }

    @Test func neighboursEndWithTheFamily() {
        #expect(IPAddress("10.0.0.255")?.successor == IPAddress("10.0.1.0"))
        #expect(IPAddress("10.0.1.0")?.predecessor == IPAddress("10.0.0.255"))
        #expect(IPAddress("::ffff:ffff:ffff:ffff")?.successor == IPAddress("0:0:0:1::"))
        #expect(IPAddress.last(of: .v4).successor == nil)
        #expect(IPAddress.last(of: .v6).successor == nil)
        #expect(IPAddress.anyV4.predecessor == nil)
        #expect(IPAddress.anyV6.predecessor == nil)
    }

    @Test func addressesWithAMeaningAreRecognised() throws {
        let loopback = try ["127.0.0.1", "127.255.255.255", "::1"].map { try #require(IPAddress($0)) }
        let multicast = try ["224.0.0.1", "239.255.255.255", "ff02::1"].map { try #require(IPAddress($0)) }
        let linkLocal = try ["169.254.1.1", "fe80::1", "febf::"].map { try #require(IPAddress($0)) }
        let others = try ["10.0.0.1", "128.0.0.1", "169.255.0.1", "240.0.0.1", "2001:db8::1", "fec0::1", "::127.0.0.1"]
            .map { try #require(IPAddress($0)) }
        #expect((loopback + multicast + linkLocal + others).filter(\.isLoopback) == loopback)
        #expect((loopback + multicast + linkLocal + others).filter(\.isMulticast) == multicast)
        #expect((loopback + multicast + linkLocal + others).filter(\.isLinkLocal) == linkLocal)
        let oneLink = try ["224.0.0.22", "ff02::1", "ff12::2"].map { try #require(IPAddress($0)) }
        let further = try ["224.0.1.1", "ff05::1"].map { try #require(IPAddress($0)) }
        #expect((oneLink + linkLocal + further + others).filter(\.isLinkScoped) == oneLink + linkLocal)
        #expect(IPAddress.unspecified(.v4).isUnspecified && IPAddress.unspecified(.v6).isUnspecified)
        #expect(others.filter(\.isUnspecified).isEmpty)
    }
}

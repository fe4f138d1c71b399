import Inet
import Testing

@Suite struct IPPrefixTests {
    @Test(arguments: [
        ("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("0.0.0.0/0", "0.0.0.0/0"),
        ("1.2.3.4/31", "1.2.3.4/31"),
        ("2001:db8::1/32", "2001:db8::/32"), ("::1", "::1/128"), ("ffff::/1", "8000::/1"), ("fe80::1/0", "::/0"),
    ])
    func textIsReadAndHostBitsAreCleared(text: String, printed: String) {
        #expect(IPPrefix(text)?.description == printed)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "10.0.0.0/8/8", "10.0.0.0/x",
    ])
    func otherTextIsRefused(text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0", "10.255.255.255"), ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ("192.0.2.1/32", "192.0.2.1", "192.0.2.1"), ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::/65", "2001:db8::", "2001:db8::7fff:ffff:ffff:ffff"),
    ])
    func aBlockKnowsItsEnds(text: String, first: String, last: String) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(prefix.first.description == first)
        #expect(prefix.last.description == last)
    }

    @Test func aBlockContainsItsAddressesAndSmallerBlocks() throws {
        let block = try #require(IPPrefix("10.1.0.0/16"))
        let inside = try ["10.1.0.0", "10.1.255.255"].map { try #require(IPAddress($0)) }
        let outside = try ["10.0.255.255", "10.2.0.0", "::10.1.0.0"].map { try #require(IPAddress($0)) }
        #expect(inside.allSatisfy(block.contains) && !outside.contains(where: block.contains))
        let smaller = try ["10.1.0.0/16", "10.1.2.0/24"].map { try #require(IPPrefix($0)) }
        let other = try ["10.0.0.0/8", "10.2.0.0/16", "10.2.0.0/24", "::/16"].map { try #require(IPPrefix($0)) }
        #expect(smaller.allSatisfy(block.contains) && !other.contains(where: block.contains))
    }

    @Test(arguments: [
        ("10.0.0.0", "10.0.0.255", ["10.0.0.0/24"]),
        ("10.0.0.5", "10.0.0.9", ["10.0.0.5/32", "10.0.0.6/31", "10.0.0.8/31"]),
        ("0.0.0.0", "255.255.255.255", ["0.0.0.0/0"]),
        ("0.0.0.1", "0.0.0.1", ["0.0.0.1/32"]),
        ("255.255.255.254", "255.255.255.255", ["255.255.255.254/31"]),
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["::/0"]),
        ("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["ffff::/16"]),
        ("::1", "::4", ["::1/128", "::2/127", "::4/128"]),
        ("10.0.0.0", "::1", []),
    ])
    func aRangeIsCoveredByTheFewestBlocks(first: String, last: String, blocks: [String]) throws {
        let range = try #require(IPAddress(first))...(try #require(IPAddress(last)))
        #expect(IPPrefix.covering(range).map(\.description) == blocks)
    }

    @Test(arguments: [IPAddress.Family.v4, .v6])
    func theWorstRangeNeedsTwoBlocksForEachBitButTwo(family: IPAddress.Family) throws {
        let first = try #require(IPAddress.unspecified(family).successor)
        let last = try #require(IPAddress.last(of: family).predecessor)
        let blocks = IPPrefix.covering(first...last)
        #expect(blocks.count == 2 * family.bitWidth - 2)
        #expect(blocks.first?.first == first && blocks.last?.last == last)
        #expect(zip(blocks, blocks.dropFirst()).allSatisfy { $0.last.successor == $1.first })
    }
}

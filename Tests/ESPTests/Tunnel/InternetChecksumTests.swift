import Support
import Testing

import ESP

@Suite struct InternetChecksumTests {
    /// The sum of RFC 1071 over whole 16-bit words.
    static func checksum(_ words: [UInt16]) -> UInt16 {
        var sum = words.reduce(UInt32(0)) { $0 + UInt32($1) }
        while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
        return ~UInt16(sum)
    }

    @Test func theExampleOfRFC1624() {
        #expect(InternetChecksum.updated(0xdd2f, replacing: 0x5555, with: 0x3285) == 0x0000)
    }

    @Test func anUpdatedChecksumIsTheRecomputedOne() {
        var random = SplitMix64(seed: 1624)
        for _ in 0..<5_000 {
            var words = (0..<10).map { _ in UInt16.random(in: .min ... .max, using: &random) }
            // An IPv4 header is never all zero; its first word begins with the version.
            words[0] |= 0x4000
            let before = Self.checksum(words)
            let old = words[3]
            words[3] = Bool.random(using: &random) ? UInt16.random(in: .min ... .max, using: &random) : ~words[3]
            #expect(InternetChecksum.updated(before, replacing: old, with: words[3]) == Self.checksum(words))
        }
    }
}

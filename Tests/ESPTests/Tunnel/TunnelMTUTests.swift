import ESP
import IKECrypto
import IKEWire
import Inet
import Testing

@Suite struct TunnelMTUTests {
    /// Computed by hand: path, outer header, UDP, SPI and sequence number, IV, ICV, then rounded down and without
    /// trailer.
    @Test(arguments: [
        (CipherSuite.aes256GCM, 1500, IPAddress.Family.v4, true, 1438),
        (.aes256GCM, 1500, .v4, false, 1446),
        (.aes256GCM, 1500, .v6, true, 1418),
        (.aes256GCM, 1500, .v6, false, 1426),
        (.aes256GCM, 1280, .v6, true, 1198),
        (.named(.chaCha20Poly1305, nil), 1500, .v4, true, 1438),
        (.named(.aesCBC, 256, .hmacSHA2_256_128), 1500, .v4, true, 1422),
        (.named(.aesCBC, 128, .hmacSHA1_96), 1500, .v4, false, 1438),
        (.named(.aesCTR, 128, .hmacSHA2_512_256), 1500, .v4, true, 1422),
        (.aes256GCM, 1492, .v4, true, 1430),
        (.aes256GCM, 9000, .v4, true, 8938),
    ])
    func theMTUIsWhatIsLeft(suite: CipherSuite, path: Int, family: IPAddress.Family, udp: Bool, inner: Int) {
        let layout = PacketLayout(suite)
        #expect(TunnelMTU.inner(path: path, outerFamily: family, udpEncapsulated: udp, layout: layout) == inner)
    }

    @Test(arguments: CipherSuite.oneOfEachKind, [IPAddress.Family.v4, .v6])
    func nothingFragmentsAndNothingIsWasted(suite: CipherSuite, family: IPAddress.Family) {
        let layout = PacketLayout(suite)
        for udp in [false, true] {
            let overhead = (family == .v4 ? 20 : 40) + (udp ? 8 : 0)
            for path in 0...1600 {
                let inner = TunnelMTU.inner(path: path, outerFamily: family, udpEncapsulated: udp, layout: layout)
                if let inner {
                    #expect(overhead + layout.sealedLength(inner: inner) <= path)
                    #expect(overhead + layout.sealedLength(inner: inner + 1) > path)
                } else {
                    #expect(overhead + layout.sealedLength(inner: 0) > path)
                }
            }
        }
    }

    @Test func lengthFieldsLimitWidePaths() throws {
        let layout = PacketLayout(.aes256GCM)
        for path in [65_535, 65_536, 1 << 20, Int.max] {
            let v4 = try #require(TunnelMTU.inner(path: path, outerFamily: .v4, udpEncapsulated: true, layout: layout))
            #expect(20 + 8 + layout.sealedLength(inner: v4) <= 65_535)
            let v6 = TunnelMTU.espLength(path: path, outerFamily: .v6, udpEncapsulated: true)
            #expect(8 + v6 <= 65_535)
        }
    }

    @Test(arguments: [Int.min, -1, 0, 20, 48])
    func pathsTooNarrowForAnythingHaveNoMTU(path: Int) {
        let layout = PacketLayout(.aes256GCM)
        for family in [IPAddress.Family.v4, .v6] {
            #expect(TunnelMTU.inner(path: path, outerFamily: family, udpEncapsulated: true, layout: layout) == nil)
        }
    }
}

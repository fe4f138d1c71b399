import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

@testable import Daemon

/// The lines that Wireshark reads.
@Suite struct KeyLogTests {
    @Test func anIKESABecomesALineOfTheDecryptionTable() throws {
        let suite = try CipherSuite(encryption: .aesGCM16, keyLength: 128, integrity: nil)
        let empty = SecretBytes(copying: [UInt8]())
        let keys = IKEKeys(
            d: empty,
            ai: empty,
            ar: empty,
            ei: SecretBytes(copying: [0x01, 0xab]),
            er: SecretBytes(copying: [0x02, 0xcd]),
            pi: empty,
            pr: empty
        )
        let line = KeyLog.line(spiI: IKESPI(rawValue: 1), spiR: IKESPI(rawValue: 0xff), suite, keys)
        #expect(
            line
                == "0000000000000001,00000000000000ff,01ab,02cd,\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\""
        )
    }

    @Test func aChildSABecomesALineForEachDirection() throws {
        let pair = Pair()
        pair.up()
        let childSA = try #require(pair.left.outbound.first)
        let lines = KeyLog.lines(childSA)
        #expect(lines.count == 2)
        #expect(
            lines[0].hasPrefix(
                "\"IPv4\",\"198.51.100.2\",\"192.0.2.1\",\"0x\(childSA.inboundSPI)\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x"
            )
        )
        #expect(lines[1].hasPrefix("\"IPv4\",\"192.0.2.1\",\"198.51.100.2\",\"0x\(childSA.outboundSPI)\""))
        #expect(lines[0].hasSuffix("\"NULL\",\"\""))
    }
}

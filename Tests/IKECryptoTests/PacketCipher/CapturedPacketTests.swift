import IKECrypto
import IKEWire
import Support
import Testing

/// ESP packets from captures whose keys were published with them.
@Suite struct CapturedPacketTests {
    private struct File: Decodable {
        let sas: [SA]

        struct SA: Decodable {
            let file, encr, integ: String
            let encr_key, integ_key: Hex
            let packets: [Packet]
        }

        struct Packet: Decodable {
            let esp, inner: Hex
            let next_header, pad_len: UInt8
        }
    }

    @Test func espPacketsOfTcpdump() throws {
        let file: File = try Vectors.json("tcpdump/expected-esp.json")
        let tripleDES = "3DES and HMAC-MD5, which are not offered"
        var tally = Tally()
        for sa in file.sas {
            guard sa.encr == "aes-256-cbc", sa.integ == "hmac-sha1-96" else {
                #expect(sa.encr == "3des-cbc")
                for _ in sa.packets { tally.skip(tripleDES) }
                continue
            }
            let suite = try CipherSuite(encryption: .aesCBC, keyLength: 256, integrity: .hmacSHA1_96)
            let keys = CipherKeys(
                encryption: SecretBytes(copying: sa.encr_key.bytes),
                integrity: SecretBytes(copying: sa.integ_key.bytes)
            )
            let opener = try PacketCipher(suite, keys: keys, direction: .open)
            for packet in sa.packets {
                let octets = packet.esp.bytes
                let opened = try opener.open(
                    iv: Array(octets[8..<24]),
                    aad: Array(octets[..<8]),
                    ciphertextAndICV: Array(octets[24...])
                )
                let trailer = [packet.pad_len, packet.next_header]
                #expect(Array(opened.suffix(2)) == trailer)
                #expect(Array(opened.dropLast(2 + Int(packet.pad_len))) == packet.inner.bytes)
                tally.run()
            }
        }
        tally.expect(ran: 8, skipped: [tripleDES: 16], of: file.sas.reduce(0) { $0 + $1.packets.count })
    }
}

import IKECore
import IKEWire

/// What the properties of messages look at: the parts of the header by which an IKE message is one of a series, its IV, and
/// its octets as a hash, since runs are long and keep no message.
package struct SentMessage {
    struct Series: Hashable {
        let host: ObjectIdentifier
        let restarts: Int
        let spiI: UInt64
        let spiR: UInt64
        let isResponse: Bool
    }

    struct Number: Hashable {
        let messageID: UInt32
        /// 0 where the message is not in fragments.
        let fragment: UInt16
        /// A message that is divided anew has more fragments than before.
        let total: UInt16
    }

    let series: Series
    let number: Number
    let isInit: Bool
    /// The first octets of the IV; every cipher has at least eight.
    let iv: UInt64?
    let digest: UInt64

    /// Reads the octets where they must stand: in a protected message the encrypted payload comes first (RFC 7296 section
    /// 3.14, RFC 7383 section 2.5).
    init?(_ bytes: [UInt8], _ host: Host) {
        guard bytes.count >= Header.length else { return nil }
        let number = { (range: Range<Int>) -> UInt64 in bytes[range].reduce(UInt64(0)) { ($0 << 8) | UInt64($1) } }
        series = Series(
            host: ObjectIdentifier(host),
            restarts: host.restarts,
            spiI: number(0..<8),
            spiR: number(8..<16),
            isResponse: bytes[19] & Header.Flags.response.rawValue != 0
        )
        isInit = bytes[18] == ExchangeType.ikeSAInit.rawValue
        digest = bytes.withUnsafeBytes { octets in
            var fingerprint = KeyFingerprint()
            fingerprint.mix(octets)
            return fingerprint.value
        }
        let messageID = UInt32(number(20..<24))
        let body = Header.length + 4
        switch PayloadType(rawValue: bytes[16]) {
        case .encrypted where bytes.count >= body + 8:
            self.number = Number(messageID: messageID, fragment: 0, total: 1)
            iv = number(body..<body + 8)
        case .encryptedFragment where bytes.count >= body + 12:
            self.number = Number(
                messageID: messageID,
                fragment: UInt16(number(body..<body + 2)),
                total: UInt16(number(body + 2..<body + 4))
            )
            iv = number(body + 4..<body + 12)
        default:
            // What is sent without protection later on belongs to no SA (RFC 7296 section 1.5).
            guard isInit else { return nil }
            self.number = Number(messageID: messageID, fragment: 0, total: 1)
            iv = nil
        }
    }
}

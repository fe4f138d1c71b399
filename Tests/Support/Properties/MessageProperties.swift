import IKECore
import IKEWire

/// The parts of an IKE message's header by which it is one of a series, and where its encrypted payload begins.
private struct MessagePlace {
    struct Series: Hashable {
        let host: String
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

    /// Reads the octets where they must stand: in a protected message the encrypted payload comes first (RFC 7296 section
    /// 3.14, RFC 7383 section 2.5).
    init?(_ bytes: [UInt8], _ host: Host) {
        guard bytes.count >= Header.length else { return nil }
        let number = { (range: Range<Int>) -> UInt64 in bytes[range].reduce(UInt64(0)) { ($0 << 8) | UInt64($1) } }
        series = Series(
            host: host.name,
            restarts: host.restarts,
            spiI: number(0..<8),
            spiR: number(8..<16),
            isResponse: bytes[19] & Header.Flags.response.rawValue != 0
        )
        isInit = bytes[18] == ExchangeType.ikeSAInit.rawValue
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

/// The octets of messages, told apart by a hash: the runs are long and keep no message.
private func digest(_ bytes: [UInt8]) -> UInt64 {
    bytes.withUnsafeBytes { octets in
        var fingerprint = KeyFingerprint()
        fingerprint.mix(octets)
        return fingerprint.value
    }
}

/// A new request has the message ID after the last one; an old ID only comes back for a repetition (RFC 7296 section 2.2).
package final class MessageIDsNeverRegress: Property {
    package static let name = "message-ids"
    private static let widestWindow: UInt32 = 64
    private var last: [MessagePlace.Series: (newest: UInt32, seen: Set<UInt32>)] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        guard case .output(.send(let datagram), let host) = happening, let place = MessagePlace(datagram.bytes, host)
        else {
            return nil
        }
        // IKE_SA_INIT begins again with 0 for a cookie or another key exchange, and an answer to it without SPI is no SA's.
        guard !place.isInit else { return nil }
        let id = place.number.messageID
        guard var record = last[place.series] else {
            last[place.series] = (id, [id])
            return id <= 1 || place.series.isResponse && id < Self.widestWindow
                ? nil : "\(host.name): the first message ID of an IKE SA is \(id)"
        }
        if record.seen.contains(id) { return nil }
        if place.series.isResponse {
            // Requests are answered as they come, at the most a window apart.
            guard id + Self.widestWindow > record.newest else {
                return "\(host.name): answers \(id) after \(record.newest)"
            }
        } else if id != record.newest + 1 {
            return "\(host.name): message ID \(id) follows \(record.newest)"
        }
        record.newest = max(record.newest, id)
        record.seen.insert(id)
        last[place.series] = record
        return nil
    }
}

/// A request sent again, and the answer to a repeated request, are the same octets as before (RFC 7296 section 2.1).
package final class RepeatedMessagesAreIdentical: Property {
    package static let name = "identical-octets"
    private var digests: [MessagePlace.Series: [MessagePlace.Number: UInt64]] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        guard case .output(.send(let datagram), let host) = happening, let place = MessagePlace(datagram.bytes, host),
            !place.isInit || place.series.spiR != 0
        else { return nil }
        let digest = digest(datagram.bytes)
        guard let earlier = digests[place.series, default: [:]].updateValue(digest, forKey: place.number) else {
            return nil
        }
        guard earlier != digest else { return nil }
        let kind = place.series.isResponse ? "response" : "request"
        return "\(host.name): \(kind) \(place.number.messageID) is sent again with other octets"
    }
}

/// An IV is used for one message only with the same key.
package final class IVsAreUsedOnce: Property {
    private struct Use: Hashable {
        let spiI: UInt64
        let spiR: UInt64
        let host: String
        let iv: UInt64
    }

    package static let name = "iv-once"
    private var uses: [Use: UInt64] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        guard case .output(.send(let datagram), let host) = happening, let place = MessagePlace(datagram.bytes, host),
            let iv = place.iv
        else { return nil }
        let use = Use(spiI: place.series.spiI, spiR: place.series.spiR, host: host.name, iv: iv)
        let digest = digest(datagram.bytes)
        guard let earlier = uses.updateValue(digest, forKey: use), earlier != digest else { return nil }
        return "\(host.name): message \(place.number.messageID) has the IV of another message"
    }
}

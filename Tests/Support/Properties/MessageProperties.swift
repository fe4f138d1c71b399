import IKECore
import IKEWire

/// A new request has the message ID after the last one; an old ID only comes back for a repetition (RFC 7296 section 2.2).
package final class MessageIDsNeverRegress: EngineProperty {
    package static let name = "message-ids"
    private static let widestWindow: UInt32 = 64
    private var last: [SentMessage.Series: (newest: UInt32, seen: Set<UInt32>)] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        guard case .sent(let message, let host) = happening else { return nil }
        // IKE_SA_INIT begins again with 0 for a cookie or another key exchange, and an answer to it without SPI is no SA's.
        guard !message.isInit else { return nil }
        let id = message.number.messageID
        guard var record = last[message.series] else {
            last[message.series] = (id, [id])
            return id <= 1 || message.series.isResponse && id < Self.widestWindow
                ? nil : "\(host.name): the first message ID of an IKE SA is \(id)"
        }
        if record.seen.contains(id) { return nil }
        if message.series.isResponse {
            // Requests are answered as they come, at the most a window apart.
            guard id + Self.widestWindow > record.newest else {
                return "\(host.name): answers \(id) after \(record.newest)"
            }
        } else if id != record.newest + 1 {
            return "\(host.name): message ID \(id) follows \(record.newest)"
        }
        record.newest = max(record.newest, id)
        record.seen.insert(id)
        last[message.series] = record
        return nil
    }
}

/// A request sent again, and the answer to a repeated request, are the same octets as before (RFC 7296 section 2.1).
package final class RepeatedMessagesAreIdentical: EngineProperty {
    package static let name = "identical-octets"
    private var digests: [SentMessage.Series: [SentMessage.Number: UInt64]] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        guard case .sent(let message, let host) = happening, !message.isInit || message.series.spiR != 0 else {
            return nil
        }
        let earlier = digests[message.series, default: [:]].updateValue(message.digest, forKey: message.number)
        guard let earlier, earlier != message.digest else { return nil }
        let kind = message.series.isResponse ? "response" : "request"
        return "\(host.name): \(kind) \(message.number.messageID) is sent again with other octets"
    }
}

/// An IV is used for one message only with the same key.
package final class IVsAreUsedOnce: EngineProperty {
    private struct Use: Hashable {
        let spiI: UInt64
        let spiR: UInt64
        let host: ObjectIdentifier
        let iv: UInt64
    }

    package static let name = "iv-once"
    private var uses: [Use: UInt64] = [:]

    package init() {}

    package func observe(_ happening: Happening, in network: Network) -> String? {
        guard case .sent(let message, let host) = happening, let iv = message.iv else { return nil }
        let use = Use(spiI: message.series.spiI, spiR: message.series.spiR, host: message.series.host, iv: iv)
        guard let earlier = uses.updateValue(message.digest, forKey: use), earlier != message.digest else { return nil }
        return "\(host.name): message \(message.number.messageID) has the IV of another message"
    }
}

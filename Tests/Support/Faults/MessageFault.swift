package import IKECore
import IKEWire

/// A host that mishandles what its engine says, in one way.
package final class MessageFault: HostFault {
    package enum Kind: String, CaseIterable, Sendable {
        /// Sends a request again with other octets.
        case changesRepeatedRequests
        /// Has forgotten its answer, and makes another one when the request is repeated.
        case answersAnew
        /// Gives a request a message ID that was used before.
        case goesBackInMessageIDs
        /// Skips message IDs.
        case skipsMessageIDs
        /// Seals every message with the same IV.
        case repeatsIVs
        /// Never hears of the end of its commands.
        case losesOutcomes
        /// Never installs the inbound side of a successor.
        case forgetsToInstall
    }

    private let kind: Kind
    private var seen: Set<[UInt8]> = []

    package init(_ kind: Kind) { self.kind = kind }

    package func perform(_ output: Output, of host: Host, in network: Network) -> [Output] {
        switch (kind, output) {
        case (.losesOutcomes, .event(.commandFinished)): []
        case (.forgetsToInstall, .installInbound) where !host.inbound.isEmpty: []
        case (_, .send(let datagram)): [.send(change(datagram))]
        default: [output]
        }
    }

    private func change(_ datagram: Datagram) -> Datagram {
        var changed = datagram
        let isRepeated = !seen.insert(datagram.bytes).inserted
        let isInit = datagram.bytes.count <= Header.length || datagram.bytes[18] == ExchangeType.ikeSAInit.rawValue
        guard !isInit else { return datagram }
        let isResponse = datagram.bytes[19] & Header.Flags.response.rawValue != 0
        let messageID = datagram.bytes[23]
        switch kind {
        case .changesRepeatedRequests where isRepeated && !isResponse, .answersAnew where isRepeated && isResponse:
            changed.bytes[changed.bytes.count - 1] ^= 1
        case .goesBackInMessageIDs where !isResponse && messageID > 2: changed.bytes[23] = messageID - 2
        case .skipsMessageIDs where !isResponse && messageID > 2: changed.bytes[23] = messageID + 1
        case .repeatsIVs:
            // The IV follows the headers of the message and of the encrypted payload.
            changed.bytes.replaceSubrange(32..<40, with: [0, 0, 0, 0, 0, 0, 0, 1])
        default: break
        }
        return changed
    }
}

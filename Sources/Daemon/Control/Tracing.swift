import IKECore
import IKEWire
import Inet
import VICI

// The event `trace`: each message while somebody has registered for it, and only then.

extension Daemon {
    /// To be called when clients have come, gone, or changed what they want.
    func noteRegistrations() { endpoint.isTracing = control.isWanted("trace") }

    func tell(_ message: TracedMessage) {
        control.broadcast("trace") {
            // Whoever calls may mean several connections until it has said who it is.
            let candidates =
                message.connection == nil
                ? endpoint.candidates(local: message.local.address, remote: message.remote.address) : []
            return message.message(candidates: candidates)
        }
    }
}

extension TracedMessage {
    /// The event `trace`.
    func message(candidates: [String]) -> VICIMessage {
        var section: VICIMessage = [
            "direction": .text(direction.rawValue),
            "exchange": .text(header.exchangeType.description),
            "kind": header.isResponse ? "response" : "request",
            "message-id": .number(header.messageID),
            "initiator-spi": .text(header.initiatorSPI.description),
            "responder-spi": .text(header.responderSPI.description),
            "local-host": .text(local.address.description),
            "local-port": .number(local.port),
            "remote-host": .text(remote.address.description),
            "remote-port": .number(remote.port),
            "octets": .number(octets),
        ]
        if fragments > 1 { section.append("fragments", .number(fragments)) }
        if isProtected { section.append("protected", "yes") }
        if isRepeated { section.append("again", "yes") }
        section["ikesa-name"] = connection
        if let ikeSA { section.append("ikesa-uniqueid", .number(ikeSA)) }
        if !candidates.isEmpty { section.append("candidates", .texts(Array(candidates.prefix(Self.mostCandidates)))) }
        section["problem"] = problem?.singleLine
        section.append("payloads", .texts(payloads.map(\.summary.singleLine)))
        return section
    }

    private static let mostCandidates = 64
}

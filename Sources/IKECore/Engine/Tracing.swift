package import IKEWire
package import Inet

/// A message that was sent or came in, as it is inside of the encryption: what `Event.traced` tells while somebody looks on.
///
/// It holds what the peer must not know of others and logs never say (proofs, EAP): who shows it to people uses
/// `Payload.summary`, which leaves that out.
package struct TracedMessage: Sendable {
    package enum Direction: String, Sendable {
        case sent, received
    }

    package var direction: Direction
    package var header: Header
    /// What is inside; empty where it was sent before or cannot be read.
    package var payloads: [Payload]
    package var isProtected: Bool
    /// The very same was sent before.
    package var isRepeated = false
    /// How many datagrams carry it (RFC 7383).
    package var fragments = 1
    /// Octets of the first datagram that was sent, or of the last that came in.
    package var octets: Int
    package var local: SocketAddress
    package var remote: SocketAddress
    /// Nil before a responder knows who calls.
    package var connection: String?
    package var ikeSA: UInt32?
    /// Why it cannot be read.
    package var problem: String?
}

extension Turn {
    /// The message is only looked at when somebody traces.
    func trace(_ message: @autoclosure () -> TracedMessage) {
        if isTracing { emit(.traced(message())) }
    }

    /// A message without protection that came in, or is the answer to one.
    func traceUnprotected(
        _ direction: TracedMessage.Direction,
        _ message: Message,
        octets: Int,
        local: SocketAddress,
        remote: SocketAddress,
        of sa: IKESA?
    ) {
        trace(
            TracedMessage(
                direction: direction,
                header: message.header,
                payloads: message.payloads,
                isProtected: false,
                octets: octets,
                local: local,
                remote: remote,
                connection: sa?.connection?.name,
                ikeSA: sa?.id
            )
        )
    }
}

extension IKESA {
    func traceSent(_ header: Header, _ payloads: [Payload], _ datagrams: [[UInt8]], along path: Path, _ turn: Turn) {
        turn.trace(traced(.sent, header, payloads, datagrams, along: path))
    }

    /// The payloads of what was sent before are not kept.
    func traceSentAgain(_ datagrams: [[UInt8]], along path: Path, _ turn: Turn) {
        guard turn.isTracing, let header = try? datagrams.first.map({ try Header(parsing: $0.span.bytes) }) else {
            return
        }
        var message = traced(.sent, header, [], datagrams, along: path)
        message.isRepeated = true
        message.isProtected = header.exchangeType != .ikeSAInit
        turn.trace(message)
    }

    func traceSentInClear(_ bytes: [UInt8], _ turn: Turn) {
        guard turn.isTracing, let message = try? Message(parsing: bytes) else { return }
        turn.traceUnprotected(.sent, message, octets: bytes.count, local: local, remote: remote, of: self)
    }

    func traceReceived(
        _ datagram: Datagram,
        _ message: Message,
        _ payloads: [Payload],
        problem: String? = nil,
        _ turn: Turn
    ) {
        guard turn.isTracing else { return }
        var traced = traced(.received, message.header, payloads, [datagram.bytes], along: datagram.path)
        traced.fragments = message.payloads.encryptedFragment.map { Int($0.total) } ?? 1
        traced.problem = problem
        turn.trace(traced)
    }

    private func traced(
        _ direction: TracedMessage.Direction,
        _ header: Header,
        _ payloads: [Payload],
        _ datagrams: [[UInt8]],
        along path: Path
    ) -> TracedMessage {
        TracedMessage(
            direction: direction,
            header: header,
            payloads: payloads,
            isProtected: true,
            fragments: datagrams.count,
            octets: datagrams.first?.count ?? 0,
            local: path.local,
            remote: path.remote,
            connection: connection?.name,
            ikeSA: id
        )
    }
}

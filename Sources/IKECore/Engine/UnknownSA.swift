package import IKEWire
package import Inet

// What arrives outside of every SA that we have (RFC 7296 sections 1.5 and 2.21.4).
//
//     a request on an unknown IKE SA             <--  INVALID_IKE_SPI, unprotected, with its SPIs and message ID
//     ESP on an unknown SPI, an IKE SA stands    <--  INVALID_SPI in an INFORMATIONAL exchange of that SA
//     ESP on an unknown SPI, none stands         <--  INVALID_SPI, unprotected, to whoever sent it
//
// The same from a peer may come from anybody. It ends nothing: it is a reason to ask the peer whether it lives. Nothing
// here is ever sent in answer to a response or to such a notify, and all of it has a limit, since strangers can ask for it.

/// An ESP packet that the data plane refused, and of which its sender should hear.
package enum StrayPacket: Hashable, Sendable {
    /// No CHILD SA has this SPI. Ports are 0 where the packet came without UDP.
    case unknownSPI(ESPSPI, local: SocketAddress, remote: SocketAddress)
    /// It was authentic, but outside the selectors of the CHILD SA with this id; how the inner packet starts.
    case outsideSelectors(childSA: UInt32, start: [UInt8])
}

extension Endpoint {
    /// More SAs than this are not asked after because of one message.
    private static let mostAsked = 8

    // MARK: - IKE messages

    func receiveOutsideAnySA(_ datagram: Datagram, _ message: Message, _ turn: Turn) {
        let header = message.header
        strangers.drops.unknownSPI += 1
        turn.log(
            .unknownSA,
            LogRecord(.debug, "dropped \(header.exchangeType) for an unknown IKE SA", peer: datagram.remote)
        )
        if message.claimsUnknownSA {
            if let sa = misdirected(header) {
                sa.hearOfLoss(message, turn)
                settle(sa, turn)
            } else {
                askAfterSAs(with: datagram.remote.address, turn)
            }
        } else if !header.isResponse, message.isProtected {
            turn.answerUnprotected(datagram, header, [Notify(.invalidIKESPI)] + crashTokens(header))
        }
    }

    /// The SA with both SPIs of a header whose Initiator flag is wrong: RFC 7296 does not say clearly how it is to be set
    /// outside of an SA.
    private func misdirected(_ header: Header) -> IKESA? {
        let sa = sas[header.isFromInitiator ? header.initiatorSPI : header.responderSPI]
        return sa.flatMap { $0.spiI == header.initiatorSPI && $0.spiR == header.responderSPI ? $0 : nil }
    }

    /// What proves that we have lost the IKE SA that a request is for; nothing as long as one of its SPIs is in use
    /// (RFC 6290 section 9.2).
    private func crashTokens(_ header: Header) -> [Notify] {
        guard sas[header.initiatorSPI] == nil, sas[header.responderSPI] == nil else { return [] }
        let token = crashDetection?.token(
            role: header.isFromInitiator ? .responder : .initiator,
            spiI: header.initiatorSPI,
            spiR: header.responderSPI
        )
        return token.map { [$0] } ?? []
    }

    /// The peer at this address may have lost its SAs: whether it has, it must say on the SAs themselves.
    private func askAfterSAs(with address: IPAddress, _ turn: Turn) {
        guard hints.take(turn.now) else { return }
        let suspected = sas.values.filter { $0.isEstablished && $0.remote.address == address }
        for sa in suspected.sorted(by: { $0.id < $1.id }).prefix(Self.mostAsked) {
            sa.suspect(turn)
            settle(sa, turn)
        }
    }

    // MARK: - ESP

    func receive(_ packet: StrayPacket, _ turn: Turn) {
        switch packet {
        case .unknownSPI(let spi, let local, let remote):
            let notify = Notify(.invalidSPI, data: spi.bytes)
            // Behind a NAT other peers have the same address and other ports.
            let candidates = sas.values.filter { sa in
                sa.isEstablished && sa.remote.address == remote.address
                    && (!sa.nat.usesEncapsulation || sa.remote.port == remote.port)
            }
            if let sa = candidates.max(by: { $0.id < $1.id }) {
                sa.report(notify, "the peer sends ESP with SPI \(spi), which no CHILD SA has", turn)
                settle(sa, turn)
            } else if strangers.mayAnswer(remote, turn.now) {
                sendUnprotected(notify, local: local, remote: remote, turn)
            }
        case .outsideSelectors(let id, let start):
            for sa in sas.values where sa.isEstablished {
                guard let childSA = sa.children.first(where: { $0.childSA.id == id })?.childSA else { continue }
                sa.report(
                    Notify(.invalidSelectors, data: start, protocolID: .esp, spi: childSA.inboundSPI.bytes),
                    "the peer sends packets that CHILD SA \(childSA.logName) is not for: \(childSA.logSelectors)",
                    turn
                )
                settle(sa, turn)
                return
            }
        }
    }

    /// Not part of any exchange, so it has no SPIs of meaning; those of the message are ours and zero
    /// (RFC 7296 section 1.5).
    private func sendUnprotected(_ notify: Notify, local: SocketAddress, remote: SocketAddress, _ turn: Turn) {
        let message = Message(
            header: Header(
                initiatorSPI: spis.ikeSPI(),
                responderSPI: .zero,
                exchangeType: .informational,
                flags: .initiator,
                messageID: 0
            ),
            payloads: [Payload(.notify(notify))]
        )
        guard let bytes = try? message.encoded() else { return }
        var (local, remote) = (local, remote)
        if remote.port == 0 { (local.port, remote.port) = (settings.ikePort, settings.ikePort) }
        turn.emit(.send(Datagram(local: local, remote: remote, bytes: bytes)))
    }
}

extension Message {
    /// Whether it says, without protection, that the sender knows no such SA.
    var claimsUnknownSA: Bool {
        let claims: [NotifyType] = [.invalidIKESPI, .invalidSPI, .quickCrashDetection]
        return !isProtected && payloads.notifies.contains { claims.contains($0.type) }
    }

    /// Whether its payloads are encrypted, or pretend to be.
    var isProtected: Bool { payloads.encrypted != nil || payloads.encryptedFragment != nil }
}

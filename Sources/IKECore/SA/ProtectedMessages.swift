import IKEWire
import Inet

// The protected messages of an IKE SA: opened as they come, whole or in fragments, and sealed as they go.

extension IKESA {
    // MARK: - In

    /// The payloads of a protected message; nil while fragments of it are missing, or when there is nothing to do.
    func open(
        _ bytes: [UInt8],
        _ message: Message,
        _ turn: Turn
    ) throws(NegotiationFailure) -> [Payload]? {
        switch (security, message.payloads.last?.body) {
        case (let security?, .encrypted(let encrypted)):
            return try security.protection.open(encrypted, of: bytes)
        case (let security?, .encryptedFragment(let fragment)) where security.allowsFragments:
            return try open(fragment, of: bytes, message.header, security, turn)
        default:
            log(.debug, "dropped a message without encrypted payload", turn)
            if message.claimsUnknownSA { hearOfLoss(message, turn) }
            return nil
        }
    }

    private func open(
        _ fragment: EncryptedFragment,
        of bytes: [UInt8],
        _ header: Header,
        _ security: IKESecurity,
        _ turn: Turn
    ) throws(NegotiationFailure) -> [Payload]? {
        let queue = header.isResponse ? responseFragments : requestFragments
        guard isExpected(header), queue.wants(fragment, of: header.messageID) else { return nil }
        let part = try security.protection.open(fragment, of: bytes)
        if !header.isResponse, case .answered(let datagrams) = window.verdict(onRequest: header.messageID) {
            // Only the first fragment of a repeated request calls for the answer again (RFC 7383 section 2.6.1).
            if fragment.number == 1 { reply(datagrams, again: true, turn) }
            return nil
        }
        let whole =
            header.isResponse
            ? responseFragments.add(fragment, part, octets: bytes.count, of: header.messageID)
            : requestFragments.add(fragment, part, octets: bytes.count, of: header.messageID)
        guard let whole else { return nil }
        if !header.isResponse && fragment.total > 1 { noteFragment(octets: whole.largest) }
        return try security.protection.decode(first: whole.first, whole.inner)
    }

    /// Whether a message has an ID that something is done about.
    private func isExpected(_ header: Header) -> Bool {
        header.isResponse
            ? window.awaits(header.messageID, header.exchangeType)
            : window.verdict(onRequest: header.messageID) != .outside
    }

    // MARK: - Out

    /// Sends a protected request and begins its retransmission.
    ///
    /// - Returns: false if it could not be built, which ends the SA.
    @discardableResult
    func request(_ exchangeType: ExchangeType, _ payloads: [Payload], _ turn: Turn) -> Bool {
        guard let security else { return false }
        do {
            let payloads = payloads + windowSize(turn)
            let header = header(exchangeType, messageID: window.nextRequestID, isResponse: false)
            let datagrams = try security.protection.seal(
                header,
                payloads,
                limit: messageLimit(security, turn)
            )
            window.open(
                exchangeType,
                datagrams: datagrams,
                payloads: payloads,
                policy: turn.settings.retransmission,
                now: turn.now
            )
            traceSent(header, payloads, datagrams, along: path, turn)
            count(.sent, exchangeType, isResponse: false, turn)
            send(datagrams, turn)
            return true
        } catch {
            close(error, turn)
            return false
        }
    }

    /// Sends the answer to a request, and keeps it for when the request comes again.
    func answer(_ header: Header, _ payloads: [Payload], _ turn: Turn) {
        guard let security else { return }
        do {
            let payloads = payloads + windowSize(turn)
            let header = self.header(header.exchangeType, messageID: header.messageID, isResponse: true)
            let datagrams = try security.protection.seal(
                header,
                payloads,
                limit: messageLimit(security, turn)
            )
            window.answered(header.messageID, with: datagrams)
            traceSent(header, payloads, datagrams, along: turn.arrival ?? path, turn)
            count(.sent, header.exchangeType, isResponse: true, turn)
            reply(datagrams, turn)
        } catch {
            close(error, turn)
        }
    }

    /// SET_WINDOW_SIZE in the first message of ours that an authenticated peer reads, on this SA as on each one that takes
    /// over from it (RFC 7296 section 2.3).
    private func windowSize(_ turn: Turn) -> [Payload] {
        let size = turn.settings.windowSize
        guard size > 1, !saidWindowSize, carriesWindowSize else { return [] }
        saidWindowSize = true
        window.widen(forTheirRequests: size)
        return [Payload(.notify(Notify(.setWindowSize, data: size.bigEndianBytes)))]
    }

    private var carriesWindowSize: Bool {
        switch state {
        case .authenticating, .established: true
        case .connecting, .halfOpen, .withdrawing, .contending, .deleting, .superseded, .closed: false
        }
    }

    /// Takes over what the peer says of how many requests it takes; anything but four octets and a number says nothing.
    func noteWindowSize(_ payloads: [Payload]) {
        guard let data = payloads.notify(.setWindowSize)?.data, data.count == 4 else { return }
        window.widen(forOurRequests: data.reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// - Parameter again: they have been sent before.
    func send(_ datagrams: [[UInt8]], again: Bool = false, _ turn: Turn) {
        send(datagrams, along: path, again: again, turn)
    }

    /// Sends an answer back to where the request came from, which need not be where the SA sends to (RFC 7296 section 2.11).
    func reply(_ datagrams: [[UInt8]], again: Bool = false, _ turn: Turn) {
        send(datagrams, along: turn.arrival ?? path, again: again, turn)
    }

    func send(_ datagrams: [[UInt8]], along path: Path, again: Bool = false, _ turn: Turn) {
        if path == self.path { lastSent = turn.now }
        if again { traceSentAgain(datagrams, along: path, turn) }
        for bytes in datagrams { turn.emit(.send(Datagram(local: path.local, remote: path.remote, bytes: bytes))) }
    }

    func header(_ exchangeType: ExchangeType, messageID: UInt32, isResponse: Bool) -> Header {
        var flags: Header.Flags = role == .initiator ? [.initiator] : []
        if isResponse { flags.insert(.response) }
        return Header(
            initiatorSPI: spiI,
            responderSPI: spiR,
            exchangeType: exchangeType,
            flags: flags,
            messageID: messageID
        )
    }
}

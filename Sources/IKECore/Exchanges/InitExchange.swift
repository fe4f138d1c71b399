import IKECrypto
import IKEWire
import Inet

// IKE_SA_INIT: agree on algorithms, exchange nonces and public values (RFC 7296 section 1.2).
//
//     initiator                                     responder
//     HDR, SAi1, KEi, Ni, [NAT detection]   -->
//                                           <--     HDR, N(COOKIE)               then again with the cookie first
//                                           <--     HDR, N(COOKIE), N(PUZZLE)    the same, and PS behind it (RFC 8019)
//                                           <--     HDR, N(INVALID_KE_PAYLOAD)   then again with the asked-for group
//                                           <--     HDR, SAr1, KEr, Nr, [NAT detection]
//
// Nothing here is authenticated yet. The responder keeps no state for a request that it answers with a notify.

/// The initiator's side.
struct InitInitiator {
    /// More answers than this that ask for another request are an attack or a defect.
    static let mostRetries = 4

    let connection: Connection
    let spiI: IKESPI
    let nonce: [UInt8]
    let offered: [Proposal]
    private(set) var requestBytes: [UInt8] = []
    private var keyExchange: KeyExchange
    private var cookie: [UInt8]?
    /// The puzzle that is being solved; nothing is sent meanwhile.
    private(set) var search: PuzzleSearch?
    private var solution: PuzzleSolution?
    private var retries = 0
    /// Why an answer was of no use, and how often the request had been sent by then. Nobody vouches for such an answer,
    /// so a better one may still come (RFC 7296 section 2.21.1).
    var unprotectedRefusal: (failure: NegotiationFailure, attempt: Int)?

    enum Answer {
        /// Send `request` again, with what the responder asked for.
        case retry(reason: String, LogRecord.Level = .debug)
        /// Call `continueSearch` until the puzzle is solved, then send `request` again.
        case solve(Puzzle)
        /// As if it had not come.
        case ignore(reason: String)
        case agreed(KeyAgreement, spiR: IKESPI, NATStatus)
    }

    init(connection: Connection, spiI: IKESPI, random: any RandomSource) throws(NegotiationFailure) {
        self.connection = connection
        self.spiI = spiI
        nonce = random.bytes(nonceLength)
        offered = Proposal.numbered(connection.proposals, spi: [])
        guard let method = offered.first?.transforms(of: .keyExchange).first else {
            throw NegotiationFailure(.unsupported, "connection \(connection.name) has no key exchange in its proposals")
        }
        keyExchange = try makeKeyExchange(KeyExchangeMethod(rawValue: method.id), random)
    }

    mutating func request(
        local: SocketAddress,
        remote: SocketAddress,
        random: any RandomSource
    ) throws(NegotiationFailure) -> [UInt8] {
        var payloads: [Payload] = []
        if let cookie { payloads.append(Payload(.notify(Notify(.cookie, data: cookie)))) }
        if let solution { payloads.append(Payload(.puzzleSolution(solution))) }
        payloads.append(Payload(.securityAssociation(offered)))
        payloads.append(
            Payload(.keyExchange(KeyExchangePayload(method: keyExchange.method, data: keyExchange.publicValue)))
        )
        payloads.append(Payload(.nonce(nonce)))
        payloads += NATDetection.notifies(
            spiI: spiI,
            spiR: .zero,
            local: local,
            remote: remote,
            forcing: connection.forcesEncapsulation,
            random: random
        )
        if connection.acceptsFragments { payloads.append(Payload(.notify(Notify(.ikev2FragmentationSupported)))) }
        if connection.usesSignatures { payloads.append(SignatureNegotiation.announcement) }
        requestBytes = try encode(
            Header(initiatorSPI: spiI, responderSPI: .zero, exchangeType: .ikeSAInit, flags: .initiator, messageID: 0),
            payloads
        )
        return requestBytes
    }

    mutating func process(
        _ response: Message,
        bytes: [UInt8],
        local: SocketAddress,
        remote: SocketAddress,
        random: any RandomSource,
        now: Instant
    ) throws(NegotiationFailure) -> Answer {
        let payloads = response.payloads
        if let notify = payloads.notify(.cookie), payloads.securityAssociation == nil {
            guard (1...64).contains(notify.data.count) else {
                throw PayloadRule.initResponse.malformed("has a cookie of \(notify.data.count) octets, not 1 to 64")
            }
            cookie = notify.data
            return try meet(payloads.notify(.puzzle).flatMap { Puzzle($0) }, over: notify.data, now)
        }
        if payloads.notify(.puzzle) != nil, payloads.securityAssociation == nil {
            // RFC 8019 section 7.1.2.
            return .ignore(reason: "it has a puzzle without the cookie that belongs to it")
        }
        if let notify = payloads.notify(.invalidKEPayload) {
            return try retrying(withMethodOf: notify, random)
        }
        if let error = payloads.notifies.first(where: { $0.type.isError }) {
            throw refusal(error, offered: offered)
        }
        try PayloadRule.initResponse.check(payloads)
        return try agree(response, bytes: bytes, local: local, remote: remote)
    }

    /// Does what comes with a cookie. A puzzle that is too hard, or of a kind that we did not offer, is left unsolved: then
    /// the cookie alone is our ticket in the responder's lottery (RFC 8019 section 7.1.2).
    private mutating func meet(
        _ puzzle: Puzzle?,
        over cookie: [UInt8],
        _ now: Instant
    ) throws(NegotiationFailure) -> Answer {
        search = nil
        solution = nil
        guard let puzzle else { return try retrying("the peer asks for a cookie") }
        guard offered.contains(where: { $0.transforms(of: .prf).contains { $0.id == puzzle.prf.rawValue } }) else {
            return try retrying("the peer asks for a puzzle with \(puzzle.prf), which is not offered", .warning)
        }
        guard puzzle.difficulty <= PuzzleSearch.mostDifficulty else {
            let limit = PuzzleSearch.mostDifficulty
            return try retrying("the peer asks for a puzzle of \(puzzle.difficulty) bits, more than \(limit)", .warning)
        }
        _ = try retrying("the peer asks for a puzzle")
        do {
            search = try PuzzleSearch(puzzle, over: cookie, now: now)
            return .solve(puzzle)
        } catch {
            throw NegotiationFailure(.cryptography, "the puzzle of the peer cannot be computed: \(error)")
        }
    }

    /// Goes on with the puzzle; true once it is solved and the request is to be sent again.
    mutating func continueSearch(tries: inout Int, now: Instant) throws(NegotiationFailure) -> Bool {
        do {
            solution = try search?.advance(tries: &tries, now: now)
        } catch {
            throw NegotiationFailure(.cryptography, "the puzzle of the peer cannot be computed: \(error)")
        }
        guard solution != nil else { return false }
        search = nil
        return true
    }

    private mutating func retrying(
        _ reason: String,
        _ level: LogRecord.Level = .debug
    ) throws(NegotiationFailure) -> Answer {
        retries += 1
        guard retries <= Self.mostRetries else {
            throw NegotiationFailure(.invalidMessage, "the peer keeps asking for another IKE_SA_INIT: \(reason)")
        }
        return .retry(reason: reason, level)
    }

    private mutating func retrying(
        withMethodOf notify: Notify,
        _ random: any RandomSource
    ) throws(NegotiationFailure) -> Answer {
        let method = try requestedMethod(notify, offered: offered, current: keyExchange.method)
        keyExchange = try makeKeyExchange(method, random)
        return try retrying("the peer asks for the key exchange \(method)")
    }

    private func agree(
        _ response: Message,
        bytes: [UInt8],
        local: SocketAddress,
        remote: SocketAddress
    ) throws(NegotiationFailure) -> Answer {
        let payloads = response.payloads
        let answer = payloads.securityAssociation ?? []
        guard let nonceR = payloads.nonce, let peerValue = payloads.keyExchange,
            response.header.responderSPI != .zero
        else { throw PayloadRule.initResponse.malformed("lacks a nonce, a public value or an SPI") }
        guard let proposal = answer.first, ProposalSelection.isAcceptable(answer, offered: offered) else {
            throw NegotiationFailure(
                .noProposalChosen,
                "the peer answered with \(ProposalSelection.list(answer)), which is not what we offered: "
                    + ProposalSelection.list(offered)
            )
        }
        guard peerValue.method == keyExchange.method,
            proposal.transforms(of: .keyExchange).first?.id == keyExchange.method.rawValue
        else {
            throw NegotiationFailure(
                .invalidKeyExchange,
                "the peer's public value is for \(peerValue.method), ours is for \(keyExchange.method)"
            )
        }
        let agreement = try KeyAgreement.derive(
            proposal: proposal,
            role: .initiator,
            spiI: spiI,
            spiR: response.header.responderSPI,
            nonceI: nonce,
            nonceR: nonceR,
            sharedSecret: try sharedSecret(keyExchange, peerValue),
            requestBytes: requestBytes,
            responseBytes: bytes,
            peerAllowsChildless: payloads.notify(.childlessIKEv2Supported) != nil,
            allowsFragments: connection.acceptsFragments && payloads.notify(.ikev2FragmentationSupported) != nil,
            announced: PeerAnnouncements(payloads)
        )
        let nat = NATDetection.evaluate(
            payloads,
            spiI: spiI,
            spiR: response.header.responderSPI,
            local: local,
            remote: remote,
            forcing: connection.forcesEncapsulation
        )
        return .agreed(agreement, spiR: response.header.responderSPI, nat)
    }
}

/// The responder's side: a function of the request, so that nothing is kept for those that are refused.
struct InitResponder {
    let spiR: IKESPI
    let local: SocketAddress
    let remote: SocketAddress
    /// The connections that admit this peer's address, in order of preference.
    let candidates: [Connection]
    let trust: TrustStore
    /// Whether peers may say where their certificates are.
    let fetchesCertificates: Bool
    let random: any RandomSource

    struct Answer {
        let bytes: [UInt8]
        let agreement: KeyAgreement
        let nat: NATStatus
    }

    func answer(_ request: Message, bytes: [UInt8]) throws(NegotiationFailure) -> Answer {
        let payloads = request.payloads
        let spiI = request.header.initiatorSPI
        try PayloadRule.initRequest.check(payloads)
        guard let nonceI = payloads.nonce else { throw PayloadRule.initRequest.malformed("lacks its nonce") }
        let proposal = try choose(payloads.securityAssociation ?? [])
        let method = KeyExchangeMethod(rawValue: proposal.transforms(of: .keyExchange).first?.id ?? 0)
        let (own, secret) = try KeyExchangeResponder.answer(payloads.keyExchange, agreed: method, random: random)
        guard let secret else { throw PayloadRule.initRequest.malformed("has no key exchange") }
        let nonceR = random.bytes(nonceLength)
        let forcing = candidates.contains { $0.forcesEncapsulation }
        let allowsFragments =
            payloads.notify(.ikev2FragmentationSupported) != nil && candidates.contains { $0.acceptsFragments }
        let response = try encode(
            Header(
                initiatorSPI: spiI,
                responderSPI: spiR,
                exchangeType: .ikeSAInit,
                flags: .response,
                messageID: request.header.messageID
            ),
            [Payload(.securityAssociation([proposal]))] + own + [Payload(.nonce(nonceR))]
                + NATDetection.notifies(
                    spiI: spiI,
                    spiR: spiR,
                    local: local,
                    remote: remote,
                    forcing: forcing,
                    random: random
                )
                + [Payload(.notify(Notify(.childlessIKEv2Supported)))]
                + (allowsFragments ? [Payload(.notify(Notify(.ikev2FragmentationSupported)))] : [])
                + (candidates.contains(where: \.usesSignatures) ? [SignatureNegotiation.announcement] : [])
                + announcements()
        )
        let agreement = try KeyAgreement.derive(
            proposal: proposal,
            role: .responder,
            spiI: spiI,
            spiR: spiR,
            nonceI: nonceI,
            nonceR: nonceR,
            sharedSecret: secret,
            requestBytes: bytes,
            responseBytes: response,
            peerAllowsChildless: true,
            allowsFragments: allowsFragments,
            announced: PeerAnnouncements(payloads)
        )
        let nat = NATDetection.evaluate(
            payloads,
            spiI: spiI,
            spiR: .zero,
            local: local,
            remote: remote,
            forcing: forcing
        )
        return Answer(bytes: response, agreement: agreement, nat: nat)
    }

    /// What the peer may prove itself by. Requests for certificates of many authorities leave no room for more.
    private func announcements() -> [Payload] {
        var payloads = SignatureNegotiation.certificateRequests(
            candidates,
            trust: trust,
            fetchesCertificates: fetchesCertificates
        )
        let authorities = payloads.certificateRequests.flatMap(\.authorityKeyHashes).count
        if candidates.contains(where: \.usesSignatures), authorities <= Self.mostAuthoritiesBesideMethods {
            payloads.append(SignatureNegotiation.methods(candidates))
        }
        if candidates.contains(where: \.hasSeveralRounds) {
            payloads.append(Payload(.notify(Notify(.multipleAuthSupported))))
        }
        return payloads
    }

    /// The answer is to fit into 1280 octets, the smallest path that IPv6 has.
    private static let mostAuthoritiesBesideMethods = 8

    private func choose(_ offered: [Proposal]) throws(NegotiationFailure) -> Proposal {
        guard !candidates.isEmpty else {
            throw NegotiationFailure(
                .noMatchingConnection,
                "no connection admits a peer at \(remote.address) that asks for \(local.address); "
                    + "check local_addrs and remote_addrs",
                notify: Notify(.noProposalChosen)
            )
        }
        for candidate in candidates {
            if let proposal = ProposalSelection.select(offered: offered, configured: candidate.proposals) {
                return proposal
            }
        }
        let configured = candidates.flatMap(\.proposals)
        throw NegotiationFailure(
            .noProposalChosen,
            "no IKE proposal in common (NO_PROPOSAL_CHOSEN): \(ProposalSelection.explainMismatch(offered: offered, configured: configured))",
            notify: Notify(.noProposalChosen),
            offered: offered
        )
    }
}

/// The octets of an unprotected message.
private func encode(_ header: Header, _ payloads: [Payload]) throws(NegotiationFailure) -> [UInt8] {
    do {
        return try Message(header: header, payloads: payloads).encoded()
    } catch {
        throw NegotiationFailure(.cryptography, "a message to the peer could not be built: \(error)")
    }
}

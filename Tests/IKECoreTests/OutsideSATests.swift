import IKECore
import IKEWire
import Inet
import Support
import Testing

/// What arrives outside of every SA, and what errors end (RFC 7296 sections 1.5 and 2.21).
@Suite struct OutsideSATests {
    private func established(_ engineInitiates: Bool) throws -> ScriptedPeer {
        let peer = try ScriptedPeer()
        if engineInitiates { try peer.letEngineEstablish() } else { try peer.establish() }
        return peer
    }

    /// A message without protection that says that the sender knows no such SA.
    private func claim(_ type: NotifyType, about sa: ScriptedSA, isResponse: Bool = true) throws -> [UInt8] {
        let header = sa.header(.informational, messageID: 0, isResponse: isResponse)
        return try Message(header: header, payloads: [Payload(.notify(Notify(type)))]).encoded()
    }

    /// A protected request on an SA that the engine does not have.
    private func strangersRequest(_ peer: ScriptedPeer, isFromInitiator: Bool = true) throws -> [UInt8] {
        let sa = try peer.sa
        let header = Header(
            initiatorSPI: IKESPI(rawValue: ~sa.spiI.rawValue),
            responderSPI: IKESPI(rawValue: ~sa.spiR.rawValue),
            exchangeType: .informational,
            flags: isFromInitiator ? .initiator : [],
            messageID: 7
        )
        return try sa.seal(Message(header: header, payloads: [Payload(.delete(.ike))]))
    }

    // MARK: - Requests on unknown IKE SAs

    @Test(arguments: [true, false]) func aRequestOnAnUnknownIKESAIsToldSo(_ isFromInitiator: Bool) throws {
        let peer = try established(true)
        let bytes = try strangersRequest(peer, isFromInitiator: isFromInitiator)
        peer.deliver(bytes)
        let answer = try peer.nextResponse()
        let asked = try Message(parsing: bytes).header
        #expect(answer.sa == nil)
        #expect(answer.payloads == [Payload(.notify(Notify(.invalidIKESPI)))])
        #expect(answer.header.initiatorSPI == asked.initiatorSPI && answer.header.responderSPI == asked.responderSPI)
        #expect(answer.header.messageID == 7 && answer.header.exchangeType == .informational)
        #expect(answer.header.isFromInitiator != isFromInitiator)
    }

    @Test func aResponseOrANotifyOfThisKindIsNeverAnswered() throws {
        let peer = try established(true)
        for type in [NotifyType.invalidIKESPI, .invalidSPI] {
            for isResponse in [true, false] {
                let header = Header(
                    initiatorSPI: IKESPI(rawValue: 5),
                    responderSPI: IKESPI(rawValue: 6),
                    exchangeType: .informational,
                    flags: isResponse ? .response : .initiator,
                    messageID: 0
                )
                peer.here.address = try #require(IPAddress("203.0.113.9"))
                peer.deliver(try Message(header: header, payloads: [Payload(.notify(Notify(type)))]).encoded())
            }
        }
        #expect(peer.isQuiet)
    }

    @Test func answersToStrangersHaveALimit() throws {
        let peer = try established(true)
        let bytes = try strangersRequest(peer)
        for _ in 0..<1000 { peer.deliver(bytes) }
        #expect(try peer.remaining().count == 32)
        peer.pass(.seconds(1))
        peer.deliver(bytes)
        #expect(try peer.remaining().count == 1)
    }

    // MARK: - Hints

    @Test(arguments: [true, false], [NotifyType.invalidIKESPI, .invalidSPI])
    func anUnprotectedHintStartsALivenessCheckAndNothingElse(_ engineInitiates: Bool, _ type: NotifyType) throws {
        let peer = try established(engineInitiates)
        peer.deliver(try claim(type, about: try peer.sa))
        let probe = try peer.nextRequest(.informational)
        #expect(probe.payloads.isEmpty && probe.sa != nil)
        #expect(peer.isUp && peer.inbound.count == 1)
        try peer.answer(probe, [])
        #expect(peer.isUp)
    }

    @Test func aHintWithoutSPIsIsTakenFromTheAddressOfThePeerOnly() throws {
        let peer = try established(true)
        let header = Header(
            initiatorSPI: .zero,
            responderSPI: .zero,
            exchangeType: .informational,
            flags: .initiator,
            messageID: 0
        )
        let hint = Message(header: header, payloads: [Payload(.notify(Notify(.invalidSPI, data: [1, 2, 3, 4])))])
        let home = peer.here
        peer.here.address = try #require(IPAddress("203.0.113.9"))
        peer.deliver(try hint.encoded())
        #expect(peer.isQuiet)
        peer.here = home
        peer.deliver(try hint.encoded())
        #expect(try peer.nextRequest(.informational).payloads.isEmpty)
    }

    @Test func hintsDoNotMakeTheEngineAskAgainAndAgain() throws {
        let peer = try established(true)
        for _ in 0..<100 {
            peer.deliver(try claim(.invalidIKESPI, about: try peer.sa))
            while !peer.isQuiet { try peer.answer(try peer.nextRequest(.informational), []) }
            peer.pass(.milliseconds(100))
        }
        let id = peer.command(.terminate([.ikeSA(id: try peer.summary.id)]))
        #expect(try peer.nextRequest(.informational).header.messageID == 3)
        #expect(peer.failure(of: id) == nil)
    }

    // MARK: - ESP

    private func stray(_ peer: ScriptedPeer, port: UInt16 = 4500) -> Input {
        .strayPacket(
            .unknownSPI(
                ESPSPI(rawValue: 0xdead_beef),
                local: SocketAddress(address: peer.there.address, port: port),
                remote: SocketAddress(address: peer.here.address, port: port)
            )
        )
    }

    @Test(arguments: [true, false]) func anUnknownSPIIsReportedOnTheIKESA(_ engineInitiates: Bool) throws {
        let peer = try established(engineInitiates)
        for _ in 0..<5 { peer.feed(stray(peer)) }
        let report = try peer.nextRequest(.informational)
        #expect(report.sa != nil)
        #expect(report.payloads == [Payload(.notify(Notify(.invalidSPI, data: [0xde, 0xad, 0xbe, 0xef])))])
        try peer.answer(report, [])
        #expect(peer.isQuiet && peer.isUp && peer.inbound.count == 1)
    }

    @Test(arguments: [(UInt16(4500), UInt16(4500)), (0, 500)])
    func withoutAnIKESAAnUnknownSPIIsReportedUnprotected(_ port: UInt16, _ expected: UInt16) throws {
        let peer = try ScriptedPeer()
        for _ in 0..<1000 { peer.feed(stray(peer, port: port)) }
        let report = try peer.nextRequest(.informational)
        #expect(report.sa == nil && report.header.messageID == 0 && report.header.isFromInitiator)
        #expect(report.payloads == [Payload(.notify(Notify(.invalidSPI, data: [0xde, 0xad, 0xbe, 0xef])))])
        #expect(peer.here.port == expected && peer.there.port == expected)
        #expect(try peer.remaining().count == 31)
    }

    @Test(arguments: [true, false]) func aPacketOutsideTheSelectorsIsReported(_ engineInitiates: Bool) throws {
        let peer = try established(engineInitiates)
        let child = try #require(peer.inbound.first)
        for _ in 0..<5 {
            peer.feed(.strayPacket(.outsideSelectors(childSA: child.id, start: [0x45, 0, 0, 20])))
        }
        let report = try peer.nextRequest(.informational)
        let notify = Notify(
            .invalidSelectors,
            data: [0x45, 0, 0, 20],
            protocolID: .esp,
            spi: child.inboundSPI.bytes
        )
        #expect(report.payloads == [Payload(.notify(notify))])
        try peer.answer(report, [])
        #expect(peer.isQuiet && peer.isUp && peer.inbound.count == 1)
    }

    @Test func whatThePeerReportsChangesNothing() throws {
        let peer = try established(true)
        let child = try #require(peer.outbound.first)
        let notify = Notify(.invalidSelectors, data: [0x45], protocolID: .esp, spi: child.outboundSPI.bytes)
        #expect(try peer.exchange(.informational, [Payload(.notify(notify))]).payloads.isEmpty)
        #expect(peer.isUp && peer.outbound.count == 1)
        #expect(peer.logs.contains { $0.message.contains("INVALID_SELECTORS") && $0.level == .warning })
    }

    // MARK: - Errors on an SA that stands

    @Test(arguments: [true, false], [ExchangeType.ikeAuth, ExchangeType(rawValue: 77)])
    func aRequestThatHasNoPlaceIsAnsweredAndEndsTheSA(_ engineInitiates: Bool, _ type: ExchangeType) throws {
        let peer = try established(engineInitiates)
        let response = try peer.exchange(type, [])
        #expect(response.payloads == [Payload(.notify(Notify(.invalidSyntax)))] && response.sa != nil)
        #expect(peer.engine.summaries(now: peer.now).isEmpty && peer.inbound.isEmpty)
    }

    @Test func aMalformedRequestEndsTheSAWithItsAnswer() throws {
        let peer = try established(false)
        let response = try peer.exchange(.createChildSA, [Payload(.nonce([UInt8](repeating: 1, count: 32)))])
        #expect(response.payloads == [Payload(.notify(Notify(.invalidSyntax)))])
        #expect(peer.engine.summaries(now: peer.now).isEmpty && peer.inbound.isEmpty)
        peer.pass(.seconds(60))
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func aPeerThatCannotReadARequestEndsTheSA() throws {
        let peer = try established(true)
        let id = peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        try peer.answer(try peer.nextRequest(.createChildSA), [Payload(.notify(Notify(.invalidSyntax)))])
        #expect(peer.failure(of: id)?.message.contains("INVALID_SYNTAX") ?? false)
        #expect(peer.engine.summaries(now: peer.now).isEmpty && peer.inbound.isEmpty && peer.isQuiet)
        peer.pass(.seconds(60))
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func aPeerThatCouldNotReadAResponseEndsTheSA() throws {
        let peer = try established(true)
        #expect(try peer.exchange(.informational, [Payload(.notify(Notify(.invalidSyntax)))]).payloads.isEmpty)
        #expect(peer.engine.summaries(now: peer.now).isEmpty && peer.inbound.isEmpty)
    }

    // MARK: - Refusals without protection

    @Test func aForgedRefusalOfIKESAINITDoesNotKeepTheGenuineAnswerAway() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        let request = try peer.nextRequest(.ikeSAInit)
        try peer.refuseInit(request, Notify(.noProposalChosen))
        #expect(peer.failure(of: id) == nil && peer.isQuiet)
        try peer.answerInit(request)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp && peer.succeeded(id))
    }

    @Test func aRefusalOfIKESAINITCountsWhenNothingBetterComes() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        let request = try peer.nextRequest(.ikeSAInit)
        try peer.refuseInit(request, Notify(.noProposalChosen))
        peer.pass(.seconds(5))
        let again = try peer.nextRequest(.ikeSAInit)
        #expect(again.bytes == request.bytes && peer.failure(of: id) == nil)
        try peer.refuseInit(again, Notify(.invalidSyntax))
        peer.pass(.seconds(10))
        #expect(peer.failure(of: id)?.reason == .noProposalChosen)
        #expect(peer.isQuiet)
        peer.pass(.seconds(60))
        #expect(peer.engine.load == (0, 0, 0, 0))
    }
}

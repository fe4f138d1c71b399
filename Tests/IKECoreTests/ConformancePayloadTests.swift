import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Payloads and notifies that the engine does not know, and payloads in another order (RFC 7296 sections 2.5 and 3.10.1).
@Suite struct ConformancePayloadTests {
    /// A type that is not assigned.
    private static let unknownType = PayloadType(rawValue: 200)
    private let harmless = Payload(.unknown(unknownType, [1, 2, 3]))
    private let critical = Payload(.unknown(unknownType, [1, 2, 3]), critical: true)
    private static let unknownError = Notify(NotifyType(rawValue: 8191), data: [1, 2, 3])
    private static let unknownStatus = Notify(NotifyType(rawValue: 40_959), data: [1, 2, 3])

    private func isRefusal(_ response: ScriptedPeer.Received) -> Bool {
        response.payloads.notify(.unsupportedCriticalPayload)?.data == [200]
    }

    // MARK: - Answers to the engine

    @Test func anUnknownPayloadInAnAnswerIsPassedOver() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { $0.payloads.insert(harmless, at: 0) }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.payloads.insert(harmless, at: 2) }
        #expect(peer.isUp)
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        try peer.answerChild(try peer.nextRequest(.createChildSA)) { $0.payloads.append(harmless) }
        #expect(peer.inbound.count == 2)
    }

    @Test func aCriticalUnknownPayloadInTheInitAnswerIsNotAccepted() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { $0.payloads.append(critical) }
        peer.pass(.seconds(300))
        #expect(try peer.remaining().allSatisfy { $0.header.exchangeType == .ikeSAInit })
        #expect(!peer.isUp)
        #expect(peer.failure(of: id) != nil)
    }

    @Test func aCriticalUnknownPayloadInTheAuthAnswerIsNotAccepted() throws {
        let peer = try ScriptedPeer()
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.payloads.append(critical) }
        #expect(!peer.isUp)
        #expect(peer.inbound.isEmpty)
        #expect(peer.failure(of: id)?.reason == .unsupported)
    }

    // MARK: - Requests of the peer

    @Test func anUnknownPayloadInARequestIsPassedOver() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { $0.payloads.insert(harmless, at: 0) }
        try peer.concludeInit(offer, try peer.nextResponse())
        let child = try peer.requestAuth { $0.payloads.insert(harmless, at: 1) }
        try peer.concludeAuth(child, try peer.nextResponse())
        let another = peer.childOffer()
        try peer.concludeChild(another, try peer.exchange(.createChildSA, [harmless] + another.payloads))
        #expect(try peer.exchange(.informational, [harmless]).payloads.isEmpty)
        #expect(peer.isUp)
    }

    @Test func aCriticalUnknownPayloadInTheInitRequestIsRefusedByItsType() throws {
        let peer = try ScriptedPeer()
        try peer.requestInit { $0.payloads.append(critical) }
        let response = try peer.nextResponse()
        #expect(isRefusal(response))
        #expect(response.payloads.count == 1 && response.header.responderSPI == .zero)
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func aCriticalUnknownPayloadInTheAuthRequestIsRefusedByItsType() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        try peer.requestAuth { $0.payloads.append(critical) }
        let response = try peer.nextResponse()
        #expect(isRefusal(response) && response.sa != nil)
        #expect(response.payloads.count == 1)
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }

    @Test func aCriticalUnknownPayloadInALaterRequestIsRefusedAndTheSAStands() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let offer = peer.childOffer()
        #expect(isRefusal(try peer.exchange(.createChildSA, offer.payloads + [critical])))
        #expect(isRefusal(try peer.exchange(.informational, [Payload(.delete(.ike)), critical])))
        #expect(peer.isUp)
        #expect(peer.inbound.count == 1)
    }

    @Test func aKnownPayloadMayCarryTheCriticalBit() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { message in
            for index in message.payloads.indices { message.payloads[index].isCritical = true }
        }
        try peer.concludeInit(offer, try peer.nextResponse())
        let child = try peer.requestAuth { message in
            for index in message.payloads.indices { message.payloads[index].isCritical = true }
        }
        try peer.concludeAuth(child, try peer.nextResponse())
        #expect(peer.isUp)
    }

    // MARK: - Order

    @Test func thePayloadsOfARequestMayStandInAnyOrder() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { $0.payloads.reverse() }
        try peer.concludeInit(offer, try peer.nextResponse())
        let child = try peer.requestAuth { $0.payloads.reverse() }
        let made = try #require(try peer.concludeAuth(child, try peer.nextResponse()))
        #expect(made.isTwin(of: try #require(peer.outbound.first)))
        let another = peer.childOffer()
        let response = try peer.exchange(.createChildSA, another.payloads.reversed())
        #expect(try peer.concludeChild(another, response).isTwin(of: try #require(peer.outbound.last)))
    }

    @Test func thePayloadsOfAnAnswerMayStandInAnyOrder() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { $0.payloads.reverse() }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.payloads.reverse() }
        #expect(peer.isUp)
    }

    // MARK: - Notifies

    @Test func unknownNotifiesInRequestsAreIgnored() throws {
        let peer = try ScriptedPeer()
        let notifies = [Payload(.notify(Self.unknownError)), Payload(.notify(Self.unknownStatus))]
        let offer = try peer.requestInit { $0.payloads += notifies }
        try peer.concludeInit(offer, try peer.nextResponse())
        let child = try peer.requestAuth { $0.payloads += notifies }
        try peer.concludeAuth(child, try peer.nextResponse())
        let another = peer.childOffer()
        try peer.concludeChild(another, try peer.exchange(.createChildSA, another.payloads + notifies))
        #expect(try peer.exchange(.informational, notifies).payloads.isEmpty)
        #expect(peer.isUp)
    }

    @Test func unknownStatusNotifiesInAnswersAreIgnored() throws {
        let peer = try ScriptedPeer()
        let status = Payload(.notify(Self.unknownStatus))
        let id = peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { $0.payloads.append(status) }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.payloads.append(status) }
        #expect(peer.succeeded(id) && peer.isUp)
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        try peer.answerChild(try peer.nextRequest(.createChildSA)) { $0.payloads.append(status) }
        #expect(peer.inbound.count == 2)
    }

    @Test func anUnknownErrorNotifyInAnAnswerFailsTheRequest() throws {
        let error = Payload(.notify(Self.unknownError))
        let first = try ScriptedPeer()
        let initiation = first.initiate()
        try first.answerInit(try first.nextRequest(.ikeSAInit))
        try first.answer(try first.nextRequest(.ikeAuth), [error])
        #expect(first.failure(of: initiation)?.reason == .refusedByPeer)
        #expect(first.inbound.isEmpty && !first.isUp)

        let second = try ScriptedPeer()
        try second.letEngineEstablish()
        let old = try #require(second.outbound.first)
        let rekeying = second.command(.rekey([.childSA(id: old.id)]))
        try second.answer(try second.nextRequest(.createChildSA), [error])
        #expect(second.failure(of: rekeying)?.reason == .refusedByPeer)
        #expect(second.isUp && second.outbound.map(\.id) == [old.id])
    }

    // MARK: - Malformed messages

    @Test func anAuthenticButMalformedRequestIsAnsweredWithInvalidSyntax() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        let sa = try peer.sa
        let header = sa.header(.ikeAuth, messageID: 1, isResponse: false)
        // An identification payload that claims to be longer than what follows.
        peer.deliver(try sa.seal([0, 0, 0, 60, 2, 0, 0, 0], first: .identificationInitiator, header: header))
        let response = try peer.nextResponse()
        #expect(response.payloads.notifies.map(\.type) == [.invalidSyntax])
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }

    @Test func anEstablishedSAEndsWithAMalformedRequest() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let sa = try peer.sa
        let header = sa.header(.informational, messageID: 2, isResponse: false)
        peer.deliver(try sa.seal([0, 0, 0, 3], first: .notify, header: header))
        #expect(try peer.nextResponse().payloads.notifies.map(\.type) == [.invalidSyntax])
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
        #expect(peer.inbound.isEmpty)
    }

    @Test func anAuthRequestWithoutIdentityIsAnsweredWithInvalidSyntax() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        try peer.requestAuth { $0.payloads.removeAll { $0.type == .identificationInitiator } }
        #expect(try peer.nextResponse().payloads.notifies.map(\.type) == [.invalidSyntax])
        #expect(peer.engine.summaries(now: peer.now).isEmpty)
    }
}

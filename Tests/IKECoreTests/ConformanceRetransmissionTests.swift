import IKECore
import IKEWire
import Inet
import Support
import Testing

/// A request is repeated octet by octet until its answer comes; a repeated request gets the very same answer
/// (RFC 7296 sections 2.1 to 2.4).
@Suite struct ConformanceRetransmissionTests {
    /// Longer than the longest wait between two retransmissions.
    private let patience: Duration = .seconds(100)

    private func expectRepetition(
        of first: ScriptedPeer.Received,
        by peer: ScriptedPeer,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for wait in [Duration.seconds(4), .seconds(7.2), .seconds(12.96)] {
            peer.pass(wait - .milliseconds(10))
            #expect(peer.isQuiet, sourceLocation: sourceLocation)
            peer.pass(.milliseconds(10))
            #expect(try peer.next().bytes == first.bytes, sourceLocation: sourceLocation)
            #expect(peer.isQuiet, sourceLocation: sourceLocation)
        }
    }

    // MARK: - The engine asks

    @Test func theInitRequestIsRepeatedWithBackOff() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try expectRepetition(of: try peer.nextRequest(.ikeSAInit), by: peer)
    }

    @Test func theInitRequestIsNotRepeatedOnceAnswered() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        peer.pass(patience)
        #expect(peer.isQuiet)
    }

    @Test func theAuthRequestIsRepeatedWithBackOff() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try expectRepetition(of: try peer.nextRequest(.ikeAuth), by: peer)
    }

    @Test func theAuthRequestIsNotRepeatedOnceAnswered() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let request = try peer.nextRequest(.ikeAuth)
        peer.pass(.seconds(4))
        #expect(try peer.next().bytes == request.bytes)
        try peer.answerAuth(request)
        peer.pass(patience)
        #expect(peer.isQuiet)
        #expect(peer.isUp)
    }

    @Test func aCreateChildRequestIsRepeatedWithBackOff() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        try expectRepetition(of: try peer.nextRequest(.createChildSA), by: peer)
    }

    @Test func aCreateChildRequestIsNotRepeatedOnceAnswered() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        try peer.answerChild(try peer.nextRequest(.createChildSA))
        let delete = try peer.nextRequest(.informational)
        try peer.answer(delete, [])
        peer.pass(patience)
        #expect(peer.isQuiet)
    }

    @Test func anInformationalRequestIsRepeatedWithBackOff() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        peer.command(.terminate([.childSA(id: try #require(peer.outbound.first).id)]))
        try expectRepetition(of: try peer.nextRequest(.informational), by: peer)
    }

    @Test func anInformationalRequestIsNotRepeatedOnceAnswered() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        peer.command(.terminate([.childSA(id: try #require(peer.outbound.first).id)]))
        try peer.answer(try peer.nextRequest(.informational), [])
        peer.pass(patience)
        #expect(peer.isQuiet)
        #expect(peer.isUp)
    }

    @Test func anAnswerToAnotherRequestDoesNotStopTheRepetition() throws {
        let peer = try ScriptedPeer()
        try peer.letEngineEstablish()
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        let request = try peer.nextRequest(.createChildSA)
        try peer.answer(request, []) { $0.header.messageID += 1 }
        try peer.answer(request, []) { $0.header.exchangeType = .informational }
        peer.pass(.seconds(4))
        #expect(try peer.next().bytes == request.bytes)
    }

    // MARK: - The peer asks

    @Test func aRepeatedInitRequestGetsTheSameAnswer() throws {
        let peer = try ScriptedPeer()
        try peer.requestInit()
        let first = try peer.nextResponse()
        peer.deliver(peer.initRequestBytes)
        #expect(try peer.nextResponse().bytes == first.bytes)
        #expect(peer.engine.load.ikeSAs == 1)
    }

    @Test func aRepeatedAuthRequestGetsTheSameAnswer() throws {
        let peer = try ScriptedPeer()
        try peer.agreeInit()
        try peer.requestAuth()
        let first = try peer.nextResponse()
        peer.deliver(peer.lastRequestBytes)
        #expect(try peer.nextResponse().bytes == first.bytes)
        #expect(peer.inbound.count == 1)
    }

    @Test func aRepeatedCreateChildRequestGetsTheSameAnswerAndMakesNothingNew() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.establish())
        let bytes = try peer.request(.createChildSA, peer.childOffer(rekeying: child.inboundSPI).payloads)
        let first = try peer.nextResponse()
        #expect(peer.inbound.count == 2)
        peer.deliver(bytes)
        #expect(try peer.nextResponse().bytes == first.bytes)
        #expect(peer.inbound.count == 2)
    }

    @Test func aRepeatedInformationalRequestGetsTheSameAnswer() throws {
        let peer = try ScriptedPeer()
        let child = try #require(try peer.establish())
        let bytes = try peer.request(.informational, [Payload(.delete(.esp([child.inboundSPI])))])
        let first = try peer.nextResponse()
        peer.deliver(bytes)
        #expect(try peer.nextResponse().bytes == first.bytes)
        #expect(peer.isUp)
    }

    @Test func requestsOutsideOfTheWindowAreNotAnswered() throws {
        let peer = try ScriptedPeer()
        try peer.establish()
        let sa = try peer.sa
        for messageID in [UInt32(0), 3, 1000, .max] {
            try peer.request(.informational, [Payload(.delete(.ike))]) { $0.header.messageID = messageID }
            #expect(peer.isQuiet)
        }
        sa.nextRequestID = 2
        #expect(try peer.exchange(.informational, []).payloads.isEmpty)
        #expect(peer.isUp)
    }
}

import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// Several requests under way at a time (RFC 7296 section 2.3).
@Suite struct WindowTests {
    private static let names = ["net", "voice", "video"]

    /// The engine, with three children to make, and a window of this size for the peer's requests.
    private func peer(window: UInt32) throws -> ScriptedPeer {
        var settings = Settings.withoutDelay
        settings.windowSize = window
        var sites = TwoSites()
        sites.change { connection in
            connection.children = Self.names.map { name in
                var child = connection.children[0]
                child.name = name
                return child
            }
        }
        return try ScriptedPeer(sites.left, settings: settings)
    }

    private func size(_ payloads: [Payload]) -> [UInt8]? { payloads.notify(.setWindowSize)?.data }

    private func windowSize(_ size: UInt8) -> Payload {
        Payload(.notify(Notify(.setWindowSize, data: [0, 0, 0, size])))
    }

    /// Has the engine bring three children up; the peer takes this many requests at a time.
    private func initiate(_ peer: ScriptedPeer, allowing size: UInt8) throws {
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.payloads.append(windowSize(size)) }
    }

    /// The requests of the engine that wait for an answer.
    private func requests(_ peer: ScriptedPeer) throws -> [ScriptedPeer.Received] {
        try peer.remaining().filter { !$0.header.isResponse }
    }

    // MARK: - What is said

    @Test func anInitiatorSaysItsWindowOnceInIKEAuth() throws {
        let peer = try peer(window: 5)
        peer.initiate(children: .only("net"))
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let auth = try peer.nextRequest(.ikeAuth)
        #expect(size(auth.payloads) == [0, 0, 0, 5])
        try peer.answerAuth(auth)
        #expect(size(try peer.exchange(.informational, []).payloads) == nil)
    }

    @Test func aResponderSaysItsWindowOnceInIKEAuth() throws {
        let peer = try peer(window: 5)
        try peer.agreeInit()
        let asked = try peer.requestAuth()
        let answer = try peer.nextResponse()
        #expect(size(answer.payloads) == [0, 0, 0, 5])
        try peer.concludeAuth(asked, answer)
        #expect(size(try peer.exchange(.informational, []).payloads) == nil)
    }

    @Test func aRekeyedIKESASaysItsWindowAnew() throws {
        let peer = try peer(window: 5)
        try peer.establish()
        try peer.rekeyIKE()
        #expect(size(try peer.exchange(.informational, []).payloads) == [0, 0, 0, 5])
    }

    @Test func aWindowOfOneIsNotSaid() throws {
        let peer = try peer(window: 1)
        peer.initiate(children: .only("net"))
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        #expect(size(try peer.nextRequest(.ikeAuth).payloads) == nil)
    }

    @Test func whoIsNotAuthenticatedIsNotToldOfAWindow() throws {
        let peer = try peer(window: 5)
        peer.secret = SecretBytes(copying: Array("wrong".utf8))
        try peer.agreeInit()
        _ = try peer.requestAuth()
        let answer = try peer.nextResponse()
        #expect(answer.payloads.notify(.authenticationFailed) != nil)
        #expect(size(answer.payloads) == nil)
    }

    // MARK: - The peer's requests

    @Test func requestsOfAPeerAreAnsweredAsTheyComeWithinTheWindow() throws {
        let peer = try peer(window: 3)
        try peer.establish()
        let sa = try peer.sa
        let first = sa.nextRequestID
        var answers: [UInt32: [UInt8]] = [:]
        for offset: UInt32 in [2, 0, 1] {
            sa.nextRequestID = first + offset
            let answer = try peer.exchange(.informational, [])
            #expect(answer.header.messageID == first + offset)
            answers[first + offset] = answer.bytes
        }
        // All three are remembered, and repeated octet by octet.
        for (messageID, bytes) in answers {
            sa.nextRequestID = messageID
            #expect(try peer.exchange(.informational, []).bytes == bytes)
        }
        sa.nextRequestID = first + 3
        #expect(try peer.exchange(.informational, []).header.messageID == first + 3)
        // Who sends the fourth has the answer to the first.
        sa.nextRequestID = first
        try peer.request(.informational, [])
        #expect(peer.isQuiet)
    }

    @Test(arguments: [1, 3]) func aRequestBeyondTheWindowIsDropped(_ window: UInt32) throws {
        let peer = try peer(window: window)
        try peer.establish()
        let sa = try peer.sa
        let first = sa.nextRequestID
        sa.nextRequestID = first + window
        try peer.request(.informational, [])
        #expect(peer.isQuiet)
        sa.nextRequestID = first
        #expect(try peer.exchange(.informational, []).header.messageID == first)
    }

    @Test func aRequestThatComesLateIsProcessedOnce() throws {
        let peer = try peer(window: 4)
        let child = try #require(try peer.establish())
        let sa = try peer.sa
        let first = sa.nextRequestID
        sa.nextRequestID = first + 1
        _ = try peer.exchange(.informational, [])
        sa.nextRequestID = first
        let deletion = [Payload(.delete(.esp([child.inboundSPI])))]
        let answer = try peer.exchange(.informational, deletion)
        #expect(answer.payloads.deletes.count == 1)
        sa.nextRequestID = first
        #expect(try peer.exchange(.informational, deletion).bytes == answer.bytes)
    }

    // MARK: - Our requests

    @Test func severalRequestsAreUnderWayOnceThePeerAllowsIt() throws {
        let peer = try peer(window: 1)
        try initiate(peer, allowing: 2)
        let requests = try requests(peer)
        #expect(requests.map(\.header.messageID) == [2, 3])
        // Answers may come in any order.
        for request in requests.reversed() { try peer.answerChild(request) }
        #expect(Set(peer.outbound.map(\.name)) == Set(Self.names))
    }

    @Test func withoutAWordOfThePeerOneRequestIsUnderWay() throws {
        let peer = try peer(window: 8)
        try initiate(peer, allowing: 1)
        #expect(try requests(peer).map(\.header.messageID) == [2])
    }

    @Test(arguments: [[], [2], [0, 0, 2], [0, 0, 0, 0, 2], [0, 0, 0, 0]] as [[UInt8]])
    func aWindowSizeThatIsNoneSaysNothing(_ data: [UInt8]) throws {
        let peer = try peer(window: 1)
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) {
            $0.payloads.append(Payload(.notify(Notify(.setWindowSize, data: data))))
        }
        #expect(try requests(peer).count == 1)
    }

    @Test func aRequestWaitsForTheAnswerToTheOneAWindowBefore() throws {
        let peer = try peer(window: 1)
        try initiate(peer, allowing: 2)
        let requests = try requests(peer)
        for child in peer.outbound { peer.command(.rekey([.childSA(id: child.id)])) }
        #expect(peer.isQuiet)
        try peer.answerChild(requests[1])
        #expect(peer.isQuiet, "3 is answered, but 4 is two after 2")
        try peer.answerChild(requests[0])
        #expect(try self.requests(peer).first?.header.messageID == 4)
    }

    @Test func eachRequestIsRepeatedUntilItsOwnAnswerComes() throws {
        let peer = try peer(window: 1)
        try initiate(peer, allowing: 2)
        let first = try requests(peer)
        peer.pass(.seconds(4))
        #expect(try requests(peer).map(\.bytes) == first.map(\.bytes))
        try peer.answerChild(first[1])
        peer.pass(.seconds(7.2))
        #expect(try requests(peer).map(\.bytes) == [first[0].bytes])
    }

    @Test func theIKESAIsRekeyedWithNothingElseUnderWay() throws {
        let peer = try peer(window: 1)
        try initiate(peer, allowing: 4)
        let creations = try requests(peer)
        peer.command(.rekey([.ikeSA(id: try peer.summary.id)]))
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        #expect(peer.isQuiet, "what comes after the rekeying of the IKE SA must not keep it waiting")
        for creation in creations { try peer.answerChild(creation) }
        let rekeying = try requests(peer)
        #expect(rekeying.count == 1)
        #expect(rekeying.first?.payloads.securityAssociation?.first?.protocolID == .ike)
    }

    @Test func aChildSAIsInOneExchangeAtATime() throws {
        let peer = try peer(window: 1)
        try initiate(peer, allowing: 4)
        for creation in try requests(peer) { try peer.answerChild(creation) }
        let child = try #require(peer.outbound.first)
        peer.command(.rekey([.childSA(id: child.id)]))
        peer.command(.terminate([.childSA(id: child.id)]))
        #expect(try requests(peer).map(\.header.exchangeType) == [.createChildSA])
    }
}

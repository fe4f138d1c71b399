import IKECore
import IKEWire
import Inet
import Support
import Testing

/// What is begun again after silence or a refusal, how often, and with which pauses.
@Suite struct ReconnectionTests {
    private func policy(tries: Int?, started: Bool) -> Policy {
        var sites = TwoSites()
        sites.change {
            $0.keyingTries = tries
            $0.children[0].isStarted = started
        }
        return sites.left
    }

    /// Lets time pass until the engine sends another first request.
    private func waitForInit(_ peer: ScriptedPeer, _ limit: Int = 400) throws -> (request: ScriptedPeer.Received, Int) {
        for seconds in 0...limit {
            if !peer.isQuiet { return (try peer.nextRequest(.ikeSAInit), seconds) }
            peer.pass(.seconds(1))
        }
        throw Silence()
    }

    private struct Silence: Error {}

    private func refuseAuth(_ peer: ScriptedPeer, _ request: ScriptedPeer.Received) throws {
        try peer.answerInit(request)
        try peer.answer(try peer.nextRequest(.ikeAuth), [Payload(.notify(Notify(.authenticationFailed)))])
    }

    @Test func aRefusalIsFollowedByTriesWithGrowingPauses() throws {
        let peer = try ScriptedPeer(policy(tries: nil, started: true))
        let id = peer.initiate()
        try refuseAuth(peer, try peer.nextRequest(.ikeSAInit))
        #expect(peer.failure(of: id)?.reason == .authenticationFailed)
        var pauses: [Int] = []
        for _ in 0..<9 {
            let (request, pause) = try waitForInit(peer)
            pauses.append(pause)
            try refuseAuth(peer, request)
        }
        for (index, pause) in pauses.enumerated() {
            let whole = min(10 << index, 300)
            #expect(pause <= whole + 1 && pause >= whole * 3 / 4)
        }
        let (request, _) = try waitForInit(peer)
        try peer.answerInit(request)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
        peer.pass(.seconds(3600))
        #expect(peer.isQuiet)
    }

    @Test func theNumberOfTriesIsKept() throws {
        let peer = try ScriptedPeer(policy(tries: 3, started: true))
        peer.initiate()
        try refuseAuth(peer, try peer.nextRequest(.ikeSAInit))
        for _ in 0..<2 { try refuseAuth(peer, try waitForInit(peer).request) }
        peer.pass(.seconds(3600))
        #expect(peer.isQuiet)
    }

    @Test func whatNobodyWantsUpIsRefusedOnce() throws {
        let peer = try ScriptedPeer(policy(tries: nil, started: false))
        peer.initiate()
        try refuseAuth(peer, try peer.nextRequest(.ikeSAInit))
        peer.pass(.seconds(3600))
        #expect(peer.isQuiet)
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func aRefusedChildIsTriedAgain() throws {
        let peer = try ScriptedPeer(policy(tries: nil, started: true))
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { message in
            message.payloads = message.payloads.prefix(2) + [Payload(.notify(Notify(.tsUnacceptable)))]
        }
        try peer.answer(try peer.nextRequest(.informational), [])
        try peer.answerInit(try waitForInit(peer).request)
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp && peer.inbound.count == 1)
    }

    @Test func silenceIsFollowedByAPauseAndTheCommandWaits() throws {
        let peer = try ScriptedPeer(policy(tries: 2, started: false))
        let id = peer.initiate()
        let first = try peer.nextRequest(.ikeSAInit)
        peer.pass(.seconds(165))
        while !peer.isQuiet { #expect(try peer.next().bytes == first.bytes) }
        let (second, pause) = try waitForInit(peer)
        #expect(second.bytes != first.bytes && pause >= 7)
        #expect(peer.failure(of: id) == nil)
        peer.pass(.seconds(300))
        #expect(peer.failure(of: id)?.reason == .peerUnreachable)
    }

    @Test func aPeerThatWasFasterLeavesNothingToDo() throws {
        let peer = try ScriptedPeer(policy(tries: nil, started: true))
        peer.initiate()
        try refuseAuth(peer, try peer.nextRequest(.ikeSAInit))
        try peer.establish()
        peer.pass(.seconds(3600))
        #expect(peer.isQuiet && peer.isUp && peer.inbound.count == 1)
    }

    @Test func aConnectionThatIsGoneIsNotTriedAgain() throws {
        let peer = try ScriptedPeer(policy(tries: nil, started: true))
        peer.initiate()
        try refuseAuth(peer, try peer.nextRequest(.ikeSAInit))
        peer.feed(.policy(Policy()))
        peer.pass(.seconds(3600))
        #expect(peer.isQuiet)
    }

    @Test func withoutAnIntervalARefusalIsFinal() throws {
        var settings = Settings.withoutDelay
        settings.retryInterval = nil
        let peer = try ScriptedPeer(policy(tries: nil, started: true), settings: settings)
        peer.initiate()
        try refuseAuth(peer, try peer.nextRequest(.ikeSAInit))
        peer.pass(.seconds(3600))
        #expect(peer.isQuiet)
    }

    @Test func whoShutsDownTriesNothingAgain() throws {
        let peer = try ScriptedPeer(policy(tries: nil, started: true))
        peer.initiate()
        try refuseAuth(peer, try peer.nextRequest(.ikeSAInit))
        peer.command(.shutDown)
        peer.pass(.seconds(3600))
        #expect(peer.isQuiet)
        #expect(peer.engine.nextDeadline == nil)
    }
}

import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Reserved bits, flags without a meaning and version numbers (RFC 7296 sections 2.5, 3.1 and 3.2).
@Suite struct ConformanceReservedTests {
    /// A peer that sets whatever bit has no meaning.
    private func untidyPeer(_ policy: Policy = TwoSites().left) throws -> ScriptedPeer {
        let peer = try ScriptedPeer(policy)
        peer.identity.reserved = 0xff_ffff
        peer.envelopeReserved = 0x7f
        return peer
    }

    // MARK: - The engine asks

    @Test func reservedBitsInTheInitAnswerAreIgnored() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { $0.setReservedBits() }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth))
        #expect(peer.isUp)
    }

    @Test func reservedBitsInTheAuthAnswerAreIgnored() throws {
        let peer = try untidyPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let child = try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.setReservedBits() }
        #expect(peer.isUp)
        #expect(try #require(child).isTwin(of: try #require(peer.outbound.first)))
    }

    @Test func reservedBitsInACreateChildAnswerAreIgnored() throws {
        let peer = try untidyPeer()
        try peer.letEngineEstablish()
        peer.command(.rekey([.childSA(id: try #require(peer.outbound.first).id)]))
        let child = try peer.answerChild(try peer.nextRequest(.createChildSA)) { $0.setReservedBits() }
        #expect(child.isTwin(of: try #require(peer.outbound.first { $0.outboundSPI == child.inboundSPI })))
        #expect(try !peer.nextRequest(.informational).payloads.deletes.isEmpty)
    }

    @Test func reservedBitsInAnInformationalAnswerAreIgnored() throws {
        var sites = TwoSites()
        sites.change { $0.livenessDelay = .seconds(30) }
        let peer = try untidyPeer(sites.left)
        try peer.letEngineEstablish()
        peer.pass(.seconds(30))
        try peer.answer(try peer.nextRequest(.informational), []) { $0.setReservedBits() }
        peer.pass(.seconds(29))
        #expect(peer.isUp && peer.isQuiet)
    }

    // MARK: - The peer asks

    @Test func reservedBitsInTheInitRequestAreIgnored() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { $0.setReservedBits() }
        try peer.concludeInit(offer, try peer.nextResponse())
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        #expect(peer.isUp)
    }

    @Test func reservedBitsInTheAuthRequestAreIgnored() throws {
        let peer = try untidyPeer()
        try peer.agreeInit()
        let offer = try peer.requestAuth { $0.setReservedBits() }
        let child = try peer.concludeAuth(offer, try peer.nextResponse())
        #expect(try #require(child).isTwin(of: try #require(peer.outbound.first)))
    }

    @Test func reservedBitsInACreateChildRequestAreIgnored() throws {
        let peer = try untidyPeer()
        try peer.establish()
        let offer = peer.childOffer()
        let response = try peer.exchange(.createChildSA, offer.payloads) { $0.setReservedBits() }
        let child = try peer.concludeChild(offer, response)
        #expect(child.isTwin(of: try #require(peer.outbound.last)))
    }

    @Test func reservedBitsInAnInformationalRequestAreIgnored() throws {
        let peer = try untidyPeer()
        try peer.establish()
        #expect(try peer.exchange(.informational, []) { $0.setReservedBits() }.payloads.isEmpty)
        let child = try #require(peer.outbound.first)
        let delete = Payload(.delete(.esp([child.outboundSPI])))
        #expect(try !peer.exchange(.informational, [delete]) { $0.setReservedBits() }.payloads.deletes.isEmpty)
    }

    // MARK: - Versions and flags

    @Test func theVersionFlagOfAResponderIsIgnored() throws {
        let peer = try ScriptedPeer()
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { $0.header.flags.insert(.version) }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { $0.header.flags.insert(.version) }
        #expect(peer.isUp)
    }

    @Test func theVersionFlagOfAnInitiatorIsIgnored() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { $0.header.flags.insert(.version) }
        let response = try peer.nextResponse()
        #expect(!response.header.flags.contains(.version))
        try peer.concludeInit(offer, response)
        let child = try peer.requestAuth { $0.header.flags.insert(.version) }
        try peer.concludeAuth(child, try peer.nextResponse())
        #expect(peer.isUp)
    }

    @Test func aHigherMinorVersionIsAnsweredWithOurs() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { $0.header.minorVersion = 15 }
        let response = try peer.nextResponse()
        #expect(response.header.majorVersion == 2 && response.header.minorVersion == 0)
        try peer.concludeInit(offer, response)
        let child = try peer.requestAuth { $0.header.minorVersion = 15 }
        try peer.concludeAuth(child, try peer.nextResponse())
        #expect(try peer.exchange(.informational, []) { $0.header.minorVersion = 15 }.header.minorVersion == 0)
        #expect(peer.isUp)
    }

    @Test func aHigherMajorVersionIsRefusedWithTheRequestsSPIs() throws {
        let peer = try ScriptedPeer()
        let offer = try peer.requestInit { $0.header.majorVersion = 3 }
        let response = try peer.nextResponse()
        #expect(response.header.majorVersion == 2)
        #expect(response.header.initiatorSPI.bytes == offer.spi)
        #expect(response.header.exchangeType == .ikeSAInit && response.header.messageID == 0)
        #expect(response.payloads == [Payload(.notify(Notify(.invalidMajorVersion)))])
        #expect(peer.engine.load == (0, 0, 0, 0))
    }

    @Test func aRequestThatSaysItIsAResponseIsNotAnswered() throws {
        let peer = try ScriptedPeer()
        try peer.requestInit { $0.header.flags.insert(.response) }
        #expect(peer.isQuiet)
        #expect(peer.engine.load == (0, 0, 0, 0))
        try peer.establish()
        let sa = try peer.sa
        try peer.request(.informational, [Payload(.delete(.ike))]) { $0.header.flags.insert(.response) }
        #expect(peer.isQuiet && peer.isUp)
        sa.nextRequestID -= 1
        #expect(try peer.exchange(.informational, []).payloads.isEmpty)
    }
}

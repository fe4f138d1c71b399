import IKECore
import IKECrypto
import IKEWire
import Inet
import Support
import Testing

/// What MOBIKE says on the wire (RFC 4555), against a peer that is played by the test.
@Suite struct MobilityMessageTests {
    private static let other = IPAddress(v4: 0xc633_644d)

    private func policy(_ change: (inout Connection) -> Void = { _ in }) -> Policy {
        var sites = TwoSites()
        sites.change {
            $0.isMobile = true
            change(&$0)
        }
        return sites.left
    }

    private func notify(_ type: NotifyType, _ data: [UInt8] = []) -> Payload {
        Payload(.notify(Notify(type, data: data)))
    }

    /// A mobile SA that the peer has begun; the engine knows two addresses of its own.
    private func respond(_ change: (inout Connection) -> Void = { _ in }) throws -> ScriptedPeer {
        let peer = try ScriptedPeer(policy(change))
        peer.feed(.network(LocalNetwork(addresses: [peer.there.address, try #require(IPAddress("192.0.2.99"))])))
        try peer.agreeInit()
        peer.here.port = 4500
        peer.there.port = 4500
        let offer = try peer.requestAuth { message in message.payloads.append(self.notify(.mobikeSupported)) }
        try peer.concludeAuth(offer, try peer.nextResponse())
        return peer
    }

    /// A mobile SA that the engine has begun.
    private func initiate(_ change: (inout Connection) -> Void = { _ in }) throws -> ScriptedPeer {
        let peer = try ScriptedPeer(policy(change))
        peer.feed(.network(LocalNetwork(addresses: [peer.there.address, try #require(IPAddress("192.0.2.99"))])))
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit)) { message in
            message.payloads += self.natDetection(message.header, from: peer.here, to: peer.there)
        }
        try peer.answerAuth(try peer.nextRequest(.ikeAuth)) { message in
            message.payloads.append(self.notify(.mobikeSupported))
        }
        return peer
    }

    private func natDetection(_ header: Header, from: SocketAddress, to: SocketAddress) -> [Payload] {
        [(NotifyType.natDetectionSourceIP, from), (.natDetectionDestinationIP, to)].map { type, end in
            var octets = header.initiatorSPI.rawValue.octets + header.responderSPI.rawValue.octets
            octets += end.address.bytes + [UInt8(end.port >> 8), UInt8(end.port & 0xff)]
            return notify(type, (try? Digest.sha1(octets)) ?? [])
        }
    }

    private func move(_ peer: ScriptedPeer, to address: String) throws {
        peer.feed(.network(LocalNetwork(addresses: [try #require(IPAddress(address))])))
    }

    // MARK: - IKE_AUTH

    @Test func theInitiatorOffersMobilityAndItsFurtherAddresses() throws {
        let peer = try ScriptedPeer(policy())
        peer.feed(.network(LocalNetwork(addresses: [peer.there.address, try #require(IPAddress("192.0.2.99"))])))
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let auth = try peer.nextRequest(.ikeAuth)
        #expect(auth.payloads.notify(.mobikeSupported)?.data == [])
        #expect(auth.payloads.notify(.additionalIP4Address)?.data == [192, 0, 2, 99])
        #expect(auth.payloads.notify(.noAdditionalAddresses) == nil)
    }

    @Test(arguments: [true, false]) func theResponderAnswersInKind(_ asks: Bool) throws {
        let peer = try ScriptedPeer(policy())
        try peer.agreeInit()
        let offer = try peer.requestAuth { message in
            if asks { message.payloads.append(self.notify(.mobikeSupported)) }
        }
        let response = try peer.nextResponse()
        #expect((response.payloads.notify(.mobikeSupported) != nil) == asks)
        try peer.concludeAuth(offer, response)
    }

    @Test func withoutNATTraversalNATsAreForbidden() throws {
        let peer = try ScriptedPeer(policy())
        peer.initiate()
        try peer.answerInit(try peer.nextRequest(.ikeSAInit))
        let auth = try peer.nextRequest(.ikeAuth)
        let ends = peer.there.address.bytes + peer.here.address.bytes + [0x01, 0xf4, 0x01, 0xf4]
        #expect(auth.payloads.notify(.noNATsAllowed)?.data == ends)
        #expect(peer.here.port == 500)
    }

    @Test func aPeerThatForbidsNATsIsToldOfOne() throws {
        let peer = try ScriptedPeer(policy())
        try peer.agreeInit()
        let claimed = Self.other.bytes + peer.there.address.bytes + [0x01, 0xf4, 0x01, 0xf4]
        try peer.requestAuth { message in message.payloads.append(self.notify(.noNATsAllowed, claimed)) }
        #expect(try peer.nextResponse().payloads.notify(.unexpectedNATDetected) != nil)
        #expect(!peer.isUp)
    }

    // MARK: - We move

    @Test func anUpdateBringsNATDetectionAndTheWholeList() throws {
        let peer = try initiate()
        try move(peer, to: "192.0.2.99")
        let update = try peer.nextRequest(.informational)
        #expect(peer.there.address.description == "192.0.2.99")
        #expect(update.payloads.notify(.updateSAAddresses)?.data == [])
        #expect(update.payloads.notify(.natDetectionSourceIP) != nil)
        #expect(update.payloads.notify(.natDetectionDestinationIP) != nil)
        #expect(update.payloads.notify(.noAdditionalAddresses) != nil)
        #expect(peer.outbound.allSatisfy { $0.local.address == peer.there.address })
    }

    @Test func aRequestThatWaitsIsSentAgainFromTheNewAddress() throws {
        let peer = try initiate { $0.livenessDelay = .seconds(30) }
        peer.pass(.seconds(30))
        let probe = try peer.nextRequest(.informational)
        try move(peer, to: "192.0.2.99")
        let again = try peer.nextRequest(.informational)
        #expect(again.bytes == probe.bytes && peer.there.address.description == "192.0.2.99")
        #expect(peer.isQuiet)
        try peer.answer(again, [])
        #expect(try peer.nextRequest(.informational).payloads.notify(.updateSAAddresses) != nil)
    }

    @Test func theAnswerToAnUpdateFromAnAddressThatIsLeftAgainIsPassedOver() throws {
        let peer = try initiate()
        try move(peer, to: "192.0.2.99")
        let first = try peer.nextRequest(.informational)
        try move(peer, to: "192.0.2.98")
        _ = try peer.nextRequest(.informational)
        try peer.answer(first, [notify(.unacceptableAddresses)])
        let second = try peer.nextRequest(.informational)
        #expect(second.payloads.notify(.updateSAAddresses) != nil)
        #expect(peer.outbound.allSatisfy { $0.local.address.description == "192.0.2.98" })
    }

    @Test func anAddressThatThePeerRefusesIsReplacedByAnother() throws {
        let peer = try initiate()
        let addresses = try ["192.0.2.98", "192.0.2.97"].map { try #require(IPAddress($0)) }
        peer.feed(.network(LocalNetwork(addresses: addresses)))
        try peer.answer(try peer.nextRequest(.informational), [notify(.unacceptableAddresses)])
        let second = try peer.nextRequest(.informational)
        #expect(second.payloads.notify(.updateSAAddresses) != nil)
        #expect(peer.there.address == addresses[1])
        try peer.answer(second, [notify(.unacceptableAddresses)])
        #expect(peer.isQuiet && peer.isUp)
    }

    @Test func aPeerThatLeavesItsAddressIsFollowed() throws {
        let peer = try initiate()
        peer.here.address = Self.other
        _ = try peer.exchange(.informational, [notify(.noAdditionalAddresses)])
        #expect(peer.outbound.allSatisfy { $0.remote.address == Self.other })
        #expect(try peer.nextRequest(.informational).payloads.notify(.updateSAAddresses) != nil)
    }

    @Test func aPeerThatNamesTheAddressInUseIsNotFollowed() throws {
        let peer = try initiate()
        let inUse = peer.here.address
        peer.here.address = Self.other
        _ = try peer.exchange(.informational, [notify(.additionalIP4Address, inUse.bytes)])
        #expect(peer.outbound.allSatisfy { $0.remote.address == inUse })
        #expect(peer.isQuiet)
    }

    @Test func aChangeOfFurtherAddressesIsAnnounced() throws {
        let peer = try initiate()
        try move(peer, to: peer.there.address.description)
        let list = try peer.nextRequest(.informational)
        #expect(list.payloads.count == 1 && list.payloads.notify(.noAdditionalAddresses) != nil)
    }

    // MARK: - The peer moves

    private func update(_ peer: ScriptedPeer, _ more: [Payload] = []) throws -> ScriptedPeer.Received {
        try peer.exchange(.informational, [notify(.updateSAAddresses)] + more)
    }

    @Test func anUpdateIsAnsweredThenTheAddressIsChecked() throws {
        let peer = try respond()
        let before = peer.here
        peer.here.address = Self.other
        let answer = try update(peer)
        #expect(answer.payloads.isEmpty)
        let check = try peer.nextRequest(.informational)
        let cookie = try #require(check.payloads.notify(.cookie2))
        #expect((8...64).contains(cookie.data.count))
        #expect(peer.outbound.allSatisfy { $0.remote == before })
        try peer.answer(check, [Payload(.notify(cookie))])
        #expect(peer.outbound.allSatisfy { $0.remote.address == Self.other })
    }

    @Test(arguments: [[UInt8](repeating: 7, count: 16), []]) func aWrongCookieEndsTheSA(_ data: [UInt8]) throws {
        let peer = try respond()
        peer.here.address = Self.other
        _ = try update(peer)
        try peer.answer(try peer.nextRequest(.informational), data.isEmpty ? [] : [notify(.cookie2, data)])
        #expect(!peer.isUp)
    }

    @Test func aCookieComesBackAsItIs() throws {
        let peer = try respond()
        let cookie = notify(.cookie2, Array(1...20))
        #expect(try peer.exchange(.informational, [cookie]).payloads == [cookie])
        #expect(try peer.exchange(.informational, [notify(.cookie2, [1, 2, 3])]).payloads.isEmpty)
    }

    @Test func natDetectionIsAnsweredInKind() throws {
        let peer = try initiate()
        let detection = [
            notify(.natDetectionSourceIP, [UInt8](repeating: 1, count: 20)),
            notify(.natDetectionDestinationIP, [UInt8](repeating: 2, count: 20)),
        ]
        let answer = try peer.exchange(.informational, detection)
        #expect(answer.payloads.notify(.natDetectionSourceIP) != nil)
        #expect(answer.payloads.notify(.natDetectionDestinationIP) != nil)
    }

    @Test func anUpdateToAnAddressThatIsNotServedIsRefused() throws {
        let peer = try respond { $0.localAddresses = [.prefix(IPPrefix(IPAddress(v4: 0xc000_0201)))] }
        let before = peer.here
        peer.here.address = Self.other
        peer.there.address = try #require(IPAddress("192.0.2.99"))
        #expect(try update(peer).payloads.notify(.unacceptableAddresses) != nil)
        #expect(peer.isQuiet && peer.outbound.allSatisfy { $0.remote == before })
    }

    @Test func aNATThatThePeerForbidsIsReported() throws {
        let peer = try respond()
        let before = peer.here
        peer.here.address = Self.other
        let claimed = before.address.bytes + peer.there.address.bytes + [0x11, 0x94, 0x11, 0x94]
        let answer = try update(peer, [notify(.noNATsAllowed, claimed)])
        #expect(answer.payloads.notify(.unexpectedNATDetected) != nil)
        #expect(peer.isQuiet && peer.outbound.allSatisfy { $0.remote == before })
        let real = Self.other.bytes + peer.there.address.bytes + [0x11, 0x94, 0x11, 0x94]
        #expect(try update(peer, [notify(.noNATsAllowed, real)]).payloads.isEmpty)
    }

    @Test func anUpdateOfTheOneThatWasCalledIsAnsweredButNotFollowed() throws {
        let peer = try initiate()
        let before = peer.here.address
        peer.here.address = Self.other
        #expect(try update(peer).payloads.isEmpty)
        #expect(peer.isQuiet && peer.outbound.allSatisfy { $0.remote.address == before })
    }

    @Test func anUpdateOfAPeerThatIsNotMobileIsNotFollowed() throws {
        let peer = try ScriptedPeer(policy())
        try peer.establish()
        let before = peer.here
        peer.here.address = Self.other
        #expect(try update(peer).payloads.isEmpty)
        #expect(peer.isQuiet && peer.outbound.allSatisfy { $0.remote == before })
    }

    @Test func theListOfAddressesIsBounded() throws {
        let peer = try initiate { $0.livenessDelay = .seconds(30) }
        let many = (0..<200).map { notify(.additionalIP4Address, [203, 0, 113, UInt8($0)]) }
        let inUse = notify(.additionalIP4Address, peer.here.address.bytes)
        _ = try peer.exchange(.informational, [inUse] + many)
        #expect(peer.engine.mobilePeers.count <= 18)
        peer.pass(.seconds(60))
        #expect(try peer.remaining().count <= 4 + 32 * 2)
    }

    @Test func whileAnUpdateWaitsThePeersRekeyingIsPutOff() throws {
        let peer = try initiate()
        try move(peer, to: "192.0.2.99")
        _ = try peer.nextRequest(.informational)
        let offer = try peer.ikeOffer()
        let response = try peer.exchange(.createChildSA, offer.payloads)
        #expect(response.payloads.notify(.temporaryFailure) != nil)
    }
}

extension UInt64 {
    /// In network order.
    fileprivate var octets: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) } }
}

import IKECrypto
import IKEWire
import Inet
import Support
import Testing

@testable import IKECore

/// What newcomers must bring, by how many of them there are (RFC 7296 section 2.6, RFC 8019 sections 4 to 7).
@Suite struct AdmissionTests {
    private func peer(_ change: (inout Settings) -> Void = { _ in }) throws -> ScriptedPeer {
        var settings = Settings()
        change(&settings)
        return try ScriptedPeer(settings: settings)
    }

    private func address(_ text: String) throws -> SocketAddress {
        SocketAddress(address: try #require(IPAddress(text)), port: 500)
    }

    /// Sends a request from an address and tells what came back.
    private func knock(_ peer: ScriptedPeer, _ text: String) throws -> [Payload]? {
        peer.here = try address(text)
        try peer.requestInit()
        return peer.isQuiet ? nil : try peer.next().payloads
    }

    private func isAdmitted(_ payloads: [Payload]?) -> Bool { payloads?.securityAssociation != nil }

    private func isAskedForCookie(_ payloads: [Payload]?) -> Bool {
        payloads?.notify(.cookie) != nil && payloads?.securityAssociation == nil
    }

    // MARK: - Cookies

    @Test func belowTheThresholdsNobodyIsAskedForACookie() throws {
        let peer = try peer { $0.cookieThreshold = 4 }
        for number in 1...4 { #expect(isAdmitted(try knock(peer, "203.0.113.\(number)"))) }
        #expect(isAskedForCookie(try knock(peer, "203.0.113.5")))
        #expect(peer.engine.load.halfOpen == 4)
        #expect(peer.engine.drops.cookiesAsked == 1)
        #expect(peer.logs.contains { $0.level == .warning && $0.message.contains("cookie_threshold = 4") })
    }

    @Test func aPeerWithManyHalfOpenSAsIsAskedForACookieAndOthersAreNot() throws {
        let peer = try peer()
        for _ in 1...3 { #expect(isAdmitted(try knock(peer, "203.0.113.1"))) }
        #expect(isAskedForCookie(try knock(peer, "203.0.113.1")))
        #expect(isAdmitted(try knock(peer, "203.0.113.2")))
    }

    @Test func theAddressesOfOneBlockOfIPv6CountAsOnePeer() throws {
        let peer = try peer()
        peer.there = try address("2001:db8:f::1")
        for number in 1...3 { #expect(isAdmitted(try knock(peer, "2001:db8::\(number)"))) }
        #expect(isAskedForCookie(try knock(peer, "2001:db8::ffff:4")))
        #expect(isAdmitted(try knock(peer, "2001:db8:0:1::1")))
    }

    @Test func theAlarmLastsUntilNothingHasCalledForItForAWhile() throws {
        let peer = try peer {
            $0.cookieThreshold = 2
            $0.halfOpenTimeout = .seconds(1)
        }
        for number in 1...3 { _ = try knock(peer, "203.0.113.\(number)") }
        // The half-open SAs are gone, the alarm is not.
        peer.pass(.seconds(2))
        #expect(peer.engine.load.halfOpen == 0)
        #expect(isAskedForCookie(try knock(peer, "203.0.113.4")))
        peer.pass(Admission.calmDown)
        #expect(isAdmitted(try knock(peer, "203.0.113.5")))
        #expect(peer.logs.contains { $0.message.contains("no cookie any more; there were 2 requests without one") })
    }

    @Test func underAttackAHalfOpenSAHasLessTime() throws {
        let peer = try peer { $0.cookieThreshold = 1 }
        #expect(isAdmitted(try knock(peer, "203.0.113.1")))
        peer.here = try address("203.0.113.2")
        let offer = try peer.requestInit()
        let cookie = try #require(try peer.next().payloads.notify(.cookie))
        try peer.repeatInit(offer, [Payload(.notify(cookie))] + offer.payloads)
        #expect(peer.engine.load.halfOpen == 2)
        peer.pass(Admission.hurriedTimeout)
        #expect(peer.engine.load.halfOpen == 1)
        peer.pass(.seconds(30) - Admission.hurriedTimeout)
        #expect(peer.engine.load.halfOpen == 0)
    }

    /// Refusing costs work as well, and leaves nothing behind that could be counted.
    @Test func manyRefusedRequestsCallForCookies() throws {
        let peer = try peer()
        let wrong = TwoSites.proposals("aes256gcm16-prfsha512-ecp521", .ike)
        for number in 1...40 {
            peer.here = try address("203.0.113.\(number)")
            try peer.requestInit(wrong)
        }
        let answers = try peer.remaining()
        #expect(answers.count { $0.payloads.notify(.noProposalChosen) != nil } == 31)
        #expect(answers.count { $0.payloads.notify(.cookie) != nil } == 9)
    }

    // MARK: - Limits

    @Test func aPeerBeyondItsLimitIsTurnedAwayUntilAPlaceIsFree() throws {
        let peer = try peer { $0.cookieThresholdPerPeer = .max }
        for _ in 1...5 { #expect(isAdmitted(try knock(peer, "203.0.113.1"))) }
        #expect(try knock(peer, "203.0.113.1") == nil)
        #expect(isAdmitted(try knock(peer, "203.0.113.2")))
        #expect(peer.engine.drops.overPeerLimit == 1)
        #expect(peer.logs.contains { $0.message.contains("block_threshold") })
        peer.pass(.seconds(30))
        #expect(isAdmitted(try knock(peer, "203.0.113.1")))
    }

    @Test func beyondTheLimitInAllEverybodyIsTurnedAway() throws {
        let peer = try peer {
            $0.cookieThreshold = .max
            $0.halfOpenLimit = 7
            $0.puzzleDifficulty = 0
        }
        for number in 1...7 { #expect(isAdmitted(try knock(peer, "203.0.113.\(number)"))) }
        #expect(try knock(peer, "203.0.113.8") == nil)
        #expect(peer.engine.drops.overLimit == 1)
        #expect(peer.engine.load.ikeSAs == 7)
    }

    @Test func anEstablishedSAGivesItsPlaceBack() throws {
        let peer = try peer { $0.blockThreshold = 1 }
        for _ in 1...3 {
            try peer.agreeInit()
            try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        }
        #expect(peer.engine.summaries(now: peer.now).count { $0.state == .established } == 3)
    }

    @Test func failedAuthenticationsUseUpWhatAPeerMayHave() throws {
        let peer = try peer {
            $0.blockThreshold = 2
            $0.cookieThresholdPerPeer = .max
        }
        peer.secret = SecretBytes(copying: Array("wrong".utf8))
        for _ in 1...2 {
            try peer.agreeInit()
            try peer.requestAuth()
            #expect(try peer.nextResponse().payloads.notify(.authenticationFailed) != nil)
        }
        #expect(peer.engine.load.halfOpen == 0)
        try peer.requestInit()
        #expect(peer.isQuiet)
        #expect(peer.engine.drops.overPeerLimit == 1)
        peer.pass(IKESA.lingering)
        try peer.agreeInit()
    }

    // MARK: - Garbage for half-open SAs

    @Test func aFloodOfGarbageForAHalfOpenSAIsSoonNotEvenChecked() throws {
        let peer = try peer()
        try peer.agreeInit()
        let sa = try peer.sa
        for _ in 0..<1000 {
            var message = try sa.seal(
                Message(header: sa.header(.ikeAuth, messageID: 1, isResponse: false), payloads: []),
                reserved: 0
            )
            message[message.count - 1] ^= 1
            peer.deliver(message)
        }
        #expect(peer.engine.drops.forgeries == 16)
        #expect(peer.engine.drops.unchecked == 984)
        #expect(peer.isQuiet)
        // The keys are kept (RFC 8019 section 4.6): the peer itself gets in a little later.
        peer.pass(.seconds(2))
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        #expect(peer.isUp)
    }

    @Test func theSameRequestIsNotAnsweredForEver() throws {
        let peer = try peer()
        try peer.requestInit()
        let answers = try (0..<1000).reduce(into: 0) { count, _ in
            peer.deliver(peer.initRequestBytes)
            count += try peer.remaining().count
        }
        #expect(answers == 33)
        #expect(peer.engine.drops.unanswered == 968)
    }

    @Test func strangersGetAnswersAndLinesOfTheLogAtARate() throws {
        let peer = try peer()
        for _ in 0..<500 { peer.deliver(try foreignVersion()) }
        #expect(try peer.remaining().count == 32)
        #expect(peer.logs.count == 10)
        peer.pass(.seconds(10))
        peer.deliver(try foreignVersion())
        #expect(!peer.isQuiet)
        #expect(peer.logs.last?.message.contains("and 490 more of this kind") == true)
    }

    /// A request of IKE version 3.
    private func foreignVersion() throws -> [UInt8] {
        let header = Header(
            initiatorSPI: IKESPI(rawValue: 9),
            responderSPI: .zero,
            exchangeType: .ikeSAInit,
            flags: .initiator,
            messageID: 0
        )
        var bytes = try Message(header: header, payloads: []).encoded()
        bytes[17] = 0x30
        return bytes
    }

    // MARK: - Puzzles

    /// An engine that is under so much pressure that nobody gets in without a solution.
    ///
    /// - Parameter threshold: half-open SAs from which on puzzles are given; below zero there is pressure from the beginning.
    private func pressed(_ difficulty: UInt8 = 8, threshold: Int = -2) throws -> ScriptedPeer {
        try peer {
            $0.cookieThreshold = 0
            $0.puzzleThreshold = threshold
            $0.puzzleDifficulty = difficulty
            $0.halfOpenLimit = 4
        }
    }

    /// Sends a request, and again with cookie and solution until the engine admits it; the number of puzzles solved.
    @discardableResult
    private func solveIn(_ peer: ScriptedPeer, _ text: String) throws -> Int {
        peer.here = try address(text)
        let offer = try peer.requestInit()
        for round in 0..<5 {
            let payloads = try peer.next().payloads
            if payloads.securityAssociation != nil { return round }
            try peer.repeatInit(offer, try solved(payloads) + offer.payloads)
        }
        Issue.record("the engine gives one puzzle after the other")
        return 5
    }

    private func solved(_ payloads: [Payload]) throws -> [Payload] {
        let cookie = try #require(payloads.notify(.cookie))
        let puzzle = try #require(payloads.notify(.puzzle).flatMap { Puzzle($0) })
        var search = try PuzzleSearch(puzzle, over: cookie.data, now: Instant(nanoseconds: 1))
        var tries = Int.max
        let solution = try #require(try search.advance(tries: &tries, now: Instant(nanoseconds: 1)))
        return [Payload(.notify(cookie)), Payload(.puzzleSolution(solution))]
    }

    @Test func underPressureAPuzzleComesWithTheCookieAndItsSolutionIsATicket() throws {
        let peer = try pressed()
        for number in 1...3 { #expect(try solveIn(peer, "203.0.113.\(number)") == 1) }
        let payloads = try #require(try knock(peer, "203.0.113.9"))
        #expect(payloads.map(\.type) == [.notify, .notify])
        #expect(payloads.notify(.puzzle).flatMap { Puzzle($0) } == Puzzle(prf: .hmacSHA2_256, difficulty: 8))
    }

    @Test func theFirstPuzzlesLeaveTheDifficultyToTheInitiatorAndLaterOnesAreHarder() throws {
        let peer = try pressed(14, threshold: 0)
        var difficulties: [UInt8?] = []
        for number in 1...4 {
            peer.here = try address("203.0.113.\(number)")
            let offer = try peer.requestInit()
            let payloads = try peer.next().payloads
            difficulties.append(payloads.notify(.puzzle).flatMap { Puzzle($0)?.difficulty })
            try peer.repeatInit(offer, try solved(payloads) + offer.payloads)
            #expect(try peer.next().payloads.securityAssociation != nil)
        }
        #expect(difficulties == [0, 13, 13, 14])
    }

    /// The last quarter of all places is for those who solved.
    @Test func withoutASolutionNobodyGetsTheLastPlaces() throws {
        let peer = try pressed()
        for number in 1...3 { try solveIn(peer, "203.0.113.\(number)") }
        peer.here = try address("203.0.113.9")
        let offer = try peer.requestInit()
        for _ in 0..<20 {
            let payloads = try peer.next().payloads
            #expect(payloads.notify(.puzzle) != nil)
            try peer.repeatInit(offer, [Payload(.notify(try #require(payloads.notify(.cookie))))] + offer.payloads)
        }
        #expect(peer.engine.load.halfOpen == 3)
        #expect(peer.engine.drops.puzzlesAsked >= 24)
    }

    /// Most initiators cannot solve puzzles; while there is room a cookie gives them a chance (RFC 8019 section 7.1.4).
    @Test func thoseWhoReturnOnlyTheirCookieHaveAChanceThatShrinksWithTheLoad() throws {
        let peer = try peer {
            $0.cookieThreshold = 0
            $0.puzzleThreshold = 0
            $0.halfOpenLimit = 400
        }
        var admitted: [Bool] = []
        for number in 0..<1200 {
            let text = "10.0.\(number / 200).\(number % 200)"
            peer.here = try address(text)
            let offer = try peer.requestInit()
            let cookie = try #require(try peer.next().payloads.notify(.cookie))
            try peer.repeatInit(offer, [Payload(.notify(cookie))] + offer.payloads)
            admitted.append(try peer.next().payloads.securityAssociation != nil)
        }
        #expect(admitted[..<100].count { $0 } > 70)
        #expect(admitted[1100...].count { $0 } < 10)
        #expect((200..<300).contains(peer.engine.load.halfOpen))
    }

    @Test func aSolutionServesOnce() throws {
        let peer = try pressed()
        for number in 1...2 { try solveIn(peer, "203.0.113.\(number)") }
        peer.here = try address("203.0.113.3")
        let offer = try peer.requestInit()
        let solution = try solved(try peer.next().payloads)
        try peer.repeatInit(offer, solution + offer.payloads)
        try peer.concludeInit(offer, try peer.next())
        // The SA ends, so that the same request would make another one.
        try peer.concludeAuth(try peer.requestAuth(), try peer.nextResponse())
        try peer.repeatInit(offer, solution + offer.payloads)
        #expect(isAskedForCookie(try peer.next().payloads))
    }

    @Test func aWrongSolutionIsAnsweredWithAnotherPuzzle() throws {
        let peer = try pressed()
        for number in 1...3 { try solveIn(peer, "203.0.113.\(number)") }
        peer.here = try address("203.0.113.9")
        let offer = try peer.requestInit()
        let cookie = try #require(try peer.next().payloads.notify(.cookie))
        let guessed = PuzzleSolution(keys: [[1], [2], [3], [4]])
        try peer.repeatInit(
            offer,
            [Payload(.notify(cookie)), Payload(.puzzleSolution(guessed))] + offer.payloads
        )
        #expect(try peer.next().payloads.notify(.puzzle) != nil)
        #expect(peer.engine.load.halfOpen == 3)
    }

    /// No PRF in common: the negotiation fails anyway, and no work is asked for it (RFC 8019 section 7.1.1.2).
    @Test func whoOffersNoKnownPRFIsRefusedAndNotGivenAPuzzle() throws {
        let peer = try pressed()
        let strange = Proposal(
            number: 1,
            protocolID: .ike,
            transforms: [
                .encryption(.aesGCM16, keyLength: 128), .prf(PRFAlgorithm(rawValue: 999)), .keyExchange(.curve25519),
            ]
        )
        peer.here = try address("203.0.113.1")
        let offer = try peer.requestInit([strange])
        let payloads = try peer.next().payloads
        #expect(payloads.notify(.puzzle) == nil)
        let cookie = try #require(payloads.notify(.cookie))
        try peer.repeatInit(offer, [Payload(.notify(cookie))] + offer.payloads)
        #expect(try peer.next().payloads.notify(.noProposalChosen) != nil)
    }

    @Test func twoEnginesGetPastThePuzzleBetweenThem() {
        var settings = Settings.withoutDelay
        settings.cookieThreshold = 0
        settings.puzzleThreshold = 0
        settings.puzzleDifficulty = 10
        settings.halfOpenLimit = 1
        let pair = Pair(settings: settings)
        let id = pair.up(within: .seconds(3))
        #expect(pair.left.succeeded(id))
        #expect(
            pair.network.sent.contains { (try? Message(parsing: $0.datagram.bytes))?.payloads.puzzleSolution != nil }
        )
        #expect(pair.childSAsAgree)
    }
}

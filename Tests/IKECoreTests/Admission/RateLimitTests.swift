import Inet
import Testing

@testable import IKECore

/// Token buckets, for peers and for lines of the log.
@Suite struct RateLimitTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    @Test func aBurstIsLetThroughAndThenOneInEachInterval() {
        var limit = RateLimit(burst: 3, interval: .seconds(2))
        let times: [Duration] = [.zero, .zero, .zero, .zero, .milliseconds(1999), .seconds(2), .seconds(2)]
        let taken = times.map { limit.take(start + $0) }
        #expect(taken == [true, true, true, false, false, true, false])
        // After a long silence there is room for a burst again, not for more.
        let later = (0..<5).map { _ in limit.take(start + .seconds(600)) }
        #expect(later == [true, true, true, false, false])
    }

    @Test func lookingTakesNothing() {
        var limit = RateLimit(burst: 1, interval: .seconds(1))
        #expect(limit.hasRoom(start) && limit.hasRoom(start))
        _ = limit.take(start)
        #expect(!limit.hasRoom(start))
    }

    @Test func theEndOfTimeIsNoTrap() {
        var limit = RateLimit(burst: 2, interval: .seconds(1))
        let taken = (0..<4).map { _ in limit.take(.distantFuture) }
        #expect(taken == [true, true, true, true])
    }

    @Test func peersHaveRatesOfTheirOwn() throws {
        var limit = PeerRateLimit(burst: 2, interval: .seconds(1), secret: 7)
        let one = PeerBlock(try address("192.0.2.1"))
        let taken = (0..<3).map { _ in limit.take(one, start) }
        #expect(taken == [true, true, false])
        let other = limit.take(PeerBlock(try address("192.0.2.2")), start)
        #expect(other)
    }

    /// Many strangers spread over the slots, so that a flood from everywhere does not shut everybody else out.
    @Test func aFloodFromManyAddressesLeavesOthersTheirRoom() throws {
        var limit = PeerRateLimit(burst: 32, interval: .milliseconds(50), secret: 0x1234_5678_9abc_def0)
        for number in 0..<UInt32(65_536) { _ = limit.take(PeerBlock(IPAddress(v4: 0x0a00_0000 + number)), start) }
        let honest = (0..<UInt32(1000)).count { limit.take(PeerBlock(IPAddress(v4: 0xc633_6400 + $0)), start) }
        #expect(honest > 900)
    }

    @Test func aPeerHasOneAddressOfIPv4OrABlockOf64BitsOfIPv6() throws {
        #expect(PeerBlock(try address("192.0.2.1")) != PeerBlock(try address("192.0.2.2")))
        #expect(PeerBlock(try address("2001:db8::1")) == PeerBlock(try address("2001:db8::ffff:0:0:2")))
        #expect(PeerBlock(try address("2001:db8::1")) != PeerBlock(try address("2001:db8:0:1::1")))
    }

    @Test func whatTheLogDoesNotSayIsCounted() {
        var limit = LogLimit()
        let said = (0..<100).compactMap { _ in limit.admit(start) { LogRecord(.info, "a stranger") } }
        #expect(said.map(\.message) == Array(repeating: "a stranger", count: 10))
        let next = limit.admit(start + .seconds(60)) { LogRecord(.info, "another stranger") }
        #expect(next?.message == "another stranger (and 90 more of this kind since the last such line)")
        let third = limit.admit(start + .seconds(60)) { LogRecord(.info, "a third") }
        #expect(third?.message == "a third")
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
}

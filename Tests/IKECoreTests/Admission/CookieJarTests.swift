import IKEWire
import Inet
import Support
import Testing

@testable import IKECore

/// What a cookie says, to whom it belongs, and how long it is good (RFC 7296 section 2.6, RFC 8019 sections 7.1.1.3 and 10).
@Suite struct CookieJarTests {
    private let start = Instant(nanoseconds: 1)
    private let puzzle = Challenge(puzzle: (Puzzle(prf: .hmacSHA2_256, difficulty: 14), round: 2))

    private func newcomer(_ nonce: UInt8 = 1, port: UInt16 = 500, spi: UInt64 = 7) -> Newcomer {
        Newcomer(
            nonce: Array(repeating: nonce, count: 32),
            remote: SocketAddress(address: IPAddress(v4: 0xc000_0201), port: port),
            spiI: IKESPI(rawValue: spi)
        )
    }

    private func jar() -> CookieJar { CookieJar(random: SeededRandom(seed: 3), now: start) }

    private func cookie(_ jar: inout CookieJar, _ newcomer: Newcomer, _ challenge: Challenge) throws -> [UInt8] {
        let cookie = jar.cookie(for: newcomer, challenge, start)
        return try #require(cookie)
    }

    @Test func aCookieTellsWhatWasAskedFor() throws {
        var jar = jar()
        for challenge in [Challenge(), puzzle] {
            let cookie = try cookie(&jar, newcomer(), challenge)
            #expect((1...64).contains(cookie.count))
            let read = jar.challenge(of: cookie, for: newcomer(), start)
            #expect(read == challenge)
        }
    }

    @Test func aCookieIsGoodForItsNewcomerAlone() throws {
        var jar = jar()
        let cookie = try cookie(&jar, newcomer(), puzzle)
        for other in [newcomer(2), newcomer(port: 501), newcomer(spi: 8)] {
            let read = jar.challenge(of: cookie, for: other, start)
            #expect(read == nil)
        }
    }

    @Test func noOctetOfACookieCanBeChanged() throws {
        var jar = jar()
        let cookie = try cookie(&jar, newcomer(), puzzle)
        for index in cookie.indices {
            var forged = cookie
            forged[index] ^= 1
            let read = jar.challenge(of: forged, for: newcomer(), start)
            #expect(read == nil)
        }
    }

    @Test func aCookieLivesBetweenOneAndTwoLifetimes() throws {
        var jar = jar()
        let cookie = try cookie(&jar, newcomer(), Challenge())
        let times = [CookieJar.lifetime, CookieJar.lifetime * 2 - .seconds(1), CookieJar.lifetime * 2]
        let accepted = times.map { jar.challenge(of: cookie, for: newcomer(), start + $0) != nil }
        #expect(accepted == [true, true, false])
    }

    @Test func anIdleJarForgetsBothSecrets() throws {
        var jar = jar()
        let cookie = try cookie(&jar, newcomer(), Challenge())
        let read = jar.challenge(of: cookie, for: newcomer(), start + CookieJar.lifetime * 10)
        #expect(read == nil)
    }

    @Test func aSpentCookieIsNotAcceptedAgainNeitherWithItsSecretNorWithTheNext() throws {
        var jar = jar()
        let (one, other) = (newcomer(1), newcomer(2))
        let first = try cookie(&jar, one, puzzle)
        let second = try cookie(&jar, other, puzzle)
        jar.spend(first)
        let later = start + CookieJar.lifetime
        let before = [first, second].map { jar.challenge(of: $0, for: $0 == first ? one : other, later) != nil }
        #expect(before == [false, true])
        jar.spend(second)
        let after = jar.challenge(of: second, for: other, later)
        #expect(after == nil)
    }

    /// Memory for spent cookies is bounded: when it is full all of that secret go.
    @Test func manySpentCookiesReplaceTheSecret() throws {
        var jar = jar()
        let kept = try cookie(&jar, newcomer(), puzzle)
        for number in 0..<UInt64(CookieJar.mostSpent) {
            jar.spend(try cookie(&jar, newcomer(spi: 100 + number), puzzle))
        }
        let fresh = try cookie(&jar, newcomer(), puzzle)
        #expect(fresh.first != kept.first)
        // The secret before is still good, and its spent cookies are still known.
        let old = jar.challenge(of: kept, for: newcomer(), start)
        #expect(old == puzzle)
        jar.spend(kept)
        let gone = jar.challenge(of: kept, for: newcomer(), start)
        #expect(gone == nil)
    }
}

import IKECore
import IKEWire
import Inet
import Support
import Testing

/// Messages of other versions (RFC 7296 section 2.5).
@Suite struct VersionTests {
    private func answer(toVersion octet: UInt8) throws -> Message? {
        let pair = Pair()
        pair.network.initiate(pair.left, "site", to: pair.right)
        var datagram = try #require(pair.network.sent.first).datagram
        pair.network.run(for: .seconds(1))
        let before = pair.network.sent.count
        datagram.bytes[0] ^= 0xff  // another SPI, so that it is a request of its own
        datagram.bytes[17] = octet
        pair.network.inject(datagram)
        pair.network.run(for: .seconds(1))
        return try pair.network.sent.dropFirst(before).first.map { try Message(parsing: $0.datagram.bytes) }
    }

    @Test func aHigherMajorVersionIsAnsweredWithOurs() throws {
        let answer = try #require(try answer(toVersion: 0x30))
        #expect(answer.header.majorVersion == 2)
        #expect(answer.payloads.notify(.invalidMajorVersion) != nil)
    }

    @Test func aHigherMinorVersionIsNoObstacle() throws {
        let answer = try #require(try answer(toVersion: 0x21))
        #expect(answer.payloads.securityAssociation != nil)
    }

    @Test func version1IsDroppedWithoutAWord() throws {
        #expect(try answer(toVersion: 0x10) == nil)
    }
}

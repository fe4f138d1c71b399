import IKEWire
import Inet
import Testing

@testable import DataPlane

/// What waits for the control plane, and what gives way in a flood.
@Suite struct EventMailboxTests {
    private func datagram(_ exchangeType: ExchangeType, _ number: UInt32, _ flags: Header.Flags) throws -> IKEDatagram {
        let header = Header(
            initiatorSPI: IKESPI(rawValue: 1),
            responderSPI: .zero,
            exchangeType: exchangeType,
            flags: flags,
            messageID: number
        )
        let end = SocketAddress(address: .anyV4, port: 500)
        return IKEDatagram(bytes: try Message(header: header, payloads: []).encoded(), local: end, remote: end)
    }

    private func numbers(_ events: DataPlaneEvents) throws -> [UInt32] {
        try events.datagrams.map { try Header(parsing: $0.bytes.span.bytes).messageID }
    }

    @Test func aFloodOfFirstRequestsTakesNoRoomOfMessagesThatBelongToSAs() throws {
        let mailbox = try EventMailbox(capacity: 4)
        var flood = try (0..<100).map { try datagram(.ikeSAInit, $0, .initiator) }
        #expect(mailbox.post(&flood) == 96)
        #expect(flood.isEmpty)
        var others = [try datagram(.informational, 200, .initiator), try datagram(.ikeSAInit, 201, .response)]
        #expect(mailbox.post(&others) == 0)
        #expect(try numbers(mailbox.collect(limit: .max)) == [200, 201, 0, 1, 2, 3])
    }

    @Test func whatIsNoIKEMessageCountsAsAFirstRequest() throws {
        let mailbox = try EventMailbox(capacity: 1)
        let end = SocketAddress(address: .anyV4, port: 500)
        var garbage = (0..<2).map { IKEDatagram(bytes: [UInt8($0)], local: end, remote: end) }
        #expect(mailbox.post(&garbage) == 1)
        var message = [try datagram(.informational, 7, .initiator)]
        #expect(mailbox.post(&message) == 0)
        #expect(mailbox.collect(limit: 1).datagrams.map(\.bytes.count) == [Header.length])
        #expect(mailbox.collect(limit: 1).datagrams.map(\.bytes) == [[0]])
    }

    @Test func noMoreThanTheLimitIsCollectedAndTheRestComesNextInItsOrder() throws {
        let mailbox = try EventMailbox(capacity: 8)
        var next: UInt32 = 0
        var collected: [UInt32] = []
        for _ in 0..<10 {
            var some = try (next..<next + 5).map { try datagram(.informational, $0, .initiator) }
            next += 5
            #expect(mailbox.post(&some) == 0)
            let part = try numbers(mailbox.collect(limit: 3))
            #expect(part.count == 3)
            collected += part
            collected += try numbers(mailbox.collect(limit: 2))
        }
        #expect(collected == Array(0..<50))
        #expect(mailbox.collect(limit: .max).datagrams.isEmpty)
    }

    @Test func theQueueIsBoundedInOctetsToo() throws {
        let end = SocketAddress(address: .anyV4, port: 500)
        var queue = DatagramQueue(capacity: 1000, octetCapacity: 100)
        let long = IKEDatagram(bytes: Array(repeating: 0, count: 60), local: end, remote: end)
        let added = [queue.add(long), queue.add(long)]
        #expect(added == [true, false])
        var taken: [IKEDatagram] = []
        queue.take(1, into: &taken)
        let again = queue.add(long)
        #expect(again && taken.count == 1)
    }
}

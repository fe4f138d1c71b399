import Glibc
import Inet
import LinuxNet
import Testing

/// Many datagrams in one call of the kernel's: joined when they are sent, merged when they are received.
@Suite struct JoinedDatagramTests {
    private func bound(_ address: String, mergesReceived: Bool = false) throws -> DatagramSocket {
        let address = try #require(IPAddress(address))
        let settings = SocketSettings(mergesReceived: mergesReceived)
        return try .udp(bindingTo: SocketAddress(address: address, port: 0), settings: settings)
    }

    private static let whole: [[UInt8]] = (UInt8(0)..<10).map { [UInt8](repeating: $0, count: 100) }
    private static let datagrams = whole + [[UInt8](repeating: 99, count: 50)]

    /// Puts datagrams into a batch, each joining the one before where it can.
    private func commit(_ datagrams: [[UInt8]], _ batch: inout SendBatch, to server: borrowing DatagramSocket) throws {
        for datagram in datagrams {
            guard let room = batch.room(for: datagram.count, joining: true) else {
                Issue.record("no room")
                return
            }
            room.copyBytes(from: datagram)
            batch.commit(datagram.count, to: server.local, from: nil, trafficClass: 0)
        }
    }

    /// Everything that arrives until `octets` have.
    private func receive(_ octets: Int, _ server: borrowing DatagramSocket) throws -> [(bytes: [UInt8], segment: Int?)]
    {
        let epoll = try Epoll()
        var events = Epoll.EventBuffer()
        try epoll.add(server.raw, .readable, token: 0)
        var all: [(bytes: [UInt8], segment: Int?)] = []
        var batch = ReceiveBatch(capacity: 64)
        var left = octets
        while left > 0 {
            try epoll.wait(into: &events, milliseconds: 2000)
            try batch.receive(from: server)
            guard batch.count > 0 else { break }
            for slot in 0..<batch.count {
                let bytes = Array(batch.bytes(at: slot))
                left -= bytes.count
                all.append((bytes, batch.arrival(at: slot).segmentSize))
            }
        }
        return all
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func equallyLongDatagramsAreJoinedAndArriveEachByItself(address: String) throws {
        let server = try bound(address)
        let client = try bound(address)
        var batch = SendBatch(joins: true)
        try commit(Self.datagrams, &batch, to: server)
        let isSent = batch.flush(through: client) { number, code in Issue.record("\(number) refused: \(code)") }
        #expect(isSent)
        #expect(batch.joined == 10)
        #expect(batch.refusedJoined == 0)
        #expect(try receive(1050, server).map(\.bytes) == Self.datagrams)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func joinedDatagramsMayArriveMergedAndTellTheirLength(address: String) throws {
        let server = try bound(address, mergesReceived: true)
        let client = try bound(address)
        var batch = SendBatch(joins: true)
        try commit(Self.datagrams, &batch, to: server)
        _ = batch.flush(through: client) { number, code in Issue.record("\(number) refused: \(code)") }
        let arrived = try receive(1050, server)
        #expect(arrived.flatMap(\.bytes) == Self.datagrams.flatMap(\.self))
        for (bytes, segment) in arrived where bytes.count > 100 { #expect(segment == 100) }
    }

    @Test func nothingIsJoinedToAShorterOrBehindALongerDatagram() throws {
        let server = try bound("127.0.0.1")
        let client = try bound("127.0.0.1")
        let datagrams: [[UInt8]] = [50, 100, 100, 20, 20, 100].map { [UInt8](repeating: UInt8($0), count: $0) }
        var batch = SendBatch(joins: true)
        try commit(datagrams, &batch, to: server)
        _ = batch.flush(through: client) { number, code in Issue.record("\(number) refused: \(code)") }
        #expect(batch.joined == 2)
        #expect(try receive(390, server).map(\.bytes) == datagrams)
    }

    /// A socket without checksums refuses to have datagrams cut up (EINVAL), and sends each by itself.
    @Test func whatTheKernelRefusesToCutUpIsSentOneByOne() throws {
        let server = try bound("127.0.0.1")
        let client = try bound("127.0.0.1")
        var yes: Int32 = 1
        try #require(setsockopt(client.raw, SOL_SOCKET, SO_NO_CHECK, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0)
        var batch = SendBatch(joins: true)
        try commit(Self.datagrams, &batch, to: server)
        let isSent = batch.flush(through: client) { number, code in Issue.record("\(number) refused: \(code)") }
        #expect(isSent)
        #expect(batch.refusedJoined == 1)
        #expect(try receive(1050, server).map(\.bytes) == Self.datagrams)
    }

    @Test func withoutJoiningEveryDatagramIsAMessage() throws {
        let server = try bound("127.0.0.1")
        let client = try bound("127.0.0.1")
        var batch = SendBatch()
        try commit(Self.datagrams, &batch, to: server)
        _ = batch.flush(through: client) { number, code in Issue.record("\(number) refused: \(code)") }
        #expect(batch.joined == 0)
        #expect(try receive(1050, server).map(\.bytes) == Self.datagrams)
    }
}

import Glibc
import Inet
import LinuxNet
import LinuxNetSupport
import Testing

@Suite struct DatagramSocketTests {
    /// What a test looks at of one received datagram.
    struct Received: Equatable {
        var bytes: [UInt8]
        var source: SocketAddress?
        var local: IPAddress?
        var trafficClass: UInt8
    }

    private func bound(_ address: String) throws -> DatagramSocket {
        let address = try #require(IPAddress(address))
        return try .udp(bindingTo: SocketAddress(address: address, port: 0), settings: SocketSettings())
    }

    private func receive(_ batch: inout ReceiveBatch, _ socket: borrowing DatagramSocket) throws -> [Received] {
        var events = Epoll.EventBuffer()
        let epoll = try Epoll()
        try epoll.add(socket.raw, .readable, token: 0)
        try epoll.wait(into: &events, milliseconds: 2000)
        try batch.receive(from: socket)
        return (0..<batch.count).map { slot in
            let arrival = batch.arrival(at: slot)
            return Received(
                bytes: Array(batch.bytes(at: slot)),
                source: batch.source(at: slot),
                local: arrival.local,
                trafficClass: arrival.trafficClass
            )
        }
    }

    @Test(arguments: [("0.0.0.0", "127.0.0.9", "127.0.0.8"), ("::", "::1", "::1")])
    func aDatagramTellsWhereItCameToAndLeavesFromTheAddressAskedFor(any: String, to: String, from: String) throws {
        let server = try bound(any)
        let client = try bound(any)
        let to = try #require(IPAddress(to))
        let from = try #require(IPAddress(from))
        try client.send(
            [1, 2, 3],
            to: SocketAddress(address: to, port: server.local.port),
            from: from,
            trafficClass: 0x2e
        )
        var batch = ReceiveBatch(capacity: 4)
        let got = try receive(&batch, server)
        let source = SocketAddress(address: from, port: client.local.port)
        #expect(got == [Received(bytes: [1, 2, 3], source: source, local: to, trafficClass: 0x2e)])
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func aBatchArrivesInOrderWithEachTrafficClass(address: String) throws {
        let server = try bound(address)
        let client = try bound(address)
        var batch = SendBatch(capacity: 40, octets: 1 << 16)
        for number in UInt8(0)..<40 {
            guard let room = batch.room(for: 100) else { return }
            for index in 0...Int(number) { room[index] = number }
            batch.commit(Int(number) + 1, to: server.local, from: client.local.address, trafficClass: number << 2)
        }
        let isFull = batch.room(for: 1) == nil
        let isSent = batch.flush(through: client) { _, code in Issue.record("refused: \(code)") }
        #expect(isFull)
        #expect(isSent)
        #expect(batch.count == 0)

        var received = ReceiveBatch(capacity: 64)
        let got = try receive(&received, server)
        #expect(
            got
                == (UInt8(0)..<40).map { number in
                    Received(
                        bytes: [UInt8](repeating: number, count: Int(number) + 1),
                        source: client.local,
                        local: server.local.address,
                        trafficClass: number << 2
                    )
                }
        )
        try received.receive(from: server)
        #expect(received.count == 0)
    }

    @Test func aReceiveTakesNoMoreThanItsLimit() throws {
        let server = try bound("127.0.0.1")
        let client = try bound("127.0.0.1")
        for number in UInt8(0)..<5 { try client.send([number], to: server.local) }
        var batch = ReceiveBatch(capacity: 4)
        try batch.receive(from: server, limit: 2)
        #expect(batch.count == 2)
        try batch.receive(from: server, limit: 99)
        #expect(batch.count == 3)
    }

    @Test func aRefusedDatagramIsToldByItsNumberAndTheOthersArrive() throws {
        let server = try bound("127.0.0.1")
        let client = try bound("127.0.0.1")
        var batch = SendBatch(capacity: 8, octets: 1 << 18)
        for length in [1, 65_520, 2] {
            guard batch.room(for: length) != nil else { return }
            batch.commit(length, to: server.local, from: nil, trafficClass: 0)
        }
        var refusals: [[Int32]] = []
        let isSent = batch.flush(through: client) { number, code in refusals.append([Int32(number), code]) }
        #expect(isSent)
        #expect(refusals == [[1, EMSGSIZE]])
        var received = ReceiveBatch()
        #expect(try receive(&received, server).map(\.bytes.count) == [1, 2])
    }

    @Test func theLargestDatagramArrivesWhole() throws {
        let server = try bound("127.0.0.1")
        let client = try bound("127.0.0.1")
        let bytes = (0..<65_507).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try client.sendFragmentable(bytes, to: server.local)
        var received = ReceiveBatch(capacity: 2)
        #expect(try receive(&received, server).map(\.bytes) == [bytes])
        let isTruncated = received.isTruncated(at: 0)
        #expect(!isTruncated)
    }

    @Test func aPortInUseIsExplained() throws {
        let first = try bound("127.0.0.1")
        let taken = first.local
        let error = #expect(throws: Errno.self) {
            _ = try DatagramSocket.udp(bindingTo: taken, settings: SocketSettings())
        }
        #expect(error?.code == EADDRINUSE)
        #expect(error?.description.contains("port \(taken.port) is in use") == true)
    }

    @Test func anAddressOfAnotherHostIsExplained() throws {
        let error = #expect(throws: Errno.self) { _ = try bound("192.0.2.1") }
        #expect(error?.description.hasSuffix("192.0.2.1 is not an address of this host") == true)
    }
}

@Suite(.enabled(if: OwnNetwork.isPossible, Comment(rawValue: OwnNetwork.reason)))
struct DatagramSocketInOwnNetworkTests {
    @Test(arguments: ["127.0.0.1", "::1"])
    func whatIsTooLargeForThePathIsRefusedUnlessItMayBeFragmented(address: String) throws {
        let outcome = try OwnNetwork.run {
            var netlink = try Netlink()
            try netlink.setMTU(1400, index: 1)
            let address = try #require(IPAddress(address))
            let any = SocketAddress(address: address, port: 0)
            let server = try DatagramSocket.udp(bindingTo: any, settings: SocketSettings())
            let client = try DatagramSocket.udp(bindingTo: any, settings: SocketSettings(mark: 7))
            let large = [UInt8](repeating: 1, count: 2000)
            let code = failure { try client.send(large, to: server.local) }?.code ?? 0
            try client.sendFragmentable(large, to: server.local)
            let again = failure { try client.send(large, to: server.local) }?.code ?? 0
            var batch = ReceiveBatch(capacity: 4)
            try batch.receive(from: server)
            let mtu = try PathMTU.known(to: server.local, from: address, mark: 7)
            return [Int(code), Int(again), batch.count, batch.bytes(at: 0).count, mtu]
        }
        #expect(outcome == [Int(EMSGSIZE), Int(EMSGSIZE), 1, 2000, 1400])
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func rawESPArrivesWithoutItsIPHeader(address: String) throws {
        let outcome = try OwnNetwork.run {
            let address = try #require(IPAddress(address))
            let socket = try DatagramSocket.rawESP(bindingTo: .unspecified(address.family), settings: SocketSettings())
            let destination = SocketAddress(address: address, port: 0)
            let packet: [UInt8] = [0xc0, 0, 0, 1, 0, 0, 0, 1, 0xaa, 0xbb, 0xcc, 0xdd]
            try socket.send(packet, to: destination, from: address, trafficClass: 0xb8)
            var batch = ReceiveBatch(capacity: 4)
            try batch.receive(from: socket)
            guard batch.count == 1 else { return [false] }
            let arrival = batch.arrival(at: 0)
            return [
                Array(batch.bytes(at: 0)) == packet, batch.source(at: 0)?.address == address,
                arrival.local == address, arrival.trafficClass == 0xb8,
            ]
        }
        #expect(outcome == [true, true, true, true])
    }
}

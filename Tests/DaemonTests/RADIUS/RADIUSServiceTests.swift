import IKECore
import IKECrypto
import IKEWire
import Inet
import LinuxNet
import RADIUS
import Support
import Testing

@testable import Daemon

/// From the engine's question to a server behind a socket and back.
@Suite struct RADIUSServiceTests {
    /// A server on the loopback device and the tested service's event loop.
    private final class Server {
        let secret = RADIUSTestServer()
        let socket: DatagramSocket
        private var batch = ReceiveBatch(capacity: 4)
        private(set) var requests: [Packet] = []
        /// Makes the answer to a request; nil for silence.
        var answer: ([UInt8], Packet) throws -> [UInt8]? = { _, _ in nil }

        init() throws {
            let loopback = try #require(IPAddress("127.0.0.1"))
            socket = try .udp(bindingTo: SocketAddress(address: loopback, port: 0), settings: SocketSettings())
        }

        var port: UInt16 { socket.local.port }

        func listen(_ loop: EventLoop) throws {
            try loop.watch(socket.raw, .readable) { [weak self] _ in try? self?.serve() }
        }

        private func serve() throws {
            try batch.receive(from: socket)
            for slot in 0..<batch.count {
                let octets = Array(batch.bytes(at: slot))
                guard let source = batch.source(at: slot) else { continue }
                let packet = try Packet(parsing: octets)
                requests.append(packet)
                if let answer = try answer(octets, packet) { try socket.send(answer, to: source) }
            }
        }
    }

    private func servers(_ ports: UInt16...) -> String {
        let sections = ports.enumerated().map { index, port in
            "s\(index) { address = 127.0.0.1\n auth_port = \(port)\n acct_port = \(port)\n secret = xyzzy5461\n }"
        }
        return "servers { \(sections.joined(separator: "\n")) }"
    }

    private let challenge = EAPMessage.request(identifier: 2, type: EAPType(rawValue: 26), data: [1])
    private let success = EAPMessage.success(identifier: 2)

    @Test func aConversationLeadsToAnAccept() throws {
        let server = try Server()
        let bench = try ServiceBench(servers(server.port))
        try server.listen(bench.loop)
        let secret = server.secret
        let (challenge, success) = (challenge, success)
        server.answer = { octets, packet in
            guard packet.first(.state) != nil else {
                let attributes = try #require(Attribute.eap(challenge)) + [Attribute(.state, [1])]
                return try secret.answer(octets, .accessChallenge, attributes)
            }
            let keys = [
                secret.mppe(17, try secret.encrypt(key: .init(repeating: 1, count: 32), for: octets)),
                secret.mppe(16, try secret.encrypt(key: .init(repeating: 2, count: 32), for: octets)),
            ]
            let rest = [Attribute(.framedIPAddress, [10, 3, 0, 7]), Attribute(.sessionTimeout, number: 60)]
            return try secret.answer(octets, .accessAccept, #require(Attribute.eap(success)) + keys + rest)
        }
        guard case .challenge(let asked) = try bench.ask(.identity("anna")) else {
            Issue.record("no challenge")
            return
        }
        #expect(asked == challenge)
        let response = EAPMessage.response(identifier: 2, type: EAPType(rawValue: 26), data: [2])
        guard case .accept(let message, let grant) = try bench.ask(response) else {
            Issue.record("no accept")
            return
        }
        #expect(message == success)
        let key = [UInt8](repeating: 1, count: 32) + [UInt8](repeating: 2, count: 32)
        #expect(grant.msk == SecretBytes(copying: key))
        #expect(grant.framedAddresses == [IPAddress("10.3.0.7")])
        #expect(grant.sessionTimeout == .seconds(60))
        #expect(try server.requests.last?.eapMessage() == response)
        #expect(bench.service.nextDeadline == nil)
    }

    @Test func aSilentServerIsPassedOverAndNamed() throws {
        let silent = try Server()
        let server = try Server()
        let patience = "retransmit_timeout = 0.1\n retransmit_tries = 1\n"
        let bench = try ServiceBench(patience + servers(silent.port, server.port))
        try silent.listen(bench.loop)
        try server.listen(bench.loop)
        let secret = server.secret
        server.answer = { octets, _ in try secret.answer(octets, .accessReject, [Attribute(.replyMessage, text: "no")])
        }
        guard case .reject(nil, let reason) = try bench.ask(.identity("anna")) else {
            Issue.record("no reject")
            return
        }
        #expect(reason == "no")
        #expect(silent.requests.count == 2)
        #expect(
            bench.log.count == 1
                && bench.log[0].contains("RADIUS server s0 at 127.0.0.1:\(silent.port) does not answer")
        )
    }

    @Test func nobodyAtAllIsToldToo() throws {
        let silent = try Server()
        let bench = try ServiceBench("retransmit_timeout = 0.1\n retransmit_tries = 0\n" + servers(silent.port))
        guard case .unreachable(let reason) = try bench.ask(.identity("anna")) else {
            Issue.record("somebody has answered")
            return
        }
        #expect(reason == "no RADIUS server answers: s0 at 127.0.0.1:\(silent.port) was asked once")
    }

    @Test func serversAreKnownByNameToo() throws {
        let server = try Server()
        let text = "servers { s { address = localhost\n auth_port = \(server.port)\n secret = xyzzy5461\n } }"
        let bench = try ServiceBench(text)
        try server.listen(bench.loop)
        let secret = server.secret
        server.answer = { octets, _ in try secret.answer(octets, .accessReject) }
        // Until the name has been looked up there is nobody to ask; localhost may be ::1, where nobody listens.
        var answer = try bench.ask(.identity("anna"))
        guard case .unreachable(let reason) = answer else {
            Issue.record("somebody has answered")
            return
        }
        #expect(reason == "no RADIUS server answers: s: its address is not known")
        bench.service.deadlineChanged = { [loop = bench.loop] in loop.stop() }
        try bench.run()
        answer = try bench.ask(.identity("anna"))
        #expect(bench.service.nextDeadline != nil)
    }

    @Test func accountIsKeptOfWhoWasLetIn() throws {
        let pair = Pair()
        pair.up()
        let sa = try #require(pair.left.endpoint.summaries(now: pair.network.now).first)
        let server = try Server()
        let bench = try ServiceBench("accounting = yes\n nas_identifier = gw\n" + servers(server.port))
        try server.listen(bench.loop)
        let secret = server.secret
        let success = success
        server.answer = { octets, packet in
            guard packet.code == .accountingRequest else {
                let attributes = try #require(Attribute.eap(success)) + [Attribute(.accountingClass, [7])]
                return try secret.answer(octets, .accessAccept, attributes)
            }
            bench.loop.stop()
            return try secret.answer(octets, .accountingResponse, signature: nil)
        }
        // Who was not let in by a server is not accounted for.
        bench.service.note(.ikeEstablished(sa))
        _ = try bench.ask(.identity("anna"), ikeSA: sa.id)
        bench.service.note(.ikeEstablished(sa))
        try bench.run()
        bench.service.note(.ikeClosed(sa, reason: Ending.deletedByPeer))
        try bench.run()
        let records = server.requests.filter { $0.code == .accountingRequest }
        #expect(try records.map { try $0.first(.accountingStatusType)?.number() } == [1, 2])
        #expect(Set(records.map { $0.first(.accountingSessionID)?.value }) == [Array("42-\(sa.id)".utf8)])
        for record in records {
            #expect(record.first(.userName)?.value == Array("anna".utf8))
            #expect(record.first(.nasIdentifier)?.value == Array("gw".utf8))
            #expect(record.all(.accountingClass).map(\.value) == [[7]])
        }
        #expect(try records.last?.first(.accountingTerminateCause)?.number() == 1)
    }
}

import IKECrypto
import Inet
import Support
import Testing

@testable import RADIUS

/// Several servers in virtual time.
@Suite struct RADIUSClientTests {
    private let server = RADIUSTestServer()
    private let first: SocketAddress
    private let second: SocketAddress
    private let client: RADIUSClient
    private let patience = RADIUSPatience(
        timeout: .seconds(2),
        base: 2,
        repetitions: 2,
        deadTime: .seconds(60)
    )

    init() throws {
        first = try SocketAddress("192.0.2.1", 1812)
        second = try SocketAddress("2001:db8::2", 1812)
        let secret = server.secret
        client = RADIUSClient(
            .authentication,
            servers: [
                RADIUSServer(name: "a", address: first, secret: secret),
                RADIUSServer(name: "b", address: second, secret: secret),
            ],
            patience: patience,
            random: SeededRandom(seed: 1)
        )
    }

    /// All that the client wants by now.
    private func outputs(_ client: RADIUSClient) -> [RADIUSClient.Output] {
        var outputs: [RADIUSClient.Output] = []
        while let output = client.poll() { outputs.append(output) }
        return outputs
    }

    private func sent(_ outputs: [RADIUSClient.Output]) -> [(octets: [UInt8], to: SocketAddress)] {
        outputs.compactMap { if case .send(let octets, let address) = $0 { (octets, address) } else { nil } }
    }

    private func unreachable(_ outputs: [RADIUSClient.Output]) -> [String] {
        outputs.compactMap { if case .finished(_, .unreachable(let text)) = $0 { text } else { nil } }
    }

    private func answered(_ outputs: [RADIUSClient.Output]) -> [(id: UInt64, server: Int)] {
        outputs.compactMap {
            if case .finished(let id, .answered(let answer)) = $0 { (id.rawValue, answer.server) } else { nil }
        }
    }

    private func ask(_ id: UInt64, of server: Int? = nil, at seconds: Int) -> [RADIUSClient.Output] {
        client.ask(RequestID(rawValue: id), [Attribute(.userName, text: "u")], of: server, now: .seconds(seconds))
        return outputs(client)
    }

    /// Lets the time run to `seconds`, deadline by deadline.
    private func run(to seconds: Int) -> [RADIUSClient.Output] {
        var collected: [RADIUSClient.Output] = []
        while let deadline = client.nextDeadline, deadline <= .seconds(seconds) {
            client.timePassed(deadline)
            collected += outputs(client)
        }
        return collected
    }

    @Test func theFirstServerIsAskedAndItsAnswerEndsTheRequest() throws {
        let request = sent(ask(1, at: 0))
        #expect(request.map(\.to) == [first])
        client.receive(try server.answer(request[0].octets, .accessReject), from: first, now: .seconds(1))
        let ends = answered(outputs(client))
        #expect(ends.map(\.id) == [1] && ends.map(\.server) == [0])
        #expect(client.nextDeadline == nil)
    }

    @Test func aRequestIsRepeatedUnchangedAndEachTimeLater() {
        let request = sent(ask(1, at: 0))
        #expect(client.nextDeadline == .seconds(2))
        client.timePassed(.seconds(1))
        #expect(outputs(client).isEmpty)
        client.timePassed(.seconds(2))
        #expect(sent(outputs(client)).map(\.octets) == request.map(\.octets))
        #expect(client.nextDeadline == .seconds(6))
        client.timePassed(.seconds(6))
        #expect(sent(outputs(client)).map(\.octets) == request.map(\.octets))
        #expect(client.nextDeadline == .seconds(14))
    }

    @Test func aServerThatDoesNotAnswerCountsAsDeadAndTheNextIsAsked() throws {
        _ = ask(1, at: 0)
        let events = run(to: 14)
        #expect(sent(events).map(\.to) == [first, first, second])
        let lost = events.compactMap { if case .lost(let text) = $0 { text } else { nil } }
        #expect(lost.count == 1 && lost[0].contains("a at 192.0.2.1:1812 does not answer (asked 3 times)"))
        // Whoever comes now does not wait for it.
        #expect(sent(ask(2, at: 20)).map(\.to) == [second])
        // After a minute it is given another chance.
        #expect(sent(ask(3, at: 74)).map(\.to) == [first])
    }

    @Test func aDeadServerIsAskedAgainWhenNoOtherIsLeft() throws {
        _ = ask(1, at: 0)
        let end = run(to: 28)
        #expect(unreachable(end).count == 1)
        #expect(
            unreachable(end)[0]
                == "no RADIUS server answers: a at 192.0.2.1:1812 was asked 3 times; "
                + "b at [2001:db8::2]:1812 was asked 3 times"
        )
        let request = sent(ask(2, at: 30))
        #expect(request.map(\.to) == [first])
        client.receive(try server.answer(request[0].octets, .accessAccept), from: first, now: .seconds(31))
        let events = outputs(client)
        #expect(events.contains { if case .found = $0 { true } else { false } })
        #expect(sent(ask(3, at: 32)).map(\.to) == [first])
    }

    @Test func whoLogsInDoesNotWaitForServersThatAreDead() throws {
        let client = try single(.authentication)
        func ask(_ id: UInt64, of server: Int? = nil, at seconds: Int) -> [RADIUSClient.Output] {
            client.ask(RequestID(rawValue: id), [Attribute(.userName, text: "u")], of: server, now: .seconds(seconds))
            return outputs(client)
        }
        func run(to seconds: Int) -> [RADIUSClient.Output] {
            var collected: [RADIUSClient.Output] = []
            while let deadline = client.nextDeadline, deadline <= .seconds(seconds) {
                client.timePassed(deadline)
                collected += outputs(client)
            }
            return collected
        }
        // Nobody knows yet: both wait.
        #expect(sent(ask(1, at: 0)).count == 1 && sent(ask(2, at: 1)).count == 1)
        #expect(unreachable(run(to: 14)).count == 1)
        // The other still has its own time, and is the one that tries.
        let told = unreachable(ask(3, at: 14))
        #expect(
            told == [
                "no RADIUS server answers: a at 192.0.2.1:1812 is taken for dead since 0 s and is tried by one login at a time"
            ]
        )
        #expect(unreachable(run(to: 15)).count == 1)
        #expect(unreachable(ask(4, at: 19)).count == 1)
        // What is under way with the server goes on with it.
        #expect(sent(ask(5, of: 0, at: 19)).count == 1)
        client.cancel(RequestID(rawValue: 5), now: .seconds(19))
        // After a pause one login tries it, and the others do not wait for that.
        #expect(sent(ask(6, at: 20)).count == 1)
        #expect(unreachable(ask(7, at: 20)).first?.contains("since 6 s") == true)
        #expect(unreachable(run(to: 34)).count == 1)
        #expect(unreachable(ask(8, at: 38)).count == 1)
        let trial = sent(ask(9, at: 39))
        client.receive(try server.answer(trial[0].octets, .accessAccept), from: first, now: .seconds(40))
        #expect(outputs(client).contains { if case .found = $0 { true } else { false } })
        #expect(sent(ask(10, at: 40)).count == 1 && sent(ask(11, at: 40)).count == 1)
    }

    @Test func aDeadServerIsForgottenAfterAWhile() throws {
        let client = try single(.authentication)
        client.ask(RequestID(rawValue: 1), [], now: .zero)
        while let deadline = client.nextDeadline { client.timePassed(deadline) }
        _ = outputs(client)
        for id in 2...3 { client.ask(RequestID(rawValue: UInt64(id)), [], now: .seconds(14) + patience.deadTime) }
        #expect(sent(outputs(client)).count == 2)
    }

    @Test func accountingHasTimeForServersThatAreDead() throws {
        let client = try single(.accounting)
        client.ask(RequestID(rawValue: 1), [], now: .zero)
        while let deadline = client.nextDeadline { client.timePassed(deadline) }
        _ = outputs(client)
        for id in 2...3 { client.ask(RequestID(rawValue: UInt64(id)), [], now: .seconds(15)) }
        #expect(sent(outputs(client)).count == 2)
    }

    /// A client with one server.
    private func single(_ purpose: RADIUSClient.Purpose) throws -> RADIUSClient {
        RADIUSClient(
            purpose,
            servers: [RADIUSServer(name: "a", address: first, secret: server.secret)],
            patience: patience,
            random: SeededRandom(seed: 1)
        )
    }

    @Test func aRequestForOneServerGoesToNoOther() {
        #expect(sent(ask(1, of: 1, at: 0)).map(\.to) == [second])
        let end = run(to: 14)
        #expect(sent(end).map(\.to) == [second, second])
        #expect(unreachable(end) == ["no RADIUS server answers: b at [2001:db8::2]:1812 was asked 3 times"])
    }

    @Test func anAnswerFromAnotherAddressChangesNothing() throws {
        let request = sent(ask(1, at: 0))
        let answer = try server.answer(request[0].octets, .accessAccept)
        client.receive(answer, from: second, now: .zero)
        client.receive(answer, from: try SocketAddress("192.0.2.1", 1813), now: .zero)
        #expect(outputs(client).isEmpty)
        client.receive(answer, from: first, now: .zero)
        #expect(answered(outputs(client)).count == 1)
        // A second copy of it finds nobody who waits.
        client.receive(answer, from: first, now: .zero)
        #expect(outputs(client).isEmpty)
    }

    @Test func aForgedAnswerIsToldAndTheTrueOneStillTaken() throws {
        let request = sent(ask(1, at: 0))
        client.receive(try server.answer(request[0].octets, .accessAccept, signature: nil), from: first, now: .zero)
        let refused = outputs(client).compactMap { if case .refused(let text) = $0 { text } else { nil } }
        #expect(refused.count == 1 && refused[0].contains("RADIUS server a at 192.0.2.1:1812"))
        #expect(refused[0].contains("no Message-Authenticator"))
        client.receive(try server.answer(request[0].octets, .accessReject), from: first, now: .zero)
        #expect(answered(outputs(client)).count == 1)
    }

    @Test func octetsThatAreNoPacketAreIgnored() {
        _ = ask(1, at: 0)
        for octets in [[], [2], [2, 200, 0, 20]] as [[UInt8]] {
            client.receive(octets, from: first, now: .zero)
            #expect(outputs(client).isEmpty)
        }
    }

    // MARK: - Many at once

    @Test func whatFindsNoIdentifierWaitsAndWhatFindsTheQueueFullGoesToTheNextServer() throws {
        var requests: [[UInt8]] = []
        for id in 0..<256 { requests += sent(ask(UInt64(id), at: 0)).map(\.octets) }
        #expect(Set(requests.map { $0[1] }).count == 256)
        for id in 256..<512 { #expect(ask(UInt64(id), at: 0).isEmpty) }
        #expect(sent(ask(512, at: 0)).map(\.to) == [second])
        client.receive(try server.answer(requests[3], .accessReject), from: first, now: .seconds(1))
        let next = outputs(client)
        #expect(answered(next).map(\.id) == [3])
        #expect(sent(next).map { $0.octets[1] } == [requests[3][1]])
    }

    @Test func whatFindsEveryQueueFullIsRefused() {
        for id in 0..<1024 { _ = ask(UInt64(id), at: 0) }
        let end = unreachable(ask(1024, at: 0))
        #expect(end.count == 1 && end[0].contains("too many requests wait"))
    }

    @Test func whatWaitsForAServerThatDiesGoesOn() {
        for id in 0..<257 { _ = ask(UInt64(id), at: 0) }
        let events = run(to: 14)
        #expect(sent(events).filter { $0.to == second }.count == 256)
        #expect(unreachable(run(to: 100)).count == 257)
        #expect(client.nextDeadline == nil)
    }

    @Test func aCancelledRequestIsForgotten() throws {
        let request = sent(ask(1, at: 0))
        client.cancel(RequestID(rawValue: 1), now: .zero)
        #expect(client.nextDeadline == nil)
        client.receive(try server.answer(request[0].octets, .accessAccept), from: first, now: .zero)
        #expect(outputs(client).isEmpty)
    }

    // MARK: - Addresses

    @Test func aServerWithoutAddressIsPassedOver() throws {
        let client = RADIUSClient(
            .authentication,
            servers: [RADIUSServer(name: "a", address: nil, secret: server.secret)],
            patience: patience,
            random: SeededRandom(seed: 1)
        )
        client.ask(RequestID(rawValue: 1), [], now: .zero)
        #expect(unreachable(outputs(client)) == ["no RADIUS server answers: a: its address is not known"])
        client.move(0, to: first)
        client.ask(RequestID(rawValue: 2), [], now: .zero)
        #expect(sent(outputs(client)).map(\.to) == [first])
    }

    @Test func whatFitsIntoNoPacketIsNotSent() {
        client.ask(RequestID(rawValue: 1), [Attribute(.state, .init(repeating: 0, count: 254))], now: .zero)
        let ends = outputs(client)
        #expect(ends.contains { if case .finished(_, .unsendable) = $0 { true } else { false } })
        #expect(client.nextDeadline == nil)
    }
}
